// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/unix-request.h"

#include "emulation/sys/system-error.h"

#include <array>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

namespace isb
{

namespace
{

constexpr size_t CHUNK = 65536;

void
SetPatience(const Descriptor& socket, std::chrono::milliseconds patience)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
    timeval limit{};
    limit.tv_sec = seconds.count();
    limit.tv_usec = std::chrono::microseconds(patience - seconds).count();
    (void)setsockopt(socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(socket.Get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/// A timed out read or write says EAGAIN.
int
ErrorNumber()
{
    return errno == EAGAIN || errno == EWOULDBLOCK ? ETIMEDOUT : errno;
}

} // namespace

Descriptor
SendUnix(const std::string& path, std::string_view text, std::chrono::milliseconds patience)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
    {
        throw SystemError("connect to " + path, ENAMETOOLONG);
    }
    path.copy(static_cast<char*>(address.sun_path), path.size());
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket)
    {
        throw SystemError("open a unix socket");
    }
    SetPatience(socket, patience);
    const void* raw = &address;
    if (::connect(socket.Get(), static_cast<const sockaddr*>(raw), sizeof(address)) != 0)
    {
        throw SystemError("connect to " + path, ErrorNumber());
    }
    while (!text.empty())
    {
        const ssize_t sent = ::send(socket.Get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
        {
            continue;
        }
        if (sent < 0)
        {
            throw SystemError("write to " + path, ErrorNumber());
        }
        text.remove_prefix(static_cast<size_t>(sent));
    }
    return socket;
}

std::string
AskUnix(const std::string& path, std::string_view text, size_t most)
{
    const Descriptor socket = SendUnix(path, text);
    std::string answer;
    std::array<char, CHUNK> chunk{};
    for (;;)
    {
        const ssize_t got = ::recv(socket.Get(), chunk.data(), chunk.size(), 0);
        if (got < 0 && errno == EINTR)
        {
            continue;
        }
        if (got < 0)
        {
            throw SystemError("read the answer of " + path, ErrorNumber());
        }
        if (got == 0)
        {
            return answer;
        }
        answer.append(chunk.data(), static_cast<size_t>(got));
        if (answer.size() > most)
        {
            throw SystemError("read the answer of " + path, EMSGSIZE);
        }
    }
}

} // namespace isb
