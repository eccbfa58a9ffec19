// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_NAT_GATE_H
#define ISB_EMULATION_LAB_NAT_GATE_H

#include "emulation/lab/lab-gate.h"
#include "emulation/natbox/nat-relay.h"

namespace isb
{

/// A NAT box of a Lab: natbox's relay with the settings of the box.
class NatGate : public LabGate, private PacketSink
{
  public:
    NatGate(const World& world,
            const Box& box,
            const NetworkNamespace& space,
            uint64_t seed,
            TraceSink* trace);

    void AddTo(BoxResult& result) const override;
    void Happen(TimePoint now, IncidentKind kind) override;

  private:
    void Write(NatSide to, ByteView bytes) override;
    void Receive(TimePoint now, NatSide from, MutableBytes bytes) override;
    [[nodiscard]] TimePoint NextTimeout() const override;
    void Timeout(TimePoint now) override;

    SeededRng m_nat;
    SeededRng m_impair; ///< nothing is impaired, so it is never asked
    NatRelay m_relay;
};

} // namespace isb

#endif
