// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/random/rng.h"

namespace isb
{

uint64_t
Rng::Below(uint64_t bound)
{
    // Values below the threshold would make small results more likely: draw again.
    const uint64_t threshold = (0 - bound) % bound;
    for (;;)
    {
        const uint64_t value = Next();
        if (value >= threshold)
        {
            return value % bound;
        }
    }
}

uint64_t
SeededRng::Next()
{
    m_state += 0x9e3779b97f4a7c15;
    uint64_t mixed = m_state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

} // namespace isb
