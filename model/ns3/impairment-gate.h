// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_IMPAIRMENT_GATE_H
#define ISB_NS3_IMPAIRMENT_GATE_H

#include "model/core/impair/impairment.h"
#include "model/core/random/rng.h"

#include "ns3/event-id.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <functional>
#include <unordered_map>

namespace ns3
{

/// One direction of a wire that is slow, long, lossy or disorderly: an isb::Impairment on packets
/// and simulated time. Packets come out by the callback, never before Enter() returns.
class ImpairmentGate
{
  public:
    /// What comes out. A packet that is duplicated comes twice.
    using Exit = std::function<void(Ptr<Packet>)>;

    /// The settings must be free of contradictions.
    ImpairmentGate(const isb::ImpairmentSettings& settings, uint64_t seed, Exit exit);
    ~ImpairmentGate();
    ImpairmentGate(const ImpairmentGate&) = delete;
    ImpairmentGate& operator=(const ImpairmentGate&) = delete;

    /// Takes a packet; `bytes` is what it takes of rate and queue. The verdict says why it was
    /// dropped, if it was.
    isb::ImpairmentVerdict Enter(Ptr<Packet> packet, uint32_t bytes);

    const isb::ImpairmentCounters& Counters() const;

  private:
    void Leave();
    void SetTimer();

    isb::SeededRng m_rng;
    isb::Impairment m_impairment;
    Exit m_exit;
    EventId m_timer;
    uint64_t m_lastId = 0;
    std::unordered_map<uint64_t, Ptr<Packet>> m_packets; ///< inside, never iterated
};

} // namespace ns3

#endif
