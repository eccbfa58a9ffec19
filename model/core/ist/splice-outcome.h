// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_SPLICE_OUTCOME_H
#define ISB_CORE_IST_SPLICE_OUTCOME_H

#include "model/wire/isb-message.h"

#include <string_view>

namespace isb
{

/// How the end of a splice is told to the ISB.
struct SpliceOutcome
{
    SpliceNews news = SpliceNews::Ended; ///< Ended or Failed
    IsbCode code = IsbCode::None;
};

/// From a carrier's reason ("ist.time-wait-over", "ist.byte-limit", ...). A splice that never
/// paired has failed, whatever the reason.
[[nodiscard]] SpliceOutcome OutcomeOf(std::string_view reason, bool paired);

} // namespace isb

#endif
