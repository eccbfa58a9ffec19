// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/splice-outcome.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

TEST(SpliceOutcome, TellsTheIsbWhatAnEndMeans)
{
    struct Case
    {
        const char* reason;
        bool paired;
        SpliceNews news;
        IsbCode code;
    };

    const Case cases[] = {
        {"ist.time-wait-over", true, SpliceNews::Ended, IsbCode::None},
        {"ist.closed", true, SpliceNews::Ended, IsbCode::None},
        {"ist.reset", true, SpliceNews::Ended, IsbCode::None},
        {"ist.peer-failed", true, SpliceNews::Ended, IsbCode::None},
        {"ist.idle-timeout", true, SpliceNews::Ended, IsbCode::TimedOut},
        {"ist.idle", true, SpliceNews::Ended, IsbCode::TimedOut},
        {"ist.byte-limit", true, SpliceNews::Ended, IsbCode::LimitReached},
        {"ist.lifetime", true, SpliceNews::Ended, IsbCode::LimitReached},
        {"ist.removed", true, SpliceNews::Ended, IsbCode::Cancelled},
        {"ist.handshake-timeout", true, SpliceNews::Failed, IsbCode::TimedOut},
        {"ist.unmatched-timeout", false, SpliceNews::Failed, IsbCode::TimedOut},
        {"ist.unmatched", false, SpliceNews::Failed, IsbCode::TimedOut},
        {"ist.port-taken", true, SpliceNews::Failed, IsbCode::Overloaded},
        {"ist.listen-failed", false, SpliceNews::Failed, IsbCode::Overloaded},
        {"ist.no-port", false, SpliceNews::Failed, IsbCode::Overloaded},
        {"ist.reset", false, SpliceNews::Failed, IsbCode::ConnectFailed},
        {"ist.removed", false, SpliceNews::Failed, IsbCode::Cancelled},
    };
    for (const Case& test : cases)
    {
        const SpliceOutcome outcome = OutcomeOf(test.reason, test.paired);
        EXPECT_EQ(outcome.news, test.news) << test.reason << " paired " << test.paired;
        EXPECT_EQ(outcome.code, test.code) << test.reason << " paired " << test.paired;
    }
}

} // namespace
} // namespace isb
