// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_BROKER_DESK_H
#define ISB_CORE_ISB_BROKER_DESK_H

#include "model/core/isb/isb-broker.h"
#include "model/core/isb/isb-settings.h"
#include "model/core/machine/machine.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/isb-message.h"

#include <string_view>
#include <vector>

namespace isb
{

/// "isb." and ToString(code), static: the reason in the broker's trace events. "" for None.
[[nodiscard]] std::string_view ReasonOf(IsbCode code);

/// What the parts of one broker share: its settings, the time of the current input, random
/// numbers, and the places where orders, events and counts go.
class BrokerDesk
{
  public:
    /// `random` and `trace` (may be null) must outlive the desk.
    BrokerDesk(IsbSettings settings, Rng& random, TraceSink* trace);

    /// 63 random bits, never 0: for sessions, subscriptions, connections, splices.
    [[nodiscard]] uint64_t NewId();
    [[nodiscard]] Token NewToken();
    [[nodiscard]] SocketId NewSocket();

    /// An event of this moment, to be filled in.
    [[nodiscard]] TraceEvent Event(TraceKind kind) const;
    void Emit(const TraceEvent& event);

    const IsbSettings settings;
    TraceSink* const trace;
    TimePoint now{0}; ///< of the input that is being worked on
    IsbCounters counters;
    std::vector<MachineOrder> orders;

  private:
    Rng& m_random;
    SocketId m_lastSocket = 0;
};

} // namespace isb

#endif
