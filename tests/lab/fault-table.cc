// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

TEST_P(FaultTable, IsRefusedInExactlyTheseLines)
{
    std::vector<std::string> expected;
    for (const std::string& line : GetParam().errors)
    {
        expected.push_back("t.toml:" + line);
    }
    EXPECT_EQ(ErrorLines(SmallLabWith(GetParam().changes)), expected);
}

TEST(SmallLab, IsValidWithoutAnyChange)
{
    EXPECT_EQ(ErrorLines(SmallLabWith({})), std::vector<std::string>{});
}

} // namespace

} // namespace isb
