// SPDX-License-Identifier: GPL-2.0-or-later
// The table of requirements is complete, and so are its tests.
#include "tests/core/nat/conformance/requirement.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <vector>

namespace isb::test
{
namespace
{

struct Named
{
    std::string suite;
    std::string test;
};

std::vector<Named>
ConformanceTests()
{
    std::vector<Named> tests;
    const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
    for (int i = 0; i < unit.total_test_suite_count(); ++i)
    {
        const testing::TestSuite& suite = *unit.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j)
        {
            if (std::string(suite.name()).substr(0, 3) == "Rfc")
            {
                tests.push_back({suite.name(), suite.GetTestInfo(j)->name()});
            }
        }
    }
    return tests;
}

TEST(Requirements, EveryTestProvesOne)
{
    for (const Named& test : ConformanceTests())
    {
        EXPECT_NE(FindRequirement(test.suite, test.test), nullptr)
            << test.suite << "." << test.test;
    }
}

TEST(Requirements, EachHasATestAndItsTwinOrAReason)
{
    for (const Requirement& requirement : Requirements())
    {
        int claims = 0;
        int twins = 0;
        for (const Named& test : ConformanceTests())
        {
            if (FindRequirement(test.suite, test.test) == &requirement)
            {
                ++(IsTwin(requirement, test.test) ? twins : claims);
            }
        }
        SCOPED_TRACE(SuiteOf(requirement) + " " + std::string(requirement.clause));
        EXPECT_TRUE((claims > 0 && twins > 0) || !requirement.reason.empty());
        EXPECT_FALSE(requirement.meaning.empty());
        EXPECT_FALSE(requirement.setting.empty());
    }
}

TEST(Requirements, NoneIsListedTwiceAndNoneIsMissing)
{
    std::set<std::string> clauses;
    for (const Requirement& requirement : Requirements())
    {
        const std::string name = SuiteOf(requirement) + " " + std::string(requirement.clause);
        EXPECT_TRUE(clauses.insert(name).second) << name;
    }
    const auto expect = [&](const std::string& rfc, int last)
    {
        for (int number = 1; number <= last; ++number)
        {
            const std::string name = rfc + " REQ-" + std::to_string(number);
            EXPECT_TRUE(clauses.count(name) == 1 || clauses.count(name + "a") == 1) << name;
        }
    };
    expect("Rfc4787", 14);
    expect("Rfc5382", 10);
    expect("Rfc5508", 11);
    expect("Rfc6888", 15);
    for (int section = 2; section <= 12; ++section)
    {
        EXPECT_EQ(clauses.count("Rfc7857 " + std::to_string(section)), 1U) << section;
    }
}

TEST(Requirements, NamesOfTestsTellTheirClause)
{
    const Requirement* const third = FindRequirement("Rfc4787", "Req3aRangeIsKept");
    ASSERT_NE(third, nullptr);
    EXPECT_EQ(third->clause, "REQ-3a");
    EXPECT_FALSE(IsTwin(*third, "Req3aRangeIsKept"));
    EXPECT_TRUE(IsTwin(*third, "Req3aNotWhenThereIsNone"));
    const Requirement* const reset = FindRequirement("Rfc7857", "Section2Clause2ResetPasses");
    ASSERT_NE(reset, nullptr);
    EXPECT_EQ(reset->clause, "2.2");
    EXPECT_EQ(FindRequirement("Rfc4787", "Req99Nothing"), nullptr);
    EXPECT_EQ(FindRequirement("Rfc4787", "Req3"), nullptr);
}

} // namespace
} // namespace isb::test
