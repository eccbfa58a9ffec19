// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_LAB_GATE_H
#define ISB_EMULATION_LAB_LAB_GATE_H

#include "emulation/io/run-clock.h"
#include "emulation/io/tun-port.h"
#include "emulation/sys/network-namespace.h"
#include "model/core/nat/nat-side.h"
#include "model/core/trace/trace-event.h"
#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <string>

namespace isb
{

/// What decides about packets in a box of a Lab: between two TUN interfaces in its namespace, in
/// this process. NAT: the relay of natbox. Firewall: a StatefulFilter.
class LabGate
{
  public:
    static constexpr const char* INSIDE = "gate-in";
    static constexpr const char* OUTSIDE = "gate-out";

    /// What all gates of a run share.
    struct World
    {
        asio::io_context& context;
        const RunClock& clock;
    };

    /// The gate of a box; null when its role needs none. `trace` may be null and must outlive it.
    /// Throws SystemError.
    [[nodiscard]] static std::unique_ptr<LabGate> Make(const World& world,
                                                       const Box& box,
                                                       const NetworkNamespace& space,
                                                       uint64_t seed,
                                                       TraceSink* trace);

    virtual ~LabGate() = default;
    LabGate(const LabGate&) = delete;
    LabGate& operator=(const LabGate&) = delete;

    /// Takes packets from now on.
    void Start();

    /// Adds what it did: mappings, drops by reason, packets.
    virtual void AddTo(BoxResult& result) const = 0;

    /// What happens to a NAT.
    virtual void Happen(TimePoint now, IncidentKind kind) = 0;

  protected:
    LabGate(const World& world, const NetworkNamespace& space);

    /// A packet behind its VnetHeader, to be changed in place.
    virtual void Receive(TimePoint now, NatSide from, MutableBytes bytes) = 0;
    [[nodiscard]] virtual TimePoint NextTimeout() const = 0;
    virtual void Timeout(TimePoint now) = 0;

    /// Sends a packet, VnetHeader in front, to a side.
    void SendTo(NatSide to, ByteView bytes);

  private:
    void Read(TunPort& port, NatSide side);
    void ArmTimer();

    const RunClock& m_clock;
    std::unique_ptr<TunPort> m_inside;
    std::unique_ptr<TunPort> m_outside;
    asio::steady_timer m_timer;
    TimePoint m_armed = TIME_NEVER;
};

} // namespace isb

#endif
