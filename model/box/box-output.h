// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_BOX_OUTPUT_H
#define ISB_BOX_BOX_OUTPUT_H

#include "model/box/frame.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace isb
{

/// What the machine wants from its driver. Handled at once, before time passes.
struct BoxOutput
{
    enum class Kind : uint8_t
    {
        Deliver, ///< hand `handles` (one frame, or all fragments of a datagram, by offset) to IP
        Send,    ///< start to put handles[0] on the wire of `port` now; lasts WireTime()
        Done,    ///< the process job with token handles[0] got its CPU time
        Dropped, ///< handles[0] died on `port` for `drop`
    };

    Kind kind = Kind::Deliver;
    BoxDrop drop = BoxDrop::RingFull;
    uint32_t port = 0; ///< Deliver: where it came in
    std::vector<uint64_t> handles;
};

/// Outputs in the order in which they were made. Storage is reused: none is allocated in the long
/// run.
class BoxOutputQueue
{
  public:
    /// A new last output with these handles.
    void
    Append(BoxOutput::Kind kind, uint32_t port, const std::vector<uint64_t>& handles)
    {
        Place(kind, port).handles = handles;
    }

    BoxOutput&
    Append(BoxOutput::Kind kind, uint32_t port, uint64_t handle)
    {
        BoxOutput& output = Place(kind, port);
        output.handles.assign(1, handle);
        return output;
    }

    /// Takes the first output, valid until the next Take(); null when there is none.
    [[nodiscard]] const BoxOutput*
    Take()
    {
        if (m_next == m_count)
        {
            m_next = 0;
            m_count = 0;
            return nullptr;
        }
        std::swap(m_taken, m_outputs[m_next++]);
        return &m_taken;
    }

  private:
    BoxOutput&
    Place(BoxOutput::Kind kind, uint32_t port)
    {
        if (m_count == m_outputs.size())
        {
            m_outputs.emplace_back();
        }
        BoxOutput& output = m_outputs[m_count++];
        output.kind = kind;
        output.port = port;
        return output;
    }

    std::vector<BoxOutput> m_outputs; ///< [m_next, m_count) wait
    size_t m_next = 0;
    size_t m_count = 0;
    BoxOutput m_taken;
};

} // namespace isb

#endif
