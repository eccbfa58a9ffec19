// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_ISB_SETTINGS_H
#define ISB_CORE_ISB_ISB_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace isb
{

/// How much one user may hold at once; more is refused with QuotaExceeded (promise T6).
struct UserQuota
{
    size_t services = 32;
    size_t subscriptions = 64;
    size_t connections = 256;         ///< as subscriber, open or being made
    uint32_t messagesPerSecond = 200; ///< token bucket, burst of 4 s; more ends the session
};

/// What the ISB knows about a user or IST (thesis 3.2: it keeps user profiles).
struct IsbProfile
{
    std::string secret;
    bool mayBeIst = false; ///< this name may log in as IST
    UserQuota quota;
    bool mayVolunteer = true; ///< may serve as IST behind a full cone NAT, if it wants to
};

/// What can be set in an IsbBroker.
struct IsbSettings
{
    std::string name = "isb";
    uint16_t port = 7470;                       ///< TCP
    std::map<std::string, IsbProfile> profiles; ///< by name

    Duration helloInterval = std::chrono::seconds(10); ///< asked of users
    Duration istHelloInterval =
        std::chrono::milliseconds(500); ///< asked of ISTs, and of their load
    uint32_t hellosMissed = 3; ///< intervals without any message after which a peer is lost
    Duration loginTimeout = std::chrono::seconds(5);
    Duration answerTimeout = std::chrono::seconds(5); ///< Offer, Prepare, SpliceRequest
    Duration probeTimeout = std::chrono::seconds(2);
    Duration directTimeout =
        std::chrono::seconds(2);                     ///< then the IST is used (thesis 3.4, decided)
    Duration punchTimeout = std::chrono::seconds(4); ///< Punched: then the next way
    Duration translatedTimeout = std::chrono::seconds(20);
    Duration istGrace = std::chrono::seconds(2); ///< a lost IST may come back with its splices

    /// Where the STUN server beside the broker answers, over UDP and TCP: primary address with
    /// primary and alternate port, then the alternate address with both; told to users at login.
    /// Empty: none, and no holes are punched. At most ISB_STUN_LIMIT.
    std::vector<Endpoint> stunServers;

    /// Where the NAT test's packets come from: another address of this host than users log in to
    /// (thesis 3.6.3), and port 0 or one that the host keeps for it. 0.0.0.0: an IST sends them; if
    /// there is none that can, they come from the usual address and prove no full cone.
    Endpoint probeFrom;
    bool volunteers = true;            ///< users behind full cone NATs may serve as ISTs
    DataRate volunteerRate{0};         ///< most that one is asked to forward; 0: what it offers
    uint32_t volunteerConnections = 8; ///< most at once at one; 0: what it offers

    size_t maxSessions = 20'000;
    size_t maxUnproven = 1024;          ///< connections that have not logged in
    size_t maxUnprovenPerAddress = 256; ///< of those, from one source address
    size_t maxConnections = 100'000;    ///< service connections of all users
    size_t maxUnsentBytes = 1 << 20;    ///< to one peer: then it is a SlowReader

    /// ISTs whose round trips (subscriber + provider) are within this share of the best, or within
    /// nearMargin of it, count as equally near; the least loaded of them is chosen.
    Ratio nearShare{100'000};
    Duration nearMargin = std::chrono::milliseconds(2);
};

} // namespace isb

#endif
