// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_TAG_INDEX_H
#define ISB_CORE_NAT_NAT_TAG_INDEX_H

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

[[nodiscard]] inline bool
operator==(const NatKey& a, const NatKey& b)
{
    return a.high == b.high && a.low == b.low;
}

/// Keyed hash of a NatKey, so that nobody outside can aim at one cell: a folded 128-bit product, as
/// in wyhash.
class NatHash
{
  public:
    /// The two seeds should be unpredictable to the network.
    NatHash(uint64_t seedHigh, uint64_t seedLow)
        : m_seedHigh(seedHigh),
          m_seedLow(seedLow)
    {
    }

    [[nodiscard]] uint32_t
    operator()(const NatKey& key) const
    {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(key.high ^ m_seedHigh) * (key.low ^ m_seedLow);
        const uint64_t folded =
            static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
        return static_cast<uint32_t>(folded ^ folded >> 32);
    }

  private:
    uint64_t m_seedHigh;
    uint64_t m_seedLow;
};

/// Hash index from 32-bit hashes to slots, whose keys stand in the slots' objects only: a cell is 8
/// bytes, so that an index of a million objects is 16 MB and a search reads one cache line of it
/// and then the object, which the caller needs anyway. Open addressing with linear probing, at most
/// three quarters full. Never iterated, so that its order reaches no result.
class NatTagIndex
{
  public:
    NatTagIndex();

    /// The slot with this hash for which match(slot) is true, or NAT_NO_SLOT.
    template <typename Match>
    [[nodiscard]] uint32_t
    Find(uint32_t hash, Match match) const
    {
        for (size_t cell = hash & m_mask;; cell = (cell + 1) & m_mask)
        {
            const Cell& entry = m_cells[cell];
            if (entry.slot == NAT_NO_SLOT || (entry.hash == hash && match(entry.slot)))
            {
                return entry.slot;
            }
        }
    }

    /// Adds a slot that is not in the index.
    void Insert(uint32_t hash, uint32_t slot);
    /// Removes a slot that is in the index, with the hash it was inserted with.
    void Erase(uint32_t hash, uint32_t slot);

    /// Asks the processor for the line where the search for this hash begins.
    void
    Prefetch(uint32_t hash) const
    {
        __builtin_prefetch(&m_cells[hash & m_mask]);
    }

    /// The first slot with this hash, which need not be the right one, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t
    Guess(uint32_t hash) const
    {
        return Find(hash, [](uint32_t) { return true; });
    }

    [[nodiscard]] size_t
    Size() const
    {
        return m_size;
    }

  private:
    struct Cell
    {
        uint32_t hash = 0;
        uint32_t slot = NAT_NO_SLOT;
    };

    void Grow();
    void Place(Cell entry);

    std::vector<Cell> m_cells;
    size_t m_mask; ///< cells - 1; their number is a power of two
    size_t m_size = 0;
};

} // namespace isb

#endif
