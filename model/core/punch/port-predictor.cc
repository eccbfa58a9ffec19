// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/port-predictor.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace isb
{

namespace
{

using Ports = std::vector<uint16_t>;

void
AddOnce(Ports& ports, uint16_t port, size_t most)
{
    if (ports.size() < most && std::find(ports.begin(), ports.end(), port) == ports.end())
    {
        ports.push_back(port);
    }
}

/// Probability that others make `count` mappings within `ahead` seconds, after they made `seen`
/// within `seconds`: Poisson's with a rate that is itself only estimated (negative binomial, from
/// Jeffreys' prior).
double
ProbabilityOf(double count, double seen, double seconds, double ahead)
{
    const double shape = seen + 0.5;
    const double share = seconds / (seconds + ahead);
    return std::exp(std::lgamma(shape + count) - std::lgamma(shape) - std::lgamma(count + 1) +
                    shape * std::log(share) + count * std::log1p(-share));
}

/// The next ports of a sequence, by probability.
Ports
NextOfSequence(const std::vector<PortSample>& samples,
               const PortEstimate& estimate,
               const PortQuestion& question)
{
    constexpr double LEAST_AHEAD = 1e-3;
    const double ahead =
        std::max(static_cast<double>((question.when - estimate.when).count()) / 1e9, LEAST_AHEAD);
    std::map<uint16_t, double> odds;
    for (const StepReading& reading : ReadSteps(samples))
    {
        const double mean = (reading.strangers + 0.5) / reading.seconds * ahead;
        const auto last = static_cast<int64_t>(mean + 6 * std::sqrt(mean + 1)) +
                          static_cast<int64_t>(question.most);
        for (int64_t others = 0; others <= std::min<int64_t>(last, MAX_PORTS_BETWEEN); ++others)
        {
            odds[PortAfter(estimate.last, (others + 1) * reading.step)] +=
                reading.weight * ProbabilityOf(static_cast<double>(others),
                                               reading.strangers,
                                               reading.seconds,
                                               ahead);
        }
    }
    std::vector<std::pair<double, uint16_t>> ranked;
    ranked.reserve(odds.size());
    for (const auto& [port, probability] : odds)
    {
        ranked.emplace_back(-probability, port);
    }
    std::sort(ranked.begin(), ranked.end());
    Ports ports;
    for (const auto& [odd, port] : ranked)
    {
        AddOnce(ports, port, question.most);
    }
    return ports;
}

} // namespace

std::string_view
NoPredictor::Name() const
{
    return "none";
}

Ports
NoPredictor::Predict(const std::vector<PortSample>& samples, const PortQuestion& question) const
{
    Ports ports;
    if (!samples.empty())
    {
        AddOnce(ports, samples.back().external.port, question.most);
    }
    return ports;
}

std::string_view
PreservingPredictor::Name() const
{
    return "preserving";
}

Ports
PreservingPredictor::Predict(const std::vector<PortSample>& samples,
                             const PortQuestion& question) const
{
    Ports ports;
    if (!samples.empty())
    {
        AddOnce(ports, question.local, question.most);
        AddOnce(ports, samples.back().external.port, question.most);
    }
    return ports;
}

SequentialPredictor::SequentialPredictor(int32_t step)
    : m_step(step)
{
}

std::string_view
SequentialPredictor::Name() const
{
    return "sequential";
}

Ports
SequentialPredictor::Predict(const std::vector<PortSample>& samples,
                             const PortQuestion& question) const
{
    Ports ports;
    for (size_t at = 1; !samples.empty() && at <= question.most; ++at)
    {
        AddOnce(ports,
                PortAfter(samples.back().external.port, static_cast<int64_t>(at) * m_step),
                question.most);
    }
    return ports;
}

std::string_view
LearnedPredictor::Name() const
{
    return "learned";
}

Ports
LearnedPredictor::Predict(const std::vector<PortSample>& samples,
                          const PortQuestion& question) const
{
    const PortEstimate estimate = EstimatePorts(samples);
    switch (estimate.assignment)
    {
    case PortAssignment::Preserving:
        return PreservingPredictor().Predict(samples, question);
    case PortAssignment::Unknown:
    {
        // One mapping was seen: what most boxes do is left to try.
        Ports ports = NoPredictor().Predict(samples, question);
        for (const uint16_t port : SequentialPredictor(1).Predict(samples, question))
        {
            AddOnce(ports, port, question.most);
        }
        return ports;
    }
    case PortAssignment::Independent:
    case PortAssignment::Scattered:
        return NoPredictor().Predict(samples, question);
    case PortAssignment::Sequential:
        break;
    }
    return NextOfSequence(samples, estimate, question);
}

std::unique_ptr<PortPredictor>
MakePortPredictor(std::string_view name)
{
    if (name == "none")
    {
        return std::make_unique<NoPredictor>();
    }
    if (name == "preserving")
    {
        return std::make_unique<PreservingPredictor>();
    }
    if (name == "sequential")
    {
        return std::make_unique<SequentialPredictor>();
    }
    if (name == "learned")
    {
        return std::make_unique<LearnedPredictor>();
    }
    return nullptr;
}

} // namespace isb
