// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/traffic-sockets.h"

#include "emulation/meter/traffic-clock.h"
#include "emulation/sys/system-error.h"

#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

namespace isb
{

SocketAddress::SocketAddress(const IpEndpoint& endpoint)
{
    if (endpoint.address.IsIpv4())
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        address.sin_addr.s_addr = htonl(endpoint.address.word[0]);
        size = sizeof(address);
        std::memcpy(&storage, &address, sizeof(address));
        return;
    }
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    for (size_t i = 0; i < endpoint.address.word.size(); ++i)
    {
        const uint32_t word = htonl(endpoint.address.word[i]);
        std::memcpy(&address.sin6_addr.s6_addr[4 * i], &word, sizeof(word));
    }
    size = sizeof(address);
    std::memcpy(&storage, &address, sizeof(address));
}

const sockaddr*
SocketAddress::Get() const
{
    return reinterpret_cast<const sockaddr*>(&storage);
}

IpEndpoint
PortFurther(const IpEndpoint& endpoint, uint64_t steps)
{
    return {endpoint.address, static_cast<uint16_t>(endpoint.port + steps)};
}

Descriptor
OpenTrafficSocket(ist_family family, int type, uint64_t port)
{
    Descriptor made(
        ::socket(family == IST_FAMILY_IPV4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
    if (!made)
    {
        throw SystemError("socket");
    }
    const int on = 1;
    setsockopt(made.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (port != 0)
    {
        IpAddress any;
        any.family = family;
        const SocketAddress local({any, static_cast<uint16_t>(port)});
        if (bind(made.Get(), local.Get(), local.size) != 0)
        {
            throw SystemError("bind port " + std::to_string(port));
        }
    }
    return made;
}

void
SetNonBlocking(int socket, bool on)
{
    const int flags = fcntl(socket, F_GETFL);
    if (fcntl(socket, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) != 0)
    {
        throw SystemError("fcntl O_NONBLOCK");
    }
}

bool
WaitReadable(int socket, uint64_t patience)
{
    pollfd one{socket, POLLIN, 0};
    return poll(&one, 1, static_cast<int>(patience / NS_PER_MS)) > 0;
}

} // namespace isb
