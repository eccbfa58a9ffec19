// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_SPLICE_KEEPER_H
#define ISB_CORE_IST_SPLICE_KEEPER_H

#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-report.h"
#include "model/core/ist/ist-settings.h"
#include "model/core/ist/ist-table.h"
#include "model/core/machine/deadline-queue.h"
#include "model/core/random/rng.h"
#include "model/splice/ist-state.h"
#include "model/wire/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isb
{

/// The life of splices in an IstEngine, from order to end: admission, what follows from the core's
/// events (ports, flow entries, crafted packets, traces), timers.
class SpliceKeeper
{
  public:
    SpliceKeeper(const IstSettings& settings, Rng& random, TraceSink* trace);

    Result<uint64_t> Add(TimePoint now, const IstPair& pair);
    bool Remove(TimePoint now, uint64_t id);

    /// Gives an Active splice that waits its numbers and the port towards B, as its user's SYN is
    /// here. False when there is no free port, or no own address of the target's family.
    [[nodiscard]] bool PrepareActive(Splice& splice, const ist_packet& packet);

    /// Does what the core's verdict on a step asks for, beyond the packet itself. The splice may be
    /// gone afterwards.
    void Settle(TimePoint now, Splice& splice, const ist_verdict& verdict, IstReason reason);

    /// Closes the splice; users that are proven get an RST, except after an orderly end.
    void End(TimePoint now, Splice& splice, IstReason reason);

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);
    [[nodiscard]] std::vector<std::vector<uint8_t>> TakeEmitted();
    [[nodiscard]] std::vector<CarrierNews> TakeNotices();

    [[nodiscard]] const ist_settings&
    CoreSettings() const
    {
        return m_core;
    }

    IstTable table;
    IstReport report;

  private:
    void EmitCrafted(TimePoint now, Splice& splice, const ist_verdict& verdict);
    void OnPaired(TimePoint now, Splice& splice);
    void OnClosed(Splice& splice, IstReason reason);
    [[nodiscard]] IpAddress ActiveSource(const Splice& splice, const ist_packet& packet) const;
    [[nodiscard]] bool OnFirstSeen(TimePoint now, Splice& splice);
    [[nodiscard]] bool OpenReturnPort(TimePoint now, Splice& splice);
    void FallBack(TimePoint now, const Splice& splice, IstReason reason);
    void Tell(const Splice& splice, CarrierNews news);
    [[nodiscard]] bool Reopen(TimePoint now, Splice& splice);
    void EnterFlows(Splice& splice);
    [[nodiscard]] TimePoint DeadlineOf(const Splice& splice) const;
    void Reschedule(Splice& splice);
    template <typename IsFree>
    [[nodiscard]] uint16_t ChoosePort(IsFree isFree);

    const IstSettings& m_settings;
    ist_settings m_core;
    Rng& m_random;
    DeadlineQueue m_deadlines;
    std::vector<std::vector<uint8_t>> m_emitted;
    std::vector<CarrierNews> m_notices;
};

} // namespace isb

#endif
