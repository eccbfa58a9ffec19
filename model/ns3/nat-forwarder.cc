// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/nat-forwarder.h"

#include "model/ns3/setting-accessor.h"
#include "model/ns3/sim-time.h"

#include "ns3/boolean.h"
#include "ns3/enum.h"
#include "ns3/ipv4-route.h"
#include "ns3/ipv4.h"
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
        AddLimits(AddTimers(AddPorts(AddManners(TypeId("ns3::NatForwarder")
                                                    .SetParent<PacketHook>()
                                                    .SetGroupName("Isb")
                                                    .AddConstructor<NatForwarder>()))));
    return tid;
}

TypeId
NatForwarder::AddTimers(TypeId tid)
{
    const isb::NatSettings defaults;
    return tid
        .AddAttribute("UdpTimeout",
                      "Idle time after which a UDP session is forgotten (RFC 4787 REQ-5).",
                      TimeValue(ToTime(defaults.timers.udp)),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::timers,
                                          &isb::NatTimers::udp),
                      MakeTimeChecker(MilliSeconds(1)))
        .AddAttribute("TcpTimeout",
                      "Idle time after which an established TCP connection is forgotten (RFC "
                      "5382 REQ-5).",
                      TimeValue(ToTime(defaults.timers.tcpEstablished)),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::timers,
                                          &isb::NatTimers::tcpEstablished),
                      MakeTimeChecker(MilliSeconds(1)))
        .AddAttribute("TcpOpeningTimeout",
                      "The same of one that opens (RFC 5382 REQ-5).",
                      TimeValue(ToTime(defaults.timers.tcpTransitory)),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::timers,
                                          &isb::NatTimers::tcpTransitory),
                      MakeTimeChecker(MilliSeconds(1)))
        .AddAttribute("TcpClosingTimeout",
                      "The same of one that closes (RFC 7857 section 2.1).",
                      TimeValue(ToTime(defaults.timers.tcpClosing)),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::timers,
                                          &isb::NatTimers::tcpClosing),
                      MakeTimeChecker(MilliSeconds(1)))
        .AddAttribute("IcmpTimeout",
                      "Idle time after which an ICMP query session is forgotten (RFC 5508 REQ-2).",
                      TimeValue(ToTime(defaults.timers.icmp)),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::timers,
                                          &isb::NatTimers::icmp),
                      MakeTimeChecker(MilliSeconds(1)))
        .AddAttribute("SynHold",
                      "How long an unsolicited SYN is held (RFC 5382 REQ-4).",
                      TimeValue(ToTime(defaults.timers.synHold)),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::timers,
                                          &isb::NatTimers::synHold),
                      MakeTimeChecker(MilliSeconds(1)))
        .AddAttribute("PortHold",
                      "How long a released external port rests (RFC 6888 REQ-8); 0: not.",
                      TimeValue(ToTime(defaults.timers.portHold)),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::timers,
                                          &isb::NatTimers::portHold),
                      MakeTimeChecker(Seconds(0)));
}

TypeId
NatForwarder::AddPorts(TypeId tid)
{
    const isb::NatSettings defaults;
    return tid
        .AddAttribute(
            "PortAssignment",
            "How an external port is chosen (RFC 4787 section 4.2): preserving, "
            "sequential, random or overloading. Other names change nothing.",
            StringValue("preserving"),
            MakeStringAccessor(&NatForwarder::SetAssignment, &NatForwarder::GetAssignment),
            MakeStringChecker())
        .AddAttribute("FirstPort",
                      "First port of the pool of external ports.",
                      UintegerValue(defaults.firstPort),
                      MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::firstPort),
                      MakeUintegerChecker<uint16_t>(1))
        .AddAttribute("LastPort",
                      "Last port of the pool of external ports.",
                      UintegerValue(defaults.lastPort),
                      MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::lastPort),
                      MakeUintegerChecker<uint16_t>(1))
        .AddAttribute("PortBlockSize",
                      "External ports in a block of a subscriber; 0: one pool for all.",
                      UintegerValue(defaults.blocks.size),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::blocks,
                                          &isb::NatPortBlocks::size),
                      MakeUintegerChecker<uint16_t>())
        .AddAttribute("PortBlocksEach",
                      "Blocks that one subscriber may have at once.",
                      UintegerValue(defaults.blocks.mostEach),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::blocks,
                                          &isb::NatPortBlocks::mostEach),
                      MakeUintegerChecker<uint16_t>(1))
        .AddAttribute("Pooling",
                      "Which of several external addresses the mappings of one host get (RFC 4787 "
                      "section 4.1).",
                      EnumValue(static_cast<int>(defaults.pooling)),
                      MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::pooling),
                      MakeEnumChecker(static_cast<int>(isb::NatPooling::Paired),
                                      "paired",
                                      static_cast<int>(isb::NatPooling::Arbitrary),
                                      "arbitrary"));
}

TypeId
NatForwarder::AddLimits(TypeId tid)
{
    const isb::NatSettings defaults;
    return tid
        .AddAttribute("Mappings",
                      "Mappings of all protocols together.",
                      UintegerValue(defaults.limits.mappings),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::limits,
                                          &isb::NatLimits::mappings),
                      MakeUintegerChecker<size_t>(1))
        .AddAttribute("Sessions",
                      "Permitted destinations and TCP connections of all mappings.",
                      UintegerValue(defaults.limits.sessions),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::limits,
                                          &isb::NatLimits::sessions),
                      MakeUintegerChecker<size_t>(1))
        .AddAttribute("DestinationsPerMapping",
                      "The same of one mapping.",
                      UintegerValue(defaults.limits.destinationsPerMapping),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::limits,
                                          &isb::NatLimits::destinationsPerMapping),
                      MakeUintegerChecker<size_t>(1))
        .AddAttribute("HeldSyns",
                      "Unsolicited SYNs that are held at once.",
                      UintegerValue(defaults.limits.heldSyns),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::limits,
                                          &isb::NatLimits::heldSyns),
                      MakeUintegerChecker<size_t>())
        .AddAttribute("MappingsPerSubscriber",
                      "Mappings of one internal address (RFC 6888 REQ-4); 0: no limit.",
                      UintegerValue(defaults.limits.mappingsPerSubscriber),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::limits,
                                          &isb::NatLimits::mappingsPerSubscriber),
                      MakeUintegerChecker<size_t>())
        .AddAttribute("SessionsPerSubscriber",
                      "Sessions of one internal address; 0: no limit.",
                      UintegerValue(defaults.limits.sessionsPerSubscriber),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::limits,
                                          &isb::NatLimits::sessionsPerSubscriber),
                      MakeUintegerChecker<size_t>())
        .AddAttribute("NewMappingsPerSecond",
                      "New mappings of one internal address; 0: no limit.",
                      UintegerValue(defaults.limits.newMappingsPerSecond),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::limits,
                                          &isb::NatLimits::newMappingsPerSecond),
                      MakeUintegerChecker<uint32_t>())
        .AddAttribute("Eviction",
                      "What a new flow meets when a table is full.",
                      EnumValue(static_cast<int>(defaults.eviction)),
                      MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::eviction),
                      MakeEnumChecker(static_cast<int>(isb::NatEviction::RefuseNew),
                                      "refuse-new",
                                      static_cast<int>(isb::NatEviction::OldestIdle),
                                      "oldest-idle"))
        .AddAttribute("InsideMtu",
                      "Largest packet that fits inside; 0: the smallest MTU of the inside devices.",
                      UintegerValue(defaults.insideMtu),
                      MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::insideMtu),
                      MakeUintegerChecker<uint16_t>())
        .AddAttribute("OutsideMtu",
                      "Largest packet that fits outside; 0: the MTU of the outside device.",
                      UintegerValue(defaults.outsideMtu),
                      MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::outsideMtu),
                      MakeUintegerChecker<uint16_t>());
}

TypeId
NatForwarder::AddManners(TypeId tid)
{
    const isb::NatSettings defaults;
    return tid
        .AddAttribute("Preset",
                      "NAT type of the thesis (section 3.6.3) for all protocols: full-cone, "
                      "restricted-cone, port-restricted-cone or symmetric; or one of "
                      "isb::NAT_FURTHER_PRESETS. Reads as the thesis' type, empty when the axes "
                      "fit none. Other names change nothing.",
                      StringValue("port-restricted-cone"),
                      MakeStringAccessor(&NatForwarder::SetPreset, &NatForwarder::GetPreset),
                      MakeStringChecker())
        .AddAttribute(
            "Hairpin",
            "What an insider sees of another one that it reaches by its external endpoint (RFC "
            "4787 REQ-9).",
            EnumValue(static_cast<int>(defaults.hairpin)),
            MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::hairpin),
            MakeEnumChecker(static_cast<int>(isb::NatHairpin::None),
                            "none",
                            static_cast<int>(isb::NatHairpin::InternalSource),
                            "internal",
                            static_cast<int>(isb::NatHairpin::ExternalSource),
                            "external"))
        .AddAttribute(
            "UnsolicitedSyn",
            "Answer to a SYN from outside that is refused (RFC 5382 REQ-4).",
            EnumValue(static_cast<int>(defaults.unsolicitedSyn)),
            MakeSettingAccessor(&NatForwarder::m_settings, &isb::NatSettings::unsolicitedSyn),
            MakeEnumChecker(static_cast<int>(isb::NatSynAnswer::Drop),
                            "drop",
                            static_cast<int>(isb::NatSynAnswer::Reset),
                            "reset",
                            static_cast<int>(isb::NatSynAnswer::Unreachable),
                            "unreachable",
                            static_cast<int>(isb::NatSynAnswer::Hold),
                            "hold"))
        .AddAttribute("KillOnReset",
                      "Fault: any RST ends the mapping of its connection.",
                      BooleanValue(false),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::faults,
                                          &isb::NatFaults::killOnReset),
                      MakeBooleanChecker())
        .AddAttribute("KillOnIcmp",
                      "Fault: any ICMP error ends the mapping that it is about.",
                      BooleanValue(false),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::faults,
                                          &isb::NatFaults::killOnIcmp),
                      MakeBooleanChecker())
        .AddAttribute("RewritePayload",
                      "Fault: addresses in payloads are translated too (RFC 5389 section 15.2).",
                      BooleanValue(false),
                      MakeSettingAccessor(&NatForwarder::m_settings,
                                          &isb::NatSettings::faults,
                                          &isb::NatFaults::rewritePayload),
                      MakeBooleanChecker());
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
    m_node = node;
    TakeMtus();
    m_rng = std::make_unique<isb::SeededRng>(seed);
    m_box = std::make_unique<isb::NatBox>(m_settings, *m_rng, &m_trace);
    PacketHook::Install(node);
}

/// An MTU that is not set is that of the devices; several inside: the smallest.
void
NatForwarder::TakeMtus()
{
    if (m_settings.outsideMtu == 0)
    {
        m_settings.outsideMtu = m_outside->GetMtu();
    }
    Ptr<Ipv4> ipv4 = m_node->GetObject<Ipv4>();
    uint16_t smallest = 0;
    for (uint32_t i = 1; i < ipv4->GetNInterfaces(); ++i) // 0 is the loopback
    {
        const Ptr<NetDevice> device = ipv4->GetNetDevice(i);
        if (device != m_outside && (smallest == 0 || device->GetMtu() < smallest))
        {
            smallest = device->GetMtu();
        }
    }
    if (m_settings.insideMtu == 0)
    {
        m_settings.insideMtu = smallest;
    }
}

const isb::NatBox&
NatForwarder::Box() const
{
    return *m_box;
}

void
NatForwarder::Reboot()
{
    Reboot(Ipv4Address(m_settings.external.value));
}

void
NatForwarder::Reboot(Ipv4Address external)
{
    m_settings.external.value = external.Get();
    m_box->Reboot(SimulatedNow(), m_settings.external);
    Settle();
}

void
NatForwarder::Rebind()
{
    m_box->Rebind(SimulatedNow());
    Settle();
}

void
NatForwarder::SetFull(bool full)
{
    m_box->SetFull(SimulatedNow(), full);
    Settle();
}

std::optional<isb::Error>
NatForwarder::Reconfigure(const isb::NatSettings& settings)
{
    const isb::NatSettings before = std::exchange(m_settings, settings);
    m_settings.checksums = before.checksums;
    TakeMtus();
    std::optional<isb::Error> fault = m_box->Reconfigure(SimulatedNow(), m_settings);
    if (fault)
    {
        m_settings = before;
    }
    Settle();
    return fault;
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
    return device == m_outside || m_settings.IsExternal(isb::Ipv4{header.GetDestination().Get()});
}

size_t
NatForwarder::ImageSize() const
{
    return m_settings.faults.rewritePayload ? HeaderImage::MOST_BYTES : HeaderImage::HEADER_BYTES;
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
    for (const isb::NatEmitted& emitted : m_box->TakeEmitted())
    {
        SendCrafted(emitted.packet);
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
    (void)isb::ApplyNatPreset(name, m_settings);
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
