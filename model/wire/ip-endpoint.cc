// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/ip-endpoint.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <tuple>

namespace isb
{

namespace
{

constexpr size_t IPV6_BYTES = 16;

std::optional<uint16_t>
ParsePort(std::string_view text)
{
    uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    return error == std::errc{} && stop == end ? std::optional(port) : std::nullopt;
}

} // namespace

IpAddress::IpAddress(Ipv4 address)
    : word{address.value, 0, 0, 0}
{
}

IpAddress::IpAddress(uint8_t ofFamily, const ist_address& address)
    : family(ofFamily == IST_FAMILY_IPV6 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4)
{
    std::copy(std::begin(address.word), std::end(address.word), word.begin());
}

std::optional<IpAddress>
IpAddress::Parse(std::string_view text)
{
    if (text.find(':') == std::string_view::npos)
    {
        const auto ipv4 = Ipv4::Parse(text);
        return ipv4 ? std::optional<IpAddress>(*ipv4) : std::nullopt;
    }
    std::array<uint8_t, IPV6_BYTES> bytes{};
    if (inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) != 1)
    {
        return std::nullopt;
    }
    IpAddress address;
    address.family = IST_FAMILY_IPV6;
    for (size_t i = 0; i < address.word.size(); ++i)
    {
        address.word[i] = ist_get32(bytes.data() + 4 * i);
    }
    return address;
}

std::string
IpAddress::ToString() const
{
    if (IsIpv4())
    {
        return ToIpv4().ToString();
    }
    std::array<uint8_t, IPV6_BYTES> bytes{};
    for (size_t i = 0; i < word.size(); ++i)
    {
        ist_put32(bytes.data() + 4 * i, word[i]);
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    return text.data();
}

bool
IpAddress::IsUnspecified() const
{
    return (word[0] | word[1] | word[2] | word[3]) == 0;
}

Ipv4
IpAddress::ToIpv4() const
{
    return IsIpv4() ? Ipv4{word[0]} : Ipv4{};
}

ist_address
IpAddress::ToWords() const
{
    ist_address address{};
    std::copy(word.begin(), word.end(), std::begin(address.word));
    return address;
}

bool
operator==(const IpAddress& a, const IpAddress& b)
{
    return a.family == b.family && a.word == b.word;
}

bool
operator!=(const IpAddress& a, const IpAddress& b)
{
    return !(a == b);
}

bool
operator<(const IpAddress& a, const IpAddress& b)
{
    return std::tie(a.family, a.word) < std::tie(b.family, b.word);
}

IpEndpoint::IpEndpoint(IpAddress ofAddress, uint16_t ofPort)
    : address(ofAddress),
      port(ofPort)
{
}

IpEndpoint::IpEndpoint(const Endpoint& endpoint)
    : address(endpoint.address),
      port(endpoint.port)
{
}

std::optional<IpEndpoint>
IpEndpoint::Parse(std::string_view text)
{
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
    {
        return std::nullopt;
    }
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed)
    {
        host = host.substr(1, host.size() - 2);
    }
    const auto address = IpAddress::Parse(host);
    const auto port = ParsePort(text.substr(colon + 1));
    if (!address || !port || address->IsIpv4() == bracketed)
    {
        return std::nullopt;
    }
    return IpEndpoint(*address, *port);
}

std::string
IpEndpoint::ToString() const
{
    const std::string host = address.ToString();
    return (address.IsIpv4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Endpoint
IpEndpoint::ToIpv4() const
{
    return {address.ToIpv4(), port};
}

bool
operator==(const IpEndpoint& a, const IpEndpoint& b)
{
    return a.address == b.address && a.port == b.port;
}

bool
operator!=(const IpEndpoint& a, const IpEndpoint& b)
{
    return !(a == b);
}

bool
operator<(const IpEndpoint& a, const IpEndpoint& b)
{
    return std::tie(a.address, a.port) < std::tie(b.address, b.port);
}

} // namespace isb
