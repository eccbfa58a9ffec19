// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IMPAIR_IMPAIRMENT_SETTINGS_H
#define ISB_CORE_IMPAIR_IMPAIRMENT_SETTINGS_H

#include "model/wire/result.h"
#include "model/wire/units.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace isb
{

/// Distribution of what jitter adds to the delay. Integer arithmetic alone: the same seed gives the
/// same times everywhere.
enum class JitterShape : uint8_t
{
    Uniform,     ///< from -jitter to +jitter, each as likely; needs jitter <= delay
    Normal,      ///< standard deviation `jitter`, by the sum of twelve uniform numbers (never more
                 ///< than 6 deviations off); the whole delay is never less than zero
    Exponential, ///< only later, by `jitter` on average (a long tail, cut at 64 times that)
};

/// What one direction of a link does to packets; by default nothing. In this order: queue and rate,
/// then loss, delay, reordering, duplication.
struct ImpairmentSettings
{
    DataRate rate;                ///< of the link; 0: no limit, nothing ever waits for it
    uint32_t queuePackets = 1000; ///< that wait for the link, drop-tail; at least 1
    uint64_t queueBytes = 0;      ///< the same in bytes; 0: only packets count

    Duration delay{0};
    Duration jitter{0};
    JitterShape jitterShape = JitterShape::Uniform;

    Ratio loss; ///< independent of packet to packet; inside a burst `burstLoss` instead
    /// Gilbert-Elliott bursts (Gilbert 1960, Elliott 1963): before each packet the state changes
    /// with these chances. A burst is 1 / burstLeave packets long on average, and the share of time
    /// in bursts is burstEnter / (burstEnter + burstLeave).
    Ratio burstEnter;
    Ratio burstLeave;
    Ratio burstLoss{1'000'000};

    Ratio reorder;         ///< packets held back for `reorderBy` more, which others overtake;
    Duration reorderBy{0}; ///< all else keeps its order, whatever the jitter
    Ratio duplicate;       ///< packets of which a copy leaves right behind

    uint32_t mostInFlight = 100'000; ///< packets inside at once, copies included; more are dropped

    /// True when every packet leaves as it comes.
    [[nodiscard]] bool IsTransparent() const;
};

[[nodiscard]] std::string_view ToString(JitterShape shape); ///< "uniform", "normal", "exponential"

/// Why these settings contradict themselves; nothing when an Impairment can be made of them.
[[nodiscard]] std::optional<Error> FindContradiction(const ImpairmentSettings& settings);

} // namespace isb

#endif
