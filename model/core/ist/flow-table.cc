// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/flow-table.h"

#include <utility>

namespace isb
{

namespace
{

constexpr size_t FIRST_CAPACITY = 64;

} // namespace

template <typename Key>
BasicFlowTable<Key>::BasicFlowTable(uint64_t seed)
    : m_seed(seed),
      m_entries(FIRST_CAPACITY)
{
}

template <typename Key>
size_t
BasicFlowTable<Key>::HomeOf(const Key& key) const
{
    return static_cast<size_t>(key.Hash(m_seed)) & (m_entries.size() - 1);
}

template <typename Key>
size_t
BasicFlowTable<Key>::Locate(const Key& key) const
{
    size_t at = HomeOf(key);
    while (m_entries[at].key.ports != 0 && !(m_entries[at].key == key))
    {
        at = (at + 1) & (m_entries.size() - 1);
    }
    return at;
}

template <typename Key>
const uint32_t*
BasicFlowTable<Key>::Find(const Key& key) const
{
    const Entry& entry = m_entries[Locate(key)];
    return entry.key.ports == 0 ? nullptr : &entry.value;
}

template <typename Key>
uint32_t*
BasicFlowTable<Key>::Find(const Key& key)
{
    Entry& entry = m_entries[Locate(key)];
    return entry.key.ports == 0 ? nullptr : &entry.value;
}

template <typename Key>
uint32_t&
BasicFlowTable<Key>::At(const Key& key)
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

template <typename Key>
bool
BasicFlowTable<Key>::Erase(const Key& key)
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

template <typename Key>
void
BasicFlowTable<Key>::Grow()
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

template class BasicFlowTable<TupleKey>;
template class BasicFlowTable<TupleKey6>;

} // namespace isb
