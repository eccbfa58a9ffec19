// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/cpu.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

TEST(Cpu, RunsASegmentForItsCost)
{
    Cpu cpu;
    cpu.Start(10ns, CpuLevel::Process, 5ns);
    EXPECT_EQ(cpu.NextTimeout(), 15ns);
    EXPECT_FALSE(cpu.Finish(14ns));
    EXPECT_EQ(cpu.Finish(15ns), CpuLevel::Process);
    EXPECT_EQ(cpu.NextTimeout(), TIME_NEVER);
}

TEST(Cpu, UrgentWorkSuspendsAndLessUrgentWorkResumes)
{
    Cpu cpu;
    cpu.Start(0ns, CpuLevel::Process, 100ns);
    cpu.Start(30ns, CpuLevel::Softirq, 50ns);
    cpu.Start(40ns, CpuLevel::HardInterrupt, 7ns);
    EXPECT_EQ(cpu.NextTimeout(), 47ns);
    EXPECT_EQ(cpu.Finish(47ns), CpuLevel::HardInterrupt);
    EXPECT_EQ(cpu.NextTimeout(), 87ns);
    EXPECT_EQ(cpu.Finish(87ns), CpuLevel::Softirq);
    EXPECT_EQ(cpu.NextTimeout(), 157ns);
    EXPECT_EQ(cpu.Finish(157ns), CpuLevel::Process);
}

TEST(Cpu, ALevelIsFreeOnlyIfNothingAsUrgentIsThere)
{
    Cpu cpu;
    cpu.Start(0ns, CpuLevel::Softirq, 10ns);
    EXPECT_TRUE(cpu.IsFree(CpuLevel::HardInterrupt));
    EXPECT_FALSE(cpu.IsFree(CpuLevel::Softirq));
    EXPECT_FALSE(cpu.IsFree(CpuLevel::Process));
    EXPECT_FALSE(cpu.IsBusy(CpuLevel::Process));
}

TEST(Cpu, AccountsTimeToTheLevelThatRan)
{
    Cpu cpu;
    cpu.Start(0ns, CpuLevel::Process, 100ns);
    cpu.Start(30ns, CpuLevel::HardInterrupt, 20ns);
    EXPECT_EQ(cpu.Used(CpuLevel::HardInterrupt, 35ns), 5ns);
    EXPECT_EQ(cpu.Used(CpuLevel::Process, 35ns), 30ns);
    ASSERT_TRUE(cpu.Finish(50ns));
    EXPECT_EQ(cpu.Used(CpuLevel::Process, 60ns), 40ns);
    EXPECT_EQ(cpu.Used(CpuLevel::HardInterrupt, 60ns), 20ns);
    EXPECT_EQ(cpu.Used(CpuLevel::Softirq, 60ns), 0ns);
}

TEST(Cpu, ASegmentWithoutCostEndsAtOnce)
{
    Cpu cpu;
    cpu.Start(3ns, CpuLevel::Softirq, 0ns);
    EXPECT_EQ(cpu.Finish(3ns), CpuLevel::Softirq);
    EXPECT_FALSE(cpu.Finish(3ns));
}

} // namespace
} // namespace isb
