// SPDX-License-Identifier: GPL-2.0-or-later
// The traffic of a lab: LabInstaller's part that makes sources, sinks and the orders to ISTs.
#include "helper/box-helper.h"
#include "helper/lab-installer.h"

#include "model/ns3/flow-meter.h"
#include "model/ns3/ist-forwarder.h"
#include "model/ns3/proxy-application.h"
#include "model/ns3/sim-time.h"
#include "model/ns3/tcp-bulk-receiver.h"
#include "model/ns3/tcp-bulk-sender.h"
#include "model/ns3/udp-ping-client.h"
#include "model/ns3/udp-ping-server.h"
#include "model/ns3/udp-rate-sender.h"
#include "model/ns3/udp-rate-sink.h"

#include "ns3/abort.h"
#include "ns3/data-rate.h"
#include "ns3/node.h"
#include "ns3/uinteger.h"

namespace ns3
{

namespace
{

constexpr uint32_t LAST_PORT = 49151; // above it, sockets take their ephemeral ports

enum SeedPurpose : uint64_t
{
    SEED_SENDER = 101,
    SEED_RECEIVER,
};

} // namespace

std::optional<std::string>
LabInstaller::CreateTraffic()
{
    uint32_t needed = 0;
    for (const isb::Traffic& traffic : m_lab.traffic)
    {
        needed += traffic.service ? 0 : 1 + 2 * traffic.connections;
    }
    if (m_nextPort + needed > LAST_PORT)
    {
        return "the traffic needs " + std::to_string(needed) +
               " ports at hosts and IST, there are " + std::to_string(LAST_PORT - m_nextPort);
    }
    for (size_t i = 0; i < m_lab.traffic.size(); ++i)
    {
        m_meters.push_back(CreateObject<FlowMeter>(static_cast<uint32_t>(i)));
        if (auto error = CreateEnds(i))
        {
            return "traffic '" + m_lab.traffic[i].name + "': " + *error;
        }
        Announce(m_lab.traffic[i]);
    }
    return std::nullopt;
}

std::optional<std::string>
LabInstaller::CreateEnds(size_t index)
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    if (traffic.service)
    {
        return CreateService(index);
    }
    switch (traffic.kind)
    {
    case isb::TrafficKind::TcpBulk:
        return CreateTcp(index);
    case isb::TrafficKind::UdpRate:
    case isb::TrafficKind::UdpPingPong:
        return CreateUdp(index);
    case isb::TrafficKind::RequestResponse:
    case isb::TrafficKind::TcpPingPong:
        CreateRequests(index);
        break;
    }
    return std::nullopt;
}

void
LabInstaller::Announce(const isb::Traffic& traffic)
{
    if (m_onEvent)
    {
        Simulator::Schedule(ToTime(traffic.start),
                            [this, &traffic] { Report(isb::TraceKind::TrafficStarted, traffic); });
        Simulator::Schedule(ToTime(traffic.stop),
                            [this, &traffic] { Report(isb::TraceKind::TrafficStopped, traffic); });
    }
}

void
LabInstaller::Report(isb::TraceKind kind, const isb::Traffic& traffic)
{
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = kind;
    event.detail = traffic.name;
    m_onEvent(event, m_lab.hosts[traffic.from].name);
}

void
LabInstaller::Attach(const isb::Traffic& traffic, size_t host, Ptr<TrafficApplication> application)
{
    const auto index = static_cast<size_t>(&traffic - m_lab.traffic.data());
    application->SetSeed(SeedFor(host == traffic.to ? SEED_RECEIVER : SEED_SENDER, index));
    application->SetMeter(m_meters[index]);
    application->SetDriver(BoxHelper::GetDriver(m_hosts[host].node));
    application->SetStartTime(ToTime(traffic.start));
    application->SetStopTime(ToTime(traffic.stop));
    m_hosts[host].node->AddApplication(application);
    if (m_onEvent)
    {
        application->TraceConnectWithoutContext(
            "Events",
            Callback<void, const isb::TraceEvent&>(
                [this, &traffic, host](const isb::TraceEvent& event)
                {
                    isb::TraceEvent named = event; // a program does not know its traffic's name
                    named.detail = traffic.name;
                    m_onEvent(named, m_lab.hosts[host].name);
                }));
    }
}

std::optional<std::string>
LabInstaller::OrderPair(const isb::Traffic& traffic,
                        uint16_t portA,
                        uint16_t portB,
                        uint16_t listenPort)
{
    const bool tcp = traffic.kind == isb::TrafficKind::TcpBulk;
    const isb::Box& box = m_lab.boxes[traffic.via->box];
    BoxParts& parts = m_boxes[traffic.via->box];
    const size_t most =
        parts.proxy ? isb::ProxySettings{}.maxPairs : parts.ist->GetSettings().maxSplices;
    if (++parts.orders > most)
    {
        return "IST '" + box.name + "' takes " + std::to_string(most) +
               " pairs of connections at most";
    }
    const auto order = [&](auto ist, const auto& pair)
    {
        Simulator::Schedule(ToTime(traffic.start),
                            [ist, pair]
                            {
                                const auto id = ist->Add(pair);
                                NS_ABORT_MSG_UNLESS(id, id.Why());
                            });
    };
    if (parts.proxy)
    {
        isb::ProxyPair pair;
        pair.protocol = tcp ? isb::Protocol::Tcp : isb::Protocol::Udp;
        pair.portA = portA;
        pair.portB = portB;
        order(parts.proxy, pair);
        return std::nullopt;
    }
    isb::IstPair pair;
    pair.method = tcp ? box.splice : isb::SpliceMethod::Udp;
    pair.portA = portA;
    pair.portB = portB;
    if (pair.method == isb::SpliceMethod::Active)
    {
        pair.activeTarget = {m_lab.hosts[traffic.to].port.address, listenPort};
        pair.activeSource = traffic.via->toAddress;
    }
    order(parts.ist, pair);
    return std::nullopt;
}

std::optional<std::string>
LabInstaller::CreateTcp(size_t index)
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    const auto listenPort = static_cast<uint16_t>(m_nextPort++);
    std::vector<TcpPlan> sending(traffic.connections);
    std::vector<TcpPlan> receiving;
    for (TcpPlan& plan : sending)
    {
        if (!traffic.via)
        {
            plan.target = {m_lab.hosts[traffic.to].port.address, listenPort};
            continue;
        }
        const auto portA = static_cast<uint16_t>(m_nextPort++);
        const auto portB = static_cast<uint16_t>(m_nextPort++);
        if (auto error = OrderPair(traffic, portA, portB, listenPort))
        {
            return error;
        }
        const isb::Box& box = m_lab.boxes[traffic.via->box];
        const isb::SpliceMethod method =
            box.role == isb::BoxRole::IstKernel ? box.splice : isb::SpliceMethod::Passive;
        // Pure (thesis 4.4): each user's source port is the other's destination port.
        const bool pure = method == isb::SpliceMethod::Pure;
        plan.target = {traffic.via->fromAddress, portA};
        plan.localPort = pure ? portB : uint16_t{0};
        if (method != isb::SpliceMethod::Active)
        {
            receiving.push_back({{traffic.via->toAddress, portB}, pure ? portA : uint16_t{0}});
        }
    }
    Ptr<TcpTuning> tuning = CreateObject<TcpTuning>();
    Ptr<TcpBulkReceiver> receiver = CreateObject<TcpBulkReceiver>();
    receiver->SetPort(listenPort);
    receiver->SetPlans(receiving);
    receiver->SetTuning(tuning);
    receiver->SetAttribute("TotalBytes", UintegerValue(traffic.totalBytes));
    Attach(traffic, traffic.to, receiver);
    Ptr<TcpBulkSender> sender = CreateObject<TcpBulkSender>();
    sender->SetPlans(sending);
    sender->SetTuning(tuning);
    sender->SetAttribute("TotalBytes", UintegerValue(traffic.totalBytes));
    Attach(traffic, traffic.from, sender);
    return std::nullopt;
}

std::optional<std::string>
LabInstaller::CreateUdp(size_t index)
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    const auto portA = static_cast<uint16_t>(m_nextPort++);
    const auto portB = static_cast<uint16_t>(m_nextPort++);
    isb::Endpoint target{m_lab.hosts[traffic.to].port.address, portB};
    std::optional<isb::Endpoint> ist;
    if (traffic.via)
    {
        if (auto error = OrderPair(traffic, portA, portB, 0))
        {
            return error;
        }
        target = {traffic.via->fromAddress, portA};
        ist = isb::Endpoint{traffic.via->toAddress, portB};
    }
    const auto finish = [&](auto sink, auto source)
    {
        sink->SetPort(portB);
        if (ist)
        {
            sink->SetIst(*ist);
        }
        Attach(traffic, traffic.to, sink);
        source->SetTarget(target);
        source->SetViaIst(ist.has_value());
        source->SetAttribute("Payload", UintegerValue(traffic.payloadBytes));
        Attach(traffic, traffic.from, source);
    };
    if (traffic.kind == isb::TrafficKind::UdpPingPong)
    {
        finish(CreateObject<UdpPingServer>(), CreateObject<UdpPingClient>());
        return std::nullopt;
    }
    Ptr<UdpRateSender> sender = CreateObject<UdpRateSender>();
    const uint64_t rate = traffic.rate ? traffic.rate->bitsPerSecond : 0;
    sender->SetAttribute("Rate", DataRateValue(DataRate(rate)));
    finish(CreateObject<UdpRateSink>(), sender);
    return std::nullopt;
}

} // namespace ns3
