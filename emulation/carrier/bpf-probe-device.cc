// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-device.h"
#include "emulation/carrier/bpf-netlink.h"
#include "emulation/carrier/bpf-probe.h"
#include "emulation/sys/descriptor.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace isb
{

namespace
{

/// NETDEV_XDP_ACT_* of linux/netdev.h.
constexpr uint64_t XDP_BASIC = 1;
constexpr uint64_t XDP_REDIRECT_OUT = 4;

/// Native XDP keeps a packet in one page, with room before and behind it.
constexpr uint32_t XDP_LARGEST_MTU = 3498;

/// One of ethtool's flags; nothing: the driver does not know it.
std::optional<bool>
Flag(const std::string& device, uint32_t command, uint32_t mask)
{
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_value value{};
    value.cmd = command;
    ifreq request{};
    std::copy_n(device.begin(),
                std::min(device.size(), sizeof(request.ifr_name) - 1),
                request.ifr_name);
    request.ifr_data = reinterpret_cast<char*>(&value);
    if (!socket || ioctl(socket.Get(), SIOCETHTOOL, &request) != 0)
    {
        return std::nullopt;
    }
    return (value.data & mask) != 0;
}

void
ProbeNative(CapabilityReport& report, const std::string& device, int interface)
{
    const std::string what = device + ": native XDP";
    const auto features = XdpFeatures(interface);
    if (!features)
    {
        report.Lacking(what, "kernels before 6.3 do not tell; attaching will");
    }
    else if ((*features & XDP_BASIC) == 0)
    {
        report.Missing(what, "its driver has none: use generic mode, or tc alone");
    }
    else
    {
        report.Found(what);
    }
    const uint32_t mtu = MtuOf(device);
    if (mtu > XDP_LARGEST_MTU)
    {
        report.Lacking(device + ": MTU",
                       std::to_string(mtu) +
                           " bytes do not fit into the one page that XDP has: `ip "
                           "link set dev " +
                           device + " mtu 1500`, or generic mode");
    }
    if (Flag(device, ETHTOOL_GFLAGS, ETH_FLAG_LRO).value_or(false))
    {
        report.Lacking(device + ": large receive offload off",
                       "most drivers refuse XDP with it: `ethtool -K " + device + " lro off`");
    }
    const auto peer = PeerOfVeth(interface);
    if (features && (*features & XDP_REDIRECT_OUT) != 0)
    {
        report.Found(device + ": XDP towards it");
    }
    else if (peer)
    {
        report.Lacking(device + ": XDP towards it",
                       "packets to it are left to tc: the other end of a veth pair takes "
                       "redirected packets only after `ethtool -K PEER gro on` there");
    }
    else
    {
        report.Lacking(device + ": XDP towards it",
                       "packets to it are left to tc, unless its driver can send redirected "
                       "packets once XDP is attached");
    }
}

} // namespace

void
ProbeDevice(CapabilityReport& report, const std::string& device, XdpMode xdp)
{
    const BpfRecordDevice found = FindDevice(device);
    const auto interface = static_cast<int>(found.interface);
    if (interface == 0)
    {
        report.Missing(device, "there is no such device in this network namespace (see `ip link`)");
        return;
    }
    report.Found(device, "tc");
    if (xdp == XdpMode::None)
    {
        return;
    }
    try
    {
        if (xdp == XdpMode::Native)
        {
            ProbeNative(report, device, interface);
        }
    }
    catch (const SystemError& error)
    {
        report.Lacking(device + ": XDP", error.what());
    }
    if (Flag(device, ETHTOOL_GTXCSUM, 1).value_or(false))
    {
        report.Lacking(device + ": transmit checksum offload off",
                       "packets of local senders, and of the other end of a veth pair, come to XDP "
                       "without checksum and are left to tc: right, but slower; `ethtool -K " +
                           device + " tx off` at both ends");
    }
    if (xdp == XdpMode::Generic && Flag(device, ETHTOOL_GGRO, 1).value_or(false))
    {
        report.Lacking(device + ": receive offload off",
                       "packets that are joined come to generic XDP longer than the MTU and are "
                       "left to tc: `ethtool -K " +
                           device + " gro off`");
    }
}

} // namespace isb
