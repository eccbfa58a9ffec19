// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-result-json.h"

#include <nlohmann/json.hpp>

namespace isb
{

namespace
{

using Json = nlohmann::ordered_json;

Json
ToJson(const RttSummary& rtt)
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
ToJson(const TrafficResult& traffic)
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
            {"rttNs", ToJson(traffic.rtt)},
            {"firstByteNs", ToJson(traffic.firstByte)},
            {"failed", traffic.failed},
            {"completed", traffic.completed}};
}

/// Counts by name; an object also when there are none.
Json
ToJson(const std::map<std::string, uint64_t>& counts)
{
    Json object = Json::object();
    for (const auto& [name, count] : counts)
    {
        object[name] = count;
    }
    return object;
}

Json
ToJson(const BoxResult& box)
{
    return {{"name", box.name},
            {"role", box.role},
            {"cpu",
             {{"hardirq", box.cpu.hardirq},
              {"softirq", box.cpu.softirq},
              {"process", box.cpu.process}}},
            {"drops", ToJson(box.drops)},
            {"forwarded", box.forwarded},
            {"splices", box.splices},
            {"mappings", box.mappings}};
}

Json
ToJson(const SubscriptionResult& subscription)
{
    return {{"user", subscription.user},
            {"provider", subscription.provider},
            {"service", subscription.service},
            {"state", subscription.state},
            {"asked", subscription.asked},
            {"established", subscription.established},
            {"failed", subscription.failed},
            {"fromPrepared", subscription.fromPrepared},
            {"paths", ToJson(subscription.paths)},
            {"methods", ToJson(subscription.methods)},
            {"ists", ToJson(subscription.ists)},
            {"codes", ToJson(subscription.codes)}};
}

Json
ToJson(const NamedCounters& counters)
{
    return {{"name", counters.name}, {"counters", ToJson(counters.counters)}};
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
ResultLine(const LabResult& result)
{
    Json expectations = Json::array();
    for (const ExpectationResult& item : result.expectations)
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
                       {"subscriptions", ToArray(result.subscriptions)},
                       {"brokers", ToArray(result.brokers)},
                       {"translators", ToArray(result.translators)},
                       {"expectations", expectations}};
    return line.dump();
}

} // namespace isb
