// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

const std::vector<std::string_view> MEASURES{"throughput",
                                             "loss",
                                             "rtt",
                                             "connections",
                                             "first-byte",
                                             "failures"};

/// No traffic has more connections.
constexpr uint64_t MOST_CONNECTIONS = 10'000;

/// The measures that a kind of traffic gives.
std::vector<std::string_view>
MeasuresOf(TrafficKind kind)
{
    switch (kind)
    {
    case TrafficKind::TcpBulk:
        return {"throughput", "connections", "failures"};
    case TrafficKind::UdpRate:
        return {"throughput", "loss"};
    case TrafficKind::UdpPingPong:
        return {"rtt", "loss"};
    case TrafficKind::RequestResponse:
    case TrafficKind::TcpPingPong:
        return {"rtt", "connections", "first-byte", "failures"};
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
ReadLimit(TableReader& reader, std::string_view name, Measure measure)
{
    const auto written = [&] { return std::string(reader.TextOf(name)); };
    switch (measure)
    {
    case Measure::Throughput:
        if (const auto rate = reader.Rate({name, "\"80 Mb/s\""}, Need::Optional))
        {
            return Limit{static_cast<double>(rate->bitsPerSecond), written()};
        }
        break;
    case Measure::Loss:
        if (const auto ratio = reader.Share({name, "\"3 %\""}, Need::Optional))
        {
            return Limit{ratio->AsDouble(), written()};
        }
        break;
    case Measure::Rtt:
    case Measure::FirstByte:
        if (const auto time = reader.Time({name, "\"500 us\""}, Need::Optional))
        {
            return Limit{static_cast<double>(time->count()), written()};
        }
        break;
    case Measure::Connections:
    case Measure::Failures:
        if (const auto count = reader.Integer({name, "10"}, Need::Optional, 0, MOST_CONNECTIONS))
        {
            return Limit{static_cast<double>(*count), std::to_string(*count)};
        }
        break;
    }
    return std::nullopt;
}

/// The limits into the expectation; its text.
void
ReadLimits(TableReader& reader, Expectation& expectation)
{
    const size_t before = reader.Faults().Count();
    const Measure measure = expectation.measure;
    const auto least = ReadLimit(reader, "at-least", measure);
    const auto most = ReadLimit(reader, "at-most", measure);
    const bool exact = measure == Measure::Connections || measure == Measure::Loss;
    std::optional<Limit> equal;
    if (exact)
    {
        equal = ReadLimit(reader, "equals", measure);
    }
    else
    {
        reader.Refuse("equals",
                      "only with measure \"connections\" or \"loss\"; write at-least and at-most");
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
    std::string& text = expectation.text;
    if (equal)
    {
        expectation.atLeast = expectation.atMost = equal->value;
        text += " equals " + equal->text;
    }
    if (least)
    {
        expectation.atLeast = least->value;
        text += " at-least " + least->text;
    }
    if (most)
    {
        expectation.atMost = most->value;
        text += " at-most " + most->text;
    }
}

/// Which traffic is meant; it must give the measure.
void
ReadSubject(LabDraft& draft, TableReader& reader, Expectation& expectation)
{
    const LabKey key{"traffic", "\"bulk\""};
    const std::optional<std::string> name = reader.Text(key, Need::Required);
    if (!name)
    {
        return;
    }
    const std::string_view measure = MEASURES[static_cast<size_t>(expectation.measure)];
    std::vector<std::string_view> names;
    for (const Traffic& traffic : draft.lab.traffic)
    {
        names.push_back(traffic.name);
    }
    const auto found = std::find(names.begin(), names.end(), *name);
    if (found == names.end())
    {
        if (draft.trafficComplete)
        {
            reader.Fault(key,
                         ": there is no traffic " + Quoted(*name) + "; " +
                             SuggestWord(*name, names));
        }
        return;
    }
    expectation.traffic = static_cast<size_t>(found - names.begin());
    expectation.text = *name + ": " + std::string(measure);
    const TrafficKind kind = draft.lab.traffic[expectation.traffic].kind;
    const std::vector<std::string_view> measures = MeasuresOf(kind);
    if (std::find(measures.begin(), measures.end(), measure) == measures.end())
    {
        reader.Fault({"measure", {}},
                     ": traffic of kind \"" + std::string(ToString(kind)) + "\" has no " +
                         std::string(measure) + "; valid: " + Quoted(measures[0]) + ", " +
                         Quoted(measures[1]));
    }
}

void
ReadExpectation(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[expect]]", draft.faults);
    const auto word = reader.Word({"measure", "\"throughput\""}, Need::Required, MEASURES);
    if (!word)
    {
        return; // which keys are right depends on it
    }
    Expectation expectation;
    expectation.measure = static_cast<Measure>(*word);
    ReadSubject(draft, reader, expectation);
    ReadLimits(reader, expectation);
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
