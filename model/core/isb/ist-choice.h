// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_IST_CHOICE_H
#define ISB_CORE_ISB_IST_CHOICE_H

#include "model/wire/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// An IST that can carry a connection and has room.
struct IstCandidate
{
    std::string name;
    std::optional<Duration> distance; ///< both users' round trips added; unset: not measured
    uint64_t splices = 0;
    uint64_t capacity = 0;  ///< never 0
    bool suspected = false; ///< failed a moment ago: only if there is no other
};

struct IstChoice
{
    size_t index = 0;        ///< of the candidates
    std::string_view reason; ///< static: "isb.nearest", ...
};

/// The IST for two users (thesis 3.6: close to either, on the best path; decided: least sum of both
/// round trips). Those within `share` of the least, or within `margin` of it, are equally near: the
/// least loaded is taken, then the first by name. What nobody measured comes last. Nothing when
/// there is no candidate.
[[nodiscard]] std::optional<IstChoice> ChooseIst(const std::vector<IstCandidate>& candidates,
                                                 Ratio share,
                                                 Duration margin);

} // namespace isb

#endif
