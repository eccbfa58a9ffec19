// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/flow-table.h"

#include <utility>

namespace isb
{

namespace
{

constexpr size_t FIRST_CAPACITY = 64;

/// Finaliser of MurmurHash3: every bit of the input reaches every bit of the result.
uint64_t
Mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

} // namespace

FlowTable::FlowTable(uint64_t seed)
    : m_seed(seed),
      m_entries(FIRST_CAPACITY)
{
}

size_t
FlowTable::HomeOf(const TupleKey& key) const
{
    constexpr uint64_t GOLDEN = 0x9e3779b97f4a7c15ULL;
    const uint64_t hash = Mix((key.addresses ^ m_seed) * GOLDEN + key.ports);
    return static_cast<size_t>(hash) & (m_entries.size() - 1);
}

size_t
FlowTable::Locate(const TupleKey& key) const
{
    size_t at = HomeOf(key);
    while (m_entries[at].key.ports != 0 && !(m_entries[at].key == key))
    {
        at = (at + 1) & (m_entries.size() - 1);
    }
    return at;
}

const uint32_t*
FlowTable::Find(const TupleKey& key) const
{
    const Entry& entry = m_entries[Locate(key)];
    return entry.key.ports == 0 ? nullptr : &entry.value;
}

uint32_t*
FlowTable::Find(const TupleKey& key)
{
    Entry& entry = m_entries[Locate(key)];
    return entry.key.ports == 0 ? nullptr : &entry.value;
}

uint32_t&
FlowTable::At(const TupleKey& key)
{
    size_t at = Locate(key);
    if (m_entries[at].key.ports == 0)
    {
        if (2 * (m_size + 1) > m_entries.size())
        {
            Grow();
            at = Locate(key);
        }
        m_entries[at] = {key, 0};
        ++m_size;
    }
    return m_entries[at].value;
}

bool
FlowTable::Erase(const TupleKey& key)
{
    const size_t mask = m_entries.size() - 1;
    size_t hole = Locate(key);
    if (m_entries[hole].key.ports == 0)
    {
        return false;
    }
    // Knuth, TAOCP 6.4 algorithm R: close the hole with each later entry that probed across it.
    for (size_t next = (hole + 1) & mask; m_entries[next].key.ports != 0; next = (next + 1) & mask)
    {
        const size_t home = HomeOf(m_entries[next].key);
        if (((next - home) & mask) >= ((next - hole) & mask))
        {
            m_entries[hole] = m_entries[next];
            hole = next;
        }
    }
    m_entries[hole] = {};
    --m_size;
    return true;
}

void
FlowTable::Grow()
{
    std::vector<Entry> old(2 * m_entries.size());
    std::swap(old, m_entries);
    for (const Entry& entry : old)
    {
        if (entry.key.ports != 0)
        {
            m_entries[Locate(entry.key)] = entry;
        }
    }
}

} // namespace isb
