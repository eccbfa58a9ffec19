// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_FIREWALL_GATE_H
#define ISB_EMULATION_LAB_FIREWALL_GATE_H

#include "emulation/lab/lab-gate.h"
#include "model/core/nat/stateful-filter.h"
#include "model/core/random/rng.h"

#include <map>
#include <vector>

namespace isb
{

/// A firewall box of a Lab: lets in what answers, translates nothing.
class FirewallGate : public LabGate
{
  public:
    FirewallGate(const World& world,
                 const Box& box,
                 const NetworkNamespace& space,
                 uint64_t seed,
                 TraceSink* trace);

    void AddTo(BoxResult& result) const override;
    void Happen(TimePoint now, IncidentKind kind) override;

  private:
    struct Held
    {
        NatSide from;
        std::vector<uint8_t> bytes;
    };

    void Receive(TimePoint now, NatSide from, MutableBytes bytes) override;
    [[nodiscard]] TimePoint NextTimeout() const override;
    void Timeout(TimePoint now) override;
    void Judge(TimePoint now, NatSide from, ByteView bytes);
    void Settle(TimePoint now);

    SeededRng m_rng;
    StatefulFilter m_filter;
    std::map<uint64_t, Held> m_held; ///< fragments, by ticket
};

} // namespace isb

#endif
