// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_PORT_POOL_H
#define ISB_CORE_IST_IST_PORT_POOL_H

#include "model/core/random/rng.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

namespace isb
{

/// The IST ports of one protocol that an IstServer gives to splices. They come in an order shuffled
/// once, so that a stranger cannot guess the next one, and a port that returns goes to the end of
/// the queue, so that what still arrives for its last splice finds it closed (thesis 3.3).
class IstPortPool
{
  public:
    /// Gives out `first` to `last`, both included; `first` 0 counts as 1.
    IstPortPool(uint16_t first, uint16_t last, Rng& random);

    /// The next free port; nothing when all are taken.
    [[nodiscard]] std::optional<uint16_t> Take();
    /// This very port, in the range or not. False when it is taken or the host's own.
    [[nodiscard]] bool TakeExactly(uint16_t port);
    /// Gives a taken port back. Others are left alone.
    void Return(uint16_t port);

    /// A port that the host itself uses: nobody gets it.
    void Reserve(uint16_t port);
    /// The host has it no longer.
    void Unreserve(uint16_t port);

    [[nodiscard]] bool IsTaken(uint16_t port) const;
    [[nodiscard]] const std::set<uint16_t>& Reserved() const;
    /// Ports taken now, reserved ones not counted.
    [[nodiscard]] size_t Taken() const;

  private:
    static constexpr size_t PORTS = 65536;

    uint16_t m_first;
    uint16_t m_last;
    std::deque<uint16_t> m_queue;
    std::vector<bool> m_queued;
    std::vector<bool> m_taken;
    std::set<uint16_t> m_reserved;
    size_t m_count = 0; ///< taken
};

} // namespace isb

#endif
