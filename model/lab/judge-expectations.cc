// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include <cmath>
#include <cstdint>
#include <optional>

namespace isb
{

namespace
{

/// "93.94": two digits after the point, rounded; not negative. Independent of the locale.
std::string
TwoDecimals(double value)
{
    constexpr double MOST = 9e15; // hundredths still fit 64 bits
    const auto hundredths = static_cast<uint64_t>(std::llround(std::fmin(value, MOST) * 100));
    const std::string rest = std::to_string(hundredths % 100);
    return std::to_string(hundredths / 100) + (rest.size() < 2 ? ".0" : ".") + rest;
}

/// The value in the largest of the units of which there is one, "423.10 us".
template <typename Units>
std::string
InLargestUnit(double value, const Units& units)
{
    const auto* chosen = &units[0];
    for (const auto& unit : units)
    {
        if (value >= unit.factor)
        {
            chosen = &unit;
        }
    }
    return TwoDecimals(value / chosen->factor) + " " + chosen->name;
}

struct DecimalUnit
{
    const char* name;
    double factor;
};

/// What the traffic showed, in the unit of the limits; nothing when there was nothing to measure.
std::optional<double>
ValueOf(Measure measure, const TrafficResult& result)
{
    const bool sent = result.sentBytes != 0 || result.sentPackets != 0;
    switch (measure)
    {
    case Measure::Throughput:
        return sent ? std::optional<double>(result.throughputBps) : std::nullopt;
    case Measure::Loss:
        return sent ? std::optional<double>(result.lossRatio) : std::nullopt;
    case Measure::Rtt:
        return result.rtt.count != 0 ? std::optional<double>(result.rtt.meanNs) : std::nullopt;
    case Measure::Connections:
        return static_cast<double>(result.established);
    case Measure::FirstByte:
        if (result.firstByte.count > 0)
        {
            return result.firstByte.meanNs;
        }
        return std::nullopt;
    case Measure::Failures:
        return static_cast<double>(result.failed);
    }
    return std::nullopt;
}

std::string
TextOf(Measure measure, double value)
{
    constexpr DecimalUnit RATES[] = {{"b/s", 1}, {"kb/s", 1e3}, {"Mb/s", 1e6}, {"Gb/s", 1e9}};
    constexpr DecimalUnit TIMES[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    switch (measure)
    {
    case Measure::Throughput:
        return InLargestUnit(value, RATES);
    case Measure::Loss:
        return TwoDecimals(value * 100) + " %";
    case Measure::Rtt:
    case Measure::FirstByte:
        return InLargestUnit(value, TIMES);
    case Measure::Connections:
    case Measure::Failures:
        return std::to_string(static_cast<uint64_t>(value));
    }
    return {};
}

} // namespace

std::vector<ExpectationResult>
JudgeExpectations(const Lab& lab, const LabResult& result)
{
    std::vector<ExpectationResult> results;
    for (const Expectation& expectation : lab.expectations)
    {
        ExpectationResult item;
        item.text = expectation.text;
        item.measured = "nothing measured";
        const std::optional<double> value =
            expectation.traffic < result.traffic.size()
                ? ValueOf(expectation.measure, result.traffic[expectation.traffic])
                : std::nullopt;
        if (value)
        {
            item.measured = TextOf(expectation.measure, *value);
            item.holds = (!expectation.atLeast || *value >= *expectation.atLeast) &&
                         (!expectation.atMost || *value <= *expectation.atMost);
        }
        results.push_back(std::move(item));
    }
    return results;
}

} // namespace isb
