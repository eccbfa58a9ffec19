// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/inet-socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>

namespace isb
{

namespace
{

constexpr int BACKLOG = 1024;
constexpr int MOST_DISCARDED = 64; ///< times DISCARD_STEP: more than a receive buffer holds
constexpr size_t DISCARD_STEP = 1U << 20U;
constexpr int UNSENT_MILLISECONDS = 60'000;

sockaddr_in
ToAddress(Endpoint endpoint)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    address.sin_addr.s_addr = htonl(endpoint.address.value);
    return address;
}

Endpoint
ToEndpoint(const sockaddr_in& address)
{
    return {{ntohl(address.sin_addr.s_addr)}, ntohs(address.sin_port)};
}

void
Set(int socket, int level, int option, int value)
{
    setsockopt(socket, level, option, &value, sizeof value);
}

int
Bind(int socket, Endpoint local)
{
    const sockaddr_in address = ToAddress(local);
    return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0
                                                                                          : errno;
}

OpenedSocket
Open(int type)
{
    OpenedSocket opened;
    opened.socket = Descriptor(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    opened.error = opened.socket ? 0 : errno;
    return opened;
}

OpenedSocket
Refused(int error)
{
    return {Descriptor(), error};
}

} // namespace

OpenedSocket
OpenListener(Endpoint local)
{
    OpenedSocket opened = Open(SOCK_STREAM);
    if (opened.error != 0)
    {
        return opened;
    }
    const int socket = opened.socket.Get();
    Set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (const int error = Bind(socket, local); error != 0)
    {
        return Refused(error);
    }
    // After bind(), which thus refuses a second listener; connections from this port need it.
    Set(socket, SOL_SOCKET, SO_REUSEPORT, 1);
    return listen(socket, BACKLOG) == 0 ? std::move(opened) : Refused(errno);
}

OpenedSocket
OpenDatagram(Endpoint local)
{
    OpenedSocket opened = Open(SOCK_DGRAM);
    if (opened.error != 0)
    {
        return opened;
    }
    const int error = Bind(opened.socket.Get(), local);
    return error == 0 ? std::move(opened) : Refused(error);
}

OpenedSocket
StartConnection(Endpoint from, Endpoint to)
{
    OpenedSocket opened = Open(SOCK_STREAM);
    if (opened.error != 0)
    {
        return opened;
    }
    const int socket = opened.socket.Get();
    Set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (from.port != 0)
    {
        Set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
        Set(socket, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    else
    {
        Set(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    }
    if (from.port != 0 || from.address.value != 0)
    {
        if (const int error = Bind(socket, from); error != 0)
        {
            return Refused(error);
        }
    }
    const sockaddr_in address = ToAddress(to);
    if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS)
    {
        // The four-tuple is in use: connect() has no other word for it.
        return Refused(errno == EADDRNOTAVAIL ? EADDRINUSE : errno);
    }
    return opened;
}

OpenedSocket
AcceptConnection(int listener, Endpoint& peer)
{
    OpenedSocket opened;
    sockaddr_in address{};
    socklen_t size = sizeof address;
    opened.socket = Descriptor(accept4(listener,
                                       reinterpret_cast<sockaddr*>(&address),
                                       &size,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!opened.socket)
    {
        opened.error = errno;
        return opened;
    }
    Set(opened.socket.Get(), IPPROTO_TCP, TCP_NODELAY, 1);
    peer = ToEndpoint(address);
    return opened;
}

Endpoint
LocalEndpoint(int socket)
{
    sockaddr_in address{};
    socklen_t size = sizeof address;
    return getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0
               ? ToEndpoint(address)
               : Endpoint{};
}

Ipv4
SourceAddressTowards(Endpoint to)
{
    const OpenedSocket opened = Open(SOCK_DGRAM);
    const sockaddr_in address = ToAddress(to);
    // Connecting a UDP socket chooses the route and sends nothing.
    const bool routed = opened.error == 0 && connect(opened.socket.Get(),
                                                     reinterpret_cast<const sockaddr*>(&address),
                                                     sizeof address) == 0;
    return routed ? LocalEndpoint(opened.socket.Get()).address : Ipv4{};
}

int
TakeError(int socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void
ResetOnClose(int socket)
{
    const linger atOnce{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
}

void
DiscardInput(int socket)
{
    // With MSG_TRUNC TCP throws bytes away instead of copying them.
    for (int i = 0; i < MOST_DISCARDED; ++i)
    {
        if (recv(socket, nullptr, DISCARD_STEP, MSG_TRUNC | MSG_DONTWAIT) <= 0)
        {
            return;
        }
    }
}

void
LimitUnsent(int socket)
{
    Set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, UNSENT_MILLISECONDS);
}

bool
SendDatagram(int socket, Endpoint to, const void* bytes, size_t size)
{
    const sockaddr_in address = ToAddress(to);
    return sendto(socket,
                  bytes,
                  size,
                  MSG_NOSIGNAL | MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) >= 0;
}

ssize_t
ReceiveDatagram(int socket, Endpoint& from, void* buffer, size_t size)
{
    sockaddr_in address{};
    socklen_t length = sizeof address;
    const ssize_t count = recvfrom(socket,
                                   buffer,
                                   size,
                                   MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&address),
                                   &length);
    from = ToEndpoint(address);
    return count;
}

std::string
FailureText(int error)
{
    switch (error)
    {
    case ECONNREFUSED:
        return "connection refused";
    case ECONNRESET:
    case EPIPE:
        return "connection reset";
    case ETIMEDOUT:
        return "connection timed out";
    case EHOSTUNREACH:
    case ENETUNREACH:
        return "no route to host";
    case EADDRINUSE:
        return "address already in use";
    case EADDRNOTAVAIL:
        return "no such address on this host";
    default:
        return std::generic_category().message(error);
    }
}

} // namespace isb
