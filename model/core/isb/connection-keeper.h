// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_CONNECTION_KEEPER_H
#define ISB_CORE_ISB_CONNECTION_KEEPER_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/connection-closer.h"
#include "model/core/isb/connection-maker.h"
#include "model/core/isb/connection-table.h"
#include "model/core/isb/session-table.h"
#include "model/core/isb/subscription-table.h"

#include <cstdint>
#include <string>

namespace isb
{

/// Follows service connections by what ends and ISTs report, and cleans up when any of them is
/// lost. A connection that runs outlives lost sessions (promise T7): a daemon that logs in again as
/// the same process (bootId) still holds it; only logout, a restarted daemon, or a lost IST end it.
class ConnectionKeeper
{
  public:
    /// All must outlive the keeper.
    ConnectionKeeper(BrokerDesk& desk,
                     SessionTable& sessions,
                     ConnectionTable& connections,
                     HalfClosedBook& halfClosed,
                     ConnectionMaker& maker,
                     ConnectionCloser& closer);

    void Ready(BrokerSession& session, const ReadyMessage& message);
    void Gathered(BrokerSession& session, const GatheredMessage& message);
    void Fault(BrokerSession& session, const FaultMessage& message);
    void Status(BrokerSession& session, const StatusMessage& message);

    void SpliceReady(BrokerSession& ist, const SpliceReadyMessage& message);
    void SpliceFault(BrokerSession& ist, const FaultMessage& message);
    void SpliceEvent(BrokerSession& ist, const SpliceEventMessage& message);

    void UserEnded(const std::string& user, IsbCode code);
    /// A user is about to be logged in.
    void UserReturned(const std::string& user, uint64_t bootId);
    void SubscriptionEnded(const EndedSubscription& subscription);
    /// The IST's session ended; it may come back.
    void IstLost(const std::string& ist);
    /// The IST and its splices are gone.
    void IstGone(const std::string& ist);

  private:
    void Established(BrokerSession& session, ServiceConnection& connection, ServiceEnd end);
    void Closed(ServiceConnection& connection, ServiceEnd end, const StatusMessage& message);
    void StartIfDue(ServiceConnection& connection);
    void SpliceOver(ServiceConnection& connection, const SpliceEventMessage& message);
    /// Null when there is none, or when it is not this IST's, which ends the session.
    [[nodiscard]] ServiceConnection* FindSplice(BrokerSession& ist, uint64_t splice);

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    ConnectionTable& m_connections;
    HalfClosedBook& m_halfClosed;
    ConnectionMaker& m_maker;
    ConnectionCloser& m_closer;
};

} // namespace isb

#endif
