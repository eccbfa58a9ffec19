// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_POLICY_ROUTES_H
#define ISB_EMULATION_SYS_POLICY_ROUTES_H

#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// TCP and UDP packets that come in by one of `devices` for one of `addresses` go out by `through`
/// instead, also where the addresses are this host's own. What it needs in this thread's network
/// namespace: two rules an address and device, and one route a family in a table of its own.
///
/// The kernel looks up its own addresses first, at preference 0, so that look-up moves behind the
/// rules; nothing else comes between. Neighbour discovery, ICMP and the host's own connections to
/// these addresses are as before. When `through` is gone its routes are, too, and the rules find
/// nothing.
struct PolicyRoutes
{
    std::vector<std::string> devices;
    std::vector<IpAddress> addresses;
    std::string through;
};

/// Sets them up; those that are there already stay. Needs CAP_NET_ADMIN; SystemError says what was
/// tried.
void AddPolicyRoutes(const PolicyRoutes& routes);

/// Removes all that lead through a device, gone or not. False: there were none.
bool RemovePolicyRoutes(const std::string& through);

/// True when the kernel has routing rules for this family (IST_FAMILY_IPV4, IST_FAMILY_IPV6).
[[nodiscard]] bool HasPolicyRouting(uint8_t family);

/// True when the address is one of this host's own.
[[nodiscard]] bool IsLocalAddress(const IpAddress& address);

} // namespace isb

#endif
