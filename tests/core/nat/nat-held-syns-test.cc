// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-held-syns.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using std::chrono::seconds;

constexpr Endpoint EXTERNAL{Ipv4{0xcb007101}, 5000};

Endpoint
Remote(uint16_t port)
{
    return {Ipv4{0xc6336401}, port};
}

bool
Hold(NatHeldSyns& held, TimePoint due, uint16_t port, size_t most = 10)
{
    const std::vector<uint8_t> packet(200, static_cast<uint8_t>(port));
    return held.Hold(due, EXTERNAL, Remote(port), NatSide::Outside, packet, most);
}

TEST(NatHeldSyns, GivesBackWhatIsDueInOrder)
{
    NatHeldSyns held;
    EXPECT_EQ(held.NextDue(), TIME_NEVER);
    ASSERT_TRUE(Hold(held, seconds(6), 2));
    ASSERT_TRUE(Hold(held, seconds(5), 1)); // the timer was shortened meanwhile
    ASSERT_TRUE(Hold(held, seconds(7), 3));
    EXPECT_EQ(held.NextDue(), seconds(5));
    EXPECT_TRUE(held.TakeDue(seconds(4)).empty());
    const auto due = held.TakeDue(seconds(6));
    ASSERT_EQ(due.size(), 2U);
    EXPECT_EQ(due[0].start, std::vector<uint8_t>(80, 1));
    EXPECT_EQ(due[1].start, std::vector<uint8_t>(80, 2));
    EXPECT_EQ(held.Size(), 1U);
}

TEST(NatHeldSyns, RepeatedSynKeepsTheFirstOnesTime)
{
    NatHeldSyns held;
    ASSERT_TRUE(Hold(held, seconds(6), 1));
    ASSERT_TRUE(Hold(held, seconds(9), 1));
    EXPECT_EQ(held.Size(), 1U);
    EXPECT_EQ(held.NextDue(), seconds(6));
}

TEST(NatHeldSyns, ForgetsTheOneThatIsNamedAndNoOther)
{
    NatHeldSyns held;
    ASSERT_TRUE(Hold(held, seconds(6), 1));
    ASSERT_TRUE(Hold(held, seconds(6), 2));
    held.Forget(EXTERNAL, Remote(3));
    EXPECT_EQ(held.Size(), 2U);
    held.Forget(EXTERNAL, Remote(1));
    const auto due = held.TakeDue(seconds(6));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].start[0], 2);
}

TEST(NatHeldSyns, RefusesMoreThanItMayHold)
{
    NatHeldSyns held;
    ASSERT_TRUE(Hold(held, seconds(6), 1, 2));
    ASSERT_TRUE(Hold(held, seconds(6), 2, 2));
    EXPECT_FALSE(Hold(held, seconds(6), 3, 2));
    EXPECT_TRUE(Hold(held, seconds(6), 2, 2)) << "held already";
    held.Clear();
    EXPECT_EQ(held.Size(), 0U);
    EXPECT_EQ(held.NextDue(), TIME_NEVER);
}

} // namespace
} // namespace isb::test
