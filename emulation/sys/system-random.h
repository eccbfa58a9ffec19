// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_SYS_SYSTEM_RANDOM_H
#define ISB_EMULATION_SYS_SYSTEM_RANDOM_H

#include "model/core/random/rng.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace isb
{

/// The operating system's cryptographic generator (getrandom(2)), fetched by the block.
class SystemRandom : public Rng
{
  public:
    /// Throws SystemError when the system gives none.
    uint64_t Next() override;

  private:
    std::array<uint64_t, 32> m_block{};
    size_t m_left = 0;
};

} // namespace isb

#endif
