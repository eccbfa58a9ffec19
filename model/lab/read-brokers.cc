// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

namespace isb
{

namespace
{

/// A time of [[isb]].
struct BrokerTime
{
    LabKey key;
    Duration IsbSettings::*field;
};

const BrokerTime TIMES[] = {
    {{"hello", "\"10 s\""}, &IsbSettings::helloInterval},
    {{"ist-hello", "\"500 ms\""}, &IsbSettings::istHelloInterval},
    {{"login-timeout", "\"5 s\""}, &IsbSettings::loginTimeout},
    {{"answer-timeout", "\"5 s\""}, &IsbSettings::answerTimeout},
    {{"probe-timeout", "\"2 s\""}, &IsbSettings::probeTimeout},
    {{"direct-timeout", "\"2 s\""}, &IsbSettings::directTimeout},
    {{"translated-timeout", "\"20 s\""}, &IsbSettings::translatedTimeout},
    {{"ist-grace", "\"2 s\""}, &IsbSettings::istGrace},
};

void
ReadTimes(TableReader& reader, IsbSettings& settings)
{
    for (const BrokerTime& time : TIMES)
    {
        const auto value = reader.Time(time.key, Need::Optional);
        if (value && value->count() == 0)
        {
            reader.Fault(time.key, " is zero: nobody could be so fast; nearest valid: \"1 ns\"");
        }
        settings.*time.field = value.value_or(settings.*time.field);
    }
    settings.nearMargin =
        reader.Time({"near-margin", "\"2 ms\""}, Need::Optional).value_or(settings.nearMargin);
    settings.nearShare =
        reader.Share({"near-share", "\"10 %\""}, Need::Optional).value_or(settings.nearShare);
    constexpr uint64_t MOST_MISSED = 100;
    const auto missed = reader.Integer({"hellos-missed", "3"}, Need::Optional, 1, MOST_MISSED);
    settings.hellosMissed = static_cast<uint32_t>(missed.value_or(settings.hellosMissed));
}

void
ReadBroker(LabDraft& draft, const toml::table& table)
{
    constexpr uint64_t LAST_PORT = 65535;
    TableReader reader(table, "[[isb]]", draft.faults);
    LabBroker broker;
    const auto name = reader.Name({"name", "\"isb\""}, Need::Required);
    const bool free = name && TakeName(draft, *name, reader);
    const auto host = ReadPlace(draft, reader, free ? *name : "", SERVER_UPLINK, false);
    const auto port = reader.Integer({"port", "7470"}, Need::Optional, 1, LAST_PORT);
    broker.settings.port = static_cast<uint16_t>(port.value_or(broker.settings.port));
    ReadTimes(reader, broker.settings);
    if (reader.Boolean({"forwards", "true"}, Need::Optional).value_or(false))
    {
        broker.own = IstServerSettings{};
        broker.own->name = name.value_or("");
        broker.own->methods = {ForwardingMethod::Proxy};
        // Apart from a translator's on the same host.
        broker.own->pingPort = 7473;
        broker.own->portFirst = 10'000;
        broker.own->portLast = 19'999;
    }
    reader.Finish();
    if (!draft.world.brokerLines.empty())
    {
        draft.faults.Add(reader.Line(),
                         "a second [[isb]], the first is in line " +
                             std::to_string(draft.world.brokerLines.front()) +
                             "; a scenario has one broker");
    }
    draft.world.brokerLines.push_back(reader.Line());
    if (!free || !host)
    {
        draft.nodesComplete = false;
        return;
    }
    broker.settings.name = *name;
    broker.host = *host;
    draft.lab.brokers.push_back(std::move(broker));
}

} // namespace

void
ReadBrokers(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("isb", [&](const toml::table& table) { ReadBroker(draft, table); });
    draft.nodesComplete = draft.nodesComplete && tables;
}

} // namespace isb
