// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-timer-queue.h"

#include "model/core/random/rng.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace isb
{
namespace
{

using std::chrono::seconds;

/// Sessions with a queue, and what a plain map says of them.
struct QueueUnderTest
{
    uint32_t
    Add(NatTimer timer, TimePoint expiry)
    {
        NatSession session;
        session.timer = timer;
        session.expiry = expiry;
        const uint32_t slot = sessions.Add(session);
        queue.Put(sessions, slot);
        reference[slot] = expiry;
        return slot;
    }

    void
    PutOff(uint32_t slot, TimePoint expiry)
    {
        sessions[slot].expiry = expiry;
        queue.NotePutOff(sessions, slot);
        reference[slot] = expiry;
    }

    void
    Remove(uint32_t slot)
    {
        queue.Remove(sessions, slot);
        sessions.Free(slot);
        reference.erase(slot);
    }

    [[nodiscard]] TimePoint
    FirstExpiry() const
    {
        TimePoint first = TIME_NEVER;
        for (const auto& [slot, expiry] : reference)
        {
            first = std::min(first, expiry);
        }
        return first;
    }

    NatSlab<NatSession> sessions;
    NatTimerQueue queue;
    std::map<uint32_t, TimePoint> reference;
};

TEST(NatTimerQueue, SessionsAreDueInOrderOfTheirExpiryAcrossTimers)
{
    QueueUnderTest test;
    const uint32_t late = test.Add(NatTimer::TcpEstablished, seconds(30));
    const uint32_t early = test.Add(NatTimer::Udp, seconds(10));
    EXPECT_EQ(test.queue.NextDue(), seconds(10));
    EXPECT_EQ(test.queue.FirstDue(test.sessions, seconds(9)), NAT_NO_SLOT);
    EXPECT_EQ(test.queue.FirstDue(test.sessions, seconds(40)), early);
    test.Remove(early);
    EXPECT_EQ(test.queue.FirstDue(test.sessions, seconds(40)), late);
    test.Remove(late);
    EXPECT_EQ(test.queue.NextDue(), TIME_NEVER);
}

TEST(NatTimerQueue, ASessionThatWasPutOffIsNotDueBefore)
{
    QueueUnderTest test;
    const uint32_t first = test.Add(NatTimer::Udp, seconds(10));
    const uint32_t second = test.Add(NatTimer::Udp, seconds(11));
    test.PutOff(second, seconds(50)); // not the first: only its expiry is written
    test.PutOff(first, seconds(40));
    EXPECT_LE(test.queue.NextDue(), seconds(40));
    EXPECT_EQ(test.queue.FirstDue(test.sessions, seconds(39)), NAT_NO_SLOT);
    EXPECT_EQ(test.queue.FirstDue(test.sessions, seconds(40)), first);
}

TEST(NatTimerQueue, TheOneIdleForLongestOfATimerIsFound)
{
    QueueUnderTest test;
    const uint32_t first = test.Add(NatTimer::Udp, seconds(10));
    const uint32_t second = test.Add(NatTimer::Udp, seconds(11));
    static_cast<void>(test.Add(NatTimer::Icmp, seconds(1)));
    test.PutOff(first, seconds(40));
    EXPECT_EQ(test.queue.FirstOf(test.sessions, NatTimer::Udp), second);
    EXPECT_EQ(test.queue.FirstOf(test.sessions, NatTimer::TcpClosing), NAT_NO_SLOT);
}

TEST(NatTimerQueue, AgreesWithAMapOverRandomSteps)
{
    for (uint64_t seed = 1; seed <= 5; ++seed)
    {
        SeededRng rng(seed);
        QueueUnderTest test;
        TimePoint now{0};
        for (int step = 0; step < 20'000; ++step)
        {
            now += Duration(rng.Below(3));
            const TimePoint expiry = now + Duration(1 + rng.Below(100));
            const bool adds = test.reference.empty() || rng.Below(3) == 0;
            if (adds)
            {
                static_cast<void>(test.Add(static_cast<NatTimer>(rng.Below(5)), expiry));
            }
            else
            {
                auto which = test.reference.begin();
                std::advance(which, static_cast<long>(rng.Below(test.reference.size())));
                const uint32_t slot = which->first;
                if (rng.Below(8) == 0)
                {
                    test.Remove(slot);
                }
                else if (expiry > which->second)
                {
                    test.PutOff(slot, expiry);
                }
            }
            ASSERT_LE(test.queue.NextDue(), test.FirstExpiry());
            while (test.FirstExpiry() <= now)
            {
                const uint32_t due = test.queue.FirstDue(test.sessions, now);
                ASSERT_NE(due, NAT_NO_SLOT);
                ASSERT_EQ(test.reference.at(due), test.FirstExpiry());
                test.Remove(due);
            }
            ASSERT_EQ(test.queue.FirstDue(test.sessions, now), NAT_NO_SLOT);
        }
        while (!test.reference.empty())
        {
            test.Remove(test.reference.begin()->first);
        }
        EXPECT_EQ(test.queue.NextDue(), TIME_NEVER);
    }
}

} // namespace
} // namespace isb
