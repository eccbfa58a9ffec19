// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_PAIR_CONTRADICTION_H
#define ISB_CORE_IST_PAIR_CONTRADICTION_H

#include "model/core/ist/ist-settings.h"
#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace isb
{

/// Whether a splice waits for users at an IST port.
using IsPortOpen = std::function<bool(Protocol, uint16_t)>;

/// Why an order cannot be taken, as one line; nothing: it can. The same words for every carrier:
/// the order against itself, against the ports that are open, and against the room left (`splices`
/// of `maxSplices` are in use).
[[nodiscard]] std::optional<std::string> PairContradiction(const IstPair& pair,
                                                           const IsPortOpen& isPortOpen,
                                                           size_t splices,
                                                           size_t maxSplices);

} // namespace isb

#endif
