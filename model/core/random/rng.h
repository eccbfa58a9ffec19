// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_RANDOM_RNG_H
#define ISB_CORE_RANDOM_RNG_H

#include <cstdint>

namespace isb
{

/// Source of random numbers, injected into every machine that needs one: seeded in simulation, the
/// operating system's in daemons.
class Rng
{
  public:
    virtual ~Rng() = default;

    /// 64 uniform bits.
    virtual uint64_t Next() = 0;

    /// Uniform in [0, bound). `bound` must not be zero.
    uint64_t Below(uint64_t bound);
};

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same seed gives the same numbers everywhere.
class SeededRng : public Rng
{
  public:
    explicit SeededRng(uint64_t seed)
        : m_state(seed)
    {
    }

    uint64_t Next() override;

  private:
    uint64_t m_state;
};

} // namespace isb

#endif
