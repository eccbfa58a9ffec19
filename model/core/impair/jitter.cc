// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/impair/jitter.h"

#include <algorithm>

namespace isb
{

namespace
{

Duration
DrawUniform(uint64_t size, Rng& rng)
{
    return Duration(static_cast<int64_t>(rng.Below(2 * size + 1)) - static_cast<int64_t>(size));
}

/// Irwin-Hall: twelve uniform numbers from 0 to `size` have the variance size^2 and mean 6 size.
Duration
DrawNormal(uint64_t size, Rng& rng)
{
    constexpr int TERMS = 12;
    uint64_t sum = 0;
    for (int i = 0; i < TERMS; ++i)
    {
        sum += rng.Below(size + 1);
    }
    return Duration(static_cast<int64_t>(sum) - static_cast<int64_t>(TERMS / 2 * size));
}

/// Von Neumann's method (1951), exact by comparisons alone: x in [0, 1) is accepted when a falling
/// run that begins with x has odd length, which has the chance e^-x; each refusal adds one.
Duration
DrawExponential(uint64_t size, Rng& rng)
{
    constexpr uint64_t MOST = 64;
    constexpr unsigned FRACTION_BITS = 24;
    for (uint64_t whole = 0; whole < MOST; ++whole)
    {
        const uint64_t first = rng.Next();
        uint64_t last = first;
        bool isOdd = true;
        for (uint64_t next = rng.Next(); next <= last; next = rng.Next())
        {
            last = next;
            isOdd = !isOdd;
        }
        if (isOdd)
        {
            const uint64_t fraction = first >> (64 - FRACTION_BITS);
            return Duration(
                static_cast<int64_t>(whole * size + (fraction * size >> FRACTION_BITS)));
        }
    }
    return Duration(static_cast<int64_t>(MOST * size));
}

} // namespace

Duration
DrawJitter(JitterShape shape, Duration size, Rng& rng)
{
    const auto nanoseconds = static_cast<uint64_t>(std::max<Duration::rep>(0, size.count()));
    switch (shape)
    {
    case JitterShape::Uniform:
        return DrawUniform(nanoseconds, rng);
    case JitterShape::Normal:
        return DrawNormal(nanoseconds, rng);
    case JitterShape::Exponential:
        break;
    }
    return DrawExponential(nanoseconds, rng);
}

} // namespace isb
