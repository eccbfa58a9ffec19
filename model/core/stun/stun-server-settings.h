// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_STUN_SERVER_SETTINGS_H
#define ISB_CORE_STUN_STUN_SERVER_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/result.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace isb
{

/// What can be set in a StunServer.
struct StunServerSettings
{
    Ipv4 primary;              ///< the address that clients know; must be this host's
    Ipv4 alternate;            ///< 0.0.0.0: this host has no second address
    uint16_t port = 3478;      ///< RFC 8489 section 18.6
    uint16_t otherPort = 3479; ///< 0: no second port
    bool udp = true;
    bool tcp = true;
    std::string software = "isblab"; ///< SOFTWARE of responses; empty: none

    // Promise T2. Sent bytes of UDP payload never exceed the received ones by more than the
    // allowances; a client whose requests are as long as the responses needs none.
    size_t sourceAllowance = 2000;      ///< bytes ahead, of one source address
    uint32_t sourceAllowanceRate = 200; ///< bytes a second that come back
    size_t totalAllowance = 200'000;    ///< the same for all sources together
    uint32_t totalAllowanceRate = 20'000;
    uint32_t requestRate = 50; ///< answered requests a second of one source address
    uint32_t requestBurst = 100;
    size_t maxSources = 4096; ///< addresses that are told apart; the one silent for longest goes

    size_t maxConnections = 1024; ///< TCP: clients; the oldest makes room
    size_t maxConnectionsPerSource = 32;
    Duration connectionIdle = std::chrono::seconds(40); ///< RFC 8489 section 6.2.2: Ti
    size_t maxCalls = 256; ///< CONNECT-FROM: connections that are being made
    size_t maxCallsPerSource = 4;
    Duration callPatience = std::chrono::seconds(4);
};

/// The rule that the settings break, if any.
[[nodiscard]] std::optional<Error> FindContradiction(const StunServerSettings& settings);

} // namespace isb

#endif
