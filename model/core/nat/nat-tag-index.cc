// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-tag-index.h"

#include <utility>

namespace isb
{

namespace
{

constexpr size_t FIRST_CELLS = 16;

} // namespace

NatTagIndex::NatTagIndex()
    : m_cells(FIRST_CELLS),
      m_mask(FIRST_CELLS - 1)
{
}

void
NatTagIndex::Place(Cell entry)
{
    size_t cell = entry.hash & m_mask;
    while (m_cells[cell].slot != NAT_NO_SLOT)
    {
        cell = (cell + 1) & m_mask;
    }
    m_cells[cell] = entry;
}

void
NatTagIndex::Grow()
{
    const std::vector<Cell> old = std::exchange(m_cells, std::vector<Cell>(m_cells.size() * 2));
    m_mask = m_cells.size() - 1;
    for (const Cell& entry : old)
    {
        if (entry.slot != NAT_NO_SLOT)
        {
            Place(entry);
        }
    }
}

void
NatTagIndex::Insert(uint32_t hash, uint32_t slot)
{
    if (++m_size * 4 > m_cells.size() * 3)
    {
        Grow();
    }
    Place({hash, slot});
}

void
NatTagIndex::Erase(uint32_t hash, uint32_t slot)
{
    size_t hole = hash & m_mask;
    while (m_cells[hole].slot != slot)
    {
        hole = (hole + 1) & m_mask;
    }
    // Close the gap: a later cell moves into the hole unless its home lies behind the hole.
    for (size_t next = (hole + 1) & m_mask; m_cells[next].slot != NAT_NO_SLOT;
         next = (next + 1) & m_mask)
    {
        const size_t distanceFromHome = (next - m_cells[next].hash) & m_mask;
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
