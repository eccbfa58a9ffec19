// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_REASSEMBLY_H
#define ISB_BOX_REASSEMBLY_H

#include "model/box/frame.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace isb
{

/// All fragments of one datagram, by offset.
using Datagram = std::vector<ReceivedFrame>;

/// Incomplete IPv4 datagrams of a box (RFC 791 section 3.2) within the bounds of Linux 2.4: when
/// the frames held exceed `memory` bytes the oldest datagrams go until `low` is reached; a datagram
/// lives `timeout` from its first fragment. A fragment that repeats bytes is dropped; one that
/// overlaps others in part, or contradicts the datagram's end, takes the whole datagram with it
/// (as RFC 8200 section 4.5 does; RFC 791 leaves it open). Frames stay where they are: only
/// descriptions are held.
class Reassembly
{
  public:
    Reassembly(uint32_t memory, uint32_t low, Duration timeout);

    struct Lost
    {
        ReceivedFrame fragment;
        BoxDrop reason = BoxDrop::ReassemblyTimeout;
    };

    /// Adds a fragment. Returns the datagram if it is whole now. What died is appended to `lost`.
    std::optional<Datagram> Add(TimePoint now,
                                const ReceivedFrame& fragment,
                                std::vector<Lost>& lost);
    /// Removes what is too old.
    void Timeout(TimePoint now, std::vector<Lost>& lost);
    [[nodiscard]] TimePoint NextTimeout() const;
    /// Fragments held.
    [[nodiscard]] size_t Held() const;

  private:
    struct Pending
    {
        uint64_t key = 0;
        TimePoint expires{0};
        uint32_t received = 0; ///< IP payload bytes
        uint32_t total = 0;    ///< IP payload bytes of the datagram; 0: last fragment not seen
        Datagram fragments;    ///< by offset, disjoint
    };

    using Queue = std::list<Pending>; ///< oldest first

    enum class Fit : uint8_t
    {
        New,
        Repeat,
        Contradiction,
    };

    [[nodiscard]] static Fit Check(const Pending& pending, const FrameFacts& facts);
    static void Insert(Pending& pending, const ReceivedFrame& fragment);
    void Discard(Queue::iterator it, BoxDrop reason, std::vector<Lost>& lost);
    void Forget(Queue::iterator it);

    uint64_t m_memory;
    uint64_t m_low;
    Duration m_timeout;
    uint64_t m_bytes = 0; ///< frames held
    size_t m_held = 0;
    Queue m_queue;
    std::unordered_map<uint64_t, Queue::iterator> m_byKey; ///< looked up only, never walked
};

} // namespace isb

#endif
