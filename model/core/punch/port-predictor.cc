// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/port-predictor.h"

#include <algorithm>
#include <cmath>

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

/// How many mappings others make meanwhile, most likely first: Poisson's, outwards from its mode.
std::vector<int64_t>
LikelyCounts(double mean, size_t most)
{
    const auto logOdds = [mean](int64_t count)
    {
        const auto k = static_cast<double>(count);
        return count == 0 ? -mean : k * std::log(mean) - mean - std::lgamma(k + 1);
    };
    auto low = static_cast<int64_t>(mean);
    int64_t high = low + 1;
    std::vector<int64_t> counts;
    while (counts.size() < most)
    {
        const bool down = low >= 0 && (mean <= 0 || logOdds(low) >= logOdds(high));
        counts.push_back(down ? low-- : high++);
    }
    return counts;
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
    const double seconds = static_cast<double>((question.when - estimate.when).count()) / 1e9;
    Ports ports;
    for (const int64_t others :
         LikelyCounts(estimate.strangers * std::max(seconds, 0.0), question.most))
    {
        AddOnce(ports, PortAfter(estimate.last, (others + 1) * estimate.step), question.most);
    }
    return ports;
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
