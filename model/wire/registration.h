// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_REGISTRATION_H
#define ISB_WIRE_REGISTRATION_H

#include "model/wire/bytes.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace isb
{

/// Payload of the UDP registration datagram that a user daemon sends to its IST port: it opens the
/// NAT's mapping and shows the IST where this side is. The IST consumes it, never forwards it
/// (thesis 3.3; the thesis leaves the form open).
///
///     0               8               16
///     +---------------+---------------+
///     | "ISBREG1\0"   | zero          |
///     +---------------+---------------+
inline constexpr std::array<uint8_t, 16> REGISTRATION_DATAGRAM =
    {'I', 'S', 'B', 'R', 'E', 'G', '1', 0, 0, 0, 0, 0, 0, 0, 0, 0};

/// True when a UDP payload is exactly the registration datagram.
[[nodiscard]] inline bool
IsRegistrationDatagram(ByteView payload)
{
    return payload.size == REGISTRATION_DATAGRAM.size() &&
           std::memcmp(payload.data, REGISTRATION_DATAGRAM.data(), payload.size) == 0;
}

} // namespace isb

#endif
