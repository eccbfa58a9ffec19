// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

namespace isb
{

namespace
{

constexpr std::string_view DEFAULT_PRESET = "port-restricted-cone";

std::vector<std::string_view>
BehaviourWords()
{
    return {ToString(NatBehaviour::EndpointIndependent),
            ToString(NatBehaviour::AddressDependent),
            ToString(NatBehaviour::AddressAndPortDependent)};
}

void
SetAxes(NatSettings& settings, const NatAxes& axes)
{
    settings.udp = axes;
    settings.tcp = axes;
    settings.icmp = axes;
}

/// `mapping` and `filtering`, laid over what is there.
void
ReadAxes(TableReader& reader, NatAxes& axes)
{
    const std::vector<std::string_view> words = BehaviourWords();
    if (const auto word =
            reader.Word({"mapping", "\"endpoint-independent\""}, Need::Optional, words))
    {
        axes.mapping = static_cast<NatBehaviour>(*word);
    }
    if (const auto word =
            reader.Word({"filtering", "\"address-dependent\""}, Need::Optional, words))
    {
        axes.filtering = static_cast<NatBehaviour>(*word);
    }
}

/// "[box.nat]" -> "[box.nat.udp]"
std::string
Within(const std::string& where, std::string_view name)
{
    return where.substr(0, where.size() - 1).append(".").append(name).append("]");
}

void
ReadProtocol(TableReader& nat, std::string_view name, NatAxes& axes)
{
    const LabKey key{name, "{ mapping = \"endpoint-independent\" }"};
    if (const toml::table* table = nat.Table(key, Need::Optional))
    {
        TableReader reader(*table, Within(nat.Where(), name), nat.Faults());
        ReadAxes(reader, axes);
        reader.Finish();
    }
}

void
ReadPool(TableReader& reader, NatSettings& settings)
{
    constexpr uint64_t LAST_PORT = 65535;
    constexpr uint64_t MOST = 1'000'000;
    const auto first = reader.Integer({"first-port", "1024"}, Need::Optional, 1, LAST_PORT);
    const auto last = reader.Integer({"last-port", "65535"}, Need::Optional, 1, LAST_PORT);
    settings.firstPort = static_cast<uint16_t>(first.value_or(settings.firstPort));
    settings.lastPort = static_cast<uint16_t>(last.value_or(settings.lastPort));
    if (settings.firstPort > settings.lastPort)
    {
        reader.Fault({reader.Has("last-port") ? "last-port" : "first-port", {}},
                     " leaves no port: the pool " + std::to_string(settings.firstPort) + " to " +
                         std::to_string(settings.lastPort) + " is empty");
    }
    const auto mappings = reader.Integer({"max-mappings", "65536"}, Need::Optional, 1, MOST);
    settings.limits.mappings = mappings.value_or(settings.limits.mappings);
    const auto each = reader.Integer({"max-destinations", "1024"}, Need::Optional, 1, MOST);
    settings.limits.destinationsPerMapping = each.value_or(settings.limits.destinationsPerMapping);
}

void
ReadTimers(TableReader& reader, NatTimers& timers)
{
    struct Timer
    {
        LabKey key;
        Duration NatTimers::*field;
    };

    const Timer all[] = {{{"udp-timeout", "\"5 min\""}, &NatTimers::udp},
                         {{"tcp-established-timeout", "\"124 min\""}, &NatTimers::tcpEstablished},
                         {{"tcp-transitory-timeout", "\"4 min\""}, &NatTimers::tcpTransitory},
                         {{"icmp-timeout", "\"60 s\""}, &NatTimers::icmp},
                         {{"fragment-timeout", "\"2 s\""}, &NatTimers::fragments}};
    for (const Timer& timer : all)
    {
        const auto value = reader.Time(timer.key, Need::Optional);
        if (value && value->count() == 0)
        {
            reader.Fault(timer.key, " is zero: nothing would live; nearest valid: \"1 ns\"");
        }
        timers.*timer.field = value.value_or(timers.*timer.field);
    }
}

void
ReadNatTable(const toml::table& table,
             const std::string& where,
             LabFaults& faults,
             NatSettings& settings)
{
    const std::vector<std::string_view> presets(NAT_PRESETS.begin(), NAT_PRESETS.end());
    TableReader reader(table, where, faults);
    const auto preset = reader.Word({"preset", "\"symmetric\""}, Need::Optional, presets);
    NatAxes axes = NatPreset(preset ? presets[*preset] : DEFAULT_PRESET).value_or(NatAxes{});
    ReadAxes(reader, axes);
    SetAxes(settings, axes);
    ReadProtocol(reader, "udp", settings.udp);
    ReadProtocol(reader, "tcp", settings.tcp);
    ReadProtocol(reader, "icmp", settings.icmp);
    const std::vector<std::string_view> assignments{ToString(NatPortAssignment::Preserving),
                                                    ToString(NatPortAssignment::Sequential),
                                                    ToString(NatPortAssignment::Random)};
    if (const auto word = reader.Word({"assignment", "\"random\""}, Need::Optional, assignments))
    {
        settings.SetAssignment(static_cast<NatPortAssignment>(*word));
    }
    if (!reader.Boolean({"hairpin", "true"}, Need::Optional).value_or(true))
    {
        settings.hairpin = NatHairpin::None;
    }
    ReadPool(reader, settings);
    ReadTimers(reader, settings.timers);
    reader.Finish();
}

} // namespace

void
ReadNat(TableReader& section, const std::string& where, NatSettings& settings)
{
    SetAxes(settings, NatPreset(DEFAULT_PRESET).value_or(NatAxes{}));
    if (section.IsTable("nat"))
    {
        const toml::table& table = *section.Table({"nat", {}}, Need::Optional);
        ReadNatTable(table, where, section.Faults(), settings);
        return;
    }
    const std::vector<std::string_view> presets(NAT_PRESETS.begin(), NAT_PRESETS.end());
    if (const auto preset = section.Word({"nat", "\"symmetric\""}, Need::Optional, presets))
    {
        SetAxes(settings, NatPreset(presets[*preset]).value_or(NatAxes{}));
    }
}

} // namespace isb
