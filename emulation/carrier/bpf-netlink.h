// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_NETLINK_H
#define ISB_EMULATION_CARRIER_BPF_NETLINK_H

#include "model/wire/ip-endpoint.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace isb
{

/// What rtnetlink and the generic netlink family "netdev" know about a device of this thread's
/// network namespace. All throw SystemError when the kernel cannot be asked.

/// Number of tc filters at both hooks of a device's clsact qdisc; nothing: it has no clsact qdisc.
[[nodiscard]] std::optional<size_t> CountTcFilters(int interface);

/// Where the other end of a veth pair is.
struct VethPeer
{
    int interface = 0;              ///< its number there
    std::optional<int> namespaceId; ///< nothing: in this namespace
};

/// Nothing: the device is no veth.
[[nodiscard]] std::optional<VethPeer> PeerOfVeth(int interface);

/// The device that packets to an address leave by; nothing: there is no route.
[[nodiscard]] std::optional<int> DeviceTowards(const IpAddress& target);

/// NETDEV_XDP_ACT_* of a device's driver (linux/netdev.h); nothing: the kernel is older than 6.3
/// and does not tell.
[[nodiscard]] std::optional<uint64_t> XdpFeatures(int interface);

} // namespace isb

#endif
