// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_NAT_PROBER_H
#define ISB_CORE_ISB_NAT_PROBER_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/ist-registry.h"
#include "model/core/isb/session-table.h"
#include "model/core/machine/deadline-queue.h"
#include "model/core/machine/probe-sender.h"

#include <cstddef>
#include <functional>
#include <map>
#include <string_view>

namespace isb
{

/// The NAT test at login (thesis 3.6.3, Fig 3.10): is a NATed user's NAT a full cone?
///
///     user            NAT             ISB                     another address
///      | --- login ---|--------------> |                       (second one of the ISB's host,
///      |              | X:P observed   |                        or an IST's host)
///      | <---- NatProbe(half) -------- | -- ProbeOrder --------> |
///      | <------------|----------------|---- SYN to X:P, token - |
///      | --- NatReport(token) -------> |   it came: full cone
///
/// The user is told one half of the token, by which it knows the test packet; only the packet shows
/// the other one, so a report is believed of nobody to whom nothing came.
///
/// For UDP the same to the mapping that the user keeps alive for datagrams, as its NatReport tells.
/// A test from the address that the user is connected to, only from another port, proves no full
/// cone: filtering may still depend on the address. It is made when there is no other address, and
/// its answer is "unknown" or, when nothing came, "not-full-cone". Public hosts are not tested:
/// their observed address is their own.
class NatProber
{
  public:
    /// Tests of one session; more are not begun (promise T2: a report is no way to have packets
    /// sent).
    static constexpr uint32_t MOST_TESTS = 8;

    using OnFullCone = std::function<void(BrokerSession& session)>;

    /// All must outlive the prober. `found` is called when one was found.
    NatProber(BrokerDesk& desk, SessionTable& sessions, IstRegistry& registry, OnFullCone found);

    /// A user logged in.
    void Start(BrokerSession& session);
    void Report(BrokerSession& session, const NatReportMessage& message);
    /// The session ended.
    void Forget(SocketId session);
    void Stop();

    [[nodiscard]] bool Owns(SocketId socket) const;
    void Listening(SocketId socket);
    void Connected(SocketId socket);
    void Failed(SocketId socket);

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout();

    /// Tests under way, and their packets.
    [[nodiscard]] size_t Size() const;

  private:
    struct Test
    {
        SocketId session = 0;
        Protocol protocol = Protocol::Tcp;
        Endpoint target;
        Token token{};
        bool proves = false; ///< comes from another address
        bool sent = false;
        std::string_view sender;
        TimePoint entered = TIME_NEVER;
    };

    void Begin(BrokerSession& session, Protocol protocol, Endpoint target);
    /// Has the test packet sent, if anybody can.
    void Send(const BrokerSession& session, Test& test);
    void Conclude(BrokerSession& session, const Test& test, bool came);
    void Erase(uint64_t number);

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    IstRegistry& m_registry;
    OnFullCone m_found;
    ProbeSender m_sender;
    uint64_t m_last = 0;
    std::map<uint64_t, Test> m_tests;
    DeadlineQueue m_deadlines;
};

} // namespace isb

#endif
