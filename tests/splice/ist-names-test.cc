// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-names.h"

#include <string>

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

TEST(IstNames, EveryReasonHasANameAndARule)
{
    for (unsigned int reason = IST_REASON_NONE + 1; reason < IST_REASON_COUNT; ++reason)
    {
        EXPECT_EQ(std::string(ist_reason_name(reason)).rfind("ist.", 0), 0u) << reason;
        EXPECT_STRNE(ist_reason_rule(reason), "") << reason;
    }
    EXPECT_STREQ(ist_reason_name(IST_REASON_NONE), "");
    EXPECT_STREQ(ist_state_name(IST_STATE_CLOSED + 1), "?");
    EXPECT_STREQ(ist_method_name(IST_METHOD_PURE), "pure");
}

} // namespace
} // namespace isb::test
