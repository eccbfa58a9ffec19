// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

const std::vector<std::string_view>
    MEASURES{"throughput", "loss", "rtt", "connections", "first-byte", "failures", "completed"};
const std::vector<std::string_view> COUNTS{"asked", "established", "failed", "from-prepared"};
const std::vector<std::string_view> PATHS{"direct", "reversed", "translated", "punched"};
const std::vector<std::string_view> METHODS{"proxy", "active", "passive", "pure", "udp"};

/// No count is higher.
constexpr uint64_t MOST_COUNT = 1'000'000'000'000;

const LabKey MEASURE{"measure", "\"throughput\""};

/// How the limits are written.
enum class Unit : uint8_t
{
    Rate,
    Share,
    Time,
    Count,
};

Unit
UnitOf(Measure measure)
{
    switch (measure)
    {
    case Measure::Throughput:
        return Unit::Rate;
    case Measure::Loss:
        return Unit::Share;
    case Measure::Rtt:
    case Measure::FirstByte:
        return Unit::Time;
    case Measure::Connections:
    case Measure::Failures:
    case Measure::Completed:
        break;
    }
    return Unit::Count;
}

/// The measures that a traffic gives.
std::vector<std::string_view>
MeasuresOf(const Traffic& traffic)
{
    switch (traffic.kind)
    {
    case TrafficKind::TcpBulk:
        if (traffic.totalBytes != 0)
        {
            return {"throughput", "connections", "failures", "completed"};
        }
        return {"throughput", "connections", "failures"};
    case TrafficKind::UdpRate:
        return {"throughput", "loss"};
    case TrafficKind::UdpPingPong:
        return {"rtt", "loss"};
    case TrafficKind::RequestResponse:
        return {"rtt", "first-byte", "connections", "failures", "completed"};
    case TrafficKind::TcpPingPong:
        return {"rtt", "first-byte", "connections", "failures"};
    }
    return {};
}

/// A limit as a number in the unit of the result's field, and as it was written.
struct Limit
{
    double value = 0;
    std::string text;
};

std::optional<Limit>
ReadLimit(TableReader& reader, std::string_view name, Unit unit)
{
    const auto written = [&] { return std::string(reader.TextOf(name)); };
    switch (unit)
    {
    case Unit::Rate:
        if (const auto rate = reader.Rate({name, "\"80 Mb/s\""}, Need::Optional))
        {
            return Limit{static_cast<double>(rate->bitsPerSecond), written()};
        }
        break;
    case Unit::Share:
        if (const auto ratio = reader.Share({name, "\"3 %\""}, Need::Optional))
        {
            return Limit{ratio->AsDouble(), written()};
        }
        break;
    case Unit::Time:
        if (const auto time = reader.Time({name, "\"500 us\""}, Need::Optional))
        {
            return Limit{static_cast<double>(time->count()), written()};
        }
        break;
    case Unit::Count:
        if (const auto count = reader.Integer({name, "10"}, Need::Optional, 0, MOST_COUNT))
        {
            return Limit{static_cast<double>(*count), std::to_string(*count)};
        }
        break;
    }
    return std::nullopt;
}

/// The limits into the expectation and its text.
void
ReadLimits(TableReader& reader, Unit unit, Expectation& expectation)
{
    const size_t before = reader.Faults().Count();
    const auto least = ReadLimit(reader, "at-least", unit);
    const auto most = ReadLimit(reader, "at-most", unit);
    std::optional<Limit> equal;
    if (unit == Unit::Count || unit == Unit::Share)
    {
        equal = ReadLimit(reader, "equals", unit);
    }
    else
    {
        reader.Refuse("equals",
                      "only with whole numbers and measure \"loss\"; write at-least and at-most");
    }
    if (reader.Faults().Count() != before)
    {
        return;
    }
    if (equal && (least || most))
    {
        reader.Fault({"equals", {}}, " goes alone, without at-least and at-most");
        return;
    }
    if (!least && !most && !equal)
    {
        reader.Faults().Add(reader.Line(),
                            "[[expect]] has no limit; write at-least, at-most or equals");
        return;
    }
    if (least && most && least->value > most->value)
    {
        reader.Fault({"at-least", {}}, " is above at-most: nothing can hold both");
        return;
    }
    const auto enter = [&](const std::optional<Limit>& limit, const char* word)
    {
        if (limit)
        {
            expectation.text.append(word).append(limit->text);
        }
    };
    expectation.atLeast = equal   ? std::optional(equal->value)
                          : least ? std::optional(least->value)
                                  : std::nullopt;
    expectation.atMost = equal  ? std::optional(equal->value)
                         : most ? std::optional(most->value)
                                : std::nullopt;
    enter(equal, " equals ");
    enter(least, " at-least ");
    enter(most, " at-most ");
}

/// The first traffic of the subject and how many there are; nothing (a fault) when there is none.
std::optional<std::pair<size_t, size_t>>
FindSubject(LabDraft& draft, TableReader& reader, LabKey key, const std::string& name)
{
    const bool single = key.name == "traffic";
    std::vector<std::string_view> names;
    for (const Traffic& traffic : draft.lab.traffic)
    {
        if (single && IsLabName(traffic.name)) // not of a crowd: those have a dot
        {
            names.push_back(traffic.name);
        }
    }
    for (const LabCrowd& crowd : draft.lab.crowds)
    {
        if (!single)
        {
            names.push_back(crowd.name);
        }
    }
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
    {
        if (draft.trafficComplete)
        {
            reader.Fault(key,
                         ": there is no " + std::string(key.name) + " " + Quoted(name) + "; " +
                             SuggestWord(name, names));
        }
        return std::nullopt;
    }
    const auto index = static_cast<size_t>(found - names.begin());
    if (single)
    {
        return std::make_pair(index, size_t{1});
    }
    const LabCrowd& crowd = draft.lab.crowds[index];
    if (crowd.trafficCount == 0)
    {
        if (draft.faults.Count() == 0) // else it may have got none for a fault
        {
            reader.Fault(key, ": crowd " + Quoted(name) + " has no traffic; add: [crowd.traffic]");
        }
        return std::nullopt;
    }
    return std::make_pair(crowd.firstTraffic, crowd.trafficCount);
}

/// A measure of a traffic or crowd.
bool
ReadTrafficSubject(LabDraft& draft, TableReader& reader, LabKey key, Expectation& expectation)
{
    const auto word = reader.Word(MEASURE, Need::Required, MEASURES);
    const auto name = reader.Text(key, Need::Required);
    if (!word)
    {
        return false; // which keys are right depends on it
    }
    expectation.measure = static_cast<Measure>(*word);
    if (name)
    {
        expectation.text = *name + ": " + std::string(MEASURES[*word]);
        if (const auto subject = FindSubject(draft, reader, key, *name))
        {
            expectation.traffic = subject->first;
            expectation.trafficCount = subject->second;
            const Traffic& traffic = draft.lab.traffic[subject->first];
            const std::vector<std::string_view> measures = MeasuresOf(traffic);
            if (std::find(measures.begin(), measures.end(), MEASURES[*word]) == measures.end())
            {
                std::string list;
                for (const std::string_view each : measures)
                {
                    list += (list.empty() ? "" : ", ") + Quoted(each);
                }
                reader.Fault(MEASURE,
                             ": traffic of kind \"" + std::string(ToString(traffic.kind)) +
                                 "\" has no " + std::string(MEASURES[*word]) + "; valid: " + list);
            }
        }
    }
    ReadLimits(reader, UnitOf(expectation.measure), expectation);
    return true;
}

/// "ann -> bob/web": the user and his wanted service.
void
ReadPair(LabDraft& draft, TableReader& reader, Expectation& expectation)
{
    const LabKey key{"subscription", "\"ann -> bob/web\""};
    constexpr std::string_view ARROW = " -> ";
    const auto text = reader.Text(key, Need::Required);
    if (!text)
    {
        return;
    }
    const size_t arrow = text->find(ARROW);
    if (arrow == std::string::npos)
    {
        reader.Fault(key, ": " + Quoted(*text) + " has no arrow; write: \"ann -> bob/web\"");
        return;
    }
    const std::string name = text->substr(0, arrow);
    const auto parts = ReadServiceName(reader, key, text->substr(arrow + ARROW.size()));
    const auto user = draft.world.userNames.find(name);
    if (parts && user == draft.world.userNames.end())
    {
        FaultNoUser(draft, reader, key, name);
    }
    if (!parts || user == draft.world.userNames.end())
    {
        return;
    }
    const LabUser& subscriber = draft.lab.users[user->second];
    const auto wanted = FindWanted(subscriber, parts->first, parts->second);
    if (!wanted)
    {
        if (draft.world.usersComplete)
        {
            std::vector<std::string> names;
            for (const WantedService& each : subscriber.settings.wants)
            {
                names.push_back(name + std::string(ARROW) + each.provider + "/" + each.service);
            }
            reader.Fault(key,
                         ": there is no such subscription; " +
                             SuggestWord(*text, {names.begin(), names.end()}));
        }
        return;
    }
    expectation.text = *text + ":";
    expectation.subscription->user = user->second;
    expectation.subscription->wanted = *wanted;
}

/// A translator's name, or the broker's that forwards itself.
void
CheckTranslator(LabDraft& draft, TableReader& reader, const std::string& name)
{
    std::vector<std::string_view> names;
    for (const LabTranslator& translator : draft.lab.translators)
    {
        names.push_back(translator.settings.name);
    }
    for (const LabBroker& broker : draft.lab.brokers)
    {
        if (broker.own)
        {
            names.push_back(broker.own->name);
        }
    }
    for (const LabUser& user : draft.lab.users)
    {
        if (user.settings.volunteer)
        {
            names.push_back(user.settings.user);
        }
    }
    if (std::find(names.begin(), names.end(), name) == names.end() && draft.nodesComplete)
    {
        reader.Fault({"ist", {}},
                     ": there is no translator " + Quoted(name) + "; " + SuggestWord(name, names));
    }
}

std::vector<std::string_view>
CodeWords()
{
    std::vector<std::string_view> words;
    for (uint8_t code = 1; code <= static_cast<uint8_t>(IsbCode::Cancelled); ++code)
    {
        words.push_back(ToString(static_cast<IsbCode>(code)));
    }
    return words;
}

void
ReadSubscriptionSubject(LabDraft& draft, TableReader& reader, Expectation& expectation)
{
    SubscriptionExpectation& what = expectation.subscription.emplace();
    ReadPair(draft, reader, expectation);
    const auto word = [&](LabKey key, const std::vector<std::string_view>& words, std::string& into)
    {
        if (const auto index = reader.Word(key, Need::Optional, words))
        {
            into = words[*index];
            expectation.text += " " + std::string(key.name) + " " + into;
        }
    };
    word({"path", "\"translated\""}, PATHS, what.path);
    word({"method", "\"passive\""}, METHODS, what.method);
    if (const auto ist = reader.Text({"ist", "\"ist\""}, Need::Optional))
    {
        CheckTranslator(draft, reader, *ist);
        what.ist = *ist;
        expectation.text += " ist " + *ist;
    }
    word({"code", "\"not-allowed\""}, CodeWords(), what.code);
    if (const auto count = reader.Word(MEASURE, Need::Optional, COUNTS))
    {
        what.count = static_cast<SubscriptionCount>(*count);
        expectation.text += " " + std::string(COUNTS[*count]);
        ReadLimits(reader, Unit::Count, expectation);
        return;
    }
    const bool said = reader.Has("path") || reader.Has("method") || reader.Has("ist") ||
                      reader.Has("code") || reader.Has("measure");
    if (!said)
    {
        reader.Faults().Add(reader.Line(),
                            "[[expect]] says nothing of the subscription; write path, method, ist, "
                            "code or measure");
    }
    for (const std::string_view key : {"at-least", "at-most", "equals"})
    {
        reader.Refuse(key, "only with measure");
    }
}

/// "isb/logins".
void
ReadCounterSubject(LabDraft& draft, TableReader& reader, Expectation& expectation)
{
    const LabKey key{"counter", "\"isb/logins\""};
    const std::string text = reader.Text(key, Need::Required).value_or("");
    const size_t slash = text.find('/');
    CounterExpectation& counter = expectation.counter.emplace();
    counter.who = text.substr(0, slash);
    counter.counter = slash == std::string::npos ? "" : text.substr(slash + 1);
    std::vector<std::string_view> names;
    for (const LabBroker& broker : draft.lab.brokers)
    {
        names.push_back(broker.settings.name);
    }
    for (const LabTranslator& translator : draft.lab.translators)
    {
        names.push_back(translator.settings.name);
    }
    const bool written =
        !counter.counter.empty() && counter.counter.size() <= 64 &&
        std::all_of(counter.counter.begin(),
                    counter.counter.end(),
                    [](char c) { return c == '.' || IsLabName(std::string("a") + c); });
    if (reader.Has("counter") && !written)
    {
        reader.Fault(key, ": " + Quoted(text) + " is no counter; write who/what: \"isb/logins\"");
    }
    else if (std::find(names.begin(), names.end(), counter.who) == names.end() &&
             draft.nodesComplete)
    {
        reader.Fault(key,
                     ": there is no broker or translator " + Quoted(counter.who) + "; " +
                         SuggestWord(counter.who, names));
    }
    expectation.text = text;
    ReadLimits(reader, Unit::Count, expectation);
}

void
ReadExpectation(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[expect]]", draft.faults);
    Expectation expectation;
    if (reader.Has("subscription"))
    {
        ReadSubscriptionSubject(draft, reader, expectation);
    }
    else if (reader.Has("counter"))
    {
        ReadCounterSubject(draft, reader, expectation);
    }
    else
    {
        const LabKey key =
            reader.Has("crowd") ? LabKey{"crowd", "\"u\""} : LabKey{"traffic", "\"bulk\""};
        if (!ReadTrafficSubject(draft, reader, key, expectation))
        {
            return;
        }
    }
    reader.Finish();
    draft.lab.expectations.push_back(std::move(expectation));
}

} // namespace

void
ReadExpectations(LabDraft& draft, TableReader& root)
{
    root.EachTable("expect", [&](const toml::table& table) { ReadExpectation(draft, table); });
}

} // namespace isb
