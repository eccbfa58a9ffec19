// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_SETTINGS_H
#define ISB_CORE_IST_IST_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/ip-endpoint.h"
#include "model/wire/isb-message.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// The ways to splice packets (thesis chapter 4; the application layer proxy is IstProxy).
enum class SpliceMethod : uint8_t
{
    Passive, ///< thesis 4.3: both users connect, the two handshakes become one
    Pure,    ///< thesis 4.4: as Passive, with ports agreed beforehand so that none is rewritten
    Active,  ///< thesis 4.2, IBM's TCP Splice: A is accepted, then the IST connects to B
    Udp,     ///< datagrams between two registered users
};

/// "passive", "pure", "active", "udp"
[[nodiscard]] std::string_view ToString(SpliceMethod method);

/// The two ends of a splice; used as index 0 and 1.
enum class IstSide : uint8_t
{
    A = 0,
    B = 1,
};

/// Order to splice two connections: what a broker's splice request says to the IST.
struct IstPair
{
    SpliceMethod method = SpliceMethod::Passive;
    /// IST port to which user A connects. Never 0.
    uint16_t portA = 0;
    /// IST port to which user B connects. Pure: 0 = A's source port as it will be seen (P2 of the
    /// thesis' Fig 4.7). Active: source port of the connection to B, 0 = the IST chooses one.
    uint16_t portB = 0;
    /// When set, only this source address may take the side.
    std::optional<IpAddress> allowedA;
    std::optional<IpAddress> allowedB;
    /// Active only: where the IST connects to.
    IpEndpoint activeTarget;
    /// Active only: from which own address; nothing = the address to which A connected.
    std::optional<IpAddress> activeSource{};
    /// Bounds; 0: none. `bytes` and `rateBps` count forwarded IP packets, `lifetime` runs from
    /// pairing.
    SpliceLimits limits{};
    /// The ISB's number of the splice (TraceEvent.splice). 0: nobody's; only what happens to
    /// labelled pairs is told by TakeNotices().
    uint64_t label = 0;
    /// Pure with portB 0: ports that this host uses itself, and so are not opened though user A
    /// comes from one of that number.
    std::vector<uint16_t> closedPorts{};
};

/// What can be set in an IstEngine. The defaults are those of the sources named.
struct IstSettings
{
    /// Own addresses. Packets to others are not the IST's. Empty: the carrier passes local packets
    /// only, every destination is taken for an own address.
    std::vector<IpAddress> addresses;

    /// Splices of all states at once, and so the bound of held SYNs (one a splice).
    size_t maxSplices = 65536;

    /// Ports without connection, or with one side only; refreshed by the first side's
    /// retransmissions. Longer than a client's own patience (21 s in Windows XP, thesis 5.2).
    Duration unmatchedTimeout = std::chrono::seconds(30);
    /// Upper bound of all such refreshing, since Add(): ports of a side that retries for ever
    /// return. Prepared splices that wait longer need it raised.
    Duration unmatchedLimit = std::chrono::minutes(5);
    /// First wait for the answer to a SYN-ACK (Active: SYN) before it is repeated; doubles each
    /// time. RFC 6298: 1 s.
    Duration handshakeRetry = std::chrono::seconds(1);
    /// Repeats before a handshake is given up; 0 to 15.
    uint8_t handshakeRetries = 5;
    /// ESTABLISHED without any packet: RFC 5382 REQ-5 (2 hours 4 minutes).
    Duration idleTimeout = std::chrono::minutes(124);
    /// IST_CLOSE_WAIT without any packet: RFC 5382 REQ-5 allows 4 minutes; half-closed transfers
    /// that pause are legitimate, so as long as ESTABLISHED.
    Duration halfCloseTimeout = std::chrono::minutes(124);
    /// IST_TIME_WAIT: 2 MSL, with Linux' MSL of 30 s.
    Duration timeWait = std::chrono::seconds(60);
    /// UDP without any packet: RFC 4787 REQ-5 (recommended 5 minutes).
    Duration udpIdleTimeout = std::chrono::minutes(5);

    /// Ports that the IST chooses itself, both included: source ports of Active splices, user B's
    /// port when a Pure splice without agreed port falls back.
    uint16_t ownPortFirst = 49152;
    uint16_t ownPortLast = 65535;

    /// True: a SYN-ACK shows the other user's window at once; saves a round trip, but a forged SYN
    /// can then draw traffic to its source.
    bool earlyData = false;
    /// True: forwarded packets lose one TTL here. False: the carrier's forwarding does that.
    bool decrementTtl = false;

    /// Fragmented datagrams that are followed at once, and how long (RFC 791's 15 s at least).
    size_t maxFragmented = 1024;
    Duration fragmentTimeout = std::chrono::seconds(15);
    /// Fragments that came before their first one, held at once.
    size_t maxHeldFragments = 256;
};

} // namespace isb

#endif
