// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/ist-choice.h"

#include <algorithm>

namespace isb
{

namespace
{

/// Less loaded by share of the capacity, without division; then by name.
bool
IsLighter(const IstCandidate& a, const IstCandidate& b)
{
    const uint64_t left = a.splices * b.capacity;
    const uint64_t right = b.splices * a.capacity;
    return left != right ? left < right : a.name < b.name;
}

/// The farthest that counts as near as the nearest.
Duration
FarthestEqual(Duration least, Ratio share, Duration margin)
{
    const Duration byShare(least.count() / 1'000'000 * share.partsPerMillion +
                           least.count() % 1'000'000 * share.partsPerMillion / 1'000'000);
    return least + std::max(byShare, margin);
}

} // namespace

std::optional<IstChoice>
ChooseIst(const std::vector<IstCandidate>& candidates, Ratio share, Duration margin)
{
    std::vector<size_t> left;
    for (size_t i = 0; i < candidates.size(); ++i)
    {
        left.push_back(i);
    }
    const auto keep = [&left](auto&& test)
    {
        left.erase(std::remove_if(left.begin(), left.end(), [&](size_t i) { return !test(i); }),
                   left.end());
    };
    if (left.empty())
    {
        return std::nullopt;
    }
    if (left.size() == 1)
    {
        return IstChoice{0, "isb.only-one"};
    }
    if (!std::all_of(candidates.begin(), candidates.end(), [](auto& c) { return c.suspected; }))
    {
        keep([&](size_t i) { return !candidates[i].suspected; });
    }
    std::optional<Duration> least;
    for (const size_t i : left)
    {
        const std::optional<Duration>& distance = candidates[i].distance;
        least = distance && (!least || *distance < *least) ? distance : least;
    }
    if (least)
    {
        const Duration farthest = FarthestEqual(*least, share, margin);
        keep([&](size_t i)
             { return candidates[i].distance && *candidates[i].distance <= farthest; });
    }
    const size_t best = *std::min_element(left.begin(),
                                          left.end(),
                                          [&](size_t a, size_t b)
                                          { return IsLighter(candidates[a], candidates[b]); });
    if (left.size() == 1)
    {
        return IstChoice{best, least ? "isb.nearest" : "isb.not-suspected"};
    }
    return IstChoice{best, least ? "isb.least-loaded-of-near" : "isb.least-loaded"};
}

} // namespace isb
