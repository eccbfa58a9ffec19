// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/firewall-forwarder.h"

#include "model/ns3/setting-accessor.h"

#include "ns3/ipv4.h"
#include "ns3/node.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(FirewallForwarder);

TypeId
FirewallForwarder::GetTypeId()
{
    static const isb::FilterSettings defaults;
    static TypeId tid =
        TypeId("ns3::FirewallForwarder")
            .SetParent<PacketHook>()
            .SetGroupName("Isb")
            .AddConstructor<FirewallForwarder>()
            .AddAttribute(
                "Flows",
                "Flows known at once; one more is refused.",
                UintegerValue(defaults.flows),
                MakeSettingAccessor(&FirewallForwarder::m_settings, &isb::FilterSettings::flows),
                MakeUintegerChecker<size_t>(1))
            .AddAttribute("FragmentedDatagrams",
                          "Datagrams whose fragments are followed, a side.",
                          UintegerValue(defaults.fragmentedDatagrams),
                          MakeSettingAccessor(&FirewallForwarder::m_settings,
                                              &isb::FilterSettings::fragmentedDatagrams),
                          MakeUintegerChecker<size_t>(0))
            .AddAttribute("HeldFragments",
                          "Fragments that wait for their first one, a side.",
                          UintegerValue(defaults.heldFragments),
                          MakeSettingAccessor(&FirewallForwarder::m_settings,
                                              &isb::FilterSettings::heldFragments),
                          MakeUintegerChecker<size_t>(0));
    return tid;
}

FirewallForwarder::FirewallForwarder() = default;
FirewallForwarder::~FirewallForwarder() = default;

void
FirewallForwarder::SetSettings(const isb::FilterSettings& settings)
{
    m_settings = settings;
}

const isb::FilterSettings&
FirewallForwarder::GetSettings() const
{
    return m_settings;
}

void
FirewallForwarder::Install(Ptr<Node> node, Ptr<NetDevice> outside, uint64_t seed)
{
    PacketHook::Install(node);
    m_outside = outside;
    m_settings.checksums = Node::ChecksumEnabled();
    m_settings.own.clear();
    for (uint32_t i = 1; i < m_ipv4->GetNInterfaces(); ++i) // 0 is the loopback
    {
        for (uint32_t j = 0; j < m_ipv4->GetNAddresses(i); ++j)
        {
            m_settings.own.push_back({m_ipv4->GetAddress(i, j).GetLocal().Get()});
        }
    }
    m_rng = std::make_unique<isb::SeededRng>(seed);
    m_filter = std::make_unique<isb::StatefulFilter>(m_settings, *m_rng, &m_trace);
}

const isb::StatefulFilter&
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

bool
FirewallForwarder::WantsPreRouting(const Ipv4Header& header, const Ptr<const NetDevice>&) const
{
    return !header.GetDestination().IsLocalhost();
}

PacketHook::Fate
FirewallForwarder::PreRouting(HeaderImage& image,
                              const Ptr<const Packet>& packet,
                              const Ipv4Header& header,
                              const Ptr<const NetDevice>& device)
{
    const isb::NatSide side = device == m_outside ? isb::NatSide::Outside : isb::NatSide::Inside;
    const isb::MutableBytes bytes = image.Bytes();
    const isb::FilterVerdict verdict =
        m_filter->Process(SimulatedNow(), side, {bytes.data, bytes.size}, image.PacketLength());
    if (verdict.action == isb::FilterVerdict::Action::Hold)
    {
        Hold(verdict.ticket, {packet, header, device});
    }
    Settle();
    return verdict.action == isb::FilterVerdict::Action::Pass ? Fate::Pass : Fate::Taken;
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
