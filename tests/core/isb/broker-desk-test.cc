// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/broker-desk.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace isb
{
namespace
{

TEST(BrokerDesk, AReasonIsTheCodesNameAfterIsb)
{
    EXPECT_EQ(ReasonOf(IsbCode::None), "");
    for (uint8_t value = 1; value <= static_cast<uint8_t>(IsbCode::Cancelled); ++value)
    {
        const auto code = static_cast<IsbCode>(value);
        EXPECT_EQ(ReasonOf(code), "isb." + std::string(ToString(code)));
    }
}

TEST(BrokerDesk, IdsAreNeverZeroAndFitSixtyThreeBits)
{
    /// Zero first, then all ones.
    class Odd : public Rng
    {
      public:
        uint64_t
        Next() override
        {
            return m_calls++ == 0 ? 1 : UINT64_MAX;
        }

      private:
        int m_calls = 0;
    } random;

    BrokerDesk desk({}, random, nullptr);
    EXPECT_EQ(desk.NewId(), uint64_t{INT64_MAX});
}

TEST(BrokerDesk, TokensTakeAllTheirBitsFromTheRng)
{
    SeededRng random(7);
    BrokerDesk desk({}, random, nullptr);
    std::set<Token> seen;
    for (int i = 0; i < 1000; ++i)
    {
        EXPECT_TRUE(seen.insert(desk.NewToken()).second);
    }
}

} // namespace
} // namespace isb
