// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_VOLUNTEER_STATE_H
#define ISB_CORE_ISB_VOLUNTEER_STATE_H

#include "model/wire/endpoint.h"

#include <cstdint>
#include <optional>

namespace isb
{

/// What the broker knows of a user who may serve as IST (thesis 3.6.3), in one session.
struct VolunteerState
{
    uint32_t natTests = 0;       ///< begun in this session
    std::optional<Endpoint> tcp; ///< the login port as seen here, when strangers get through to it
    std::optional<Endpoint> udp; ///< its UDP mapping, likewise
    bool offered = false;
    bool serving = false;     ///< registered as IST
    uint64_t rateBps = 0;     ///< offered
    uint32_t connections = 0; ///< offered
};

} // namespace isb

#endif
