// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/firewall-forwarder.h"

#include "model/ns3/sim-time.h"

#include "ns3/ipv4.h"
#include "ns3/node.h"

#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(FirewallForwarder);

TypeId
FirewallForwarder::GetTypeId()
{
    static TypeId tid = TypeId("ns3::FirewallForwarder")
                            .SetParent<PacketHook>()
                            .SetGroupName("Isb")
                            .AddConstructor<FirewallForwarder>();
    return tid;
}

FirewallForwarder::FirewallForwarder() = default;
FirewallForwarder::~FirewallForwarder() = default;

void
FirewallForwarder::Install(Ptr<Node> node,
                           Ptr<NetDevice> outside,
                           isb::FilterSettings settings,
                           uint64_t seed)
{
    m_outside = outside;
    settings.checksums = Node::ChecksumEnabled();
    settings.own.clear();
    const Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
    for (uint32_t i = 0; i < ipv4->GetNInterfaces(); ++i)
    {
        settings.own.push_back({ipv4->GetAddress(i, 0).GetLocal().Get()});
    }
    m_rng = std::make_unique<isb::SeededRng>(seed);
    m_filter = std::make_unique<isb::PacketFilter>(settings, *m_rng, &m_trace);
    PacketHook::Install(node);
}

const isb::PacketFilter&
FirewallForwarder::Filter() const
{
    return *m_filter;
}

void
FirewallForwarder::DoDispose()
{
    m_outside = nullptr;
    PacketHook::DoDispose();
}

PacketHook::Fate
FirewallForwarder::PreRouting(HeaderImage& image,
                              const Ptr<const Packet>& packet,
                              const Ipv4Header& header,
                              const Ptr<const NetDevice>& device)
{
    const isb::NatSide side = device == m_outside ? isb::NatSide::Outside : isb::NatSide::Inside;
    const isb::FilterVerdict verdict =
        m_filter->Process(SimulatedNow(), side, image.Bytes(), image.PacketLength());
    Fate fate = Fate::Taken;
    switch (verdict.action)
    {
    case isb::FilterVerdict::Action::Pass:
        fate = Fate::Pass;
        break;
    case isb::FilterVerdict::Action::Hold:
        Hold(verdict.ticket, {packet, header, device});
        break;
    case isb::FilterVerdict::Action::Drop:
        break;
    }
    Settle();
    return fate;
}

void
FirewallForwarder::Settle()
{
    for (const uint64_t ticket : m_filter->TakeReleased())
    {
        Release(ticket);
    }
    for (const uint64_t ticket : m_filter->TakeAbandoned())
    {
        Abandon(ticket);
    }
    WakeAt(m_filter->NextTimeout());
}

void
FirewallForwarder::OnTimeout(isb::TimePoint now)
{
    m_filter->Timeout(now);
    Settle();
}

} // namespace ns3
