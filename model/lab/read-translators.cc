// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint64_t LAST_PORT = 65535;

const std::vector<std::string_view> METHODS{"proxy", "active", "passive", "pure", "udp"};

void
ReadMethods(TableReader& reader, IstServerSettings& settings)
{
    const LabKey key{"methods", "[\"proxy\", \"passive\", \"udp\"]"};
    const auto words = reader.Texts(key, Need::Optional);
    if (!words)
    {
        return;
    }
    settings.methods.clear();
    for (const std::string& word : *words)
    {
        const auto found = std::find(METHODS.begin(), METHODS.end(), word);
        if (found == METHODS.end())
        {
            reader.Fault(key, ": no method " + Quoted(word) + "; " + SuggestWord(word, METHODS));
            continue;
        }
        const auto method = static_cast<ForwardingMethod>(1 + (found - METHODS.begin()));
        if (std::find(settings.methods.begin(), settings.methods.end(), method) !=
            settings.methods.end())
        {
            reader.Fault(key, ": " + Quoted(word) + " is there twice; leave one out");
            continue;
        }
        settings.methods.push_back(method);
    }
    if (words->empty())
    {
        reader.Fault(key, " is empty: it could do nothing; leave it out for all methods");
    }
}

void
ReadPorts(TableReader& reader, IstServerSettings& settings)
{
    constexpr uint64_t FIRST_FREE = 1024;
    const auto port = [&](LabKey key, uint16_t standard)
    {
        const auto value = reader.Integer(key, Need::Optional, FIRST_FREE, LAST_PORT);
        return static_cast<uint16_t>(value.value_or(standard));
    };
    settings.portFirst = port({"first-port", "20000"}, settings.portFirst);
    settings.portLast = port({"last-port", "49151"}, settings.portLast);
    settings.pingPort = port({"ping-port", "7472"}, settings.pingPort);
    if (settings.portFirst >= settings.portLast)
    {
        reader.Fault({reader.Has("last-port") ? "last-port" : "first-port", {}},
                     ": a splice takes two ports, " + std::to_string(settings.portFirst) + " to " +
                         std::to_string(settings.portLast) + " has fewer");
    }
    if (settings.pingPort >= settings.portFirst && settings.pingPort <= settings.portLast)
    {
        reader.Fault({"ping-port", {}},
                     " is among the ports that it gives out; nearest valid: " +
                         std::to_string(settings.portFirst - 1));
    }
}

void
ReadLimits(TableReader& reader, SpliceLimits& limits)
{
    if (const auto rate = reader.Rate({"limit-rate", "\"1 Mb/s\""}, Need::Optional))
    {
        limits.rateBps = rate->bitsPerSecond;
    }
    const LabKey bytes{"limit-bytes", "\"10 MB\""};
    limits.bytes = reader.Bytes(bytes, Need::Optional).value_or(0);
    const LabKey lifetime{"limit-lifetime", "\"1 h\""};
    limits.lifetime = reader.Time(lifetime, Need::Optional).value_or(Duration(0));
    for (const LabKey& key : {bytes, lifetime})
    {
        const bool zero = key.name == bytes.name ? limits.bytes == 0 : limits.lifetime.count() == 0;
        if (reader.Has(key.name) && zero && !reader.TextOf(key.name).empty())
        {
            reader.Fault(key, " is zero: nothing would pass; leave it out for no limit");
        }
    }
}

/// A translator but for its name and host.
LabTranslator
ReadSettings(TableReader& reader)
{
    constexpr uint64_t MOST_CAPACITY = 1'000'000;
    LabTranslator translator;
    IstServerSettings& settings = translator.settings;
    ReadMethods(reader, settings);
    const auto capacity = reader.Integer({"capacity", "100"}, Need::Optional, 1, MOST_CAPACITY);
    settings.capacity = static_cast<uint32_t>(capacity.value_or(settings.capacity));
    ReadPorts(reader, settings);
    ReadLimits(reader, settings.limits);
    const toml::table* engine = reader.Table({"engine", "{ idle = \"2 h\" }"}, Need::Optional);
    ReadIst(engine, "[ist.engine]", reader.Faults(), BoxRole::IstKernel, translator.engine);
    return translator;
}

/// True when no translator stands on the host yet.
bool
CheckAlone(LabDraft& draft, TableReader& reader, size_t host)
{
    for (size_t i = 0; i < draft.lab.translators.size(); ++i)
    {
        if (draft.lab.translators[i].host == host)
        {
            reader.Fault(
                {"on", {}},
                ": " + Quoted(draft.lab.hosts[host].name) + " has the translator of line " +
                    std::to_string(draft.world.translatorLines[i]) + " already; one a host");
            return false;
        }
    }
    return true;
}

void
Enter(LabDraft& draft, LabTranslator translator, const std::string& name, size_t host, size_t line)
{
    translator.settings.name = name;
    translator.host = host;
    draft.lab.translators.push_back(std::move(translator));
    draft.world.translatorLines.push_back(line);
}

void
ReadTranslator(LabDraft& draft, const toml::table& table)
{
    constexpr uint64_t MOST = 64; // of them a broker tells its users
    TableReader reader(table, "[[ist]]", draft.faults);
    const auto name = reader.Name({"name", "\"ist\""}, Need::Required);
    const auto count = reader.Integer({"count", "10"}, Need::Optional, 1, MOST);
    if (reader.Has("count"))
    {
        reader.Refuse("on", "only without count: one translator a host");
    }
    bool free = name && TakeName(draft, *name, reader);
    std::vector<std::string> names{name.value_or("")};
    if (count && name)
    {
        names.clear();
        for (uint64_t i = 1; i <= *count; ++i)
        {
            names.push_back(*name + std::to_string(i));
            free = TakeName(draft, names.back(), reader) && free;
        }
    }
    const auto first = ReadPlace(draft, reader, names.front(), SERVER_UPLINK, false);
    const LabTranslator translator = ReadSettings(reader);
    reader.Finish();
    if (!free || !first || !CheckAlone(draft, reader, *first))
    {
        draft.nodesComplete = false;
        return;
    }
    const size_t line = reader.Line();
    for (size_t i = 0; i < names.size(); ++i)
    {
        Host alike = draft.lab.hosts[*first];
        alike.name = names[i];
        const size_t host = i == 0 ? *first : AddHost(draft, alike, draft.hostAccess[*first], line);
        draft.world.translatorNames[*name].push_back(draft.lab.translators.size());
        if (names[i] != *name)
        {
            draft.world.translatorNames[names[i]].push_back(draft.lab.translators.size());
        }
        Enter(draft, translator, names[i], host, line);
    }
}

} // namespace

void
ReadTranslators(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("ist", [&](const toml::table& table) { ReadTranslator(draft, table); });
    draft.nodesComplete = draft.nodesComplete && tables;
}

} // namespace isb
