// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_ROUTE_MTU_H
#define ISB_EMULATION_SYS_ROUTE_MTU_H

#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <optional>

namespace isb
{

/// Bytes of the largest IP packet that this host's route to a unicast address takes, what it has
/// learned of the path included. Nothing: there is no route. Sends no packet.
[[nodiscard]] std::optional<uint32_t> RouteMtu(const IpAddress& destination);

} // namespace isb

#endif
