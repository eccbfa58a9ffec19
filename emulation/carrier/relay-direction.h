// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_RELAY_DIRECTION_H
#define ISB_EMULATION_CARRIER_RELAY_DIRECTION_H

#include "emulation/carrier/stream-relay.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// One direction of a joined pair: bytes taken from one socket that the other has not taken yet.
class RelayDirection
{
  public:
    /// What a call of Move() ended with.
    enum class State : uint8_t
    {
        Waiting, ///< call again when either socket is ready
        Busy,    ///< there is more; call again when others had their turn
        Over,    ///< the source has ended and all of it was passed on, its end too
        Broken,  ///< a socket failed
    };

    /// Throws SystemError when there is no pipe.
    explicit RelayDirection(RelayMethod method);

    /// Moves what there is from one non-blocking socket to the other, for a bounded time.
    [[nodiscard]] State Move(int from, int to);

  private:
    /// As read() and write() answer.
    [[nodiscard]] ssize_t Take(int from);
    [[nodiscard]] ssize_t Give(int to);

    RelayMethod m_method;
    Descriptor m_pipeIn, m_pipeOut;
    std::vector<uint8_t> m_buffer;
    size_t m_begin = 0, m_end = 0; ///< of what waits in the buffer; in the pipe: their difference
    bool m_ended = false;
    bool m_over = false;
};

} // namespace isb

#endif
