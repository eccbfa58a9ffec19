// SPDX-License-Identifier: GPL-2.0-or-later
// Properties of the machine under random parameters and inputs.
#include "model/box/box-machine.h"

#include <gtest/gtest.h>

#include <map>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class Random
{
  public:
    explicit Random(uint64_t seed)
        : m_state(seed * 2862933555777941757U + 3037000493U)
    {
    }

    uint32_t
    Below(uint32_t bound)
    {
        m_state = m_state * 6364136223846793005U + 1442695040888963407U;
        return static_cast<uint32_t>((m_state >> 33) % bound);
    }

    Duration
    Time(uint32_t microseconds)
    {
        return Duration(Below(microseconds * 1000 + 1));
    }

  private:
    uint64_t m_state;
};

MachineParameters
RandomParameters(Random& random)
{
    MachineParameters p;
    p.interruptCost = random.Time(3);
    p.receiveCost = random.Time(5);
    p.transmitCost = random.Time(5);
    p.completionCost = random.Time(3);
    p.pciRegisterCost = random.Time(2);
    p.forwardCost = random.Time(20);
    p.natCost = random.Time(20);
    p.spliceCost = random.Time(20);
    p.walkCost = random.Time(1);
    p.localCost = random.Time(10);
    p.tcpCost = random.Time(10);
    p.reassemblyCost = random.Time(30);
    p.copyPicoseconds = random.Below(20'000);
    p.checksumPicoseconds = random.Below(10'000);
    p.onChipLatency = random.Time(30);
    p.pciLatency = random.Time(60);
    p.pciMegahertz = random.Below(67);
    p.receiveLatency = random.Time(30);
    p.transmitLatency = random.Time(30);
    p.untunedLatency = random.Time(100);
    p.onChipRing = 1 + random.Below(16);
    p.pciRing = 1 + random.Below(16);
    p.transmitRing = 1 + random.Below(8);
    p.transmitQueue = random.Below(8);
    p.backlog = 1 + random.Below(16);
    p.pollQuota = 1 + random.Below(8);
    p.reassemblyMemory = random.Below(60'000);
    p.reassemblyLow = random.Below(60'000);
    p.reassemblyTimeout = 1ms + random.Time(2000);
    return p;
}

Frame
RandomFrame(Random& random, uint64_t handle)
{
    Frame frame;
    frame.handle = handle;
    frame.bytes = 34 + random.Below(1481);
    frame.facts.path = static_cast<FramePath>(random.Below(6));
    frame.facts.tableEntries = random.Below(2) * random.Below(100);
    if (random.Below(3) == 0)
    {
        frame.facts.datagram = random.Below(8);
        frame.facts.offset = static_cast<uint16_t>(8 * random.Below(6));
        frame.facts.length = static_cast<uint16_t>(8 * random.Below(4));
        frame.facts.more = random.Below(3) != 0;
    }
    return frame;
}

/// One machine under random load; checks what must always hold.
class Trial
{
  public:
    explicit Trial(uint64_t seed)
        : m_random(seed),
          m_parameters(RandomParameters(m_random)),
          m_ports{{NicKind::OnChip, {100'000'000}},
                  {NicKind::Pci, {100'000'000}},
                  {m_random.Below(2) == 0 ? NicKind::OnChip : NicKind::Pci, {10'000'000}}},
          m_machine(m_parameters, m_ports)
    {
    }

    void
    Run(int inputs)
    {
        for (int i = 0; i < inputs; ++i)
        {
            Advance(m_now + m_random.Time(m_random.Below(10) == 0 ? 300 : 12));
            Input();
            Drain();
            CheckBalance();
        }
        Advance(m_now + 100s); // all can be served, all time-outs are over
        CheckBalance();
        CheckEmpty();
    }

    /// A number that differs when anything observable differs.
    [[nodiscard]] uint64_t
    Digest() const
    {
        return m_digest;
    }

  private:
    enum class Where : uint8_t
    {
        Receiving,
        Delivered,
        Transmitting,
        Gone,
    };

    void
    Input()
    {
        const uint64_t handle = m_where.size();
        switch (m_random.Below(6))
        {
        case 0:
            m_machine.Submit(m_now, {m_submitted++, m_random.Time(50)});
            break;
        case 1:
            m_where.push_back(Where::Transmitting);
            m_machine.Transmit(m_now, m_random.Below(3), handle, 60 + m_random.Below(1455));
            break;
        default:
            m_where.push_back(Where::Receiving);
            m_machine.Arrived(m_now, m_random.Below(3), RandomFrame(m_random, handle));
            break;
        }
    }

    void
    Advance(TimePoint until)
    {
        while (m_machine.NextTimeout() <= until)
        {
            ASSERT_GE(m_machine.NextTimeout(), m_now);
            m_now = m_machine.NextTimeout();
            Drain();
        }
        m_now = until;
    }

    void
    Drain()
    {
        while (const BoxOutput* output = m_machine.Next(m_now))
        {
            Handle(*output);
        }
    }

    void
    Handle(const BoxOutput& output)
    {
        const auto tag = static_cast<uint64_t>(m_now.count()) * 8 +
                         static_cast<uint64_t>(output.kind) + output.handles[0] * 1'000'003;
        m_digest = (m_digest ^ tag) * 1099511628211U;
        switch (output.kind)
        {
        case BoxOutput::Kind::Deliver:
            // Some go back out while the output is handled, as a forwarder's do.
            for (const uint64_t handle : std::vector<uint64_t>(output.handles))
            {
                ASSERT_EQ(m_where[handle], Where::Receiving);
                m_where[handle] = Where::Delivered;
                if (m_random.Below(2) == 0)
                {
                    m_where[handle] = Where::Transmitting;
                    m_machine.Transmit(m_now, m_random.Below(3), handle, 100);
                }
            }
            break;
        case BoxOutput::Kind::Send:
        {
            ASSERT_EQ(m_where[output.handles[0]], Where::Transmitting);
            m_where[output.handles[0]] = Where::Gone;
            ASSERT_GE(m_now, m_wireFree[output.port]) << "two frames at once on one wire";
            m_wireFree[output.port] = m_now + WireTime(60, m_ports[output.port].rate);
            break;
        }
        case BoxOutput::Kind::Done:
            ASSERT_EQ(output.handles[0], m_done++) << "jobs are done in order, once";
            break;
        case BoxOutput::Kind::Dropped:
            ASSERT_NE(m_where[output.handles[0]], Where::Gone);
            ASSERT_NE(m_where[output.handles[0]], Where::Delivered);
            m_where[output.handles[0]] = Where::Gone;
            break;
        }
    }

    void
    CheckBalance() const
    {
        const BoxCounters& c = m_machine.Counters();
        ASSERT_EQ(c.arrived, c.delivered + c.receiveDropped + m_machine.HeldReceive());
        ASSERT_EQ(c.transmitted, c.sent + c.transmitDropped + m_machine.HeldTransmit());
        Duration used{0};
        for (size_t i = 0; i < CPU_LEVEL_COUNT; ++i)
        {
            used += m_machine.CpuTime(static_cast<CpuLevel>(i), m_now);
        }
        ASSERT_LE(used, m_now) << "more CPU time than time";
    }

    void
    CheckEmpty() const
    {
        EXPECT_EQ(m_machine.HeldReceive(), 0U);
        EXPECT_EQ(m_machine.HeldTransmit(), 0U);
        EXPECT_EQ(m_machine.NextTimeout(), TIME_NEVER) << "work is stuck";
        EXPECT_EQ(m_done, m_submitted);
        for (const Where where : m_where)
        {
            EXPECT_TRUE(where == Where::Delivered || where == Where::Gone);
        }
        uint64_t drops = 0;
        for (uint32_t port = 0; port < m_machine.PortCount(); ++port)
        {
            for (uint32_t drop = 0; drop < BOX_DROP_COUNT; ++drop)
            {
                drops += m_machine.Drops(port, static_cast<BoxDrop>(drop));
            }
        }
        const BoxCounters& c = m_machine.Counters();
        EXPECT_EQ(drops, c.receiveDropped + c.transmitDropped);
    }

    Random m_random;
    MachineParameters m_parameters;
    std::vector<BoxMachine::Port> m_ports;
    BoxMachine m_machine;
    TimePoint m_now{0};
    std::vector<Where> m_where; ///< by handle
    std::map<uint32_t, TimePoint> m_wireFree;
    uint64_t m_submitted = 0;
    uint64_t m_done = 0;
    uint64_t m_digest = 14695981039346656037U;
};

TEST(BoxProperty, EveryFrameComesOutOnceAndNoWorkIsStuck)
{
    for (uint64_t seed = 1; seed <= 300; ++seed)
    {
        SCOPED_TRACE(seed);
        Trial trial(seed);
        trial.Run(600);
        if (testing::Test::HasFailure())
        {
            return;
        }
    }
}

TEST(BoxProperty, TheSameInputsGiveTheSameOutputsAtTheSameTimes)
{
    uint64_t previous = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed)
    {
        Trial one(seed);
        Trial two(seed);
        one.Run(300);
        two.Run(300);
        EXPECT_EQ(one.Digest(), two.Digest()) << seed;
        EXPECT_NE(one.Digest(), previous) << "the digest sees something";
        previous = one.Digest();
    }
}

} // namespace
} // namespace isb
