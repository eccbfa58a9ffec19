// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_PUNCH_PUNCH_CANDIDATES_H
#define ISB_CORE_PUNCH_PUNCH_CANDIDATES_H

#include "model/core/punch/port-predictor.h"

#include <cstddef>
#include <vector>

namespace isb
{

/// Where the other end is to look for a local port.
struct PunchCandidates
{
    bool dependent = false;          ///< the NAT gave different ports for different destinations
    std::vector<Endpoint> endpoints; ///< most likely first; the one seen is always among them
};

/// `when`: about when the other end's packets are sent. Without `predict` only what was seen,
/// newest first.
[[nodiscard]] PunchCandidates FindCandidates(const std::vector<PortSample>& samples,
                                             bool predict,
                                             TimePoint when,
                                             size_t most);

} // namespace isb

#endif
