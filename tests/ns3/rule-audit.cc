// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/ns3/rule-audit.h"

#include "helper/box-helper.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/nat-forwarder.h"
#include "model/ns3/packet-hook.h"
#include "model/ns3/tcp-bulk-sender.h"
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/udp-ping-client.h"
#include "model/ns3/udp-rate-sender.h"

#include "ns3/inet-socket-address.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/object-vector.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/tcp-header.h"
#include "ns3/tcp-l4-protocol.h"
#include "ns3/udp-header.h"
#include "ns3/udp-l4-protocol.h"

#include <algorithm>
#include <optional>

namespace ns3test
{

namespace
{

constexpr uint16_t FIRST_FREE_PORT = 1024; // below it, binding takes privilege
constexpr uint8_t ICMP = 1;
constexpr uint8_t TCP = 6;
constexpr uint8_t UDP = 17;
constexpr uint32_t LOCALHOST = 0x7f000001;

const std::set<std::string> PLAIN_PROGRAMS = {"ns3::TcpBulkSender",
                                              "ns3::TcpBulkReceiver",
                                              "ns3::TcpRequestClient",
                                              "ns3::TcpRequestServer",
                                              "ns3::UdpPingClient",
                                              "ns3::UdpPingServer",
                                              "ns3::UdpRateSender",
                                              "ns3::UdpRateSink"};
const std::string DAEMON = "ns3::UserDaemonApplication";

/// What clients of services were told about the world; empty for a server.
std::vector<isb::Endpoint>
TargetsOf(const Ptr<Application>& program)
{
    if (const auto client = DynamicCast<TcpRequestClient>(program))
    {
        return {client->Target()};
    }
    if (const auto client = DynamicCast<UdpPingClient>(program))
    {
        return {client->Target()};
    }
    if (const auto client = DynamicCast<UdpRateSender>(program))
    {
        return {client->Target()};
    }
    std::vector<isb::Endpoint> targets;
    if (const auto sender = DynamicCast<TcpBulkSender>(program))
    {
        for (const TcpPlan& plan : sender->Plans())
        {
            targets.push_back(plan.target);
        }
    }
    return targets;
}

bool
SameAxes(const isb::NatAxes& a, const isb::NatAxes& b)
{
    return a.mapping == b.mapping && a.filtering == b.filtering && a.assignment == b.assignment &&
           a.step == b.step && a.parity == b.parity && a.contiguity == b.contiguity &&
           a.refresh == b.refresh;
}

/// Everything that says how a NAT behaves; not its place (addresses) nor the simulation's
/// checksums.
bool
SameBehaviour(const isb::NatSettings& a, const isb::NatSettings& b)
{
    return SameAxes(a.udp, b.udp) && SameAxes(a.tcp, b.tcp) && SameAxes(a.icmp, b.icmp) &&
           a.firstPort == b.firstPort && a.lastPort == b.lastPort && a.hairpin == b.hairpin &&
           a.timers.udp == b.timers.udp && a.timers.tcpEstablished == b.timers.tcpEstablished &&
           a.timers.tcpTransitory == b.timers.tcpTransitory && a.timers.icmp == b.timers.icmp &&
           a.timers.fragments == b.timers.fragments && a.limits.mappings == b.limits.mappings &&
           a.limits.sessions == b.limits.sessions &&
           a.limits.destinationsPerMapping == b.limits.destinationsPerMapping &&
           a.limits.fragmentedDatagrams == b.limits.fragmentedDatagrams &&
           a.limits.heldFragments == b.limits.heldFragments;
}

/// True when the settings are those of a preset that the text names. Without any name, or with a
/// table of its own, the scenario describes its NATs itself: nothing to compare with.
bool
IsAsTheTextSays(const isb::NatSettings& settings, const std::string& text)
{
    if (text.find(".nat]") != std::string::npos || text.find("nat = {") != std::string::npos)
    {
        return true;
    }
    for (const std::string_view preset : isb::NAT_PRESETS)
    {
        isb::NatSettings plain;
        plain.udp = plain.tcp = plain.icmp = *isb::NatPreset(preset);
        const bool named = text.find('"' + std::string(preset) + '"') != std::string::npos;
        if (named && SameBehaviour(settings, plain))
        {
            return true;
        }
    }
    return false;
}

} // namespace

RuleAudit::RuleAudit(const isb::Lab& lab, std::string text, const LabInstaller& installer)
    : m_lab(lab),
      m_text(std::move(text)),
      m_installer(installer)
{
    for (const isb::LabUser& user : lab.users)
    {
        m_hosts.insert(user.host);
        for (const std::optional<size_t>& server : user.serverHosts)
        {
            m_hosts.insert(server.value_or(user.host));
        }
    }
    for (const size_t host : m_hosts)
    {
        WatchHost(host);
    }
    for (size_t i = 0; i < lab.boxes.size(); ++i)
    {
        WatchNat(i);
    }
    Sample();
}

void
RuleAudit::WatchHost(size_t host)
{
    BoxHelper::GetDriver(m_installer.GetHost(host))
        ->TraceConnectWithoutContext(
            "Wire",
            Callback<void, Ptr<const Packet>, uint32_t, bool>(
                [this, host](Ptr<const Packet> packet, uint32_t, bool leaves)
                {
                    if (leaves)
                    {
                        Leaves(host, packet);
                    }
                }));
}

void
RuleAudit::WatchNat(size_t box)
{
    if (!m_installer.GetNat(box))
    {
        return;
    }
    if (!IsAsTheTextSays(m_lab.boxes[box].nat, m_text))
    {
        Breach(m_lab.boxes[box].name, "NAT settings that no preset of the scenario has");
    }
    CheckNat(box);
    m_installer.GetBox(box)->GetObject<Ipv4L3Protocol>()->TraceConnectWithoutContext(
        "LocalDeliver",
        Callback<void, const Ipv4Header&, Ptr<const Packet>, uint32_t>(
            [this, box](const Ipv4Header& header, Ptr<const Packet>, uint32_t)
            {
                Breach(m_lab.boxes[box].name,
                       "message to the NAT box itself, protocol " +
                           std::to_string(header.GetProtocol()));
            }));
}

void
RuleAudit::Sample()
{
    for (const size_t host : m_hosts)
    {
        CheckNode(host);
        CheckPrograms(host);
        CheckSockets(host);
    }
    Simulator::Schedule(MilliSeconds(100), &RuleAudit::Sample, this);
}

void
RuleAudit::CheckNode(size_t host)
{
    const Ptr<Ipv4> ipv4 = m_installer.GetHost(host)->GetObject<Ipv4>();
    if (DynamicCast<PacketHook>(ipv4->GetRoutingProtocol()))
    {
        Breach(m_lab.hosts[host].name, "packet hook");
    }
}

void
RuleAudit::CheckPrograms(size_t host)
{
    const Ptr<Node> node = m_installer.GetHost(host);
    const std::string& name = m_lab.hosts[host].name;
    for (uint32_t i = 0; i < node->GetNApplications(); ++i)
    {
        const Ptr<Application> program = node->GetApplication(i);
        const std::string type = program->GetInstanceTypeId().GetName();
        if (type != DAEMON && PLAIN_PROGRAMS.count(type) == 0)
        {
            Breach(name, "program that is neither daemon nor plain client or server: " + type);
        }
        for (const isb::Endpoint& target : TargetsOf(program))
        {
            if (target.address.value != LOCALHOST || !IsLocalPort(host, target.port))
            {
                Breach(name, "client that knows " + target.ToString());
            }
        }
    }
}

void
RuleAudit::CheckSockets(size_t host)
{
    const auto visit = [&](const Ptr<Object>& protocol)
    {
        ObjectVectorValue sockets;
        protocol->GetAttribute("SocketList", sockets);
        for (auto item = sockets.Begin(); item != sockets.End(); ++item)
        {
            Address local;
            DynamicCast<Socket>(item->second)->GetSockName(local);
            const uint16_t port = InetSocketAddress::ConvertFrom(local).GetPort();
            if (port != 0 && port < FIRST_FREE_PORT && !IsServerPort(host, port))
            {
                Breach(m_lab.hosts[host].name, "privileged port " + std::to_string(port));
            }
        }
    };
    visit(m_installer.GetHost(host)->GetObject<TcpL4Protocol>());
    visit(m_installer.GetHost(host)->GetObject<UdpL4Protocol>());
}

void
RuleAudit::CheckNat(size_t box)
{
    const Ptr<NatForwarder> nat = m_installer.GetNat(box);
    if (nat && !SameBehaviour(nat->GetSettings(), m_lab.boxes[box].nat))
    {
        Breach(m_lab.boxes[box].name, "NAT settings that are not the scenario's");
    }
}

void
RuleAudit::Leaves(size_t host, const Ptr<const Packet>& packet)
{
    const std::string& name = m_lab.hosts[host].name;
    const Ptr<Packet> copy = packet->Copy();
    Ipv4Header ip;
    copy->RemoveHeader(ip);
    if (ip.GetSource().Get() != m_lab.hosts[host].port.address.value)
    {
        Breach(name, "packet with a foreign source address");
    }
    const uint8_t protocol = ip.GetProtocol();
    if (protocol != TCP && protocol != UDP && protocol != ICMP)
    {
        Breach(name, "packet of protocol " + std::to_string(protocol));
    }
    if (protocol == ICMP || ip.GetFragmentOffset() != 0)
    {
        return;
    }
    UdpHeader ports; // the ports are where TCP's are
    copy->PeekHeader(ports);
    const uint16_t port = ports.GetSourcePort();
    if (port < FIRST_FREE_PORT && !IsServerPort(host, port))
    {
        Breach(name, "packet from privileged port " + std::to_string(port));
    }
}

bool
RuleAudit::IsServerPort(size_t host, uint16_t port) const
{
    for (const isb::LabUser& user : m_lab.users)
    {
        for (size_t i = 0; i < user.settings.provides.size(); ++i)
        {
            if (user.serverHosts[i].value_or(user.host) == host &&
                user.settings.provides[i].server.port == port)
            {
                return true;
            }
        }
    }
    return false;
}

bool
RuleAudit::IsLocalPort(size_t host, uint16_t port) const
{
    for (const isb::LabUser& user : m_lab.users)
    {
        const auto& wants = user.settings.wants;
        if (user.host == host &&
            std::any_of(wants.begin(),
                        wants.end(),
                        [&](const isb::WantedService& wanted) { return wanted.localPort == port; }))
        {
            return true;
        }
    }
    return false;
}

void
RuleAudit::Breach(const std::string& where, const std::string& what)
{
    m_breaches.insert(where + ": " + what);
}

std::vector<std::string>
RuleAudit::Finish()
{
    for (const size_t host : m_hosts)
    {
        CheckNode(host);
        CheckSockets(host);
    }
    for (size_t i = 0; i < m_lab.boxes.size(); ++i)
    {
        CheckNat(i);
    }
    return {m_breaches.begin(), m_breaches.end()};
}

} // namespace ns3test
