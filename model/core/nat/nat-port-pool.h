// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_PORT_POOL_H
#define ISB_CORE_NAT_NAT_PORT_POOL_H

#include "model/core/nat/nat-settings.h"
#include "model/core/random/rng.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isb
{

/// The external ports (or echo identifiers) of one protocol: a bit a port. One owner a port: no
/// overloading (RFC 4787 REQ-3).
class NatPortPool
{
  public:
    /// Ports from `first` to `last`, both included.
    NatPortPool(NatPortAssignment assignment, uint16_t first, uint16_t last);

    /// A free port for this internal port, now taken; nothing when all are.
    [[nodiscard]] std::optional<uint16_t> Take(uint16_t internalPort, Rng& rng);
    /// Takes one port that is free.
    void Claim(uint16_t port);
    /// Gives a taken port back.
    void Release(uint16_t port);

  private:
    [[nodiscard]] uint32_t FirstWish(uint16_t internalPort, Rng& rng) const;
    [[nodiscard]] uint32_t NextFree(uint32_t from) const;

    NatPortAssignment m_assignment;
    uint32_t m_first;
    uint32_t m_size;
    uint32_t m_next = 0;          ///< Sequential: where the search begins, counted from m_first
    size_t m_free;                ///< ports that are not taken
    std::vector<uint64_t> m_bits; ///< set: taken; the bits behind the last port are set for good
};

} // namespace isb

#endif
