// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/traffic-meter.h"

#include <algorithm>
#include <numeric>

namespace isb
{

namespace
{

bool
OverTcp(TrafficKind kind)
{
    return kind != TrafficKind::UdpRate && kind != TrafficKind::UdpPingPong;
}

RttSummary
Summarize(std::vector<uint64_t> samples)
{
    RttSummary rtt;
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

TrafficResult
TrafficMeter::Result(const Lab& lab, const Traffic& traffic, TimePoint now) const
{
    TrafficResult result;
    result.name = traffic.name;
    result.kind = ToString(traffic.kind);
    result.from = lab.hosts[traffic.from].name;
    result.to = lab.hosts[traffic.to].name;
    result.sentBytes = sentBytes;
    result.receivedBytes = receivedBytes;
    result.failed = failed;
    result.completed = completed;
    if (OverTcp(traffic.kind))
    {
        result.connections = traffic.connections;
        result.established = established;
    }
    else
    {
        result.sentPackets = sentPackets;
        result.receivedPackets = receivedPackets;
        result.lossRatio = sentPackets == 0 ? 0
                                            : 1 - static_cast<double>(receivedPackets) /
                                                      static_cast<double>(sentPackets);
    }
    const TimePoint end = stop == TimePoint(0) ? std::max(now, start) : stop;
    const double seconds = static_cast<double>((end - start).count()) / 1e9;
    if (seconds > 0)
    {
        result.sentRateBps = static_cast<double>(sentBytes) * 8 / seconds;
        result.receivedRateBps = static_cast<double>(receivedBytes) * 8 / seconds;
        result.throughputBps = (result.sentRateBps + result.receivedRateBps) / 2;
    }
    result.rtt = Summarize(roundTripsNs);
    result.firstByte = Summarize(firstBytesNs);
    return result;
}

} // namespace isb
