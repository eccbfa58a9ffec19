// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-json.h"

#include "emulation/ist/json-fields.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace isb
{

namespace
{

constexpr std::array<SpliceMethod, 4> METHODS{SpliceMethod::Passive,
                                              SpliceMethod::Pure,
                                              SpliceMethod::Active,
                                              SpliceMethod::Udp};
constexpr std::array<CarrierNews::Kind, 4> KINDS{CarrierNews::FirstSide,
                                                 CarrierNews::Paired,
                                                 CarrierNews::FellBack,
                                                 CarrierNews::Ended};

double
Seconds(Duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

Json
PlaceJson(const IpEndpoint& place)
{
    return place.port == 0 ? Json() : Json(place.ToString());
}

Json
AddressJson(const std::optional<IpAddress>& address)
{
    return address ? Json(address->ToString()) : Json();
}

Json
LimitsJson(const SpliceLimits& limits)
{
    return {{"rateBps", limits.rateBps},
            {"bytes", limits.bytes},
            {"lifetime", Seconds(limits.lifetime)}};
}

SpliceLimits
ReadLimits(const Json& json, JsonFields& of)
{
    SpliceLimits limits;
    if (json.is_null())
    {
        return limits;
    }
    JsonFields fields(json, "limits");
    limits.rateBps = fields.Number("rateBps");
    limits.bytes = fields.Number("bytes");
    limits.lifetime = fields.Seconds("lifetime");
    if (fields.Failure())
    {
        of.Fault("limits", "set of limits: " + fields.Failure()->text);
    }
    return limits;
}

SpliceMethod
ReadMethod(JsonFields& fields, const char* key)
{
    const auto method = MethodOf(fields.Text(key));
    if (!method)
    {
        fields.Fault(key, "method: passive, pure, active, udp");
    }
    return method.value_or(SpliceMethod::Passive);
}

/// The value, or the first fault of its fields.
template <typename T>
Result<T>
Finish(T value, const JsonFields& fields)
{
    if (fields.Failure())
    {
        return *fields.Failure();
    }
    return value;
}

std::vector<uint16_t>
ReadPorts(JsonFields& fields, const char* key)
{
    std::vector<uint16_t> ports;
    const Json& list = fields.Any(key);
    if (list.is_null())
    {
        return ports;
    }
    if (!list.is_array() || list.size() > UINT16_MAX)
    {
        fields.Fault(key, "list of ports");
        return ports;
    }
    for (const Json& port : list)
    {
        if (!port.is_number_unsigned() || port.get<uint64_t>() > UINT16_MAX)
        {
            fields.Fault(key, "list of ports");
            return {};
        }
        ports.push_back(port.get<uint16_t>());
    }
    return ports;
}

void
ReadSides(JsonFields& fields, IstSpliceInfo& splice)
{
    const Json& sides = fields.Any("side");
    if (!sides.is_array() || sides.size() != splice.side.size())
    {
        fields.Fault("side", "list of two sides");
        return;
    }
    for (size_t i = 0; i < splice.side.size(); ++i)
    {
        JsonFields side(sides[i], "side");
        splice.side.at(i) = {side.Place("peer"),
                             side.Place("local"),
                             side.Number("packets"),
                             side.Number("bytes")};
        if (side.Failure())
        {
            fields.Fault("side", "list of two sides: " + side.Failure()->text);
        }
    }
}

/// Name and place of every counter but the drops.
struct CounterName
{
    const char* key;
    uint64_t IstCounters::*value;
};

constexpr std::array<CounterName, 9> COUNTERS{{{"added", &IstCounters::added},
                                               {"refused", &IstCounters::refused},
                                               {"paired", &IstCounters::paired},
                                               {"fallbacks", &IstCounters::fallbacks},
                                               {"ended", &IstCounters::ended},
                                               {"forwarded", &IstCounters::forwarded},
                                               {"forwardedBytes", &IstCounters::forwardedBytes},
                                               {"consumed", &IstCounters::consumed},
                                               {"emitted", &IstCounters::emitted}}};

} // namespace

std::string_view
WordStore::Keep(std::string_view word)
{
    const auto known = m_words.find(word);
    if (known != m_words.end())
    {
        return *known;
    }
    return m_words.size() >= MOST ? std::string_view("?") : *m_words.emplace(word).first;
}

std::string_view
ToString(CarrierNews::Kind kind)
{
    switch (kind)
    {
    case CarrierNews::FirstSide:
        return "first-side";
    case CarrierNews::Paired:
        return "paired";
    case CarrierNews::FellBack:
        return "fell-back";
    case CarrierNews::Ended:
        return "ended";
    }
    return "?";
}

std::optional<SpliceMethod>
MethodOf(std::string_view text)
{
    const auto* found = std::find_if(METHODS.begin(),
                                     METHODS.end(),
                                     [text](SpliceMethod one) { return ToString(one) == text; });
    return found == METHODS.end() ? std::nullopt : std::optional(*found);
}

Json
PairJson(const IstPair& pair)
{
    return {{"method", ToString(pair.method)},
            {"portA", pair.portA},
            {"portB", pair.portB},
            {"allowedA", AddressJson(pair.allowedA)},
            {"allowedB", AddressJson(pair.allowedB)},
            {"target", PlaceJson(pair.activeTarget)},
            {"source", AddressJson(pair.activeSource)},
            {"limits", LimitsJson(pair.limits)},
            {"label", pair.label},
            {"closedPorts", pair.closedPorts}};
}

Result<IstPair>
ReadPair(const Json& json)
{
    JsonFields fields(json, "pair");
    IstPair pair;
    pair.method = ReadMethod(fields, "method");
    pair.portA = fields.Port("portA");
    pair.portB = fields.Port("portB");
    pair.allowedA = fields.Address("allowedA");
    pair.allowedB = fields.Address("allowedB");
    pair.activeTarget = fields.Place("target");
    pair.activeSource = fields.Address("source");
    pair.limits = ReadLimits(fields.Any("limits"), fields);
    pair.label = fields.Number("label");
    pair.closedPorts = ReadPorts(fields, "closedPorts");
    return Finish(std::move(pair), fields);
}

Json
SpliceJson(const IstSpliceInfo& splice, TimePoint now)
{
    Json sides = Json::array();
    for (const IstSpliceInfo::Side& side : splice.side)
    {
        sides.push_back({{"peer", PlaceJson(side.peer)},
                         {"local", PlaceJson(side.local)},
                         {"packets", side.packets},
                         {"bytes", side.bytes}});
    }
    return {{"id", splice.id},
            {"method", ToString(splice.method)},
            {"requested", ToString(splice.requested)},
            {"state", splice.state},
            {"label", splice.label},
            {"side", std::move(sides)},
            {"limits", LimitsJson(splice.limits)},
            {"age", Seconds(std::max(now - splice.added, Duration(0)))},
            {"idle", Seconds(std::max(now - splice.active, Duration(0)))}};
}

Result<IstSpliceInfo>
ReadSplice(const Json& json, TimePoint now, WordStore& words)
{
    JsonFields fields(json, "splice");
    IstSpliceInfo splice;
    splice.id = fields.Number("id");
    splice.method = ReadMethod(fields, "method");
    splice.requested = ReadMethod(fields, "requested");
    splice.state = words.Keep(fields.Text("state"));
    splice.label = fields.Number("label");
    ReadSides(fields, splice);
    splice.limits = ReadLimits(fields.Any("limits"), fields);
    splice.added = now - fields.Seconds("age");
    splice.active = now - fields.Seconds("idle");
    return Finish(splice, fields);
}

Json
CountersJson(const IstCounters& counters)
{
    Json json = Json::object();
    for (const CounterName& counter : COUNTERS)
    {
        json[counter.key] = counters.*counter.value;
    }
    Json drops = Json::object();
    for (const auto& [reason, count] : counters.drops)
    {
        drops[std::string(reason)] = count;
    }
    json["drops"] = std::move(drops);
    return json;
}

Result<IstCounters>
ReadCounters(const Json& json, WordStore& words)
{
    JsonFields fields(json, "counters");
    IstCounters counters;
    for (const CounterName& counter : COUNTERS)
    {
        counters.*counter.value = fields.Number(counter.key);
    }
    const Json& drops = fields.Any("drops");
    if (!drops.is_object())
    {
        fields.Fault("drops", "JSON object");
        return *fields.Failure();
    }
    for (const auto& [reason, count] : drops.items())
    {
        if (!count.is_number_unsigned())
        {
            fields.Fault("drops", "list of counts");
            break;
        }
        counters.drops[words.Keep(reason)] = count.get<uint64_t>();
    }
    return Finish(std::move(counters), fields);
}

Json
NewsJson(const CarrierNews& news)
{
    return {{"id", news.id},
            {"label", news.label},
            {"kind", ToString(news.kind)},
            {"peer", PlaceJson(news.peer)},
            {"port", news.port},
            {"reason", news.reason},
            {"bytes", news.bytes}};
}

Result<CarrierNews>
ReadNews(const Json& json, WordStore& words)
{
    JsonFields fields(json, "news");
    CarrierNews news;
    news.id = fields.Number("id");
    news.label = fields.Number("label");
    const std::string text = fields.Text("kind");
    const auto* kind =
        std::find_if(KINDS.begin(),
                     KINDS.end(),
                     [&text](CarrierNews::Kind one) { return ToString(one) == text; });
    if (kind == KINDS.end())
    {
        fields.Fault("kind", "kind of news");
        return *fields.Failure();
    }
    news.kind = *kind;
    news.peer = fields.Place("peer");
    news.port = fields.Port("port");
    news.reason = words.Keep(fields.Text("reason"));
    news.bytes = fields.Number("bytes");
    return Finish(news, fields);
}

} // namespace isb
