// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_STUN_MESSAGE_H
#define ISB_WIRE_STUN_MESSAGE_H

#include "model/wire/bytes.h"
#include "model/wire/stun-attribute.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

inline constexpr uint32_t STUN_MAGIC_COOKIE = 0x2112a442;
inline constexpr size_t STUN_HEADER_SIZE = 20;
/// More attributes than this are refused: no message of these usages has a tenth of it.
inline constexpr size_t STUN_ATTRIBUTE_LIMIT = 64;
/// The one method of these usages.
inline constexpr uint16_t STUN_BINDING = 0x001;

enum class StunClass : uint8_t
{
    Request = 0,
    Indication = 1,
    Success = 2,
    Error = 3,
};

/// Why bytes are no STUN message.
enum class StunFault : uint8_t
{
    None,
    Truncated,         ///< shorter than a header
    NotStun,           ///< the first two bits are not zero
    BadLength,         ///< the length is no multiple of 4 or not that of the bytes
    BadAttribute,      ///< an attribute runs over the end
    TooManyAttributes, ///< STUN_ATTRIBUTE_LIMIT
    BadValue,          ///< a known attribute's value is not one of its kind
    BadFingerprint,    ///< FINGERPRINT is wrong or not last
};

/// "stun.truncated", "stun.bad-length": static, for drop counts. "" for None.
[[nodiscard]] std::string_view ToString(StunFault fault);

/// A STUN message (RFC 8489 section 5), of RFC 3489 too. Attributes in the order of the wire.
struct StunMessage
{
    StunClass kind = StunClass::Request;
    uint16_t method = STUN_BINDING; ///< 12 bits
    StunId id{};
    std::vector<StunAttribute> attributes;

    /// True when the id does not begin with the magic cookie: the sender is of RFC 3489.
    [[nodiscard]] bool IsClassic() const;
    /// The first of a type (later ones do not count: RFC 8489 section 14), outside of what follows
    /// MESSAGE-INTEGRITY; null when there is none.
    [[nodiscard]] const StunAttribute* Find(StunType type) const;
    /// Types below 0x8000 that are not among `known`, each once, in order (RFC 8489 section 6.3.1).
    [[nodiscard]] std::vector<StunType> UnknownRequired(const std::vector<StunType>& known) const;
    /// XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS; IPv4 only.
    [[nodiscard]] std::optional<Endpoint> Mapped() const;
    /// An address attribute's endpoint; IPv4 only.
    [[nodiscard]] std::optional<Endpoint> Address(StunType type) const;
};

/// Puts the cookie before 96 bits.
[[nodiscard]] StunId MakeStunId(const std::array<uint8_t, 12>& random);

/// Reads one message that is all of `bytes`. Not None: the message is not to be used.
[[nodiscard]] StunFault DecodeStun(ByteView bytes, StunMessage& message);

/// Over TCP: the length of the message that `bytes` begin with, header included; 0 when it cannot
/// be told yet. Nothing when these are no STUN message.
[[nodiscard]] std::optional<size_t> StunLengthOf(ByteView bytes);

/// Hash functions that message integrity needs; injected, the core has no cryptography.
class StunHash
{
  public:
    virtual ~StunHash() = default;
    [[nodiscard]] virtual std::array<uint8_t, 20> HmacSha1(ByteView key, ByteView data) const = 0;
    [[nodiscard]] virtual std::array<uint8_t, 16> Md5(ByteView data) const = 0;
};

/// What EncodeStun() adds behind the attributes.
struct StunSeal
{
    const StunHash* hash = nullptr; ///< null: no MESSAGE-INTEGRITY
    std::vector<uint8_t> key;
    bool fingerprint = false;
};

[[nodiscard]] std::vector<uint8_t> EncodeStun(const StunMessage& message,
                                              const StunSeal& seal = {});

/// Key of short-term credentials: the password as it is (RFC 8489 section 9.1.1; ASCII is its own
/// OpaqueString). Of long-term ones: MD5 of "user:realm:password" (section 9.2.2).
[[nodiscard]] std::vector<uint8_t> StunShortTermKey(std::string_view password);
[[nodiscard]] std::vector<uint8_t> StunLongTermKey(const StunHash& hash,
                                                   std::string_view user,
                                                   std::string_view realm,
                                                   std::string_view password);

/// True when the message, which DecodeStun() accepted, carries a MESSAGE-INTEGRITY made with the
/// key.
[[nodiscard]] bool VerifyStunIntegrity(ByteView bytes, const StunHash& hash, ByteView key);

/// CRC-32 of ITU V.42, xored with 0x5354554e: FINGERPRINT (RFC 8489 section 14.7).
[[nodiscard]] uint32_t StunFingerprint(ByteView bytes);

} // namespace isb

#endif
