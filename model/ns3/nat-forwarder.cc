// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/nat-forwarder.h"

#include "model/ns3/sim-time.h"

#include "ns3/boolean.h"
#include "ns3/icmpv4-l4-protocol.h"
#include "ns3/ipv4-route.h"
#include "ns3/net-device.h"
#include "ns3/node.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(NatForwarder);

TypeId
NatForwarder::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::NatForwarder")
            .SetParent<PacketHook>()
            .SetGroupName("Isb")
            .AddConstructor<NatForwarder>()
            .AddAttribute("Preset",
                          "NAT type of the thesis (section 3.6.3) for all protocols: full-cone, "
                          "restricted-cone, port-restricted-cone or symmetric; empty when the axes "
                          "fit none. Other names change nothing.",
                          StringValue("port-restricted-cone"),
                          MakeStringAccessor(&NatForwarder::SetPreset, &NatForwarder::GetPreset),
                          MakeStringChecker())
            .AddAttribute(
                "UdpTimeout",
                "Idle time after which a UDP mapping is forgotten (RFC 4787 REQ-5).",
                TimeValue(Minutes(5)),
                MakeTimeAccessor(&NatForwarder::SetUdpTimeout, &NatForwarder::GetUdpTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "TcpTimeout",
                "Idle time after which an established TCP connection is forgotten "
                "(RFC 5382 REQ-5).",
                TimeValue(Minutes(124)),
                MakeTimeAccessor(&NatForwarder::SetTcpTimeout, &NatForwarder::GetTcpTimeout),
                MakeTimeChecker(MilliSeconds(1)))
            .AddAttribute(
                "FirstPort",
                "First port of the pool of external ports.",
                UintegerValue(1024),
                MakeUintegerAccessor(&NatForwarder::SetFirstPort, &NatForwarder::GetFirstPort),
                MakeUintegerChecker<uint16_t>(1))
            .AddAttribute(
                "LastPort",
                "Last port of the pool of external ports.",
                UintegerValue(65535),
                MakeUintegerAccessor(&NatForwarder::SetLastPort, &NatForwarder::GetLastPort),
                MakeUintegerChecker<uint16_t>(1))
            .AddAttribute("Hairpin",
                          "Insiders reach one another by external endpoints (RFC 4787 REQ-9).",
                          BooleanValue(true),
                          MakeBooleanAccessor(&NatForwarder::SetHairpin, &NatForwarder::GetHairpin),
                          MakeBooleanChecker())
            .AddAttribute(
                "PortAssignment",
                "How an external port is chosen (RFC 4787 section 4.2): preserving, "
                "sequential or random. Other names change nothing.",
                StringValue("preserving"),
                MakeStringAccessor(&NatForwarder::SetAssignment, &NatForwarder::GetAssignment),
                MakeStringChecker());
    return tid;
}

NatForwarder::NatForwarder() = default;
NatForwarder::~NatForwarder() = default;

void
NatForwarder::SetSettings(const isb::NatSettings& settings)
{
    m_settings = settings;
}

const isb::NatSettings&
NatForwarder::GetSettings() const
{
    return m_settings;
}

void
NatForwarder::Install(Ptr<Node> node, Ptr<NetDevice> outside, uint64_t seed)
{
    m_outside = outside;
    m_settings.checksums = Node::ChecksumEnabled();
    m_rng = std::make_unique<isb::SeededRng>(seed);
    m_box = std::make_unique<isb::NatBox>(m_settings, *m_rng, &m_trace);
    PacketHook::Install(node);
}

const isb::NatBox&
NatForwarder::Box() const
{
    return *m_box;
}

void
NatForwarder::DoDispose()
{
    m_outside = nullptr;
    PacketHook::DoDispose();
}

bool
NatForwarder::WantsPreRouting(const Ipv4Header& header, const Ptr<const NetDevice>& device) const
{
    return device == m_outside || header.GetDestination().Get() == m_settings.external.value;
}

PacketHook::Fate
NatForwarder::PreRouting(HeaderImage& image,
                         const Ptr<const Packet>& packet,
                         const Ipv4Header& header,
                         const Ptr<const NetDevice>& device)
{
    const isb::NatSide side = device == m_outside ? isb::NatSide::Outside : isb::NatSide::Inside;
    return Translate(side, image, packet, header, device);
}

bool
NatForwarder::WantsPostRouting(const Ptr<Ipv4Route>& route) const
{
    return route->GetOutputDevice() == m_outside;
}

PacketHook::Fate
NatForwarder::PostRouting(HeaderImage& image,
                          const Ptr<const Packet>& packet,
                          const Ipv4Header& header,
                          const Ptr<const NetDevice>& device)
{
    return Translate(isb::NatSide::Inside, image, packet, header, device);
}

PacketHook::Fate
NatForwarder::Translate(isb::NatSide side,
                        HeaderImage& image,
                        const Ptr<const Packet>& packet,
                        const Ipv4Header& header,
                        const Ptr<const NetDevice>& device)
{
    const isb::NatVerdict verdict =
        m_box->Process(SimulatedNow(), side, image.Bytes(), image.PacketLength());
    Fate fate = Fate::Taken;
    switch (verdict.action)
    {
    case isb::NatVerdict::Action::Forward:
    case isb::NatVerdict::Action::Hairpin:
        fate = Fate::Changed;
        break;
    case isb::NatVerdict::Action::NotForUs:
        fate = Fate::Pass;
        break;
    case isb::NatVerdict::Action::Hold:
        Hold(verdict.ticket, {packet, header, device});
        break;
    case isb::NatVerdict::Action::Drop:
        if (verdict.reason == DropInfo(isb::NatDrop::TtlExpired).reason)
        {
            m_node->GetObject<Icmpv4L4Protocol>()->SendTimeExceededTtl(header, packet, false);
        }
        break;
    }
    Settle();
    return fate;
}

void
NatForwarder::Settle()
{
    for (const uint64_t ticket : m_box->TakeReleased())
    {
        Release(ticket);
    }
    for (const uint64_t ticket : m_box->TakeAbandoned())
    {
        Abandon(ticket);
    }
    WakeAt(m_box->NextTimeout());
}

void
NatForwarder::OnTimeout(isb::TimePoint now)
{
    m_box->Timeout(now);
    Settle();
}

void
NatForwarder::SetPreset(std::string name)
{
    if (const auto axes = isb::NatPreset(name))
    {
        m_settings.udp = m_settings.tcp = m_settings.icmp = *axes;
    }
}

std::string
NatForwarder::GetPreset() const
{
    for (const std::string_view name : isb::NAT_PRESETS)
    {
        const auto axes = isb::NatPreset(name);
        if (axes->mapping == m_settings.udp.mapping && axes->filtering == m_settings.udp.filtering)
        {
            return std::string(name);
        }
    }
    return {};
}

void
NatForwarder::SetUdpTimeout(Time value)
{
    m_settings.timers.udp = ToDuration(value);
}

Time
NatForwarder::GetUdpTimeout() const
{
    return ToTime(m_settings.timers.udp);
}

void
NatForwarder::SetTcpTimeout(Time value)
{
    m_settings.timers.tcpEstablished = ToDuration(value);
}

Time
NatForwarder::GetTcpTimeout() const
{
    return ToTime(m_settings.timers.tcpEstablished);
}

void
NatForwarder::SetFirstPort(uint16_t port)
{
    m_settings.firstPort = port;
}

uint16_t
NatForwarder::GetFirstPort() const
{
    return m_settings.firstPort;
}

void
NatForwarder::SetLastPort(uint16_t port)
{
    m_settings.lastPort = port;
}

uint16_t
NatForwarder::GetLastPort() const
{
    return m_settings.lastPort;
}

void
NatForwarder::SetHairpin(bool on)
{
    m_settings.hairpin = on ? isb::NatHairpin::ExternalSource : isb::NatHairpin::None;
}

bool
NatForwarder::GetHairpin() const
{
    return m_settings.hairpin != isb::NatHairpin::None;
}

void
NatForwarder::SetAssignment(std::string name)
{
    if (const auto assignment = isb::ParseNatPortAssignment(name))
    {
        m_settings.SetAssignment(*assignment);
    }
}

std::string
NatForwarder::GetAssignment() const
{
    return std::string(ToString(m_settings.udp.assignment));
}

} // namespace ns3
