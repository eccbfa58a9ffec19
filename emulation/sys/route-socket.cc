// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/route-socket.h"

#include "emulation/sys/system-error.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace isb
{

namespace
{

/// Of fib_rule_hdr and rtmsg alike.
constexpr size_t KIND_HEADER = 12;
static_assert(NLMSG_ALIGN(sizeof(rtmsg)) == KIND_HEADER);
constexpr size_t LONGEST_ANSWER = 65536;

template <typename T>
T
ReadAt(const std::vector<uint8_t>& bytes, size_t at)
{
    T value{};
    std::memcpy(&value, &bytes[at], sizeof(T));
    return value;
}

} // namespace

std::vector<uint8_t>
NetworkBytes(const IpAddress& address)
{
    const size_t words = address.IsIpv4() ? 1 : address.word.size();
    std::vector<uint8_t> bytes(4 * words);
    for (size_t i = 0; i < words; ++i)
    {
        const uint32_t word = htonl(address.word[i]);
        std::memcpy(&bytes[4 * i], &word, sizeof(word));
    }
    return bytes;
}

RouteRequest::RouteRequest(uint16_t type, uint16_t flags, const void* header, size_t size)
    : m_bytes(NLMSG_HDRLEN + NLMSG_ALIGN(size))
{
    nlmsghdr message{};
    message.nlmsg_len = static_cast<uint32_t>(m_bytes.size());
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    message.nlmsg_seq = 1;
    std::memcpy(m_bytes.data(), &message, sizeof(message));
    std::memcpy(&m_bytes[NLMSG_HDRLEN], header, size);
}

void
RouteRequest::Put(uint16_t attribute, const void* value, size_t size)
{
    const size_t at = m_bytes.size();
    rtattr head{};
    head.rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
    head.rta_type = attribute;
    m_bytes.resize(at + RTA_SPACE(size));
    std::memcpy(&m_bytes[at], &head, sizeof(head));
    std::memcpy(&m_bytes[at + RTA_LENGTH(0)], value, size);
    const auto length = static_cast<uint32_t>(m_bytes.size());
    std::memcpy(m_bytes.data(), &length, sizeof(length)); // nlmsg_len is the first field
}

std::vector<uint8_t>
RouteAnswer::Bytes(uint16_t attribute) const
{
    size_t at = KIND_HEADER;
    while (at + sizeof(rtattr) <= m_bytes.size())
    {
        const auto head = ReadAt<rtattr>(m_bytes, at);
        if (head.rta_len < sizeof(rtattr) || at + head.rta_len > m_bytes.size())
        {
            break;
        }
        const auto first = m_bytes.begin() + static_cast<std::ptrdiff_t>(at);
        if (head.rta_type == attribute)
        {
            return {first + static_cast<std::ptrdiff_t>(RTA_LENGTH(0)), first + head.rta_len};
        }
        at += RTA_ALIGN(head.rta_len);
    }
    return {};
}

RouteSocket::RouteSocket()
    : m_socket(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))
{
    if (!m_socket)
    {
        throw SystemError("open a socket for the kernel's routes");
    }
}

int
RouteSocket::Ask(const RouteRequest& request,
                 const std::function<void(const RouteAnswer&)>& onAnswer)
{
    const std::vector<uint8_t>& bytes = request.Bytes();
    if (send(m_socket.Get(), bytes.data(), bytes.size(), 0) < 0)
    {
        return errno;
    }
    std::vector<uint8_t> answer(LONGEST_ANSWER);
    while (true)
    {
        const ssize_t size = recv(m_socket.Get(), answer.data(), answer.size(), 0);
        if (size < 0)
        {
            return errno;
        }
        for (size_t at = 0; at + NLMSG_HDRLEN <= static_cast<size_t>(size);)
        {
            const auto head = ReadAt<nlmsghdr>(answer, at);
            if (head.nlmsg_len < NLMSG_HDRLEN || at + head.nlmsg_len > static_cast<size_t>(size))
            {
                return EBADMSG;
            }
            if (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE)
            {
                return head.nlmsg_type == NLMSG_DONE ? 0
                                                     : -ReadAt<int32_t>(answer, at + NLMSG_HDRLEN);
            }
            if (onAnswer)
            {
                const auto first = answer.begin() + static_cast<std::ptrdiff_t>(at);
                onAnswer(RouteAnswer({first + NLMSG_HDRLEN, first + head.nlmsg_len}));
            }
            at += NLMSG_ALIGN(head.nlmsg_len);
        }
    }
}

std::vector<RouteAnswer>
RouteSocket::Dump(const RouteRequest& request, const std::string& what)
{
    std::vector<RouteAnswer> answers;
    const int error = Ask(request, [&](const RouteAnswer& answer) { answers.push_back(answer); });
    if (error != 0)
    {
        throw SystemError(what, error);
    }
    return answers;
}

} // namespace isb
