// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_ENDPOINT_H
#define ISB_WIRE_ENDPOINT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace isb
{

/// IPv4 address in host byte order: 10.0.0.1 is 0x0a000001.
struct Ipv4
{
    uint32_t value = 0;

    /// Reads dotted quad ("192.0.2.1"); nothing for any other text.
    [[nodiscard]] static std::optional<Ipv4> Parse(std::string_view text);
    [[nodiscard]] std::string ToString() const;
};

inline bool
operator==(Ipv4 a, Ipv4 b)
{
    return a.value == b.value;
}

inline bool
operator!=(Ipv4 a, Ipv4 b)
{
    return a.value != b.value;
}

inline bool
operator<(Ipv4 a, Ipv4 b)
{
    return a.value < b.value;
}

/// IPv4 prefix, "10.0.1.0/24".
struct Subnet
{
    Ipv4 address;        ///< host bits zero
    uint8_t length = 32; ///< 0 to 32

    [[nodiscard]] static std::optional<Subnet> Parse(std::string_view text);
    [[nodiscard]] bool Contains(Ipv4 other) const;
    [[nodiscard]] bool Overlaps(const Subnet& other) const;
    [[nodiscard]] std::string ToString() const;
};

/// Transport address: address and port (or ICMP echo identifier), both in host byte order.
struct Endpoint
{
    Ipv4 address;
    uint16_t port = 0;

    /// "192.0.2.1:80"
    [[nodiscard]] std::string ToString() const;
};

inline bool
operator==(const Endpoint& a, const Endpoint& b)
{
    return a.address == b.address && a.port == b.port;
}

inline bool
operator!=(const Endpoint& a, const Endpoint& b)
{
    return !(a == b);
}

inline bool
operator<(const Endpoint& a, const Endpoint& b)
{
    return std::tie(a.address.value, a.port) < std::tie(b.address.value, b.port);
}

/// Transport protocols that are translated; the values are IP protocol numbers.
enum class Protocol : uint8_t
{
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
};

/// "udp", "tcp", "icmp"
[[nodiscard]] std::string_view ToString(Protocol protocol);

} // namespace isb

#endif
