// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/daemon-timers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

class DaemonTimersTest : public testing::Test
{
  protected:
    DaemonTimer::Action
    Note(char name)
    {
        return [this, name](TimePoint) { fired += name; };
    }

    DaemonTimers timers;
    std::string fired;
};

TEST_F(DaemonTimersTest, HasNothingToDoAtFirst)
{
    EXPECT_EQ(timers.Next(), TIME_NEVER);
    timers.Run(1h);
}

TEST_F(DaemonTimersTest, FiresInOrderOfTimeThenOfSetting)
{
    DaemonTimer a(timers, Note('a'));
    DaemonTimer b(timers, Note('b'));
    DaemonTimer c(timers, Note('c'));
    a.Set(2s);
    b.Set(1s);
    c.Set(1s);
    EXPECT_EQ(timers.Next(), 1s);
    timers.Run(1s);
    EXPECT_EQ(fired, "bc");
    timers.Run(2s);
    EXPECT_EQ(fired, "bca");
    EXPECT_EQ(timers.Next(), TIME_NEVER);
}

TEST_F(DaemonTimersTest, FiresOnceAndNotEarly)
{
    DaemonTimer a(timers, Note('a'));
    a.Set(1s);
    timers.Run(1s - 1ns);
    EXPECT_EQ(fired, "");
    EXPECT_TRUE(a.IsSet());
    timers.Run(1s);
    timers.Run(1h);
    EXPECT_EQ(fired, "a");
    EXPECT_FALSE(a.IsSet());
}

TEST_F(DaemonTimersTest, KnowsTheNewestSettingOnly)
{
    DaemonTimer a(timers, Note('a'));
    a.Set(1s);
    a.Set(3s);
    EXPECT_EQ(timers.Next(), 3s);
    a.Set(TIME_NEVER);
    EXPECT_EQ(timers.Next(), TIME_NEVER);
}

TEST_F(DaemonTimersTest, ForgetsATimerThatIsStoppedOrGone)
{
    DaemonTimer a(timers, Note('a'));
    a.Set(1s);
    a.Stop();
    {
        DaemonTimer b(timers, Note('b'));
        b.Set(1s);
    }
    timers.Run(1h);
    EXPECT_EQ(fired, "");
}

TEST_F(DaemonTimersTest, LetsAnActionEndTimersAndItsOwn)
{
    auto b = std::make_unique<DaemonTimer>(timers, Note('b'));
    std::unique_ptr<DaemonTimer> a;
    a = std::make_unique<DaemonTimer>(timers,
                                      [&](TimePoint)
                                      {
                                          b.reset();
                                          a.reset();
                                          fired += 'a';
                                      });
    a->Set(1s);
    b->Set(1s);
    timers.Run(1s);
    EXPECT_EQ(fired, "a");
}

TEST_F(DaemonTimersTest, FiresWhatAnActionSetsForNow)
{
    DaemonTimer b(timers, Note('b'));
    DaemonTimer a(timers,
                  [&](TimePoint now)
                  {
                      fired += 'a';
                      b.Set(now);
                  });
    a.Set(1s);
    timers.Run(1s);
    EXPECT_EQ(fired, "ab");
}

} // namespace
} // namespace isb::test
