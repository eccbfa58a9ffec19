// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of cases against the reference: the splice core in IstEngine.
#include "tests/splice-cases/engine-case-carrier.h"

#include <gtest/gtest-spi.h>
#include <set>

namespace isb::cases
{
namespace
{

class EngineCases : public testing::TestWithParam<const SpliceCase*>
{
};

TEST_P(EngineCases, GiveTheExpectedPackets)
{
    EngineCaseCarrier carrier(GetParam()->settings);
    RunCase(carrier, *GetParam());
}

INSTANTIATE_TEST_SUITE_P(All,
                         EngineCases,
                         testing::ValuesIn(CasesThat([](const SpliceCase&) { return true; })),
                         CaseName);

TEST(SpliceCases, HaveNamesOfTheirOwnAndEachSaysSomething)
{
    std::set<std::string> names;
    for (const SpliceCase& one : AllCases())
    {
        EXPECT_TRUE(names.insert(one.name).second) << one.name;
        EXPECT_FALSE(one.steps.empty()) << one.name;
    }
    EXPECT_GE(names.size(), 200U);
}

/// The runner is no rubber stamp: a carrier that lets everything pass fails where packets are due.
TEST(SpliceCases, ACarrierThatDoesNothingFails)
{
    struct Idle : CaseCarrier
    {
        std::string
        Open(const IstPair&) override
        {
            return {};
        }

        Outcome
        Give(IstSide, const Bytes&) override
        {
            return {};
        }

        [[nodiscard]] bool
        HoldsFragments() const override
        {
            return false;
        }
    };

    static Idle idle;
    static const SpliceCase* handshake = &AllCases().front();
    EXPECT_NONFATAL_FAILURE(RunCase(idle, *handshake), "wanted: consumed");
}

} // namespace
} // namespace isb::cases
