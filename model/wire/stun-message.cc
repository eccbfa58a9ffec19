// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/stun-message.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace isb
{

namespace
{

constexpr uint32_t FINGERPRINT_MASK = 0x5354554e; ///< "STUN" (RFC 8489 section 14.7)
constexpr size_t ATTRIBUTE_HEADER = 4;
constexpr size_t INTEGRITY_SIZE = ATTRIBUTE_HEADER + 20;
constexpr size_t FINGERPRINT_SIZE = ATTRIBUTE_HEADER + 4;

uint16_t
U16(const uint8_t* bytes)
{
    return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]);
}

void
PutU16(std::vector<uint8_t>& bytes, size_t value)
{
    bytes.push_back(static_cast<uint8_t>(value >> 8));
    bytes.push_back(static_cast<uint8_t>(value));
}

void
SetLength(std::vector<uint8_t>& bytes, size_t length)
{
    bytes[2] = static_cast<uint8_t>(length >> 8);
    bytes[3] = static_cast<uint8_t>(length);
}

size_t
Padded(size_t length)
{
    return (length + 3) & ~size_t{3};
}

/// Class and method are interleaved: 00 M11..M7 C1 M6..M4 C0 M3..M0 (RFC 8489 section 5).
uint16_t
TypeField(StunClass kind, uint16_t method)
{
    const unsigned bits = static_cast<unsigned>(kind);
    return static_cast<uint16_t>((method & 0x000fu) | (method & 0x0070u) << 1 |
                                 (method & 0x0f80u) << 2 | (bits & 1) << 4 | (bits & 2) << 7);
}

StunClass
ClassOf(uint16_t type)
{
    return static_cast<StunClass>((type >> 4 & 1) | (type >> 7 & 2));
}

uint16_t
MethodOf(uint16_t type)
{
    return static_cast<uint16_t>((type & 0x000f) | (type >> 1 & 0x0070) | (type >> 2 & 0x0f80));
}

void
PutAttribute(std::vector<uint8_t>& bytes, StunType type, const uint8_t* value, size_t size)
{
    PutU16(bytes, static_cast<uint16_t>(type));
    PutU16(bytes, size);
    bytes.insert(bytes.end(), value, value + size);
    bytes.resize(Padded(bytes.size()));
}

std::vector<uint8_t>
ToBytes(uint32_t value)
{
    return {static_cast<uint8_t>(value >> 24),
            static_cast<uint8_t>(value >> 16),
            static_cast<uint8_t>(value >> 8),
            static_cast<uint8_t>(value)};
}

/// Where the first attribute of a type begins in a message that decodes.
std::optional<size_t>
PlaceOf(ByteView bytes, StunType type)
{
    size_t at = STUN_HEADER_SIZE;
    while (at + ATTRIBUTE_HEADER <= bytes.size)
    {
        if (U16(bytes.data + at) == static_cast<uint16_t>(type))
        {
            return at;
        }
        at += ATTRIBUTE_HEADER + Padded(U16(bytes.data + at + 2));
    }
    return std::nullopt;
}

/// MESSAGE-INTEGRITY over what stands before it, the length counted up to its own end (RFC 8489
/// section 14.5).
std::array<uint8_t, 20>
IntegrityOf(ByteView before, const StunHash& hash, ByteView key)
{
    std::vector<uint8_t> covered(before.data, before.data + before.size);
    SetLength(covered, covered.size() - STUN_HEADER_SIZE + INTEGRITY_SIZE);
    return hash.HmacSha1(key, covered);
}

StunFault
CheckHeader(ByteView bytes)
{
    if (bytes.size < STUN_HEADER_SIZE)
    {
        return StunFault::Truncated;
    }
    if (bytes.data[0] >> 6 != 0)
    {
        return StunFault::NotStun;
    }
    const size_t length = U16(bytes.data + 2);
    return length % 4 != 0 || length + STUN_HEADER_SIZE != bytes.size ? StunFault::BadLength
                                                                      : StunFault::None;
}

/// Reads the attribute at `at`, and moves behind it.
StunFault
ReadAttribute(ByteView bytes, size_t& at, StunAttribute& attribute)
{
    // The length is a multiple of 4, so a header always fits.
    const size_t size = U16(bytes.data + at + 2);
    const uint8_t* value = bytes.data + at + ATTRIBUTE_HEADER;
    if (Padded(size) > bytes.size - at - ATTRIBUTE_HEADER)
    {
        return StunFault::BadAttribute;
    }
    attribute.type = static_cast<StunType>(U16(bytes.data + at));
    attribute.value.assign(value, value + size);
    at += ATTRIBUTE_HEADER + Padded(size);
    return IsStunValue(attribute) ? StunFault::None : StunFault::BadValue;
}

bool
IsFingerprint(ByteView before, const StunAttribute& attribute)
{
    return attribute.value == ToBytes(StunFingerprint(before));
}

} // namespace

std::string_view
ToString(StunFault fault)
{
    switch (fault)
    {
    case StunFault::None:
        return {};
    case StunFault::Truncated:
        return "stun.truncated";
    case StunFault::NotStun:
        return "stun.not-stun";
    case StunFault::BadLength:
        return "stun.bad-length";
    case StunFault::BadAttribute:
        return "stun.bad-attribute";
    case StunFault::TooManyAttributes:
        return "stun.too-many-attributes";
    case StunFault::BadValue:
        return "stun.bad-value";
    case StunFault::BadFingerprint:
        return "stun.bad-fingerprint";
    }
    return {};
}

bool
StunMessage::IsClassic() const
{
    return !std::equal(id.begin(), id.begin() + 4, ToBytes(STUN_MAGIC_COOKIE).begin());
}

const StunAttribute*
StunMessage::Find(StunType type) const
{
    const auto found = std::find_if(attributes.begin(),
                                    attributes.end(),
                                    [type](const StunAttribute& a) { return a.type == type; });
    return found == attributes.end() ? nullptr : &*found;
}

std::vector<StunType>
StunMessage::UnknownRequired(const std::vector<StunType>& known) const
{
    std::vector<StunType> unknown;
    for (const StunAttribute& attribute : attributes)
    {
        const auto is = [&](const std::vector<StunType>& types)
        { return std::find(types.begin(), types.end(), attribute.type) != types.end(); };
        if (static_cast<uint16_t>(attribute.type) < 0x8000 && !is(known) && !is(unknown))
        {
            unknown.push_back(attribute.type);
        }
    }
    return unknown;
}

std::optional<Endpoint>
StunMessage::Mapped() const
{
    if (const StunAttribute* masked = Find(StunType::XorMappedAddress))
    {
        const auto address = ReadStunXorAddress(*masked, id);
        return address ? address->AsEndpoint() : std::nullopt;
    }
    return Address(StunType::MappedAddress);
}

std::optional<Endpoint>
StunMessage::Address(StunType type) const
{
    const StunAttribute* attribute = Find(type);
    const auto address = attribute == nullptr ? std::nullopt : ReadStunAddress(*attribute);
    return address ? address->AsEndpoint() : std::nullopt;
}

StunId
MakeStunId(const std::array<uint8_t, 12>& random)
{
    StunId id{};
    const std::vector<uint8_t> cookie = ToBytes(STUN_MAGIC_COOKIE);
    std::copy(cookie.begin(), cookie.end(), id.begin());
    std::copy(random.begin(), random.end(), id.begin() + 4);
    return id;
}

StunFault
DecodeStun(ByteView bytes, StunMessage& message)
{
    if (const StunFault fault = CheckHeader(bytes); fault != StunFault::None)
    {
        return fault;
    }
    message.kind = ClassOf(U16(bytes.data));
    message.method = MethodOf(U16(bytes.data));
    std::copy(bytes.data + 4, bytes.data + STUN_HEADER_SIZE, message.id.begin());
    message.attributes.clear();
    bool covered = false; // by a MESSAGE-INTEGRITY: what follows does not count
    for (size_t at = STUN_HEADER_SIZE, count = 0; at < bytes.size; ++count)
    {
        if (count == STUN_ATTRIBUTE_LIMIT)
        {
            return StunFault::TooManyAttributes;
        }
        const size_t start = at;
        StunAttribute attribute;
        if (const StunFault fault = ReadAttribute(bytes, at, attribute); fault != StunFault::None)
        {
            return fault;
        }
        const bool fingerprint = attribute.type == StunType::Fingerprint && !message.IsClassic();
        if (fingerprint && (at != bytes.size || !IsFingerprint({bytes.data, start}, attribute)))
        {
            return StunFault::BadFingerprint;
        }
        if (!covered || fingerprint)
        {
            covered = covered || attribute.type == StunType::MessageIntegrity;
            message.attributes.push_back(std::move(attribute));
        }
    }
    return StunFault::None;
}

std::optional<size_t>
StunLengthOf(ByteView bytes)
{
    if (bytes.size < 4)
    {
        return bytes.size > 0 && bytes.data[0] >> 6 != 0 ? std::nullopt : std::optional(size_t{0});
    }
    const size_t length = U16(bytes.data + 2);
    if (bytes.data[0] >> 6 != 0 || length % 4 != 0)
    {
        return std::nullopt;
    }
    return STUN_HEADER_SIZE + length;
}

std::vector<uint8_t>
EncodeStun(const StunMessage& message, const StunSeal& seal)
{
    std::vector<uint8_t> bytes;
    PutU16(bytes, TypeField(message.kind, message.method));
    PutU16(bytes, 0);
    bytes.insert(bytes.end(), message.id.begin(), message.id.end());
    for (const StunAttribute& attribute : message.attributes)
    {
        if (attribute.type != StunType::MessageIntegrity && attribute.type != StunType::Fingerprint)
        {
            PutAttribute(bytes, attribute.type, attribute.value.data(), attribute.value.size());
        }
    }
    if (seal.hash != nullptr)
    {
        const auto code = IntegrityOf(bytes, *seal.hash, seal.key);
        PutAttribute(bytes, StunType::MessageIntegrity, code.data(), code.size());
    }
    if (seal.fingerprint)
    {
        SetLength(bytes, bytes.size() - STUN_HEADER_SIZE + FINGERPRINT_SIZE);
        const std::vector<uint8_t> code = ToBytes(StunFingerprint(bytes));
        PutAttribute(bytes, StunType::Fingerprint, code.data(), code.size());
    }
    assert(bytes.size() - STUN_HEADER_SIZE <= 0xffff);
    SetLength(bytes, bytes.size() - STUN_HEADER_SIZE);
    return bytes;
}

std::vector<uint8_t>
StunShortTermKey(std::string_view password)
{
    return {password.begin(), password.end()};
}

std::vector<uint8_t>
StunLongTermKey(const StunHash& hash,
                std::string_view user,
                std::string_view realm,
                std::string_view password)
{
    std::string text(user);
    text.append(":").append(realm).append(":").append(password);
    const auto key = hash.Md5(std::vector<uint8_t>(text.begin(), text.end()));
    return {key.begin(), key.end()};
}

bool
VerifyStunIntegrity(ByteView bytes, const StunHash& hash, ByteView key)
{
    const std::optional<size_t> place = PlaceOf(bytes, StunType::MessageIntegrity);
    if (!place || *place + INTEGRITY_SIZE > bytes.size ||
        U16(bytes.data + *place + 2) != INTEGRITY_SIZE - ATTRIBUTE_HEADER)
    {
        return false;
    }
    const auto expected = IntegrityOf({bytes.data, *place}, hash, key);
    const uint8_t* shown = bytes.data + *place + ATTRIBUTE_HEADER;
    uint8_t differences = 0; // all bytes are compared, so that time tells nothing
    for (size_t i = 0; i < expected.size(); ++i)
    {
        differences = static_cast<uint8_t>(differences | (expected[i] ^ shown[i]));
    }
    return differences == 0;
}

uint32_t
StunFingerprint(ByteView bytes)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes.size; ++i)
    {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; ++bit)
        {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
        }
    }
    return ~crc ^ FINGERPRINT_MASK;
}

} // namespace isb
