// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/port-estimate.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace isb
{

namespace
{

constexpr int32_t FIRST = 1024;
constexpr int32_t COUNT = 65536 - FIRST;

struct Difference
{
    int32_t ports = 0;
    double seconds = 0;
};

bool
IsIndependent(const std::vector<PortSample>& samples)
{
    // Two destinations from one local port that were seen the same.
    bool compared = false;
    for (size_t at = 1; at < samples.size(); ++at)
    {
        for (size_t before = 0; before < at; ++before)
        {
            if (samples[at].local != samples[before].local ||
                samples[at].server == samples[before].server)
            {
                continue;
            }
            if (samples[at].external != samples[before].external)
            {
                return false;
            }
            compared = true;
        }
    }
    return compared;
}

/// Between samples that are mappings of their own.
std::vector<Difference>
DifferencesOf(const std::vector<PortSample>& samples)
{
    std::vector<Difference> differences;
    for (size_t at = 1; at < samples.size(); ++at)
    {
        const int32_t ports =
            PortDistance(samples[at - 1].external.port, samples[at].external.port);
        if (ports != 0)
        {
            const Duration gap = samples[at].when - samples[at - 1].when;
            differences.push_back({ports, static_cast<double>(gap.count()) / 1e9});
        }
    }
    return differences;
}

/// The share of differences that are a small positive number of steps.
double
Explained(const std::vector<Difference>& differences, int32_t step)
{
    const auto fits = [step](const Difference& difference)
    {
        const int32_t steps = difference.ports / step;
        return difference.ports % step == 0 && steps >= 1 && steps <= MAX_PORTS_BETWEEN;
    };
    return static_cast<double>(std::count_if(differences.begin(), differences.end(), fits)) /
           static_cast<double>(differences.size());
}

/// How many of ten NATs that assign in sequence have this step: a guess that only orders readings
/// which the samples leave open.
double
CommonnessOf(int32_t step)
{
    switch (std::abs(step))
    {
    case 1:
        return 6;
    case 2:
        return 2;
    case 4:
    case 8:
        return 0.5;
    default:
        return 0.1;
    }
}

StepReading
ReadStep(const std::vector<Difference>& differences, int32_t step)
{
    StepReading reading;
    reading.step = step;
    std::vector<std::pair<double, double>> gaps; // strangers, seconds
    for (const Difference& difference : differences)
    {
        const int32_t steps = difference.ports / step;
        if (difference.ports % step == 0 && steps >= 1 && steps <= MAX_PORTS_BETWEEN)
        {
            gaps.emplace_back(steps - 1, std::max(difference.seconds, 1e-6));
            reading.strangers += gaps.back().first;
            reading.seconds += gaps.back().second;
        }
    }
    if (gaps.size() * 2 <= differences.size())
    {
        return reading;
    }
    double logOdds = std::log(CommonnessOf(step) * (step > 0 ? 1.0 : 0.5));
    for (const auto& [strangers, seconds] : gaps)
    {
        const double mean = reading.strangers / reading.seconds * seconds;
        logOdds += mean > 0 ? strangers * std::log(mean) - mean - std::lgamma(strangers + 1) : 0;
    }
    // Whatever it does not explain came from somewhere else.
    logOdds -= 8.0 * static_cast<double>(differences.size() - gaps.size());
    reading.weight = std::exp(logOdds);
    return reading;
}

/// A NAT that preserves what it can gives the second mapping of a local port from elsewhere: the
/// first is then no part of the order.
std::vector<Difference>
OrderOf(const std::vector<PortSample>& samples)
{
    std::vector<PortSample> ordered;
    std::copy_if(samples.begin(),
                 samples.end(),
                 std::back_inserter(ordered),
                 [](const PortSample& sample) { return sample.local != sample.external.port; });
    return DifferencesOf(ordered);
}

void
EstimateSequence(const std::vector<PortSample>& samples, PortEstimate& estimate)
{
    const std::vector<StepReading> readings = ReadSteps(samples);
    if (readings.empty())
    {
        estimate.assignment = PortAssignment::Scattered;
        return;
    }
    const StepReading& best = *std::max_element(readings.begin(),
                                                readings.end(),
                                                [](const StepReading& a, const StepReading& b)
                                                { return a.weight < b.weight; });
    estimate.assignment = PortAssignment::Sequential;
    estimate.step = best.step;
    estimate.strangers = best.seconds > 0 ? best.strangers / best.seconds : 0;
    estimate.confidence = Explained(OrderOf(samples), best.step);
}

} // namespace

std::string_view
ToString(PortAssignment assignment)
{
    switch (assignment)
    {
    case PortAssignment::Unknown:
        return "unknown";
    case PortAssignment::Independent:
        return "independent";
    case PortAssignment::Preserving:
        return "preserving";
    case PortAssignment::Sequential:
        return "sequential";
    case PortAssignment::Scattered:
        return "scattered";
    }
    return "unknown";
}

int32_t
PortDistance(uint16_t from, uint16_t to)
{
    const int32_t forwards = ((static_cast<int32_t>(to) - from) % COUNT + COUNT) % COUNT;
    return forwards > COUNT / 2 ? forwards - COUNT : forwards;
}

uint16_t
PortAfter(uint16_t port, int64_t distance)
{
    const int64_t at = (static_cast<int64_t>(port) - FIRST + distance) % COUNT;
    return static_cast<uint16_t>((at + COUNT) % COUNT + FIRST);
}

PortEstimate
EstimatePorts(const std::vector<PortSample>& samples)
{
    PortEstimate estimate;
    if (samples.empty())
    {
        return estimate;
    }
    estimate.last = samples.back().external.port;
    estimate.when = samples.back().when;
    if (IsIndependent(samples))
    {
        estimate.assignment = PortAssignment::Independent;
        estimate.confidence = 1;
        return estimate;
    }
    const auto keeps = [](const PortSample& sample)
    { return sample.local == sample.external.port; };
    const auto kept = std::count_if(samples.begin(), samples.end(), keeps);
    if (kept * 2 > static_cast<std::ptrdiff_t>(samples.size()))
    {
        estimate.assignment = PortAssignment::Preserving;
        estimate.confidence = static_cast<double>(kept) / static_cast<double>(samples.size());
        return estimate;
    }
    if (!OrderOf(samples).empty())
    {
        EstimateSequence(samples, estimate);
    }
    return estimate;
}

std::vector<StepReading>
ReadSteps(const std::vector<PortSample>& samples)
{
    const std::vector<Difference> differences = OrderOf(samples);
    std::vector<StepReading> readings;
    double sum = 0;
    for (int32_t size = 1; size <= MAX_PORT_STEP; ++size)
    {
        for (const int32_t step : {size, -size})
        {
            const StepReading reading = ReadStep(differences, step);
            if (reading.weight > 0)
            {
                readings.push_back(reading);
                sum += reading.weight;
            }
        }
    }
    for (StepReading& reading : readings)
    {
        reading.weight /= sum;
    }
    return readings;
}

} // namespace isb
