// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_PUNCH_NOTES_H
#define ISB_CORE_DAEMON_PUNCH_NOTES_H

#include "model/wire/isb-message.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace isb
{

/// What a daemon did to punch one hole, for the trace: it answers why a connection failed.
struct PunchNotes
{
    uint32_t sent = 0;     ///< connects, or datagrams
    uint32_t refused = 0;  ///< connects that failed
    uint32_t accepted = 0; ///< connections from elsewhere; datagrams from elsewhere
    std::string_view last; ///< why the last connect failed; static

    [[nodiscard]] std::string
    ToString() const
    {
        std::string text = "sent=" + std::to_string(sent) + " refused=" + std::to_string(refused) +
                           " accepted=" + std::to_string(accepted);
        if (!last.empty())
        {
            text.append(" last=").append(last);
        }
        return text;
    }
};

/// The token by which the end that leads takes one connection of several: nobody else can know it.
[[nodiscard]] inline Token
TakingToken(Token token)
{
    for (uint8_t& byte : token)
    {
        byte = static_cast<uint8_t>(~byte);
    }
    return token;
}

/// May a hole be punched towards this endpoint? Never "this network", loopback, link-local,
/// multicast, reserved addresses (RFC 6890), nor the ports of a system's services (promise T1).
[[nodiscard]] inline bool
IsPunchable(const Endpoint& target)
{
    const uint32_t first = target.address.value >> 24;
    return first != 0 && first != 127 && first < 224 && target.address.value >> 16 != 0xa9fe &&
           target.port >= 1024;
}

} // namespace isb

#endif
