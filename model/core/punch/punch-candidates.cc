// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/punch-candidates.h"

#include <algorithm>

namespace isb
{

PunchCandidates
FindCandidates(const std::vector<PortSample>& samples, bool predict, TimePoint when, size_t most)
{
    PunchCandidates result;
    if (samples.empty() || most == 0)
    {
        return result;
    }
    const PortSample& newest = samples.back();
    result.dependent =
        std::any_of(samples.begin(),
                    samples.end(),
                    [&](const PortSample& sample) { return sample.external != newest.external; });
    if (!predict || !result.dependent)
    {
        result.endpoints.push_back(newest.external);
        return result;
    }
    const std::vector<uint16_t> ports =
        LearnedPredictor().Predict(samples, {newest.local, when, most});
    for (const uint16_t port : ports)
    {
        result.endpoints.push_back({newest.external.address, port});
    }
    if (std::find(ports.begin(), ports.end(), newest.external.port) == ports.end())
    {
        if (result.endpoints.size() == most)
        {
            result.endpoints.pop_back();
        }
        result.endpoints.push_back(newest.external);
    }
    return result;
}

} // namespace isb
