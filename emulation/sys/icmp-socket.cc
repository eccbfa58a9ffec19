// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/icmp-socket.h"

#include "emulation/sys/system-error.h"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace isb
{

namespace
{

/// An error quotes at most 1232 bytes (RFC 4443 section 2.4 (c)); longer ones are cut.
constexpr size_t LONGEST = 2048;
/// RFC 792
constexpr uint32_t UNREACHABLE = 3;
constexpr uint32_t TIME_EXCEEDED = 11;
constexpr uint32_t PARAMETER_PROBLEM = 12;

IpAddress
AddressOf(const in6_addr& address)
{
    IpAddress result;
    result.family = IST_FAMILY_IPV6;
    for (size_t i = 0; i < result.word.size(); ++i)
    {
        uint32_t word = 0;
        std::memcpy(&word, address.s6_addr + 4 * i, sizeof(word));
        result.word[i] = ntohl(word);
    }
    return result;
}

template <typename T>
void
Set(const Descriptor& socket, int level, int option, const T& value, const char* what)
{
    if (setsockopt(socket.Get(), level, option, &value, sizeof(value)) != 0)
    {
        throw SystemError(what);
    }
}

void
ChooseErrors(const Descriptor& socket, uint8_t family)
{
    if (family == IST_FAMILY_IPV4)
    {
        icmp_filter filter{};
        filter.data = ~(1U << UNREACHABLE | 1U << TIME_EXCEEDED | 1U << PARAMETER_PROBLEM);
        Set(socket, SOL_RAW, ICMP_FILTER, filter, "choose ICMP errors");
        return;
    }
    icmp6_filter filter{};
    ICMP6_FILTER_SETBLOCKALL(&filter);
    for (const int type :
         {ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB})
    {
        ICMP6_FILTER_SETPASS(type, &filter);
    }
    Set(socket, IPPROTO_ICMPV6, ICMP6_FILTER, filter, "choose ICMPv6 errors");
    Set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "ask for destinations of ICMPv6 errors");
}

} // namespace

IcmpSocket::IcmpSocket(uint8_t family)
    : m_family(family),
      m_socket(family == IST_FAMILY_IPV4
                   ? socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP)
                   : socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6))
{
    if (!m_socket)
    {
        throw SystemError("open a raw socket for ICMP errors (needs CAP_NET_RAW)");
    }
    ChooseErrors(m_socket, family);
}

std::optional<IcmpSocket::Message>
IcmpSocket::Receive()
{
    Message message;
    message.bytes.resize(LONGEST);
    sockaddr_in6 source{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
    iovec part{message.bytes.data(), message.bytes.size()};
    msghdr header{};
    header.msg_name = &source;
    header.msg_namelen = sizeof(source);
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = recvmsg(m_socket.Get(), &header, 0);
    if (size < 0)
    {
        return std::nullopt;
    }
    message.bytes.resize(static_cast<size_t>(size));
    if (m_family == IST_FAMILY_IPV4)
    {
        return message;
    }
    message.source = AddressOf(source.sin6_addr);
    for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one))
    {
        if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO)
        {
            in6_pktinfo information{};
            std::memcpy(&information, CMSG_DATA(one), sizeof(information));
            message.destination = AddressOf(information.ipi6_addr);
        }
    }
    return message;
}

} // namespace isb
