// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/splice-outcome.h"

#include <algorithm>
#include <array>

namespace isb
{

namespace
{

struct KnownEnd
{
    std::string_view reason;
    SpliceOutcome outcome;
};

/// Ends of which the ISB is told more than that they came.
constexpr std::array<KnownEnd, 11> KNOWN_ENDS{{
    {"ist.byte-limit", {SpliceNews::Ended, IsbCode::LimitReached}},
    {"ist.lifetime", {SpliceNews::Ended, IsbCode::LimitReached}},
    {"ist.idle-timeout", {SpliceNews::Ended, IsbCode::TimedOut}},
    {"ist.idle", {SpliceNews::Ended, IsbCode::TimedOut}},
    {"ist.removed", {SpliceNews::Ended, IsbCode::Cancelled}},
    {"ist.handshake-timeout", {SpliceNews::Failed, IsbCode::TimedOut}},
    {"ist.unmatched-timeout", {SpliceNews::Failed, IsbCode::TimedOut}},
    {"ist.unmatched", {SpliceNews::Failed, IsbCode::TimedOut}},
    {"ist.port-taken", {SpliceNews::Failed, IsbCode::Overloaded}},
    {"ist.listen-failed", {SpliceNews::Failed, IsbCode::Overloaded}},
    {"ist.no-port", {SpliceNews::Failed, IsbCode::Overloaded}},
}};

} // namespace

SpliceOutcome
OutcomeOf(std::string_view reason, bool paired)
{
    const auto* known = std::find_if(KNOWN_ENDS.begin(),
                                     KNOWN_ENDS.end(),
                                     [&](const KnownEnd& end) { return end.reason == reason; });
    SpliceOutcome outcome;
    if (known != KNOWN_ENDS.end())
    {
        outcome = known->outcome;
    }
    if (!paired)
    {
        outcome.news = SpliceNews::Failed;
        outcome.code = outcome.code == IsbCode::None ? IsbCode::ConnectFailed : outcome.code;
    }
    return outcome;
}

} // namespace isb
