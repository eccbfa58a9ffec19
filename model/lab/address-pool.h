// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_ADDRESS_POOL_H
#define ISB_LAB_ADDRESS_POOL_H

#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isb
{

/// A block of addresses, given out as subnets of 4 addresses: one a wire.
class WireBlock
{
  public:
    explicit WireBlock(Subnet block)
        : m_block(block)
    {
    }

    [[nodiscard]] Subnet Next();

    [[nodiscard]] Subnet
    Block() const
    {
        return m_block;
    }

  private:
    Subnet m_block;
    uint32_t m_used = 0;
};

/// A range of addresses, given out from its start as blocks that do not overlap.
class AddressPool
{
  public:
    /// Blocks stay clear of the subnets `taken`, and are this long at most.
    AddressPool(Subnet range, const std::vector<Subnet>& taken, uint8_t longest = 24);

    /// The next block with room for so many wires; nothing when none is left.
    [[nodiscard]] std::optional<WireBlock> Take(size_t wires);

  private:
    Subnet m_range;
    uint64_t m_next; ///< 64 bits: may be behind the last address
    std::vector<Subnet> m_taken;
    uint8_t m_longest;
};

} // namespace isb

#endif
