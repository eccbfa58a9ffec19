// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_SESSION_TABLE_H
#define ISB_CORE_ISB_SESSION_TABLE_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/broker-session.h"
#include "model/core/isb/resting-budgets.h"
#include "model/core/isb/unproven-pool.h"
#include "model/core/machine/credential.h"
#include "model/core/machine/deadline-queue.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// How a session is closed.
enum class SessionClose : uint8_t
{
    Told,  ///< Bye with the code, then in good order
    Quiet, ///< in good order: the peer said Bye or FIN itself
    Reset, ///< by RST, unsent bytes thrown away
    Gone,  ///< its socket is gone already
};

/// A login that ended, for those who hold something of it.
struct EndedSession
{
    SocketId socket;
    IsbRole role;
    std::string name;
    IsbCode code;
};

/// All control connections: hello and login time-outs (thesis 3.3), proofs, limits, rates, slow
/// readers. Every session is found by its socket, a logged-in one by role and name too.
class SessionTable
{
  public:
    /// `desk` and `mac` must outlive the table.
    SessionTable(BrokerDesk& desk, const Mac& mac);

    /// A connection came: says Hello to it. Displaces another when there are too many that have not
    /// logged in.
    SocketId Accept(Endpoint local, Endpoint peer);

    /// Null when there is none, or when it has ended.
    [[nodiscard]] BrokerSession* Find(SocketId socket);
    [[nodiscard]] BrokerSession* FindUser(const std::string& name);
    [[nodiscard]] BrokerSession* FindIst(const std::string& name);
    /// The user whose name follows, in order; null behind the last one.
    [[nodiscard]] BrokerSession* UserAfter(const std::string& name);

    /// Why this login is not accepted; None when it is.
    [[nodiscard]] IsbCode Check(const BrokerSession& session, const LoginMessage& login) const;
    /// The session is logged in; there is no other of that role and name.
    void Install(BrokerSession& session, const LoginMessage& login);

    /// A message of this session came: it lives. False when it sends too many; it is ended then.
    /// Answers to what others made the broker ask are not among those (promise T6).
    [[nodiscard]] bool Heard(BrokerSession& session, const IsbMessage& message);

    void Send(BrokerSession& session, IsbMessage message);
    /// False when that user is not logged in.
    bool SendToUser(const std::string& name, IsbMessage message);
    /// Volunteers too.
    bool SendToIst(const std::string& name, IsbMessage message);
    /// Its hellos are due at another rate from now on.
    void Reschedule(BrokerSession& session);
    /// Answers a request by Fault, and counts it.
    void Refuse(BrokerSession& session, uint64_t request, IsbCode code, std::string_view text);
    /// The same when the user may have gone.
    void RefuseUser(const std::string& name, uint64_t request, IsbCode code, std::string_view text);

    /// Closes it. What it held is cleaned up by whoever takes TakeEnded(); the object stays until
    /// Bury().
    void End(BrokerSession& session, IsbCode code, SessionClose how);
    /// The next login that ended and is not cleaned up yet.
    [[nodiscard]] std::optional<EndedSession> TakeEnded();
    /// Frees ended sessions; no pointer to one may be held.
    void Bury();

    /// Ends all of them.
    void EndAll(IsbCode code);

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout();

    [[nodiscard]] size_t Users() const;
    [[nodiscard]] size_t Ists() const;
    /// Logged in or not.
    [[nodiscard]] size_t Size() const;

  private:
    using ByName = std::map<std::string, BrokerSession*>;

    [[nodiscard]] TimePoint DeadlineOf(const BrokerSession& session) const;
    [[nodiscard]] ByName& NamesOf(IsbRole role);
    [[nodiscard]] bool IsProof(const LoginMessage& login, const Token& challenge) const;

    BrokerDesk& m_desk;
    const Mac& m_mac;
    std::map<SocketId, std::unique_ptr<BrokerSession>> m_sessions;
    ByName m_users;
    ByName m_ists;
    UnprovenPool m_unproven;
    RestingBudgets m_budgets;
    DeadlineQueue m_deadlines;
    std::deque<EndedSession> m_ended;
    std::vector<std::unique_ptr<BrokerSession>> m_graveyard;
};

} // namespace isb

#endif
