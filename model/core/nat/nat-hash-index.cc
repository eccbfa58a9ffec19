// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-hash-index.h"

#include <utility>

namespace isb
{

namespace
{

constexpr size_t FIRST_CELLS = 16;

} // namespace

NatHashIndex::NatHashIndex(uint64_t seedHigh, uint64_t seedLow)
    : m_seedHigh(seedHigh),
      m_seedLow(seedLow),
      m_cells(FIRST_CELLS),
      m_mask(FIRST_CELLS - 1)
{
}

void
NatHashIndex::Place(const NatKey& key, uint32_t slot)
{
    size_t cell = Home(key);
    while (m_cells[cell].slot != NAT_NO_SLOT)
    {
        cell = (cell + 1) & m_mask;
    }
    m_cells[cell] = {key, slot};
}

void
NatHashIndex::Grow()
{
    const std::vector<Cell> old = std::exchange(m_cells, std::vector<Cell>(m_cells.size() * 2));
    m_mask = m_cells.size() - 1;
    for (const Cell& cell : old)
    {
        if (cell.slot != NAT_NO_SLOT)
        {
            Place(cell.key, cell.slot);
        }
    }
}

void
NatHashIndex::Insert(const NatKey& key, uint32_t slot)
{
    if (++m_size * 2 > m_cells.size())
    {
        Grow();
    }
    Place(key, slot);
}

void
NatHashIndex::Erase(const NatKey& key)
{
    size_t hole = Home(key);
    while (m_cells[hole].key.high != key.high || m_cells[hole].key.low != key.low)
    {
        hole = (hole + 1) & m_mask;
    }
    // Close the gap: a later cell moves into the hole unless its home lies behind the hole.
    for (size_t next = (hole + 1) & m_mask; m_cells[next].slot != NAT_NO_SLOT;
         next = (next + 1) & m_mask)
    {
        const size_t distanceFromHome = (next - Home(m_cells[next].key)) & m_mask;
        const size_t distanceFromHole = (next - hole) & m_mask;
        if (distanceFromHome >= distanceFromHole)
        {
            m_cells[hole] = m_cells[next];
            hole = next;
        }
    }
    m_cells[hole] = Cell{};
    --m_size;
}

} // namespace isb
