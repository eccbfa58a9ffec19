// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_BOX_MACHINE_H
#define ISB_BOX_BOX_MACHINE_H

#include "model/box/backlog.h"
#include "model/box/box-output.h"
#include "model/box/cost-model.h"
#include "model/box/cpu.h"
#include "model/box/frame.h"
#include "model/box/machine-parameters.h"
#include "model/box/nic.h"
#include "model/box/reassembly.h"
#include "model/wire/units.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace isb
{

/// Work of a process: `cost` nanoseconds of CPU, then Done(token).
struct ProcessJob
{
    uint64_t token = 0;
    Duration cost{0};
};

/// Frames seen so far: arrived = delivered + receiveDropped + Held receive side, and the same for
/// transmit. Fragments count one each.
struct BoxCounters
{
    uint64_t arrived = 0;
    uint64_t delivered = 0;
    uint64_t receiveDropped = 0;
    uint64_t transmitted = 0; ///< handed to Transmit()
    uint64_t sent = 0;        ///< started on a wire
    uint64_t transmitDropped = 0;
    uint64_t jobsSubmitted = 0;
    uint64_t jobsDone = 0;
};

/// A forwarding box (thesis 5.3: IXP425) or a PC host as a machine: one CPU with hard-interrupt,
/// softirq and process level (preemptive, resume), NICs with finite rings, the backlog of Linux
/// 2.4, reassembly, transmit queues. It decides when each frame reaches IP and when it leaves, and
/// which are lost. It never sees bytes, does no IP and keeps no connection; the driver does IP at
/// zero simulated time whenever a frame is delivered.
///
///             rx ring                backlog                        tx queue  tx ring
///  wire -> [latency][frames] -irq-> [frames] -softirq-> IP -softirq-> [100] -> [..] -> wire
///             PCI: ring polled from softirq, no backlog
///
/// Use: after every input call Next(now) until it returns null, then call it again at
/// NextTimeout(). Inputs may be made while handling an output: a Transmit() made for a Deliver is
/// charged before the next received frame. `now` never goes back and never passes NextTimeout().
class BoxMachine
{
  public:
    struct Port
    {
        NicKind nic = NicKind::OnChip;
        DataRate rate; ///< of the wire
    };

    BoxMachine(const MachineParameters& parameters, const std::vector<Port>& ports);

    /// A frame was completely received from the wire of `port`.
    void Arrived(TimePoint now, uint32_t port, const Frame& frame);
    /// IP hands out a frame of `bytes` (Ethernet header to end of IP packet).
    void Transmit(TimePoint now, uint32_t port, uint64_t handle, uint32_t bytes);
    /// A process wants CPU time; jobs run in the order submitted.
    void Submit(TimePoint now, ProcessJob job);

    /// Next thing to do at `now`, valid until the next call; null when all is done.
    [[nodiscard]] const BoxOutput* Next(TimePoint now);
    /// When to call Next() again if no input comes first; TIME_NEVER when idle.
    [[nodiscard]] TimePoint NextTimeout() const;

    [[nodiscard]] const CostModel& Costs() const;
    [[nodiscard]] const BoxCounters& Counters() const;
    [[nodiscard]] uint64_t Drops(uint32_t port, BoxDrop drop) const;
    /// CPU time spent at a level from the start to `now`.
    [[nodiscard]] Duration CpuTime(CpuLevel level, TimePoint now) const;
    /// Frames inside between Arrived() and Deliver, rings, backlog and incomplete datagrams.
    [[nodiscard]] uint64_t HeldReceive() const;
    /// Frames inside between Transmit() and Send.
    [[nodiscard]] uint64_t HeldTransmit() const;
    [[nodiscard]] uint32_t PortCount() const;

  private:
    /// What the hard-interrupt level does.
    struct HardWork
    {
        uint32_t port = 0;
        uint32_t completions = 0; ///< sent frames freed at the end
        bool receives = false;    ///< takes `frame` from the ring into the backlog
        Frame frame;
    };

    /// What the softirq level does.
    enum class SoftKind : uint8_t
    {
        Input,       ///< IP input of `frame`
        Reassembled, ///< the rest of IP input for m_whole
        Transmit,    ///< copy `outgoing` to the NIC
    };

    struct SoftWork
    {
        SoftKind kind = SoftKind::Input;
        uint32_t port = 0;
        Frame frame;
        OutgoingFrame outgoing;
    };

    /// Ready for IP, but late: PC stack or untuned IST.
    struct Late
    {
        TimePoint due{0};
        uint32_t port = 0;
        std::vector<uint64_t> handles;
    };

    struct PortState
    {
        NicKind nic;
        bool polled = false; ///< PCI: in the poll list, its receive interrupt is off
        ReceiveRing ring;
        Transmitter out;
        std::array<uint64_t, BOX_DROP_COUNT> drops{};
    };

    [[nodiscard]] Duration ResponseLatency(NicKind nic, uint32_t bytes) const;
    [[nodiscard]] bool NeedsInterrupt(const PortState& port, TimePoint now) const;
    bool RunOne(TimePoint now);
    bool Dispatch(TimePoint now);
    bool StartHard(TimePoint now);
    bool StartSoft(TimePoint now);
    bool StartInput(TimePoint now);
    void FinishHard(TimePoint now);
    void FinishSoft(TimePoint now);
    void FinishProcess();
    void FinishFragment(TimePoint now);
    void PumpTransmit(uint32_t port);
    void ToIp(TimePoint now, FramePath path, uint32_t port, const std::vector<uint64_t>& handles);
    void Deliver(uint32_t port, const std::vector<uint64_t>& handles);
    void Drop(uint32_t port, uint64_t handle, BoxDrop drop);
    void DropReceived(uint32_t port, uint64_t handle, BoxDrop drop);
    void DropLost();

    CostModel m_costs;
    Cpu m_cpu;
    std::vector<PortState> m_ports;
    std::vector<uint32_t> m_interruptOrder; ///< on-chip MACs before PCI NICs

    HardWork m_hard;
    uint32_t m_lastInterrupt; ///< port served just now: the next frame needs no new interrupt
    SoftWork m_soft;
    ProcessJob m_job;

    Backlog m_backlog;
    std::deque<uint32_t> m_transmits; ///< ports with a frame to copy, first come first served
    size_t m_source = 0;              ///< of input: 0 = backlog, i + 1 = port i
    uint32_t m_quota;                 ///< frames that m_source may still take in this turn
    bool m_pollBegins = false;        ///< next polled frame pays the register read
    Reassembly m_reassembly;
    Datagram m_whole;
    std::vector<Reassembly::Lost> m_lost;
    std::deque<Late> m_late;
    std::deque<ProcessJob> m_jobs;

    BoxOutputQueue m_outputs;
    std::vector<uint64_t> m_handles; ///< scratch
    BoxCounters m_counters;
    TimePoint m_now{0};
};

} // namespace isb

#endif
