// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/impair/impairment-settings.h"

#include <string>

namespace isb
{

namespace
{

constexpr Duration MOST_DELAY = std::chrono::hours(1);
constexpr Duration MOST_JITTER = std::chrono::minutes(1);
constexpr uint64_t MOST_RATE = 1'000'000'000'000;
constexpr uint32_t WHOLE = 1'000'000;

std::optional<Error>
FindFaultyTime(const ImpairmentSettings& settings)
{
    for (const Duration time : {settings.delay, settings.jitter, settings.reorderBy})
    {
        if (time.count() < 0)
        {
            return Error{"a delay, jitter or reorder-by is negative"};
        }
    }
    if (settings.delay > MOST_DELAY || settings.reorderBy > MOST_DELAY)
    {
        return Error{"a delay or reorder-by is longer than 1 h"};
    }
    if (settings.jitter > MOST_JITTER)
    {
        return Error{"the jitter is larger than 1 min"};
    }
    if (settings.jitterShape == JitterShape::Uniform && settings.jitter > settings.delay)
    {
        return Error{"uniform jitter of " + FormatDuration(settings.jitter) +
                     " around a delay of " + FormatDuration(settings.delay) +
                     " would let packets leave before they come; nearest valid: jitter = \"" +
                     FormatDuration(settings.delay) + "\""};
    }
    return std::nullopt;
}

std::optional<Error>
FindFaultyShare(const ImpairmentSettings& settings)
{
    for (const Ratio share : {settings.loss,
                              settings.burstEnter,
                              settings.burstLeave,
                              settings.burstLoss,
                              settings.reorder,
                              settings.duplicate})
    {
        if (share.partsPerMillion > WHOLE)
        {
            return Error{"a share is more than 100 %"};
        }
    }
    if (settings.burstEnter.partsPerMillion > 0 && settings.burstLeave.partsPerMillion == 0)
    {
        return Error{"bursts of loss begin (burst-enter) and never end: burst-leave is 0 %"};
    }
    if (settings.burstLeave.partsPerMillion > 0 && settings.burstEnter.partsPerMillion == 0)
    {
        return Error{"bursts of loss end (burst-leave) and never begin: burst-enter is 0 %"};
    }
    if ((settings.reorder.partsPerMillion > 0) != (settings.reorderBy.count() > 0))
    {
        return Error{"reorder and reorder-by need each other: a share of packets, and how much "
                     "longer they take"};
    }
    return std::nullopt;
}

} // namespace

bool
ImpairmentSettings::IsTransparent() const
{
    return rate.bitsPerSecond == 0 && delay.count() == 0 && jitter.count() == 0 &&
           loss.partsPerMillion == 0 && burstEnter.partsPerMillion == 0 &&
           reorder.partsPerMillion == 0 && duplicate.partsPerMillion == 0;
}

std::string_view
ToString(JitterShape shape)
{
    switch (shape)
    {
    case JitterShape::Uniform:
        return "uniform";
    case JitterShape::Normal:
        return "normal";
    case JitterShape::Exponential:
        break;
    }
    return "exponential";
}

std::optional<Error>
FindContradiction(const ImpairmentSettings& settings)
{
    if (settings.rate.bitsPerSecond > MOST_RATE)
    {
        return Error{"the rate is more than 1 Tb/s"};
    }
    if (settings.queuePackets == 0)
    {
        return Error{"a queue of no packets: nearest valid is 1"};
    }
    if (settings.queueBytes > 0 && settings.rate.bitsPerSecond == 0)
    {
        return Error{"a queue without a rate: nothing would ever wait in it"};
    }
    if (settings.mostInFlight == 0)
    {
        return Error{"no packet may be inside (most-in-flight): nearest valid is 1"};
    }
    if (auto error = FindFaultyTime(settings))
    {
        return error;
    }
    return FindFaultyShare(settings);
}

} // namespace isb
