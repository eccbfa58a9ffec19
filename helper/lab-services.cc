// SPDX-License-Identifier: GPL-2.0-or-later
// Traffic of services: LabInstaller's part that makes unmodified clients and servers. A client
// knows its own host alone, a server nobody.
#include "helper/box-helper.h"
#include "helper/lab-installer.h"

#include "model/ns3/sim-time.h"
#include "model/ns3/tcp-bulk-receiver.h"
#include "model/ns3/tcp-bulk-sender.h"
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/tcp-request-server.h"
#include "model/ns3/udp-ping-client.h"
#include "model/ns3/udp-ping-server.h"
#include "model/ns3/udp-rate-sender.h"
#include "model/ns3/udp-rate-sink.h"

#include "ns3/boolean.h"
#include "ns3/data-rate.h"
#include "ns3/node.h"
#include "ns3/uinteger.h"

namespace ns3
{

namespace
{

constexpr isb::Ipv4 LOCALHOST{0x7f000001};

enum SeedPurpose : uint64_t
{
    SEED_SERVER = 111,
};

/// Bytes that a connection's client sends and gets at a time, which its server must know. A stream
/// gets nothing; zero: it has no size.
std::pair<uint64_t, uint64_t>
SizesOf(const isb::Traffic& traffic)
{
    switch (traffic.kind)
    {
    case isb::TrafficKind::TcpBulk:
        return {traffic.totalBytes, 0};
    case isb::TrafficKind::RequestResponse:
        return {traffic.requestBytes, traffic.responseBytes};
    case isb::TrafficKind::TcpPingPong:
        return {traffic.payloadBytes, traffic.payloadBytes};
    case isb::TrafficKind::UdpRate:
    case isb::TrafficKind::UdpPingPong:
        break;
    }
    return {0, 0};
}

} // namespace

std::optional<std::string>
LabInstaller::CreateService(size_t index)
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    const isb::DaemonSettings& subscriber = m_lab.users[traffic.service->user].settings;
    CreateClient(index, {LOCALHOST, subscriber.wants[traffic.service->wanted].localPort});
    return JoinServer(index);
}

void
LabInstaller::CreateRequests(size_t index)
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    const auto port = static_cast<uint16_t>(m_nextPort++);
    CreateClient(index, {m_lab.hosts[traffic.to].port.address, port});
    Attach(traffic, traffic.to, MakeServer(traffic, port));
}

void
LabInstaller::CreateClient(size_t index, isb::Endpoint target)
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    switch (traffic.kind)
    {
    case isb::TrafficKind::TcpBulk:
    {
        Ptr<TcpBulkSender> sender = CreateObject<TcpBulkSender>();
        sender->SetPlans(std::vector<TcpPlan>(traffic.connections, {target, 0}));
        sender->SetTuning(CreateObject<TcpTuning>());
        sender->SetAttribute("TotalBytes", UintegerValue(traffic.totalBytes));
        Attach(traffic, traffic.from, sender);
        break;
    }
    case isb::TrafficKind::RequestResponse:
    case isb::TrafficKind::TcpPingPong:
    {
        const auto [request, response] = SizesOf(traffic);
        Ptr<TcpRequestClient> client = CreateObject<TcpRequestClient>();
        client->SetTarget(target);
        client->SetTuning(CreateObject<TcpTuning>());
        client->SetAttribute("Connections", UintegerValue(traffic.connections));
        client->SetAttribute("RequestSize", UintegerValue(request));
        client->SetAttribute("ResponseSize", UintegerValue(response));
        client->SetAttribute("Pause", TimeValue(ToTime(traffic.pause)));
        client->SetAttribute("Requests", UintegerValue(traffic.requestsEach));
        client->SetAttribute("Reopen", BooleanValue(traffic.requestsEach != 0));
        Attach(traffic, traffic.from, client);
        break;
    }
    case isb::TrafficKind::UdpRate:
    {
        Ptr<UdpRateSender> sender = CreateObject<UdpRateSender>();
        sender->SetTarget(target);
        sender->SetAttribute("Payload", UintegerValue(traffic.payloadBytes));
        const uint64_t rate = traffic.rate ? traffic.rate->bitsPerSecond : 0;
        sender->SetAttribute("Rate", DataRateValue(DataRate(rate)));
        Attach(traffic, traffic.from, sender);
        break;
    }
    case isb::TrafficKind::UdpPingPong:
    {
        Ptr<UdpPingClient> client = CreateObject<UdpPingClient>();
        client->SetTarget(target);
        client->SetAttribute("Payload", UintegerValue(traffic.payloadBytes));
        Attach(traffic, traffic.from, client);
        break;
    }
    }
}

Ptr<TrafficApplication>
LabInstaller::MakeServer(const isb::Traffic& traffic, uint16_t port)
{
    switch (traffic.kind)
    {
    case isb::TrafficKind::TcpBulk:
    {
        Ptr<TcpBulkReceiver> receiver = CreateObject<TcpBulkReceiver>();
        receiver->SetPort(port);
        receiver->SetTuning(CreateObject<TcpTuning>());
        receiver->SetAttribute("TotalBytes", UintegerValue(traffic.totalBytes));
        return receiver;
    }
    case isb::TrafficKind::RequestResponse:
    case isb::TrafficKind::TcpPingPong:
    {
        const auto [request, response] = SizesOf(traffic);
        Ptr<TcpRequestServer> server = CreateObject<TcpRequestServer>();
        server->SetPort(port);
        server->SetTuning(CreateObject<TcpTuning>());
        server->SetAttribute("RequestSize", UintegerValue(request));
        server->SetAttribute("ResponseSize", UintegerValue(response));
        return server;
    }
    case isb::TrafficKind::UdpRate:
    {
        Ptr<UdpRateSink> sink = CreateObject<UdpRateSink>();
        sink->SetPort(port);
        return sink;
    }
    case isb::TrafficKind::UdpPingPong:
    {
        Ptr<UdpPingServer> server = CreateObject<UdpPingServer>();
        server->SetPort(port);
        return server;
    }
    }
    return nullptr;
}

std::optional<std::string>
LabInstaller::JoinServer(size_t index)
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    const isb::TrafficService& service = *traffic.service;
    const isb::ProvidedService& provided =
        m_lab.users[service.provider].settings.provides[service.provided];
    const auto sizes = SizesOf(traffic);
    const auto [entry, isNew] = m_servers.try_emplace({service.provider, service.provided});
    ServerParts& server = entry->second;
    if (isNew)
    {
        server.kind = traffic.kind;
        server.sizes = sizes;
        server.program = MakeServer(traffic, provided.server.port);
        server.program->SetSeed(SeedFor(SEED_SERVER, index));
        server.program->SetDriver(BoxHelper::GetDriver(m_hosts[traffic.to].node));
        m_hosts[traffic.to].node->AddApplication(server.program);
    }
    if (server.kind != traffic.kind || server.sizes != sizes)
    {
        return "service '" + provided.record.name +
               "' has clients of another kind, or with other sizes: its server knows one";
    }
    if (const auto receiver = DynamicCast<TcpBulkReceiver>(server.program))
    {
        receiver->AddMeter(m_meters[index]);
    }
    else if (const auto sink = DynamicCast<UdpRateSink>(server.program))
    {
        sink->AddMeter(m_meters[index]);
    }
    return std::nullopt;
}

} // namespace ns3
