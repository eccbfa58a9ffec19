// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/read-nat.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace isb
{

namespace
{

constexpr std::string_view DEFAULT_PRESET = "port-restricted-cone";
constexpr uint64_t LAST_PORT = 65535;
constexpr uint64_t MOST_ENTRIES = 4'000'000;
constexpr uint64_t MOST_EXTERNALS = 64;
constexpr LabKey STEP{"step", "2"};

/// All words of an enumeration whose last member is `last`.
template <typename Enum>
std::vector<std::string_view>
WordsUpTo(Enum last)
{
    std::vector<std::string_view> words;
    for (size_t i = 0; i <= static_cast<size_t>(last); ++i)
    {
        words.push_back(ToString(static_cast<Enum>(i)));
    }
    return words;
}

/// A word, laid over what is there.
template <typename Enum>
void
ReadWord(TableReader& reader, LabKey key, Enum last, Enum& value)
{
    if (const auto word = reader.Word(key, Need::Optional, WordsUpTo(last)))
    {
        value = static_cast<Enum>(*word);
    }
}

std::vector<std::string_view>
PresetNames()
{
    std::vector<std::string_view> names(NAT_PRESETS.begin(), NAT_PRESETS.end());
    names.insert(names.end(), NAT_FURTHER_PRESETS.begin(), NAT_FURTHER_PRESETS.end());
    return names;
}

/// Protocols that are told one thing together.
using AxesList = std::vector<NatAxes*>;

template <typename Enum>
void
ReadAxis(TableReader& reader, LabKey key, Enum last, Enum NatAxes::*axis, const AxesList& all)
{
    if (const auto word = reader.Word(key, Need::Optional, WordsUpTo(last)))
    {
        for (NatAxes* axes : all)
        {
            axes->*axis = static_cast<Enum>(*word);
        }
    }
}

void
ReadSwitch(TableReader& reader, LabKey key, bool NatAxes::*axis, const AxesList& all)
{
    if (const auto on = reader.Boolean(key, Need::Optional))
    {
        for (NatAxes* axes : all)
        {
            axes->*axis = *on;
        }
    }
}

/// How protocols are treated, laid over what is there.
void
ReadAxes(TableReader& reader, const AxesList& all)
{
    constexpr auto LAST_BEHAVIOUR = NatBehaviour::AddressAndPortDependent;
    const LabKey mapping{"mapping", "\"endpoint-independent\""};
    ReadAxis(reader, mapping, LAST_BEHAVIOUR, &NatAxes::mapping, all);
    const LabKey filtering{"filtering", "\"address-dependent\""};
    ReadAxis(reader, filtering, LAST_BEHAVIOUR, &NatAxes::filtering, all);
    const LabKey assignment{"assignment", "\"random\""};
    ReadAxis(reader, assignment, NatPortAssignment::Overloading, &NatAxes::assignment, all);
    if (const auto step = reader.Integer(STEP, Need::Optional, 1, LAST_PORT))
    {
        for (NatAxes* axes : all)
        {
            axes->step = static_cast<uint16_t>(*step);
        }
    }
    ReadSwitch(reader, {"parity", "true"}, &NatAxes::parity, all);
    ReadSwitch(reader, {"contiguity", "true"}, &NatAxes::contiguity, all);
    ReadAxis(reader, {"refresh", "\"both\""}, NatRefresh::Both, &NatAxes::refresh, all);
}

/// A step that nobody takes is a mistake.
void
CheckStep(TableReader& reader, const AxesList& all)
{
    const bool taken = std::any_of(all.begin(),
                                   all.end(),
                                   [](const NatAxes* axes)
                                   { return axes->assignment == NatPortAssignment::Sequential; });
    if (reader.Has(STEP.name) && !taken)
    {
        reader.Fault(STEP, " goes with assignment = \"sequential\" only");
    }
}

/// "[box.nat]" -> "[box.nat.udp]"
std::string
Within(const std::string& where, std::string_view name)
{
    return where.substr(0, where.size() - 1).append(".").append(name).append("]");
}

void
ReadProtocols(TableReader& nat, NatSettings& settings)
{
    const AxesList all{&settings.udp, &settings.tcp, &settings.icmp};
    constexpr std::string_view NAMES[] = {"udp", "tcp", "icmp"};
    ReadAxes(nat, all);
    for (size_t i = 0; i < all.size(); ++i)
    {
        const LabKey key{NAMES[i], "{ mapping = \"endpoint-independent\" }"};
        if (const toml::table* table = nat.Table(key, Need::Optional))
        {
            TableReader reader(*table, Within(nat.Where(), NAMES[i]), nat.Faults());
            ReadAxes(reader, {all[i]});
            CheckStep(reader, {all[i]});
            reader.Finish();
        }
    }
    CheckStep(nat, all);
}

void
ReadPool(TableReader& reader, NatSettings& settings)
{
    const auto first = reader.Integer({"first-port", "1024"}, Need::Optional, 1, LAST_PORT);
    const auto last = reader.Integer({"last-port", "65535"}, Need::Optional, 1, LAST_PORT);
    settings.firstPort = static_cast<uint16_t>(first.value_or(settings.firstPort));
    settings.lastPort = static_cast<uint16_t>(last.value_or(settings.lastPort));
    if (settings.firstPort > settings.lastPort)
    {
        reader.Fault({reader.Has("last-port") ? "last-port" : "first-port", {}},
                     " leaves no port: the pool " + std::to_string(settings.firstPort) + " to " +
                         std::to_string(settings.lastPort) + " is empty (RFC 4787 section 4.2)");
    }
    const LabKey blockKey{"port-block", "{ size = 512, most = 4 }"};
    if (const toml::table* table = reader.Table(blockKey, Need::Optional))
    {
        TableReader block(*table, Within(reader.Where(), "port-block"), reader.Faults());
        const auto size = block.Integer({"size", "512"}, Need::Required, 1, LAST_PORT);
        const auto most = block.Integer({"most", "4"}, Need::Optional, 1, LAST_PORT);
        block.Finish();
        settings.blocks.size = static_cast<uint16_t>(size.value_or(0));
        settings.blocks.mostEach = static_cast<uint16_t>(most.value_or(settings.blocks.mostEach));
    }
}

void
ReadLimits(TableReader& reader, NatLimits& limits)
{
    struct Limit
    {
        LabKey key;
        size_t NatLimits::*field;
        uint64_t least;
    };

    const Limit all[] = {
        {{"max-mappings", "65536"}, &NatLimits::mappings, 1},
        {{"max-sessions", "262144"}, &NatLimits::sessions, 1},
        {{"max-destinations", "1024"}, &NatLimits::destinationsPerMapping, 1},
        {{"max-held-syns", "256"}, &NatLimits::heldSyns, 1},
        {{"max-mappings-each", "512"}, &NatLimits::mappingsPerSubscriber, 0},
        {{"max-sessions-each", "2048"}, &NatLimits::sessionsPerSubscriber, 0},
    };
    for (const Limit& limit : all)
    {
        const auto value = reader.Integer(limit.key, Need::Optional, limit.least, MOST_ENTRIES);
        limits.*limit.field = value.value_or(limits.*limit.field);
    }
    const auto rate = reader.Integer({"new-mappings-each", "100"}, Need::Optional, 0, MOST_ENTRIES);
    limits.newMappingsPerSecond = static_cast<uint32_t>(rate.value_or(limits.newMappingsPerSecond));
}

void
ReadTimers(TableReader& reader, NatTimers& timers)
{
    struct Timer
    {
        LabKey key;
        Duration NatTimers::*field;
        bool mayBeZero;
    };

    const Timer all[] = {
        {{"udp-timeout", "\"5 min\""}, &NatTimers::udp, false},
        {{"tcp-established-timeout", "\"124 min\""}, &NatTimers::tcpEstablished, false},
        {{"tcp-transitory-timeout", "\"4 min\""}, &NatTimers::tcpTransitory, false},
        {{"tcp-closing-timeout", "\"4 min\""}, &NatTimers::tcpClosing, false},
        {{"icmp-timeout", "\"60 s\""}, &NatTimers::icmp, false},
        {{"fragment-timeout", "\"2 s\""}, &NatTimers::fragments, false},
        {{"syn-hold", "\"6 s\""}, &NatTimers::synHold, false},
        {{"port-hold", "\"120 s\""}, &NatTimers::portHold, true},
    };
    for (const Timer& timer : all)
    {
        const auto value = reader.Time(timer.key, Need::Optional);
        if (value && value->count() == 0 && !timer.mayBeZero)
        {
            reader.Fault(timer.key, " is zero: nothing would live; nearest valid: \"1 ns\"");
        }
        timers.*timer.field = value.value_or(timers.*timer.field);
    }
}

/// `hairpin`: yes or no, or what the other insider sees.
void
ReadHairpin(TableReader& reader, NatHairpin& hairpin)
{
    const LabKey key{"hairpin", "true"};
    if (reader.IsText(key.name))
    {
        ReadWord(reader, {key.name, "\"external\""}, NatHairpin::ExternalSource, hairpin);
        return;
    }
    if (const auto on = reader.Boolean(key, Need::Optional))
    {
        hairpin = *on ? NatHairpin::ExternalSource : NatHairpin::None;
    }
}

void
ReadFaults(TableReader& reader, NatFaults& faults)
{
    const std::pair<std::string_view, bool NatFaults::*> all[] = {
        {"kill-on-reset", &NatFaults::killOnReset},
        {"kill-on-icmp", &NatFaults::killOnIcmp},
        {"rewrite-payload", &NatFaults::rewritePayload}};
    const LabKey key{"faults", "[\"kill-on-reset\"]"};
    for (const std::string& text :
         reader.Texts(key, Need::Optional).value_or(std::vector<std::string>{}))
    {
        const auto* const found =
            std::find_if(std::begin(all),
                         std::end(all),
                         [&](const auto& each) { return each.first == text; });
        if (found == std::end(all))
        {
            std::vector<std::string_view> words;
            for (const auto& each : all)
            {
                words.push_back(each.first);
            }
            reader.Fault(key,
                         ": no fault is called " + Quoted(text) + "; " + SuggestWord(text, words));
            continue;
        }
        faults.*found->second = true;
    }
}

void
ReadUntranslated(TableReader& reader, NatSettings& settings)
{
    const LabKey key{"untranslated", "[\"192.0.2.0/24\"]"};
    for (const std::string& text :
         reader.Texts(key, Need::Optional).value_or(std::vector<std::string>{}))
    {
        if (const auto subnet = Subnet::Parse(text))
        {
            settings.untranslated.push_back(*subnet);
            continue;
        }
        reader.Fault(key, ": " + Quoted(text) + " is no subnet; like \"192.0.2.0/24\"");
    }
}

/// "bob:80"
std::optional<NatDraft::Target>
ParseTarget(const std::string& text)
{
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0)
    {
        return std::nullopt;
    }
    NatDraft::Target target;
    target.host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, target.port);
    const bool isAddress = Ipv4::Parse(target.host).has_value();
    if (parsed.ec != std::errc() || parsed.ptr != end || target.port == 0 ||
        !(isAddress || IsLabName(target.host)))
    {
        return std::nullopt;
    }
    return target;
}

void
ReadForward(const toml::table& table, const std::string& where, LabFaults& faults, NatDraft& nat)
{
    TableReader reader(table, where, faults);
    NatForward forward;
    const std::vector<std::string_view> protocols{"tcp", "udp"};
    const auto protocol = reader.Word({"protocol", "\"tcp\""}, Need::Optional, protocols);
    forward.protocol = protocol.value_or(0) == 0 ? Protocol::Tcp : Protocol::Udp;
    const auto port = reader.Integer({"port", "80"}, Need::Required, 1, LAST_PORT);
    forward.external.port = static_cast<uint16_t>(port.value_or(0));
    const LabKey toKey{"to", "[\"bob:80\"]"};
    const auto texts = reader.Texts(toKey, Need::Required);
    if (texts && texts->empty())
    {
        reader.Fault(toKey, " is empty: a forward leads to one or more hosts");
    }
    for (const std::string& text : texts.value_or(std::vector<std::string>{}))
    {
        auto target = ParseTarget(text);
        if (!target)
        {
            reader.Fault(toKey, ": " + Quoted(text) + " is no HOST:PORT; like \"bob:80\"");
            continue;
        }
        target->forward = nat.settings.forwards.size();
        target->line = reader.LineOf(toKey.name);
        nat.targets.push_back(std::move(*target));
    }
    reader.Finish();
    nat.settings.forwards.push_back(std::move(forward));
}

void
ReadNatTable(const toml::table& table, const std::string& where, LabFaults& faults, NatDraft& nat)
{
    TableReader reader(table, where, faults);
    NatSettings& settings = nat.settings;
    nat.line = reader.Line();
    const std::vector<std::string_view> presets = PresetNames();
    const auto preset = reader.Word({"preset", "\"symmetric\""}, Need::Optional, presets);
    (void)ApplyNatPreset(preset ? presets[*preset] : DEFAULT_PRESET, settings);
    ReadProtocols(reader, settings);
    ReadWord(reader, {"pooling", "\"arbitrary\""}, NatPooling::Arbitrary, settings.pooling);
    const auto externals =
        reader.Integer({"external-addresses", "4"}, Need::Optional, 1, MOST_EXTERNALS);
    nat.externals = externals.value_or(1);
    ReadHairpin(reader, settings.hairpin);
    ReadWord(reader, {"unsolicited-syn", "\"reset\""}, NatSynAnswer::Hold, settings.unsolicitedSyn);
    ReadWord(reader, {"eviction", "\"oldest-idle\""}, NatEviction::OldestIdle, settings.eviction);
    ReadFaults(reader, settings.faults);
    ReadUntranslated(reader, settings);
    ReadPool(reader, settings);
    ReadLimits(reader, settings.limits);
    ReadTimers(reader, settings.timers);
    reader.EachTable("forward",
                     [&](const toml::table& forward)
                     { ReadForward(forward, Within(where, "forward"), faults, nat); });
    reader.Finish();
}

} // namespace

void
ReadNat(TableReader& section, const std::string& where, NatDraft& nat)
{
    nat.line = section.LineOf("nat");
    if (section.IsTable("nat"))
    {
        const toml::table& table = *section.Table({"nat", {}}, Need::Optional);
        ReadNatTable(table, where, section.Faults(), nat);
        return;
    }
    const std::vector<std::string_view> presets = PresetNames();
    const auto preset = section.Word({"nat", "\"symmetric\""}, Need::Optional, presets);
    (void)ApplyNatPreset(preset ? presets[*preset] : DEFAULT_PRESET, nat.settings);
}

void
ResolveForwards(NatDraft& nat,
                LabFaults& faults,
                const std::function<std::optional<Ipv4>(const std::string&)>& find)
{
    for (const NatDraft::Target& target : nat.targets)
    {
        const auto literal = Ipv4::Parse(target.host);
        const std::optional<Ipv4> address = literal ? literal : find(target.host);
        if (!address)
        {
            faults.Add(target.line,
                       "'to' in forward: there is no host " + Quoted(target.host) +
                           " to forward to; write HOST:PORT of a host behind this NAT");
            continue;
        }
        nat.settings.forwards[target.forward].internal.push_back({*address, target.port});
    }
}

} // namespace isb
