// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_SERVER_SETTINGS_H
#define ISB_CORE_IST_IST_SERVER_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/isb-message.h"
#include "model/wire/units.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// What can be set in an IstServer.
struct IstServerSettings
{
    std::string name;
    std::string secret;
    Endpoint broker;
    std::vector<ForwardingMethod> methods{ForwardingMethod::Proxy,
                                          ForwardingMethod::Active,
                                          ForwardingMethod::Passive,
                                          ForwardingMethod::Pure,
                                          ForwardingMethod::Udp};
    Ipv4 address;                ///< where users connect; 0.0.0.0: the one that the ISB sees
    uint32_t capacity = 4096;    ///< splices at once
    uint16_t pingPort = 7472;    ///< UDP echo for nearness
    uint16_t portFirst = 20'000; ///< IST ports that it gives out, both included
    uint16_t portLast = 49'151;
    /// Sends test packets of the NAT test for the ISB, from its own address (thesis 3.6.3).
    bool sendsProbes = true;
    SpliceLimits limits; ///< the tighter of these and the request's counts
    Duration retryFirst =
        std::chrono::milliseconds(500); ///< wait before registering again; doubles
    Duration retryMost = std::chrono::seconds(10);
};

} // namespace isb

#endif
