// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_SLAB_H
#define ISB_CORE_NAT_NAT_SLAB_H

#include "model/core/nat/nat-tag-index.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// Objects in numbered slots; a freed slot is used again, the last one first. A slot's number is
/// valid until it is freed, a reference until the next Add().
template <typename T>
class NatSlab
{
  public:
    uint32_t
    Add(const T& object)
    {
        ++m_size;
        if (m_free.empty())
        {
            m_objects.push_back(object);
            return static_cast<uint32_t>(m_objects.size() - 1);
        }
        const uint32_t slot = m_free.back();
        m_free.pop_back();
        m_objects[slot] = object;
        return slot;
    }

    void
    Free(uint32_t slot)
    {
        m_free.push_back(slot);
        --m_size;
    }

    T&
    operator[](uint32_t slot)
    {
        return m_objects[slot];
    }

    const T&
    operator[](uint32_t slot) const
    {
        return m_objects[slot];
    }

    [[nodiscard]] size_t
    Size() const
    {
        return m_size;
    }

    /// Calls visit(slot, object) for all objects, by slot.
    template <typename Visit>
    void
    ForEach(Visit visit) const
    {
        std::vector<bool> isFree(m_objects.size());
        for (const uint32_t slot : m_free)
        {
            isFree[slot] = true;
        }
        for (size_t slot = 0; slot < m_objects.size(); ++slot)
        {
            if (!isFree[slot])
            {
                visit(static_cast<uint32_t>(slot), m_objects[slot]);
            }
        }
    }

  private:
    std::vector<T> m_objects;
    std::vector<uint32_t> m_free;
    size_t m_size = 0;
};

/// A slot's neighbours in one list.
struct NatLinks
{
    uint32_t previous = NAT_NO_SLOT;
    uint32_t next = NAT_NO_SLOT;
};

/// Doubly linked list through objects of a slab, with the links inside the objects. Objects that
/// get a constant time and move to the end whenever it restarts are in order of expiry.
template <typename T, NatLinks T::*Links>
class NatList
{
  public:
    [[nodiscard]] uint32_t
    First() const
    {
        return m_first;
    }

    [[nodiscard]] bool
    IsEmpty() const
    {
        return m_first == NAT_NO_SLOT;
    }

    void
    Append(NatSlab<T>& slab, uint32_t slot)
    {
        slab[slot].*Links = {m_last, NAT_NO_SLOT};
        (m_last == NAT_NO_SLOT ? m_first : (slab[m_last].*Links).next) = slot;
        m_last = slot;
    }

    void
    Remove(NatSlab<T>& slab, uint32_t slot)
    {
        const NatLinks links = slab[slot].*Links;
        (links.previous == NAT_NO_SLOT ? m_first : (slab[links.previous].*Links).next) = links.next;
        (links.next == NAT_NO_SLOT ? m_last : (slab[links.next].*Links).previous) = links.previous;
    }

    void
    MoveToEnd(NatSlab<T>& slab, uint32_t slot)
    {
        if (slot != m_last)
        {
            Remove(slab, slot);
            Append(slab, slot);
        }
    }

  private:
    uint32_t m_first = NAT_NO_SLOT;
    uint32_t m_last = NAT_NO_SLOT;
};

} // namespace isb

#endif
