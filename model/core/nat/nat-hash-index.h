// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_HASH_INDEX_H
#define ISB_CORE_NAT_NAT_HASH_INDEX_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// "No slot", wherever a slot of a NatSlab is named.
inline constexpr uint32_t NAT_NO_SLOT = UINT32_MAX;

/// 128 bits that identify a mapping or a session.
struct NatKey
{
    uint64_t high = 0;
    uint64_t low = 0;
};

/// Hash index from keys to slots: open addressing with linear probing, keys inside the cells (one
/// cache line for a hit), at most half full. Never iterated, so that its order reaches no result;
/// its hash is keyed, so that nobody outside can aim at one cell.
class NatHashIndex
{
  public:
    /// The two seeds should be unpredictable to the network.
    NatHashIndex(uint64_t seedHigh, uint64_t seedLow);

    /// The key's slot, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t
    Find(const NatKey& key) const
    {
        for (size_t cell = Home(key);; cell = (cell + 1) & m_mask)
        {
            if (m_cells[cell].slot == NAT_NO_SLOT)
            {
                return NAT_NO_SLOT;
            }
            if (m_cells[cell].key.high == key.high && m_cells[cell].key.low == key.low)
            {
                return m_cells[cell].slot;
            }
        }
    }

    /// Adds a key that is not in the index.
    void Insert(const NatKey& key, uint32_t slot);
    /// Removes a key that is in the index.
    void Erase(const NatKey& key);

    [[nodiscard]] size_t
    Size() const
    {
        return m_size;
    }

  private:
    struct Cell
    {
        NatKey key;
        uint32_t slot = NAT_NO_SLOT;
    };

    /// The cell where the search for a key begins: a folded 128-bit product, as in wyhash.
    [[nodiscard]] size_t
    Home(const NatKey& key) const
    {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(key.high ^ m_seedHigh) * (key.low ^ m_seedLow);
        return static_cast<size_t>(static_cast<uint64_t>(product) ^
                                   static_cast<uint64_t>(product >> 64)) &
               m_mask;
    }

    void Grow();
    void Place(const NatKey& key, uint32_t slot);

    uint64_t m_seedHigh;
    uint64_t m_seedLow;
    std::vector<Cell> m_cells;
    size_t m_mask; ///< cells - 1; their number is a power of two
    size_t m_size = 0;
};

} // namespace isb

#endif
