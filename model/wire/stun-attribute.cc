// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/stun-attribute.h"

#include "model/wire/stun-message.h"

#include <algorithm>

namespace isb
{

namespace
{

/// Flags of CHANGE-REQUEST (RFC 5780 section 7.2).
constexpr uint8_t CHANGE_ADDRESS = 0x04;
constexpr uint8_t CHANGE_PORT = 0x02;
/// Longest ERROR-CODE reason, SOFTWARE, REALM, NONCE (RFC 8489: fewer than 128 characters of UTF-8)
/// and USERNAME.
constexpr size_t TEXT_LIMIT = 763;

uint16_t
ReadU16(const std::vector<uint8_t>& bytes, size_t at)
{
    return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void
PutU16(std::vector<uint8_t>& bytes, uint16_t value)
{
    bytes.push_back(static_cast<uint8_t>(value >> 8));
    bytes.push_back(static_cast<uint8_t>(value));
}

size_t
AddressSize(uint8_t family)
{
    return family == StunAddress::IPV6 ? 16 : 4;
}

/// Masks an address by cookie and id, or takes the mask off.
StunAddress
Xored(StunAddress address, const StunId& id)
{
    address.port = static_cast<uint16_t>(address.port ^ (STUN_MAGIC_COOKIE >> 16));
    for (size_t i = 0; i < AddressSize(address.family); ++i)
    {
        // The cookie, then the transaction id; they are the id of this codec when it is new.
        const uint8_t mask =
            i < 4 ? static_cast<uint8_t>(STUN_MAGIC_COOKIE >> (24 - 8 * i)) : id[i];
        address.address[i] = static_cast<uint8_t>(address.address[i] ^ mask);
    }
    return address;
}

} // namespace

std::string_view
ToString(StunType type)
{
    switch (type)
    {
    case StunType::MappedAddress:
        return "MAPPED-ADDRESS";
    case StunType::ResponseAddress:
        return "RESPONSE-ADDRESS";
    case StunType::ChangeRequest:
        return "CHANGE-REQUEST";
    case StunType::SourceAddress:
        return "SOURCE-ADDRESS";
    case StunType::ChangedAddress:
        return "CHANGED-ADDRESS";
    case StunType::Username:
        return "USERNAME";
    case StunType::MessageIntegrity:
        return "MESSAGE-INTEGRITY";
    case StunType::ErrorCode:
        return "ERROR-CODE";
    case StunType::UnknownAttributes:
        return "UNKNOWN-ATTRIBUTES";
    case StunType::ReflectedFrom:
        return "REFLECTED-FROM";
    case StunType::Realm:
        return "REALM";
    case StunType::Nonce:
        return "NONCE";
    case StunType::XorMappedAddress:
        return "XOR-MAPPED-ADDRESS";
    case StunType::Padding:
        return "PADDING";
    case StunType::ResponsePort:
        return "RESPONSE-PORT";
    case StunType::Software:
        return "SOFTWARE";
    case StunType::AlternateServer:
        return "ALTERNATE-SERVER";
    case StunType::Fingerprint:
        return "FINGERPRINT";
    case StunType::ResponseOrigin:
        return "RESPONSE-ORIGIN";
    case StunType::OtherAddress:
        return "OTHER-ADDRESS";
    case StunType::ConnectFrom:
        return "CONNECT-FROM";
    }
    return {};
}

StunAddress
StunAddress::From(const Endpoint& endpoint)
{
    StunAddress made;
    for (size_t i = 0; i < 4; ++i)
    {
        made.address[i] = static_cast<uint8_t>(endpoint.address.value >> (24 - 8 * i));
    }
    made.port = endpoint.port;
    return made;
}

std::optional<Endpoint>
StunAddress::AsEndpoint() const
{
    if (family != IPV4)
    {
        return std::nullopt;
    }
    Endpoint endpoint;
    for (size_t i = 0; i < 4; ++i)
    {
        endpoint.address.value = endpoint.address.value << 8 | address[i];
    }
    endpoint.port = port;
    return endpoint;
}

StunAttribute
MakeStunAddress(StunType type, const StunAddress& address)
{
    StunAttribute made{type, {0, address.family}};
    PutU16(made.value, address.port);
    made.value.insert(made.value.end(),
                      address.address.begin(),
                      address.address.begin() +
                          static_cast<std::ptrdiff_t>(AddressSize(address.family)));
    return made;
}

StunAttribute
MakeStunXorAddress(const StunAddress& address, const StunId& id)
{
    return MakeStunAddress(StunType::XorMappedAddress, Xored(address, id));
}

StunAttribute
MakeStunChange(StunType type, StunChange change)
{
    const auto flags = static_cast<uint8_t>((change.address ? CHANGE_ADDRESS : 0) |
                                            (change.port ? CHANGE_PORT : 0));
    return {type, {0, 0, 0, flags}};
}

StunAttribute
MakeStunPort(uint16_t port)
{
    StunAttribute made{StunType::ResponsePort, {}};
    PutU16(made.value, port);
    PutU16(made.value, 0); // RFC 5780 section 7.5: two bytes of padding
    return made;
}

StunAttribute
MakeStunError(const StunError& error)
{
    StunAttribute made{StunType::ErrorCode, {}};
    PutU16(made.value, 0);
    PutU16(made.value, static_cast<uint16_t>(error.code / 100 << 8 | error.code % 100));
    made.value.insert(made.value.end(), error.reason.begin(), error.reason.end());
    return made;
}

StunAttribute
MakeStunUnknown(const std::vector<StunType>& types)
{
    StunAttribute made{StunType::UnknownAttributes, {}};
    for (const StunType type : types)
    {
        PutU16(made.value, static_cast<uint16_t>(type));
    }
    return made;
}

StunAttribute
MakeStunText(StunType type, std::string_view text)
{
    return {type, {text.begin(), text.end()}};
}

StunAttribute
MakeStunPadding(size_t bytes)
{
    return {StunType::Padding, std::vector<uint8_t>(bytes)};
}

std::optional<StunAddress>
ReadStunAddress(const StunAttribute& attribute)
{
    const std::vector<uint8_t>& value = attribute.value;
    if (value.size() < 4)
    {
        return std::nullopt;
    }
    StunAddress address;
    address.family = value[1];
    if ((address.family != StunAddress::IPV4 && address.family != StunAddress::IPV6) ||
        value.size() != 4 + AddressSize(address.family))
    {
        return std::nullopt;
    }
    address.port = ReadU16(value, 2);
    std::copy(value.begin() + 4, value.end(), address.address.begin());
    return address;
}

std::optional<StunAddress>
ReadStunXorAddress(const StunAttribute& attribute, const StunId& id)
{
    const std::optional<StunAddress> address = ReadStunAddress(attribute);
    return address ? std::optional(Xored(*address, id)) : std::nullopt;
}

std::optional<StunChange>
ReadStunChange(const StunAttribute& attribute)
{
    if (attribute.value.size() != 4)
    {
        return std::nullopt;
    }
    const uint8_t flags = attribute.value[3];
    return StunChange{(flags & CHANGE_ADDRESS) != 0, (flags & CHANGE_PORT) != 0};
}

std::optional<uint16_t>
ReadStunPort(const StunAttribute& attribute)
{
    // With or without what RFC 5780 section 7.5 calls its padding.
    if (attribute.value.size() != 2 && attribute.value.size() != 4)
    {
        return std::nullopt;
    }
    return ReadU16(attribute.value, 0);
}

std::optional<StunError>
ReadStunError(const StunAttribute& attribute)
{
    const std::vector<uint8_t>& value = attribute.value;
    if (value.size() < 4 || value.size() > 4 + TEXT_LIMIT)
    {
        return std::nullopt;
    }
    const int hundreds = value[2] & 7;
    const int rest = value[3];
    if (hundreds < 3 || hundreds > 6 || rest > 99)
    {
        return std::nullopt;
    }
    return StunError{static_cast<uint16_t>(hundreds * 100 + rest),
                     {value.begin() + 4, value.end()}};
}

std::optional<std::vector<StunType>>
ReadStunUnknown(const StunAttribute& attribute)
{
    if (attribute.value.size() % 2 != 0)
    {
        return std::nullopt;
    }
    std::vector<StunType> types;
    for (size_t i = 0; i < attribute.value.size(); i += 2)
    {
        types.push_back(static_cast<StunType>(ReadU16(attribute.value, i)));
    }
    return types;
}

bool
IsStunValue(const StunAttribute& attribute)
{
    switch (attribute.type)
    {
    case StunType::MappedAddress:
    case StunType::ResponseAddress:
    case StunType::SourceAddress:
    case StunType::ChangedAddress:
    case StunType::ReflectedFrom:
    case StunType::XorMappedAddress:
    case StunType::AlternateServer:
    case StunType::ResponseOrigin:
    case StunType::OtherAddress:
        return ReadStunAddress(attribute).has_value();
    case StunType::ChangeRequest:
    case StunType::ConnectFrom:
        return ReadStunChange(attribute).has_value();
    case StunType::ResponsePort:
        return ReadStunPort(attribute).has_value();
    case StunType::ErrorCode:
        return ReadStunError(attribute).has_value();
    case StunType::UnknownAttributes:
        return ReadStunUnknown(attribute).has_value();
    case StunType::MessageIntegrity:
        return attribute.value.size() == 20;
    case StunType::Fingerprint:
        return attribute.value.size() == 4;
    case StunType::Username:
    case StunType::Realm:
    case StunType::Nonce:
    case StunType::Software:
        return attribute.value.size() <= TEXT_LIMIT;
    case StunType::Padding:
        return true;
    }
    return true;
}

} // namespace isb
