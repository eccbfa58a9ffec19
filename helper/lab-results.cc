// SPDX-License-Identifier: GPL-2.0-or-later
// What a lab's run came to: LabInstaller's part that reads meters and counters.
#include "helper/box-helper.h"
#include "helper/lab-installer.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/firewall-forwarder.h"
#include "model/ns3/flow-meter.h"
#include "model/ns3/ist-forwarder.h"
#include "model/ns3/nat-forwarder.h"
#include "model/ns3/proxy-application.h"
#include "model/ns3/sim-time.h"

#include "ns3/node.h"

#include <algorithm>
#include <numeric>

namespace ns3
{

namespace
{

bool
OverTcp(isb::TrafficKind kind)
{
    return kind == isb::TrafficKind::TcpBulk || kind == isb::TrafficKind::RequestResponse ||
           kind == isb::TrafficKind::TcpPingPong;
}

isb::RttSummary
Summarize(std::vector<uint64_t> samples)
{
    isb::RttSummary rtt;
    if (samples.empty())
    {
        return rtt;
    }
    std::sort(samples.begin(), samples.end());
    const auto nearestRank = [&](uint64_t percent)
    { return samples[(samples.size() * percent + 99) / 100 - 1]; };
    rtt.count = samples.size();
    rtt.meanNs = static_cast<double>(std::accumulate(samples.begin(), samples.end(), uint64_t{0})) /
                 static_cast<double>(samples.size());
    rtt.minNs = samples.front();
    rtt.p50Ns = nearestRank(50);
    rtt.p99Ns = nearestRank(99);
    rtt.maxNs = samples.back();
    return rtt;
}

} // namespace

isb::LabResult
LabInstaller::Result() const
{
    isb::LabResult result;
    result.end = m_lab.duration;
    result.scenario = m_lab.name;
    result.seed = m_seed;
    for (size_t i = 0; i < m_lab.traffic.size(); ++i)
    {
        result.traffic.push_back(TrafficOf(i));
    }
    for (size_t i = 0; i < m_lab.boxes.size(); ++i)
    {
        result.boxes.push_back(BoxOf(i));
    }
    result.subscriptions = m_programs->Subscriptions();
    result.brokers = m_programs->Brokers();
    result.translators = m_programs->Translators();
    result.expectations = JudgeExpectations(m_lab, result);
    return result;
}

isb::BoxResult
LabInstaller::BoxOf(size_t index) const
{
    const BoxParts& parts = m_boxes[index];
    Ptr<BoxDriver> driver = BoxHelper::GetDriver(parts.node);
    isb::BoxResult result;
    result.name = m_lab.boxes[index].name;
    result.role = ToString(m_lab.boxes[index].role);
    result.drops = driver->Drops();
    result.forwarded = driver->Sent();
    if (const isb::BoxMachine* machine = driver->Machine())
    {
        const isb::TimePoint end = SimulatedNow();
        const auto share = [&](isb::CpuLevel level)
        {
            return static_cast<double>(machine->CpuTime(level, end).count()) /
                   static_cast<double>(end.count());
        };
        result.cpu.hardirq = share(isb::CpuLevel::HardInterrupt);
        result.cpu.softirq = share(isb::CpuLevel::Softirq);
        result.cpu.process = share(isb::CpuLevel::Process);
    }
    AddRoleCounters(parts, result);
    return result;
}

void
LabInstaller::AddRoleCounters(const BoxParts& parts, isb::BoxResult& result)
{
    const auto addDrops = [&](std::string_view reason, uint64_t count)
    {
        if (count != 0)
        {
            result.drops[std::string(reason)] += count;
        }
    };
    if (parts.nat)
    {
        const isb::NatCounters& counters = parts.nat->Box().Counters();
        result.mappings = counters.mappingsCreated;
        for (size_t i = 0; i < isb::NAT_DROP_COUNT; ++i)
        {
            addDrops(DropInfo(static_cast<isb::NatDrop>(i)).reason, counters.drops[i]);
        }
    }
    if (parts.firewall)
    {
        const isb::FilterCounters counters = parts.firewall->Filter().Counters();
        for (size_t i = 0; i < isb::NAT_DROP_COUNT; ++i)
        {
            addDrops(FilterDropInfo(static_cast<isb::NatDrop>(i)).reason, counters.drops[i]);
        }
    }
    if (parts.ist)
    {
        const isb::IstCounters& counters = parts.ist->Engine().Counters();
        result.splices = counters.paired;
        for (const auto& [reason, count] : counters.drops)
        {
            addDrops(reason, count);
        }
        addDrops("ist.not-a-router", parts.ist->Misdirected());
    }
    if (parts.proxy)
    {
        const isb::IstProxy::Counters& counters = parts.proxy->Proxy().GetCounters();
        result.splices = counters.paired;
        for (const auto& [reason, count] : counters.drops)
        {
            addDrops(reason, count);
        }
    }
}

isb::TrafficResult
LabInstaller::TrafficOf(size_t index) const
{
    const isb::Traffic& traffic = m_lab.traffic[index];
    const FlowSummary sum = m_meters[index]->Summary();
    isb::TrafficResult result;
    result.name = traffic.name;
    result.kind = ToString(traffic.kind);
    result.from = m_lab.hosts[traffic.from].name;
    result.to = m_lab.hosts[traffic.to].name;
    result.sentBytes = sum.sentBytes;
    result.receivedBytes = sum.receivedBytes;
    result.failed = sum.failed;
    result.completed = sum.completed;
    if (OverTcp(traffic.kind))
    {
        result.connections = traffic.connections;
        result.established = sum.established;
    }
    else
    {
        result.sentPackets = sum.sentPackets;
        result.receivedPackets = sum.receivedPackets;
        result.lossRatio = sum.sentPackets == 0 ? 0
                                                : 1 - static_cast<double>(sum.receivedPackets) /
                                                          static_cast<double>(sum.sentPackets);
    }
    const double seconds = static_cast<double>((sum.stop - sum.start).count()) / 1e9;
    if (seconds > 0)
    {
        result.sentRateBps = static_cast<double>(sum.sentBytes) * 8 / seconds;
        result.receivedRateBps = static_cast<double>(sum.timelyBytes) * 8 / seconds;
        result.throughputBps = (result.sentRateBps + result.receivedRateBps) / 2;
    }
    result.rtt = Summarize(sum.roundTripsNs);
    result.firstByte = Summarize(sum.firstBytesNs);
    return result;
}

} // namespace ns3
