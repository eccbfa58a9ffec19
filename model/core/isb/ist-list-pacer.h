// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_IST_LIST_PACER_H
#define ISB_CORE_ISB_IST_LIST_PACER_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/ist-registry.h"
#include "model/core/isb/session-table.h"

#include <string>

namespace isb
{

/// Tells users which ISTs there are, so that they can measure their nearness: each at login, and
/// all of them in rounds after a change. A round begins COLLECT after the change (several ISTs that
/// come together make one round), not sooner than PERIOD after the one before, and sends to at most
/// BATCH users every STEP: an IST that comes and goes makes no storm.
class IstListPacer
{
  public:
    static constexpr Duration COLLECT = std::chrono::milliseconds(50);
    static constexpr Duration PERIOD = std::chrono::seconds(1);
    static constexpr Duration STEP = std::chrono::milliseconds(10);
    static constexpr size_t BATCH = 64;

    /// All must outlive it.
    IstListPacer(BrokerDesk& desk, SessionTable& sessions, const IstRegistry& registry);

    /// A user logged in.
    void Welcome(BrokerSession& session);
    /// Looks whether the registry changed; after every input.
    void Watch();
    void Clear();

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout();

  private:
    void SendBatch();

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    const IstRegistry& m_registry;
    uint64_t m_announced;          ///< version of the newest round
    TimePoint m_next = TIME_NEVER; ///< of the round's start or next batch
    TimePoint m_earliest{0};       ///< of another round's start
    bool m_inRound = false;
    std::string m_last; ///< user served last in this round
};

} // namespace isb

#endif
