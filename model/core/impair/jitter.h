// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IMPAIR_JITTER_H
#define ISB_CORE_IMPAIR_JITTER_H

#include "model/core/impair/impairment-settings.h"
#include "model/core/random/rng.h"

namespace isb
{

/// One value of the distribution; negative ones are possible with Uniform and Normal.
/// \param size what JitterShape says, 0 to one minute
[[nodiscard]] Duration DrawJitter(JitterShape shape, Duration size, Rng& rng);

} // namespace isb

#endif
