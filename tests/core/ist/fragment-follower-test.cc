// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/fragment-follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const FragmentKey DATAGRAM{Ipv4{1}, Ipv4{2}, 77, Protocol::Udp};
constexpr size_t PART = 1480;

DatagramFate
ForwardBy(uint64_t splice)
{
    return {DatagramFate::Forward, splice, IstSide::A, {}, {}};
}

class FragmentFollowerTest : public testing::Test
{
  protected:
    FragmentFollower::Later
    Next(size_t index, bool last = false)
    {
        return follower.Next(now, DATAGRAM, {index * PART, PART, last}, true);
    }

    IstSettings settings;
    FragmentFollower follower{settings};
    TimePoint now{0};
};

TEST_F(FragmentFollowerTest, LaterFragmentsShareTheFateOfTheFirst)
{
    follower.First(now, DATAGRAM, ForwardBy(5), PART);
    EXPECT_EQ(Next(1).fate.splice, 5U);
    EXPECT_EQ(Next(2, true).fate.splice, 5U);
    EXPECT_EQ(follower.Size(), 0U); // all bytes passed
    follower.First(now, DATAGRAM, {DatagramFate::Drop, 0, IstSide::A, "why", "rule"}, PART);
    EXPECT_EQ(Next(1).fate.kind, DatagramFate::Drop);
    EXPECT_EQ(Next(1).fate.reason, "why");
}

TEST_F(FragmentFollowerTest, FragmentsOfAnotherDatagramDoNotShareIt)
{
    follower.First(now, DATAGRAM, ForwardBy(5), PART);
    FragmentKey other = DATAGRAM;
    other.identification = 78;
    EXPECT_EQ(follower.Next(now, other, {PART, PART, false}, true).fate.kind,
              DatagramFate::Unknown);
    other = DATAGRAM;
    other.protocol = Protocol::Tcp;
    EXPECT_EQ(follower.Next(now, other, {PART, PART, false}, true).fate.kind,
              DatagramFate::Unknown);
}

TEST_F(FragmentFollowerTest, FragmentsThatOvertookTheFirstAreReleasedInOrder)
{
    const uint64_t last = Next(2, true).ticket;
    const uint64_t middle = Next(1).ticket;
    EXPECT_NE(last, 0U);
    EXPECT_NE(middle, last);
    EXPECT_THAT(follower.TakeReleased(), IsEmpty());
    EXPECT_EQ(follower.Held(), 2U);
    follower.First(now, DATAGRAM, ForwardBy(5), PART);
    EXPECT_THAT(follower.TakeReleased(), ElementsAre(last, middle));
    EXPECT_EQ(Next(2, true).fate.splice, 5U);
    EXPECT_EQ(Next(1).fate.splice, 5U);
    EXPECT_EQ(follower.Size(), 0U);
    EXPECT_EQ(follower.Held(), 0U);
}

TEST_F(FragmentFollowerTest, NothingIsHeldThatCannotBeOurs)
{
    const auto later = follower.Next(now, DATAGRAM, {PART, PART, false}, false);
    EXPECT_EQ(later.fate.kind, DatagramFate::NotOurs);
    EXPECT_EQ(follower.Size(), 0U);
}

TEST_F(FragmentFollowerTest, HeldFragmentsAreAbandonedAfterTheTimeout)
{
    const uint64_t ticket = Next(1).ticket;
    EXPECT_EQ(follower.NextTimeout(), now + settings.fragmentTimeout);
    follower.Timeout(settings.fragmentTimeout - 1ns);
    EXPECT_THAT(follower.TakeAbandoned(), IsEmpty());
    follower.Timeout(settings.fragmentTimeout);
    EXPECT_THAT(follower.TakeAbandoned(), ElementsAre(ticket));
    EXPECT_EQ(follower.Size(), 0U);
    EXPECT_EQ(follower.NextTimeout(), TIME_NEVER);
}

TEST_F(FragmentFollowerTest, StateIsBounded)
{
    settings.maxFragmented = 4;
    settings.maxHeldFragments = 6;
    FragmentFollower small(settings);
    size_t held = 0;
    for (uint16_t id = 0; id < 1000; ++id)
    {
        held += small.Next(now, {Ipv4{1}, Ipv4{2}, id, Protocol::Udp}, {PART, PART, false}, true)
                    .ticket != 0;
        EXPECT_LE(small.Size(), 4U);
        EXPECT_LE(small.Held(), 6U);
    }
    EXPECT_EQ(held - small.Held(), small.TakeAbandoned().size()); // no ticket is lost
    for (int i = 0; i < 100; ++i)
    {
        (void)small.Next(now, DATAGRAM, {PART, PART, false}, true);
    }
    EXPECT_EQ(small.Held(), 6U);
    EXPECT_EQ(small.Next(now, DATAGRAM, {PART, PART, false}, true).ticket, 0U); // full: drop
}

TEST_F(FragmentFollowerTest, IdentificationUsedAgainTakesTheNewFate)
{
    follower.First(now, DATAGRAM, ForwardBy(5), PART);
    EXPECT_EQ(Next(1).fate.splice, 5U); // the rest was lost
    follower.First(now + 1s, DATAGRAM, ForwardBy(6), PART);
    EXPECT_EQ(Next(1).fate.splice, 6U);
    EXPECT_EQ(follower.Size(), 1U);
    EXPECT_EQ(follower.NextTimeout(), now + 1s + settings.fragmentTimeout);
}

} // namespace
} // namespace isb
