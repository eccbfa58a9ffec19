// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_DAEMON_SETTINGS_H
#define ISB_CORE_DAEMON_DAEMON_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/isb-message.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// A service that this user offers: an unmodified server on the host itself, or a peripheral on its
/// home network (thesis 3.7.4).
struct ProvidedService
{
    ServiceRecord record;
    Endpoint server; ///< 127.0.0.1:80, or 192.168.1.9:9100
};

/// A service that this user wants, reached by unmodified clients at 127.0.0.1:localPort. The port
/// is open from the start; what comes before the subscription stands waits, up to `patience`.
struct WantedService
{
    std::string provider;
    std::string service;
    Protocol protocol = Protocol::Tcp;
    uint16_t localPort = 0;
    ForwardingMethod method = ForwardingMethod::Passive; ///< wanted of the IST; UDP: Udp or Proxy
    bool requireIst = false;
    /// These ways only, in this order, each until it fails; empty: as the ISB thinks best, which is
    /// direct or reversed, then punched where both sides allow it, then through an IST.
    std::vector<ServicePath> ways;
    bool predictPorts = false; ///< Punched: also to ports that NATs are only predicted to give
    uint32_t prepared = 0; ///< connections kept ready ahead of clients (thesis 3.4: its daemons do)
    Duration patience = std::chrono::seconds(30);
};

/// What can be set in a UserDaemon.
struct DaemonSettings
{
    std::string user;
    std::string secret;
    Endpoint broker;
    std::vector<ProvidedService> provides;
    std::vector<WantedService> wants;

    uint16_t listenPort =
        7471; ///< TCP: probes, direct and reversed connections; any user may bind it
    bool canChoosePort = false; ///< source ports are seen unchanged at the IST (Pure)
    /// Listens on the local port of the connection to the ISB too, where its NAT, if it lets
    /// strangers in, passes them on (thesis 3.6.3). Follows from allowPunch, natTest, volunteer.
    bool listenOnLoginPort = false;
    bool allowPunch = false; ///< connections by hole punching, as subscriber and provider
    /// Takes part in the NAT test (thesis 3.6.3, Fig 3.10); listens on the login port for it.
    bool natTest = false;
    /// Serves as IST for others when the test finds a full cone; includes natTest. What it then
    /// risks is bounded (promise T10):
    bool volunteer = false;
    DataRate volunteerRate{1'000'000}; ///< that it forwards, all together; 0: no bound
    uint32_t volunteerConnections = 4; ///< splices at once
    /// A TCP splice without bytes ends (promise T5); RFC 5382 REQ-5 would have it stand so long.
    Duration volunteerIdle = std::chrono::minutes(124);
    /// Punched: tells the other end which ports its NAT may give next, when that one does so too.
    bool allowPrediction = false;
    Duration retryFirst = std::chrono::seconds(1); ///< wait before logging in again; doubles
    Duration retryMost = std::chrono::seconds(30);
    Duration subscribeRetry = std::chrono::seconds(1); ///< a provider that is not on line; doubles
    Duration registrationRetry = std::chrono::milliseconds(200); ///< UDP: registration and preface
    Duration udpKeepalive = std::chrono::seconds(15);
    Duration udpIdle = std::chrono::minutes(5); ///< a UDP connection without datagram ends
    size_t maxWaitingClients = 256;             ///< local connections that wait
    size_t maxWaitingDatagrams = 64;            ///< of one local UDP client, before its path stands

    Duration loginTimeout = std::chrono::seconds(10); ///< from connecting to the ISB to logged in
    /// A connection that the ISB asked for, or was asked for ahead of need, and of which nothing
    /// more is heard.
    Duration instructTimeout = std::chrono::seconds(30);
    Duration serverTimeout = std::chrono::seconds(10); ///< for an own server to take a connection
    /// A connection to the listen port that shows no token, or one that nobody waits for: the
    /// message that names it may come a moment later.
    Duration strangerPatience = std::chrono::seconds(1);
    size_t maxStrangers = 64;     ///< such connections; the oldest gives way
    size_t maxConnections = 4096; ///< service connections of all phases, used and offered
    size_t maxSubscribers = 4096; ///< subscriptions to own services
    uint32_t echoes = 3;          ///< sent to each IST to measure its nearness
    Duration echoTimeout = std::chrono::milliseconds(300); ///< of each echo
    Duration listTimeout = std::chrono::seconds(10);       ///< for a page of the list of services
    size_t maxListed = 10'000;                             ///< services in one list
    size_t maxListings = 16; ///< lists being made, or made and not taken

    [[nodiscard]] bool
    ListensOnLoginPort() const
    {
        return listenOnLoginPort || allowPunch || natTest || volunteer;
    }
};

} // namespace isb

#endif
