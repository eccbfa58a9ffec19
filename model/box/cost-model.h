// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_COST_MODEL_H
#define ISB_BOX_COST_MODEL_H

#include "model/box/frame.h"
#include "model/box/machine-parameters.h"
#include "model/wire/units.h"

#include <cstdint>

namespace isb
{

/// Bytes that a frame of `bytes` (no FCS) occupies on Ethernet: padding to 60, FCS 4, preamble and
/// delimiter 8, gap 12 (IEEE 802.3).
[[nodiscard]] uint32_t WireBytes(uint32_t bytes);

/// How long the wire is busy with it.
[[nodiscard]] Duration WireTime(uint32_t bytes, DataRate rate);

/// Turns parameters and a frame into CPU time. All functions are pure.
class CostModel
{
  public:
    explicit CostModel(const MachineParameters& parameters);

    [[nodiscard]] const MachineParameters& Parameters() const;

    /// One copy of `bytes`.
    [[nodiscard]] Duration Copy(uint64_t bytes) const;
    /// Driver: frame from NIC into a kernel buffer.
    [[nodiscard]] Duration Receive(uint32_t bytes) const;
    /// Driver: frame from a kernel buffer to the NIC.
    [[nodiscard]] Duration Transmit(uint32_t bytes) const;
    /// IP input of one frame, up to forwarding or the socket. A fragment on a path that needs whole
    /// datagrams only pays to be queued.
    [[nodiscard]] Duration Input(const Frame& frame) const;
    /// The rest for a datagram that became whole: `first` is its first fragment, `bytes` the sum of
    /// its frames. Forwarded ones are made linear (one copy) and cut again (another).
    [[nodiscard]] Duration Reassembled(const Frame& first,
                                       uint32_t fragments,
                                       uint32_t bytes) const;
    /// True if frames on this path wait until their datagram is whole.
    [[nodiscard]] static bool NeedsWholeDatagram(FramePath path);
    /// Latency between the end of input and IP: PC stack, untuned IST.
    [[nodiscard]] Duration InputLatency(FramePath path) const;
    /// Time that a frame spends on the PCI bus.
    [[nodiscard]] Duration BusTime(uint32_t bytes) const;

    // Process side; the driver submits these as jobs.
    /// select(), returning at once.
    [[nodiscard]] Duration Select() const;
    /// recv() of `bytes`: system call and copy to the process.
    [[nodiscard]] Duration ReceiveCall(uint64_t bytes) const;
    /// send() of `bytes`: system call and copy to the kernel; Transmit() of the machine is extra.
    [[nodiscard]] Duration SendCall(uint64_t bytes) const;
    /// A sleeping process becomes running. Pay it when the process had nothing to do.
    [[nodiscard]] Duration WakeUp() const;
    /// One turn of the proxy of IST-App on a chunk: select, receive, send; `asleep`: wake-up too.
    [[nodiscard]] Duration ProxyTurn(uint64_t bytes, bool asleep) const;

  private:
    /// Input of a whole datagram whose frames have `bytes` together.
    [[nodiscard]] Duration InputWhole(const FrameFacts& facts, uint32_t bytes) const;

    MachineParameters m_parameters;
};

} // namespace isb

#endif
