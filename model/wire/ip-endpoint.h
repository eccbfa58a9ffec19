// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_IP_ENDPOINT_H
#define ISB_WIRE_IP_ENDPOINT_H

#include "model/splice/ist-types.h"
#include "model/wire/endpoint.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isb
{

/// IPv4 or IPv6 address, its words in host byte order as in ist_address: of 10.0.0.1 the first is
/// 0x0a000001 and the others are zero. Default: 0.0.0.0.
struct IpAddress
{
    ist_family family = IST_FAMILY_IPV4;
    std::array<uint32_t, 4> word{};

    IpAddress() = default;
    IpAddress(Ipv4 address); ///< NOLINT(google-explicit-constructor): every IPv4 address is one
    IpAddress(uint8_t ofFamily, const ist_address& address);

    /// Reads "192.0.2.1" and RFC 4291's text forms; nothing for any other text. An IPv4-mapped
    /// address (::ffff:192.0.2.1) stays IPv6.
    [[nodiscard]] static std::optional<IpAddress> Parse(std::string_view text);
    /// Dotted quad, or RFC 5952's form.
    [[nodiscard]] std::string ToString() const;

    [[nodiscard]] bool
    IsIpv4() const
    {
        return family == IST_FAMILY_IPV4;
    }

    /// 0.0.0.0 or ::
    [[nodiscard]] bool IsUnspecified() const;
    /// The IPv4 address; 0.0.0.0 if it is none.
    [[nodiscard]] Ipv4 ToIpv4() const;
    [[nodiscard]] ist_address ToWords() const;
};

bool operator==(const IpAddress& a, const IpAddress& b);
bool operator!=(const IpAddress& a, const IpAddress& b);
/// IPv4 first, then by value.
bool operator<(const IpAddress& a, const IpAddress& b);

/// Transport address of either family; the port is in host byte order.
struct IpEndpoint
{
    IpAddress address;
    uint16_t port = 0;

    IpEndpoint() = default;
    IpEndpoint(IpAddress ofAddress, uint16_t ofPort);
    IpEndpoint(const Endpoint& endpoint); ///< NOLINT(google-explicit-constructor): likewise

    /// Reads "192.0.2.1:80" and "[2001:db8::1]:80".
    [[nodiscard]] static std::optional<IpEndpoint> Parse(std::string_view text);
    /// The form that Parse() reads.
    [[nodiscard]] std::string ToString() const;
    /// The IPv4 endpoint; 0.0.0.0 with the port if the address is none.
    [[nodiscard]] Endpoint ToIpv4() const;
};

bool operator==(const IpEndpoint& a, const IpEndpoint& b);
bool operator!=(const IpEndpoint& a, const IpEndpoint& b);
bool operator<(const IpEndpoint& a, const IpEndpoint& b);

} // namespace isb

#endif
