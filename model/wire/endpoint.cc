// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/endpoint.h"

namespace isb
{

namespace
{

/// Takes a decimal number of at most three digits and at most `most` from the front of the text.
/// Leading zeros are refused: some readers take them for octal.
std::optional<uint32_t>
TakeNumber(std::string_view& text, uint32_t most)
{
    uint32_t value = 0;
    size_t digits = 0;
    while (digits < text.size() && digits < 3 && text[digits] >= '0' && text[digits] <= '9')
    {
        value = value * 10 + static_cast<uint32_t>(text[digits] - '0');
        ++digits;
    }
    if (digits == 0 || value > most || (digits > 1 && text.front() == '0'))
    {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return value;
}

std::optional<Ipv4>
TakeAddress(std::string_view& text)
{
    uint32_t value = 0;
    for (int part = 0; part < 4; ++part)
    {
        if (part > 0)
        {
            if (text.empty() || text.front() != '.')
            {
                return std::nullopt;
            }
            text.remove_prefix(1);
        }
        const std::optional<uint32_t> number = TakeNumber(text, 255);
        if (!number)
        {
            return std::nullopt;
        }
        value = value << 8 | *number;
    }
    return Ipv4{value};
}

/// The network bits of a prefix of `length` bits.
uint32_t
Mask(uint8_t length)
{
    return length == 0 ? 0 : ~uint32_t{0} << (32 - length);
}

} // namespace

std::optional<Ipv4>
Ipv4::Parse(std::string_view text)
{
    const std::optional<Ipv4> address = TakeAddress(text);
    return text.empty() ? address : std::nullopt;
}

std::string
Ipv4::ToString() const
{
    std::string text = std::to_string(value >> 24);
    for (int shift = 16; shift >= 0; shift -= 8)
    {
        text.append(".").append(std::to_string(value >> shift & 0xff));
    }
    return text;
}

std::optional<Subnet>
Subnet::Parse(std::string_view text)
{
    const std::optional<Ipv4> address = TakeAddress(text);
    if (!address || text.empty() || text.front() != '/')
    {
        return std::nullopt;
    }
    text.remove_prefix(1);
    const std::optional<uint32_t> length = TakeNumber(text, 32);
    if (!length || !text.empty())
    {
        return std::nullopt;
    }
    const Subnet subnet{*address, static_cast<uint8_t>(*length)};
    if ((address->value & ~Mask(subnet.length)) != 0)
    {
        return std::nullopt; // host bits: an address of a host, not a subnet
    }
    return subnet;
}

bool
Subnet::Contains(Ipv4 other) const
{
    return (other.value & Mask(length)) == address.value;
}

bool
Subnet::Overlaps(const Subnet& other) const
{
    return length <= other.length ? Contains(other.address) : other.Contains(address);
}

std::string
Subnet::ToString() const
{
    return address.ToString() + "/" + std::to_string(length);
}

std::string
Endpoint::ToString() const
{
    return address.ToString() + ":" + std::to_string(port);
}

std::string_view
ToString(Protocol protocol)
{
    switch (protocol)
    {
    case Protocol::Icmp:
        return "icmp";
    case Protocol::Tcp:
        return "tcp";
    case Protocol::Udp:
        return "udp";
    }
    return "unknown";
}

} // namespace isb
