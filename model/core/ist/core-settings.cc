// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/core-settings.h"

#include "model/splice/ist-splice.h"

#include <algorithm>

namespace isb
{

ist_settings
CoreSettingsOf(const IstSettings& settings)
{
    ist_settings core;
    ist_settings_default(&core);
    core.unmatched_ns = Nanoseconds(settings.unmatchedTimeout);
    core.handshake_ns = Nanoseconds(settings.handshakeRetry);
    core.handshake_retries = std::min<uint8_t>(settings.handshakeRetries, 15);
    core.idle_ns = Nanoseconds(settings.idleTimeout);
    core.half_closed_ns = Nanoseconds(settings.halfCloseTimeout);
    core.two_msl_ns = Nanoseconds(settings.timeWait);
    core.udp_idle_ns = Nanoseconds(settings.udpIdleTimeout);
    core.early_data = settings.earlyData ? 1 : 0;
    core.decrement_ttl = settings.decrementTtl ? 1 : 0;
    core.reuse = 0; // an IST port is single-use: a new connection needs a new pair
    return core;
}

ist_method
CoreMethodOf(SpliceMethod method)
{
    switch (method)
    {
    case SpliceMethod::Pure:
        return IST_METHOD_PURE;
    case SpliceMethod::Active:
        return IST_METHOD_ACTIVE;
    case SpliceMethod::Udp:
        return IST_METHOD_UDP;
    case SpliceMethod::Passive:
        break;
    }
    return IST_METHOD_PASSIVE;
}

} // namespace isb
