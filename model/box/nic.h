// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_NIC_H
#define ISB_BOX_NIC_H

#include "model/box/frame.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace isb
{

/// How a port is attached (thesis 5.3).
enum class NicKind : uint8_t
{
    OnChip, ///< on-chip MAC: interrupt driven, fast, high priority; fills the backlog. Also PCs
    Pci,    ///< PCI v2.2 NIC: slow response, low priority; its ring is polled at softirq level
};

/// Receive side of a NIC: a ring of finitely many frames, in order. A frame occupies its place
/// from its arrival but is seen by the CPU only when its response latency has passed.
class ReceiveRing
{
  public:
    explicit ReceiveRing(uint32_t frames)
        : m_capacity(frames)
    {
    }

    /// False if the ring is full and the frame is lost.
    [[nodiscard]] bool Arrive(TimePoint now, const Frame& frame, Duration latency);
    /// True if the CPU can take a frame.
    [[nodiscard]] bool IsReady(TimePoint now) const;
    /// Takes the first frame; IsReady() must hold.
    Frame Take();
    /// When the first frame will be seen; TIME_NEVER when empty.
    [[nodiscard]] TimePoint NextTimeout() const;
    [[nodiscard]] size_t Size() const;

  private:
    struct Entry
    {
        TimePoint visible;
        Frame frame;
    };

    uint32_t m_capacity;
    std::deque<Entry> m_entries;
};

/// A frame on its way out.
struct OutgoingFrame
{
    uint64_t handle = 0;
    uint32_t bytes = 0; ///< as Frame::bytes
};

/// Transmit side of a port: queue (txqueuelen), ring of the NIC, way to the wire, wire. A ring
/// place is held from Reserve() to Free(), that is until the completion interrupt has been served.
class Transmitter
{
  public:
    Transmitter(uint32_t queueFrames, uint32_t ringFrames, DataRate rate);

    /// False if the queue is full and the frame is lost.
    [[nodiscard]] bool Offer(OutgoingFrame frame);
    /// Gives a waiting frame a ring place; false if none waits or the ring is full. Each success is
    /// to be followed by one Start().
    [[nodiscard]] bool Reserve();
    /// Takes the first frame for which a place is reserved: the CPU begins to copy it.
    OutgoingFrame Start();
    /// The CPU has copied the frame: it reaches the wire `latency` later, in order.
    void Copied(TimePoint now, OutgoingFrame frame, Duration latency);

    /// One thing that happens by `now`: a frame ends on the wire (counted in Completed()) or one
    /// begins. Returns true and fills `sent` if one begins.
    [[nodiscard]] bool Advance(TimePoint now, OutgoingFrame& sent);
    /// When Advance() has something to do; TIME_NEVER if nothing.
    [[nodiscard]] TimePoint NextTimeout() const;

    /// Frames that left the wire and whose ring places wait for Free().
    [[nodiscard]] uint32_t Completed() const;
    void Free(uint32_t frames);
    /// Frames in queue or ring that have not begun on the wire.
    [[nodiscard]] size_t Held() const;

  private:
    struct Entry
    {
        TimePoint due;
        OutgoingFrame frame;
    };

    uint32_t m_queueFrames;
    uint32_t m_ringFrames;
    DataRate m_rate;
    std::deque<OutgoingFrame> m_queue;
    std::deque<Entry> m_line; ///< copied, waiting for bus, latency or wire
    uint32_t m_reserved = 0;  ///< frames at the head of m_queue with a ring place
    uint32_t m_copying = 0;   ///< taken by Start(), not yet Copied()
    uint32_t m_ringUsed = 0;
    uint32_t m_completed = 0;
    bool m_onWire = false;
    TimePoint m_wireFree{0};
};

} // namespace isb

#endif
