// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/isblab-sim/result-json.h"

#include <nlohmann/json.hpp>

namespace
{

using Json = nlohmann::ordered_json;

Json
ToJson(const isb::RttSummary& rtt)
{
    if (rtt.count == 0)
    {
        return nullptr;
    }
    return {{"count", rtt.count},
            {"mean", rtt.meanNs},
            {"min", rtt.minNs},
            {"p50", rtt.p50Ns},
            {"p99", rtt.p99Ns},
            {"max", rtt.maxNs}};
}

Json
ToJson(const isb::TrafficResult& traffic)
{
    return {{"name", traffic.name},
            {"kind", traffic.kind},
            {"from", traffic.from},
            {"to", traffic.to},
            {"connections", traffic.connections},
            {"established", traffic.established},
            {"sentBytes", traffic.sentBytes},
            {"receivedBytes", traffic.receivedBytes},
            {"sentPackets", traffic.sentPackets},
            {"receivedPackets", traffic.receivedPackets},
            {"sentRateBps", traffic.sentRateBps},
            {"receivedRateBps", traffic.receivedRateBps},
            {"throughputBps", traffic.throughputBps},
            {"lossRatio", traffic.lossRatio},
            {"rttNs", ToJson(traffic.rtt)}};
}

Json
ToJson(const isb::BoxResult& box)
{
    Json drops = Json::object();
    for (const auto& [reason, count] : box.drops)
    {
        drops[reason] = count;
    }
    return {{"name", box.name},
            {"role", box.role},
            {"cpu",
             {{"hardirq", box.cpu.hardirq},
              {"softirq", box.cpu.softirq},
              {"process", box.cpu.process}}},
            {"drops", drops},
            {"forwarded", box.forwarded},
            {"splices", box.splices},
            {"mappings", box.mappings}};
}

template <typename Items>
Json
ToArray(const Items& items)
{
    Json array = Json::array();
    for (const auto& item : items)
    {
        array.push_back(ToJson(item));
    }
    return array;
}

} // namespace

std::string
ResultLine(const isb::LabResult& result)
{
    Json expectations = Json::array();
    for (const isb::ExpectationResult& item : result.expectations)
    {
        expectations.push_back(
            {{"text", item.text}, {"measured", item.measured}, {"holds", item.holds}});
    }
    const Json line = {{"event", "result"},
                       {"t", result.end.count()},
                       {"scenario", result.scenario},
                       {"seed", result.seed},
                       {"traffic", ToArray(result.traffic)},
                       {"boxes", ToArray(result.boxes)},
                       {"expectations", expectations}};
    return line.dump();
}
