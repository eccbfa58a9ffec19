// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_NATBOX_NATBOX_STATISTICS_H
#define ISB_EMULATION_NATBOX_NATBOX_STATISTICS_H

#include "emulation/natbox/nat-relay.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace isb
{

/// Mappings that are listed at most; `mappings` counts all.
inline constexpr size_t MOST_LISTED_MAPPINGS = 1000;

/// What the program knows beside its relay.
struct NatboxDriverCounters
{
    uint64_t reloads = 0;        ///< configurations taken over
    uint64_t refusedReloads = 0; ///< that stood in contradiction to themselves or to what runs
    uint64_t unwritten = 0;      ///< packets that the kernel did not take
};

/// A JSON document (doc/natbox.md) that ends with a newline: counters, drops by reason, mappings.
[[nodiscard]] std::string StatisticsJson(TimePoint now,
                                         const NatboxConfig& config,
                                         const NatRelay& relay,
                                         const NatboxDriverCounters& driver);

} // namespace isb

#endif
