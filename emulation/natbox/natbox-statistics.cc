// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/natbox-statistics.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace isb
{

namespace
{

using Json = nlohmann::ordered_json;

double
Seconds(Duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

Json
SideJson(const NatboxSide& side, const NatRelay& relay, NatSide which)
{
    const RelaySideCounters& counters = relay.Side(which);
    const Impairment& impairment = relay.ImpairmentOf(which);
    const ImpairmentCounters& impaired = impairment.Counters();
    return {{"device", side.device},
            {"received", counters.received},
            {"receivedBytes", counters.receivedBytes},
            {"receivedLarge", counters.receivedLarge},
            {"sent", counters.sent},
            {"sentBytes", counters.sentBytes},
            {"fragmented", counters.fragmented},
            {"emitted", counters.emitted},
            {"impairment",
             {{"submitted", impaired.submitted},
              {"departed", impaired.departed},
              {"duplicated", impaired.duplicated},
              {"reordered", impaired.reordered},
              {"inFlight", impairment.InFlight()}}}};
}

/// Every reason that has ended a packet.
Json
DropsJson(const NatRelay& relay)
{
    Json drops = Json::object();
    const auto add = [&drops](std::string_view reason, uint64_t count)
    {
        if (count > 0)
        {
            const std::string key(reason);
            drops[key] = drops.value(key, uint64_t{0}) + count;
        }
    };
    const NatCounters counters = relay.Box().Counters();
    for (size_t i = 0; i < NAT_DROP_COUNT; ++i)
    {
        add(DropInfo(static_cast<NatDrop>(i)).reason, counters.drops.at(i));
    }
    for (size_t i = 0; i < IMPAIRMENT_DROP_COUNT; ++i)
    {
        const auto drop = static_cast<ImpairmentDrop>(i);
        for (const NatSide side : {NatSide::Inside, NatSide::Outside})
        {
            add(DropInfo(drop).reason, relay.ImpairmentOf(side).Counters().drops.at(i));
        }
    }
    for (size_t i = 0; i < RELAY_DROP_COUNT; ++i)
    {
        const auto drop = static_cast<RelayDrop>(i);
        add(ReasonOf(drop), relay.Drops(drop));
    }
    return drops;
}

Json
MappingsJson(TimePoint now, const NatBox& box)
{
    Json list = Json::array();
    const std::vector<NatMappingInfo> mappings = box.Mappings();
    const size_t count = std::min(mappings.size(), MOST_LISTED_MAPPINGS);
    for (size_t i = 0; i < count; ++i)
    {
        const NatMappingInfo& mapping = mappings[i];
        Json entry = {{"protocol", ToString(mapping.protocol)},
                      {"internal", mapping.internal.ToString()},
                      {"external", mapping.external.ToString()}};
        if (mapping.remote != Endpoint{})
        {
            entry["remote"] = mapping.remote.ToString();
        }
        entry["sessions"] = mapping.sessions;
        if (mapping.expiry != TIME_NEVER)
        {
            entry["expiresIn"] = Seconds(std::max(mapping.expiry - now, Duration(0)));
        }
        list.push_back(std::move(entry));
    }
    return list;
}

} // namespace

std::string
StatisticsJson(TimePoint now,
               const NatboxConfig& config,
               const NatRelay& relay,
               const NatboxDriverCounters& driver)
{
    const NatCounters counters = relay.Box().Counters();
    const Json document = {{"name", config.name},
                           {"external", relay.Box().Settings().external.ToString()},
                           {"uptime", Seconds(now)},
                           {"reloads", driver.reloads},
                           {"refusedReloads", driver.refusedReloads},
                           {"unwritten", driver.unwritten},
                           {"inside", SideJson(config.inside, relay, NatSide::Inside)},
                           {"outside", SideJson(config.outside, relay, NatSide::Outside)},
                           {"nat",
                            {{"outbound", counters.outbound},
                             {"inbound", counters.inbound},
                             {"hairpinned", counters.hairpinned},
                             {"untouched", counters.untouched},
                             {"held", counters.held},
                             {"mappingsCreated", counters.mappingsCreated},
                             {"mappingsExpired", counters.mappingsExpired}}},
                           {"drops", DropsJson(relay)},
                           {"mappings", relay.Box().MappingCount()},
                           {"mappingList", MappingsJson(now, relay.Box())}};
    return document.dump(1) + "\n";
}

} // namespace isb
