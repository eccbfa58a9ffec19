// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_BROKER_CORE_H
#define ISB_CORE_ISB_BROKER_CORE_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/connection-closer.h"
#include "model/core/isb/connection-keeper.h"
#include "model/core/isb/connection-maker.h"
#include "model/core/isb/connection-table.h"
#include "model/core/isb/ist-list-pacer.h"
#include "model/core/isb/ist-registry.h"
#include "model/core/isb/nat-prober.h"
#include "model/core/isb/reachability-prober.h"
#include "model/core/isb/service-directory.h"
#include "model/core/isb/session-table.h"
#include "model/core/isb/subscription-table.h"
#include "model/core/isb/volunteer-desk.h"

#include <string>
#include <string_view>

namespace isb
{

/// Puts the parts together: which message goes to whom, and who cleans up after a loss.
class BrokerCore
{
  public:
    /// `mac`, `random` and `trace` (may be null) must outlive the broker.
    BrokerCore(IsbSettings settings, const Mac& mac, Rng& random, TraceSink* trace);

    /// Opens the listener.
    void Listen();
    /// A UDP socket for test packets is open.
    void Listening(SocketId socket);
    [[nodiscard]] SocketId Accept(SocketId from, Endpoint local, Endpoint peer);
    /// A probe got through.
    void Connected(SocketId socket);
    /// The listener, a probe or a control connection is gone.
    void Failed(SocketId socket, std::string_view why);
    void Receive(SocketId socket, ByteView bytes);
    void EndOfStream(SocketId socket);
    void Stop();
    void Timeout();
    [[nodiscard]] TimePoint NextTimeout() const;

    /// No listener and no state.
    [[nodiscard]] bool IsIdle() const;
    /// Entries of all tables.
    [[nodiscard]] size_t StateSize() const;

    BrokerDesk desk;
    SocketId listener = 0;
    TimePoint listenAgain = TIME_NEVER;
    ServiceDirectory directory;
    SessionTable sessions;
    SubscriptionTable subscriptions;
    IstRegistry registry;
    IstListPacer pacer;
    ReachabilityProber prober;
    ConnectionTable connections;
    HalfClosedBook halfClosed;
    ConnectionCloser closer;
    ConnectionMaker maker;
    ConnectionKeeper keeper;
    VolunteerDesk volunteers;
    NatProber natProber;

  private:
    void Obey(BrokerSession& session, ByteView bytes);
    /// Works off what the current input ended.
    void Settle();
    void Dispatch(BrokerSession& session, const IsbMessage& message);
    [[nodiscard]] bool DispatchUser(BrokerSession& session, const IsbMessage& message);
    [[nodiscard]] bool DispatchVolunteer(BrokerSession& session, const IsbMessage& message);
    [[nodiscard]] bool DispatchIst(BrokerSession& session, const IsbMessage& message);
    void Login(BrokerSession& session, const LoginMessage& login);
    void Announce(BrokerSession& session, const AnnounceMessage& message);
    void Withdraw(BrokerSession& session, const WithdrawMessage& message);
    void List(BrokerSession& session, const ListMessage& message);
    void Nearness(BrokerSession& session, const NearnessMessage& message);
    void CleanUp(const EndedSession& ended);
    void EmitService(const std::string& provider,
                     const std::string& service,
                     std::string_view to,
                     IsbCode code);
};

} // namespace isb

#endif
