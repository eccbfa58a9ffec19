// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_STUN_ATTRIBUTE_H
#define ISB_WIRE_STUN_ATTRIBUTE_H

#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// Attribute types (RFC 8489 section 14, RFC 5780 section 7, RFC 3489 section 11.2). Below 0x8000:
/// a receiver that does not know it refuses the message; from 0x8000 on it skips the attribute.
enum class StunType : uint16_t
{
    MappedAddress = 0x0001,
    ResponseAddress = 0x0002, ///< RFC 3489 only: a reflector, refused here
    ChangeRequest = 0x0003,
    SourceAddress = 0x0004,  ///< RFC 3489's RESPONSE-ORIGIN
    ChangedAddress = 0x0005, ///< RFC 3489's OTHER-ADDRESS
    Username = 0x0006,
    MessageIntegrity = 0x0008,
    ErrorCode = 0x0009,
    UnknownAttributes = 0x000a,
    ReflectedFrom = 0x000b, ///< RFC 3489 only
    Realm = 0x0014,
    Nonce = 0x0015,
    XorMappedAddress = 0x0020,
    Padding = 0x0026,
    ResponsePort = 0x0027,
    Software = 0x8022,
    AlternateServer = 0x8023,
    Fingerprint = 0x8028,
    ResponseOrigin = 0x802b,
    OtherAddress = 0x802c,
    /// Of our server, in IANA's range of comprehension-optional types for first come, first served:
    /// over TCP, ask for a connection from the address and port that the flags choose (StunChange)
    /// to the client's endpoint as the server sees it. The response repeats it when it is done.
    ConnectFrom = 0xc15b,
};

/// "MAPPED-ADDRESS"; "" when it is not known.
[[nodiscard]] std::string_view ToString(StunType type);

/// An attribute as it stands in a message, without its padding.
struct StunAttribute
{
    StunType type = StunType::Software;
    std::vector<uint8_t> value;
};

inline bool
operator==(const StunAttribute& a, const StunAttribute& b)
{
    return a.type == b.type && a.value == b.value;
}

/// 128 bits. Since RFC 5389 the first four bytes are the magic cookie; with other ones the message
/// is of RFC 3489, whose id all 16 are.
using StunId = std::array<uint8_t, 16>;

/// Transport address of either family; the core speaks IPv4, the codec reads both.
struct StunAddress
{
    static constexpr uint8_t IPV4 = 1;
    static constexpr uint8_t IPV6 = 2;

    uint8_t family = IPV4;
    std::array<uint8_t, 16> address{}; ///< network byte order; IPv4: the first four bytes
    uint16_t port = 0;                 ///< host byte order

    [[nodiscard]] static StunAddress From(const Endpoint& endpoint);
    /// Nothing for IPv6.
    [[nodiscard]] std::optional<Endpoint> AsEndpoint() const;
};

/// CHANGE-REQUEST (RFC 5780 section 7.2): answer from another address, another port.
struct StunChange
{
    bool address = false;
    bool port = false;
};

/// ERROR-CODE (RFC 8489 section 14.8).
struct StunError
{
    uint16_t code = 0; ///< 300 to 699
    std::string reason;
};

// Values of attributes. Make...() is always right; Read...() gives nothing when the value is not
// one of that kind.

[[nodiscard]] StunAttribute MakeStunAddress(StunType type, const StunAddress& address);
/// XOR-MAPPED-ADDRESS: the address masked by cookie and id (RFC 8489 section 14.2).
[[nodiscard]] StunAttribute MakeStunXorAddress(const StunAddress& address, const StunId& id);
[[nodiscard]] StunAttribute MakeStunChange(StunType type, StunChange change);
[[nodiscard]] StunAttribute MakeStunPort(uint16_t port);
[[nodiscard]] StunAttribute MakeStunError(const StunError& error);
[[nodiscard]] StunAttribute MakeStunUnknown(const std::vector<StunType>& types);
/// SOFTWARE, USERNAME, REALM, NONCE; PADDING of zeros has its own size.
[[nodiscard]] StunAttribute MakeStunText(StunType type, std::string_view text);
[[nodiscard]] StunAttribute MakeStunPadding(size_t bytes);

[[nodiscard]] std::optional<StunAddress> ReadStunAddress(const StunAttribute& attribute);
[[nodiscard]] std::optional<StunAddress> ReadStunXorAddress(const StunAttribute& attribute,
                                                            const StunId& id);
[[nodiscard]] std::optional<StunChange> ReadStunChange(const StunAttribute& attribute);
[[nodiscard]] std::optional<uint16_t> ReadStunPort(const StunAttribute& attribute);
[[nodiscard]] std::optional<StunError> ReadStunError(const StunAttribute& attribute);
[[nodiscard]] std::optional<std::vector<StunType>> ReadStunUnknown(const StunAttribute& attribute);

/// False when the attribute is of a known type and its value cannot be one.
[[nodiscard]] bool IsStunValue(const StunAttribute& attribute);

} // namespace isb

#endif
