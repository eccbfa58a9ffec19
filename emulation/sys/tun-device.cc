// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/tun-device.h"

#include "emulation/sys/system-error.h"
#include "emulation/sys/vnet-header.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

namespace isb
{

namespace
{

constexpr const char* TUN_PATH = "/dev/net/tun";

// Newer than the headers of Debian 12. The kernel takes both or neither.
constexpr unsigned TUN_USO4 = 0x20;
constexpr unsigned TUN_USO6 = 0x40;

std::string
WhatIsNeeded(int number, const std::string& name)
{
    switch (number)
    {
    case EPERM:
        return " (needs CAP_NET_ADMIN, or an interface made before for this user: ip tuntap add "
               "dev " +
               name + " mode tun vnet_hdr user USER)";
    case EBUSY:
        return " (another program uses it)";
    case EINVAL:
        return " (an interface of this name is no TUN interface with the flag vnet_hdr)";
    default:
        return {};
    }
}

} // namespace

TunDevice::TunDevice(const std::string& name)
    : m_name(name),
      m_descriptor(open(TUN_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK))
{
    if (!m_descriptor)
    {
        throw SystemError("open " + std::string(TUN_PATH));
    }
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    name.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
    if (ioctl(m_descriptor.Get(), TUNSETIFF, &request) != 0)
    {
        const int number = errno;
        throw SystemError("attach to TUN interface " + name + WhatIsNeeded(number, name), number);
    }
    int size = VNET_HEADER_SIZE;
    if (ioctl(m_descriptor.Get(), TUNSETVNETHDRSZ, &size) != 0)
    {
        throw SystemError("set the header size of TUN interface " + name);
    }
}

TunOffload
TunDevice::SetOffload(const TunOffload& wanted)
{
    TunOffload held = wanted;
    held.checksums = wanted.checksums || wanted.tcpSegments || wanted.udpSegments;
    const auto ask = [&]
    {
        const unsigned long flags =
            (held.checksums ? TUN_F_CSUM : 0U) |
            (held.tcpSegments ? TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0U) |
            (held.udpSegments ? TUN_USO4 | TUN_USO6 : 0U);
        return ioctl(m_descriptor.Get(), TUNSETOFFLOAD, flags) == 0;
    };
    if (ask())
    {
        return held;
    }
    held.udpSegments = false;
    if (!ask())
    {
        throw SystemError("set offloads of TUN interface " + m_name);
    }
    return held;
}

} // namespace isb
