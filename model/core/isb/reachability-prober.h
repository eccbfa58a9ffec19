// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_REACHABILITY_PROBER_H
#define ISB_CORE_ISB_REACHABILITY_PROBER_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/session-table.h"
#include "model/core/machine/deadline-queue.h"

#include <cstddef>
#include <map>
#include <string_view>

namespace isb
{

/// Finds out whether a user is NATed (thesis 3.4). Public: the address seen by the broker is the
/// local one, and a connection from the broker to the listen port arrived there, which the user
/// shows by the token that came with it (so a listener of somebody else behind the same address
/// counts for nothing). The probe goes to the observed address only (promise T1).
class ReachabilityProber
{
  public:
    /// Both must outlive the prober.
    ReachabilityProber(BrokerDesk& desk, SessionTable& sessions);

    /// A user logged in.
    void Start(BrokerSession& session);
    void Seen(BrokerSession& session, const ProbeSeenMessage& message);
    /// The session ended.
    void Forget(SocketId session);

    /// Is this socket a probe's?
    [[nodiscard]] bool Owns(SocketId socket) const;
    void Connected(SocketId socket);
    void Failed(SocketId socket);

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout();

    /// Probes under way.
    [[nodiscard]] size_t Size() const;

  private:
    struct Probe
    {
        Token token{};
        SocketId socket = 0; ///< 0: connected, the token is sent
        TimePoint entered = TIME_NEVER;
    };

    void Conclude(BrokerSession& session, Reachability reachability, std::string_view reason);

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    std::map<SocketId, Probe> m_probes;     ///< by the session's socket
    std::map<SocketId, SocketId> m_sockets; ///< probe's socket -> session's
    DeadlineQueue m_deadlines;
};

} // namespace isb

#endif
