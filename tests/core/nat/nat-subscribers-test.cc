// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-subscribers.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Ipv4 HOST{0x0a000002};
constexpr Ipv4 OTHER{0x0a000003};

TEST(NatSubscribers, AnAddressIsOneSubscriberWhileItHasMappings)
{
    NatSubscribers all(NatHash(1, 2), 0, 10);
    const uint32_t host = all.Enter(TimePoint{0}, HOST);
    EXPECT_EQ(all.Enter(TimePoint{0}, HOST), host);
    EXPECT_NE(all.Enter(TimePoint{0}, OTHER), host);
    EXPECT_EQ(all.Size(), 2U);
    all.Leave(TimePoint{0}, host);
    EXPECT_EQ(all.Size(), 1U);
}

TEST(NatSubscribers, WithoutALimitEveryMappingIsPaid)
{
    NatSubscribers all(NatHash(1, 2), 0, 10);
    const uint32_t host = all.Enter(TimePoint{0}, HOST);
    for (int i = 0; i < 1000; ++i)
    {
        ASSERT_TRUE(all.Pay(TimePoint{0}, host));
    }
}

TEST(NatSubscribers, NewMappingsAreABurstOfOneSecondThenTheRate)
{
    NatSubscribers all(NatHash(1, 2), 10, 10);
    const uint32_t host = all.Enter(TimePoint{0}, HOST);
    for (int i = 0; i < 10; ++i)
    {
        EXPECT_TRUE(all.Pay(TimePoint{0}, host));
    }
    EXPECT_FALSE(all.Pay(TimePoint{0}, host));
    EXPECT_FALSE(all.Pay(milliseconds(99), host));
    EXPECT_TRUE(all.Pay(milliseconds(100), host));
    EXPECT_FALSE(all.Pay(milliseconds(100), host));
    const uint32_t other = all.Enter(milliseconds(100), OTHER);
    EXPECT_TRUE(all.Pay(milliseconds(100), other)) << "each has its own";
    for (int i = 0; i < 10; ++i)
    {
        EXPECT_TRUE(all.Pay(seconds(60), host));
    }
    EXPECT_FALSE(all.Pay(seconds(60), host)) << "a minute's rest is a burst of one second too";
}

TEST(NatSubscribers, LeavingDoesNotRenewTheCredit)
{
    NatSubscribers all(NatHash(1, 2), 2, 10);
    const uint32_t host = all.Enter(TimePoint{0}, HOST);
    EXPECT_TRUE(all.Pay(TimePoint{0}, host));
    EXPECT_TRUE(all.Pay(TimePoint{0}, host));
    all.Leave(TimePoint{0}, host);
    const uint32_t again = all.Enter(milliseconds(10), HOST);
    EXPECT_FALSE(all.Pay(milliseconds(10), again));
    all.Leave(milliseconds(10), again);
    const uint32_t later = all.Enter(seconds(2), HOST);
    EXPECT_TRUE(all.Pay(seconds(2), later));
}

TEST(NatSubscribers, OnesWithoutMappingsAreForgottenAfterASecondAndBounded)
{
    constexpr size_t MOST = 4;
    NatSubscribers all(NatHash(1, 2), 2, MOST);
    for (uint32_t i = 0; i < 100; ++i)
    {
        const uint32_t host = all.Enter(TimePoint{0}, Ipv4{HOST.value + i});
        EXPECT_TRUE(all.Pay(TimePoint{0}, host));
        all.Leave(TimePoint{0}, host);
        EXPECT_LE(all.Size(), MOST + 2);
    }
    const uint32_t last = all.Enter(seconds(3), OTHER);
    EXPECT_EQ(all.Size(), 1U);
    EXPECT_EQ(all[last].address, OTHER);
}

} // namespace
} // namespace isb
