// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/lab-gate.h"

#include "emulation/lab/firewall-gate.h"
#include "emulation/lab/nat-gate.h"

namespace isb
{

LabGate::LabGate(const World& world, const NetworkNamespace& space)
    : m_clock(world.clock),
      m_timer(world.context)
{
    constexpr uint16_t MTU = 1500;
    const NamespaceScope scope(space);
    const auto open = [&](const char* device)
    {
        auto port = std::make_unique<TunPort>(world.context, device, std::nullopt, MTU);
        port->SetOffload(false);
        return port;
    };
    m_inside = open(INSIDE);
    m_outside = open(OUTSIDE);
}

void
LabGate::Start()
{
    Read(*m_inside, NatSide::Inside);
    Read(*m_outside, NatSide::Outside);
}

void
LabGate::Read(TunPort& port, NatSide side)
{
    port.Start(
        [this, side](const MutableBytes* packets, size_t count)
        {
            const TimePoint now = m_clock.Now();
            for (size_t i = 0; i < count; ++i)
            {
                Receive(now, side, packets[i]);
            }
            ArmTimer();
        });
}

void
LabGate::SendTo(NatSide to, ByteView bytes)
{
    // What the kernel does not take is lost, as on any wire.
    (void)(to == NatSide::Inside ? m_inside : m_outside)->Write(bytes);
}

void
LabGate::ArmTimer()
{
    const TimePoint next = NextTimeout();
    if (next >= m_armed)
    {
        return; // a timer that fires too early finds nothing and is set anew
    }
    m_armed = next;
    m_timer.expires_at(m_clock.AtClock(next));
    m_timer.async_wait(
        [this](const std::error_code& error)
        {
            if (!error)
            {
                m_armed = TIME_NEVER;
                Timeout(m_clock.Now());
                ArmTimer();
            }
        });
}

std::unique_ptr<LabGate>
LabGate::Make(const World& world,
              const Box& box,
              const NetworkNamespace& space,
              uint64_t seed,
              TraceSink* trace)
{
    switch (box.role)
    {
    case BoxRole::Nat:
        return std::make_unique<NatGate>(world, box, space, seed, trace);
    case BoxRole::Firewall:
        return std::make_unique<FirewallGate>(world, box, space, seed, trace);
    case BoxRole::Forwarder:
    case BoxRole::IstApp:
    case BoxRole::IstKernel:
        break;
    }
    return nullptr;
}

} // namespace isb
