// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/lab-installer.h"

#include "helper/box-helper.h"
#include "helper/ist-helper.h"
#include "helper/nat-helper.h"

#include "model/core/random/rng.h"
#include "model/lab/lab-routes.h"
#include "model/ns3/box-driver.h"
#include "model/ns3/firewall-forwarder.h"
#include "model/ns3/flow-meter.h"
#include "model/ns3/ist-forwarder.h"
#include "model/ns3/nat-forwarder.h"
#include "model/ns3/proxy-application.h"
#include "model/ns3/sim-time.h"

#include "ns3/boolean.h"
#include "ns3/data-rate.h"
#include "ns3/global-value.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/rng-seed-manager.h"

#include <utility>

namespace ns3
{

namespace
{

constexpr uint32_t FIRST_PORT = 5001;

/// What a seed is for: the same lab seed gives each object a stream of its own.
enum SeedPurpose : uint64_t
{
    SEED_NAT = 1,
    SEED_IST,
    SEED_PROXY,
    SEED_FIREWALL,
    SEED_IMPAIRMENT,
};

Ipv4Address
ToAddress(isb::Ipv4 address)
{
    return Ipv4Address(address.value);
}

/// The device of the port that is outside.
Ptr<NetDevice>
OutsideOf(Ptr<Node> node, const isb::Box& box)
{
    const Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
    const Ipv4Address address = ToAddress(box.ports[box.outside].address);
    return ipv4->GetNetDevice(static_cast<uint32_t>(ipv4->GetInterfaceForAddress(address)));
}

} // namespace

LabInstaller::LabInstaller(const isb::Lab& lab, uint64_t seed)
    : m_lab(lab),
      m_seed(seed),
      m_nextPort(FIRST_PORT)
{
}

LabInstaller::~LabInstaller() = default;

void
LabInstaller::SetEventCallback(EventCallback callback)
{
    m_onEvent = std::move(callback);
}

void
LabInstaller::SetWireCallback(WireCallback callback)
{
    m_onWire = std::move(callback);
}

isb::Duration
LabInstaller::DrainTime()
{
    return std::chrono::milliseconds(200);
}

Ptr<Node>
LabInstaller::GetHost(size_t index) const
{
    return m_hosts[index].node;
}

Ptr<Node>
LabInstaller::GetBox(size_t index) const
{
    return m_boxes[index].node;
}

Ptr<NatForwarder>
LabInstaller::GetNat(size_t index) const
{
    return m_boxes[index].nat;
}

const LabPrograms&
LabInstaller::Programs() const
{
    return *m_programs;
}

uint64_t
LabInstaller::SeedFor(uint64_t purpose, uint64_t index) const
{
    isb::SeededRng rng(m_seed * 1'000'003 + purpose * 10'007 + index);
    return rng.Next();
}

std::optional<std::string>
LabInstaller::Install()
{
    GlobalValue::Bind("ChecksumEnabled", BooleanValue(m_lab.checksums));
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(m_seed);
    CreateNodes();
    CreateLinks();
    CreateRoutes();
    CreateRoles();
    ScheduleNatIncidents();
    CreatePrograms();
    return CreateTraffic();
}

void
LabInstaller::ScheduleNatIncidents()
{
    for (const isb::Incident& incident : m_lab.incidents)
    {
        for (size_t i = 0; i < m_boxes.size(); ++i)
        {
            if (m_boxes[i].nat && m_lab.boxes[i].name == incident.who)
            {
                Simulator::Schedule(ToTime(incident.at),
                                    [this, &incident, nat = m_boxes[i].nat]
                                    { HappenToNat(incident, nat); });
            }
        }
    }
}

void
LabInstaller::HappenToNat(const isb::Incident& incident, const Ptr<NatForwarder>& nat) const
{
    switch (incident.kind)
    {
    case isb::IncidentKind::Reboot:
        nat->Reboot();
        break;
    case isb::IncidentKind::Rebind:
        nat->Rebind();
        break;
    case isb::IncidentKind::Fill:
    case isb::IncidentKind::Drain:
        nat->SetFull(incident.kind == isb::IncidentKind::Fill);
        break;
    default:
        break; // of a program's: LabPrograms has it
    }
}

void
LabInstaller::CreateNodes()
{
    const BoxHelper helper;
    const auto create = [&](const std::string& machine) {
        return machine.empty() ? helper.CreateNode()
                               : helper.CreateNode(m_lab.machines.at(machine));
    };
    for (const isb::Host& host : m_lab.hosts)
    {
        Ptr<Node> node = create(host.machine);
        node->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(false));
        m_hosts.push_back({node});
        TraceNode(node, host.name);
    }
    for (const isb::Box& box : m_lab.boxes)
    {
        BoxParts parts;
        parts.node = create(box.machine);
        m_boxes.push_back(parts);
        TraceNode(parts.node, box.name);
    }
}

void
LabInstaller::TraceNode(Ptr<Node> node, const std::string& name)
{
    if (m_onEvent)
    {
        BoxHelper::GetDriver(node)->TraceConnectWithoutContext(
            "Events",
            Callback<void, const isb::TraceEvent&>([this, name](const isb::TraceEvent& event)
                                                   { m_onEvent(event, name); }));
    }
}

void
LabInstaller::CreateLinks()
{
    const BoxHelper helper;
    const auto endOf = [&](const isb::LinkEnd& end) -> BoxHelper::End
    {
        if (end.node.kind == isb::LabNode::IsHost)
        {
            const isb::LabPort& port = m_lab.hosts[end.node.index].port;
            return {m_hosts[end.node.index].node, port.name, ToAddress(port.address), port.nic};
        }
        const isb::LabPort& port = m_lab.boxes[end.node.index].ports[end.port];
        return {m_boxes[end.node.index].node, port.name, ToAddress(port.address), port.nic};
    };
    // A node's interfaces are made in the order of the lab's links; ports are found by address.
    for (size_t i = 0; i < m_lab.links.size(); ++i)
    {
        const isb::Link& link = m_lab.links[i];
        helper.Link(endOf(link.ends[0]),
                    endOf(link.ends[1]),
                    link.subnet.length,
                    DataRate(link.rate.bitsPerSecond),
                    ToTime(link.delay));
        for (size_t from = 0; from < 2; ++from)
        {
            if (link.impair[from])
            {
                helper.Impair(endOf(link.ends[1 - from]),
                              *link.impair[from],
                              SeedFor(SEED_IMPAIRMENT, 2 * i + from));
            }
        }
    }
    for (size_t i = 0; i < m_hosts.size(); ++i)
    {
        const Ptr<Ipv4> ipv4 = m_hosts[i].node->GetObject<Ipv4>();
        for (const isb::Ipv4 address : m_lab.hosts[i].port.further)
        {
            constexpr uint32_t ONLY_LINK = 1; // 0 is loopback
            ipv4->AddAddress(ONLY_LINK,
                             Ipv4InterfaceAddress(ToAddress(address), Ipv4Mask("255.255.255.255")));
        }
        helper.Start(m_hosts[i].node);
    }
    for (size_t i = 0; i < m_boxes.size(); ++i)
    {
        helper.Start(m_boxes[i].node);
        if (m_onWire)
        {
            Ptr<BoxDriver> driver = BoxHelper::GetDriver(m_boxes[i].node);
            const std::string& name = m_lab.boxes[i].name;
            driver->TraceConnectWithoutContext(
                "Wire",
                Callback<void, Ptr<const Packet>, uint32_t, bool>(
                    [this, name, driver = PeekPointer(driver)](Ptr<const Packet> packet,
                                                               uint32_t port,
                                                               bool leaves)
                    { m_onWire(name, driver->PortName(port), packet, leaves); }));
        }
    }
}

void
LabInstaller::CreateRoutes()
{
    const BoxHelper helper;
    const isb::LabRoutes routes = ComputeLabRoutes(m_lab);
    const auto add = [&](Ptr<Node> node, const std::vector<isb::LabRoute>& table)
    {
        for (const isb::LabRoute& route : table)
        {
            helper.AddRoute(node,
                            ToAddress(route.destination.address),
                            route.destination.length,
                            ToAddress(route.nextHop));
        }
    };
    for (size_t i = 0; i < m_hosts.size(); ++i)
    {
        add(m_hosts[i].node, routes.hosts[i]);
    }
    for (size_t i = 0; i < m_boxes.size(); ++i)
    {
        add(m_boxes[i].node, routes.boxes[i]);
    }
}

void
LabInstaller::CreateRoles()
{
    for (size_t i = 0; i < m_boxes.size(); ++i)
    {
        const isb::Box& box = m_lab.boxes[i];
        BoxParts& parts = m_boxes[i];
        Ptr<Object> traced;
        switch (box.role)
        {
        case isb::BoxRole::Forwarder:
            break;
        case isb::BoxRole::Firewall:
            traced = CreateFirewall(i);
            break;
        case isb::BoxRole::Nat:
            traced = CreateNat(i);
            break;
        case isb::BoxRole::IstKernel:
            parts.ist = IstHelper().InstallKernel(parts.node, box.ist, SeedFor(SEED_IST, i));
            traced = parts.ist;
            break;
        case isb::BoxRole::IstApp:
            parts.proxy = IstHelper().InstallApp(parts.node, SeedFor(SEED_PROXY, i));
            traced = parts.proxy;
            break;
        }
        if (traced && m_onEvent)
        {
            traced->TraceConnectWithoutContext(
                "Events",
                Callback<void, const isb::TraceEvent&>([this, &box](const isb::TraceEvent& event)
                                                       { m_onEvent(event, box.name); }));
        }
    }
}

Ptr<Object>
LabInstaller::CreateNat(size_t index)
{
    const isb::Box& box = m_lab.boxes[index];
    BoxParts& parts = m_boxes[index];
    isb::NatSettings settings = box.nat;
    settings.allowedDestinations = box.allowed;
    parts.nat = NatHelper().Install(parts.node,
                                    OutsideOf(parts.node, box),
                                    settings,
                                    SeedFor(SEED_NAT, index));
    if (box.lookup == isb::NatLookup::List)
    {
        BoxHelper::GetDriver(parts.node)
            ->SetTableEntries([nat = PeekPointer(parts.nat)]
                              { return static_cast<uint32_t>(nat->Box().MappingCount()); });
    }
    return parts.nat;
}

Ptr<Object>
LabInstaller::CreateFirewall(size_t index)
{
    const isb::Box& box = m_lab.boxes[index];
    BoxParts& parts = m_boxes[index];
    isb::FilterSettings settings;
    settings.allowedDestinations = box.allowed;
    for (size_t port = 0; port < box.ports.size(); ++port)
    {
        if (port != box.outside)
        {
            const isb::LabPort& inside = box.ports[port];
            settings.internal.push_back(inside.subnet);
            settings.internal.insert(settings.internal.end(),
                                     inside.beyond.begin(),
                                     inside.beyond.end());
        }
    }
    parts.firewall = NatHelper().InstallFirewall(parts.node,
                                                 OutsideOf(parts.node, box),
                                                 settings,
                                                 SeedFor(SEED_FIREWALL, index));
    return parts.firewall;
}

void
LabInstaller::CreatePrograms()
{
    std::vector<Ptr<Node>> nodes;
    for (const HostParts& host : m_hosts)
    {
        nodes.push_back(host.node);
    }
    m_programs = std::make_unique<LabPrograms>(m_lab, std::move(nodes), m_seed, m_onEvent);
    m_programs->Install();
}

} // namespace ns3
