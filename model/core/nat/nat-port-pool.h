// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_PORT_POOL_H
#define ISB_CORE_NAT_NAT_PORT_POOL_H

#include "model/core/nat/nat-settings.h"
#include "model/core/random/rng.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isb
{

/// Ports from `first` to `last`, both included.
struct NatPortRange
{
    uint16_t first = 0;
    uint16_t last = 0;

    [[nodiscard]] bool
    Contains(uint16_t port) const
    {
        return port >= first && port <= last;
    }

    [[nodiscard]] uint32_t
    Size() const
    {
        return uint32_t{last} - first + 1;
    }
};

/// Where a search for a free port begins: what the assignment wishes for (RFC 4787 section 4.2).
/// \param cursor Sequential: the port whose turn it is
[[nodiscard]] uint16_t WishedPort(NatPortAssignment assignment,
                                  uint16_t internalPort,
                                  NatPortRange range,
                                  uint16_t cursor,
                                  Rng& rng);

/// The external ports (or echo identifiers) of one protocol at one external address: a bit a port.
/// One owner a port: no overloading (RFC 4787 REQ-3).
class NatPortPool
{
  public:
    explicit NatPortPool(NatPortRange ports);

    /// A free port of a range inside the pool for this internal port, now taken; nothing when there
    /// is none. Where the range has well-known ports (below 1024) and others, an internal port gets
    /// one of its own kind as long as there is one (RFC 4787 REQ-3 a).
    /// \param cursor Sequential: kept between calls, any value at first
    [[nodiscard]] std::optional<uint16_t> Take(const NatAxes& axes,
                                               uint16_t internalPort,
                                               NatPortRange range,
                                               uint16_t& cursor,
                                               Rng& rng);
    /// Takes this port; false when it is not in the pool or taken.
    [[nodiscard]] bool Claim(uint16_t port);
    /// Gives a taken port back.
    void Release(uint16_t port);

    [[nodiscard]] bool
    IsFree(uint16_t port) const
    {
        const uint32_t bit = uint32_t{port} - m_ports.first;
        return m_ports.Contains(port) && (m_bits[bit / 64] >> (bit % 64) & 1) == 0;
    }

  private:
    [[nodiscard]] std::optional<uint16_t> TakeIn(const NatAxes& axes,
                                                 uint16_t internalPort,
                                                 NatPortRange range,
                                                 uint16_t& cursor,
                                                 Rng& rng);
    [[nodiscard]] std::optional<uint32_t> FirstFree(uint32_t from,
                                                    uint32_t end,
                                                    uint64_t wanted) const;

    NatPortRange m_ports;
    size_t m_free;                ///< ports that are not taken
    std::vector<uint64_t> m_bits; ///< set: taken
};

} // namespace isb

#endif
