// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/network-interface.h"

#include "emulation/sys/descriptor.h"
#include "emulation/sys/system-error.h"

#include <arpa/inet.h>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace isb
{

namespace
{

ifreq
RequestFor(const std::string& name)
{
    ifreq request{};
    name.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
    return request;
}

sockaddr
SocketAddress(uint32_t address)
{
    sockaddr_in inet{};
    inet.sin_family = AF_INET;
    inet.sin_addr.s_addr = htonl(address);
    sockaddr generic{};
    std::memcpy(&generic, &inet, sizeof(inet));
    return generic;
}

/// Asks the kernel, or throws "set <what> of <device>: ...".
void
Ask(const Descriptor& socket, unsigned long command, ifreq& request, const std::string& attempt)
{
    if (ioctl(socket.Get(), command, &request) != 0)
    {
        throw SystemError(attempt + " of " + static_cast<const char*>(request.ifr_name));
    }
}

void
SetAddress(const Descriptor& socket, const std::string& name, const InterfaceAddress& address)
{
    const uint32_t mask =
        address.prefixLength == 0 ? 0 : ~uint32_t{0} << (32 - address.prefixLength);
    ifreq request = RequestFor(name);
    request.ifr_addr = SocketAddress(address.address.value);
    Ask(socket, SIOCSIFADDR, request, "set address " + address.address.ToString());
    request = RequestFor(name);
    request.ifr_netmask = SocketAddress(mask);
    Ask(socket, SIOCSIFNETMASK, request, "set prefix length");
}

} // namespace

void
ConfigureInterface(const std::string& name, const InterfaceSettings& settings)
{
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket)
    {
        throw SystemError("open a socket to configure " + name);
    }
    if (settings.address)
    {
        SetAddress(socket, name, *settings.address);
    }
    ifreq request = RequestFor(name);
    request.ifr_mtu = settings.mtu;
    Ask(socket, SIOCSIFMTU, request, "set MTU " + std::to_string(settings.mtu));
    request = RequestFor(name);
    request.ifr_qlen = static_cast<int>(settings.queueLength);
    Ask(socket, SIOCSIFTXQLEN, request, "set queue length");
    request = RequestFor(name);
    Ask(socket, SIOCGIFFLAGS, request, "read flags");
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
    Ask(socket, SIOCSIFFLAGS, request, "set up");
}

} // namespace isb
