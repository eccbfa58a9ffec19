// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_SERVICE_PREFACE_H
#define ISB_WIRE_SERVICE_PREFACE_H

#include "model/wire/bytes.h"
#include "model/wire/isb-message.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace isb
{

inline constexpr size_t SERVICE_PREFACE_SIZE = 24;

/// What both ends of a service connection send first, at once and without waiting: it tells an
/// acceptor which connection this is, and proves to each end that the other is the one that the ISB
/// meant (promise T4; a bare SYN carries no token). Over UDP it is a datagram, repeated until the
/// other's is in; a repeated one is answered by the own one. The ISB's probe of a listen port sends
/// the same with the probe's token.
///
///     0               8                               24
///     +---------------+-------------------------------+
///     | "ISBCON1\0"   | token                         |
///     +---------------+-------------------------------+
[[nodiscard]] inline std::array<uint8_t, SERVICE_PREFACE_SIZE>
MakeServicePreface(const Token& token)
{
    std::array<uint8_t, SERVICE_PREFACE_SIZE> bytes{'I', 'S', 'B', 'C', 'O', 'N', '1', 0};
    std::memcpy(bytes.data() + 8, token.data(), token.size());
    return bytes;
}

/// The token, when the bytes are exactly one preface.
[[nodiscard]] inline std::optional<Token>
ReadServicePreface(ByteView bytes)
{
    const auto expected = MakeServicePreface(Token{});
    if (bytes.size != SERVICE_PREFACE_SIZE || std::memcmp(bytes.data, expected.data(), 8) != 0)
    {
        return std::nullopt;
    }
    Token token;
    std::memcpy(token.data(), bytes.data + 8, token.size());
    return token;
}

} // namespace isb

#endif
