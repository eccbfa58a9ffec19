// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/route-mtu.h"

#include "emulation/sys/descriptor.h"
#include "emulation/sys/system-error.h"

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace isb
{

namespace
{

/// Any port: nothing is sent.
constexpr uint16_t DISCARD_PORT = 9;

socklen_t
SocketAddress(const IpAddress& address, sockaddr_storage& storage)
{
    if (address.IsIpv4())
    {
        sockaddr_in inet{};
        inet.sin_family = AF_INET;
        inet.sin_port = htons(DISCARD_PORT);
        inet.sin_addr.s_addr = htonl(address.word[0]);
        std::memcpy(&storage, &inet, sizeof(inet));
        return sizeof(inet);
    }
    sockaddr_in6 inet{};
    inet.sin6_family = AF_INET6;
    inet.sin6_port = htons(DISCARD_PORT);
    for (size_t i = 0; i < address.word.size(); ++i)
    {
        const uint32_t word = htonl(address.word[i]);
        std::memcpy(inet.sin6_addr.s6_addr + 4 * i, &word, sizeof(word));
    }
    std::memcpy(&storage, &inet, sizeof(inet));
    return sizeof(inet);
}

} // namespace

std::optional<uint32_t>
RouteMtu(const IpAddress& destination)
{
    const int family = destination.IsIpv4() ? AF_INET : AF_INET6;
    const Descriptor socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket)
    {
        throw SystemError("open a socket to ask for the route to " + destination.ToString());
    }
    sockaddr_storage storage{};
    const socklen_t size = SocketAddress(destination, storage);
    if (connect(socket.Get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0)
    {
        return std::nullopt;
    }
    int mtu = 0;
    socklen_t length = sizeof(mtu);
    const int level = destination.IsIpv4() ? IPPROTO_IP : IPPROTO_IPV6;
    const int option = destination.IsIpv4() ? IP_MTU : IPV6_MTU;
    if (getsockopt(socket.Get(), level, option, &mtu, &length) != 0 || mtu <= 0)
    {
        return std::nullopt;
    }
    return static_cast<uint32_t>(mtu);
}

} // namespace isb
