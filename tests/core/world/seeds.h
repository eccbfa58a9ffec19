// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_SEEDS_H
#define ISB_TESTS_CORE_WORLD_SEEDS_H

#include <cstdint>
#include <cstdlib>
#include <utility>

namespace isb::test
{

/// First and last seed of a test over many: 1 to `count`, or to ISB_SEEDS, or ISB_SEED alone (to
/// repeat one that failed; ISB_WORLD_TRACE=1 then prints its events).
inline std::pair<uint64_t, uint64_t>
SeedsOr(uint64_t count)
{
    if (const char* one = std::getenv("ISB_SEED"))
    {
        const uint64_t seed = std::strtoull(one, nullptr, 10);
        return {seed, seed};
    }
    const char* text = std::getenv("ISB_SEEDS");
    return {1, text == nullptr ? count : std::strtoull(text, nullptr, 10)};
}

} // namespace isb::test

#endif
