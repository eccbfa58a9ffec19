// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/stun-server-settings.h"

namespace isb
{

std::optional<Error>
FindContradiction(const StunServerSettings& settings)
{
    if (settings.port == 0)
    {
        return Error{"a STUN server needs a port that clients know"};
    }
    if (settings.port == settings.otherPort)
    {
        return Error{"the other port of a STUN server must not be its port"};
    }
    if (settings.primary.value == 0)
    {
        return Error{"a STUN server needs its address: answers say from where they come"};
    }
    if (settings.primary == settings.alternate)
    {
        return Error{"the alternate address of a STUN server must not be its primary one"};
    }
    if (!settings.udp && !settings.tcp)
    {
        return Error{"a STUN server needs UDP or TCP"};
    }
    return std::nullopt;
}

} // namespace isb
