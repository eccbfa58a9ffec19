// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_IST_REGISTRY_H
#define ISB_CORE_ISB_IST_REGISTRY_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/broker-session.h"
#include "model/core/isb/ist-choice.h"
#include "model/core/machine/deadline-queue.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// What is known of an IST that is registered, or was a moment ago.
struct IstRecord
{
    uint64_t number = 0; ///< for the deadlines
    IstProfile profile;  ///< `address` is where users connect, never 0.0.0.0
    uint64_t bootId = 0;
    bool online = false; ///< else in its grace
    bool prober = false; ///< sends the NAT test's packets
    /// Of a user who serves as IST: its name, then the endpoints where both users connect to.
    std::optional<VolunteerState> volunteer;
    uint64_t assigned = 0;  ///< splices that the broker ordered and that are not over
    uint64_t reported = 0;  ///< splices by its last Load
    TimePoint suspected{0}; ///< until then
    TimePoint entered = TIME_NEVER;
};

/// The ISTs (thesis 3.6.1): what each can carry, how loaded it is, whether it is there. One whose
/// session ended without logout may come back within a grace; as the same process (bootId) it still
/// has its splices.
class IstRegistry
{
  public:
    /// An IST at which a connection failed is avoided for so long.
    static constexpr Duration SUSPICION = std::chrono::seconds(30);

    explicit IstRegistry(BrokerDesk& desk);

    void Register(const BrokerSession& session);
    /// A user serves as IST from now on (thesis 3.6.3).
    void RegisterVolunteer(const BrokerSession& session);
    /// More is known about its NAT.
    void UpdateVolunteer(const BrokerSession& session);
    /// Its session ended.
    void Lost(const std::string& name, IsbCode code);
    void Load(const std::string& name, const LoadMessage& message);
    void Suspect(const std::string& name);

    /// One splice more, or less, at this IST.
    void Assign(const std::string& name);
    void Release(const std::string& name);

    /// Why the best IST could not be chosen, or which it is.
    struct Choice
    {
        std::string name; ///< empty: none
        std::string_view reason;
        IsbCode code = IsbCode::None; ///< NoIst, or Overloaded: all are full
        std::string detail;
    };

    /// For a connection by this method, between users who measured these round trips, at none of
    /// `refused`.
    [[nodiscard]] Choice Choose(ForwardingMethod method,
                                const BrokerSession& subscriber,
                                const BrokerSession& provider,
                                const std::set<std::string>& refused) const;

    /// The same among the users who serve as IST: neither of the two, none behind the NAT of one of
    /// them (only some NATs let insiders reach each other by their external endpoints).
    [[nodiscard]] Choice ChooseVolunteer(Protocol protocol,
                                         const BrokerSession& subscriber,
                                         const BrokerSession& provider,
                                         const std::set<std::string>& refused) const;
    [[nodiscard]] bool IsVolunteer(const std::string& name) const;
    /// An IST that sends test packets from another address than this; null: none.
    [[nodiscard]] const std::string* FindProber(Ipv4 other) const;

    /// Null when unknown.
    [[nodiscard]] const IstRecord* Find(const std::string& name) const;
    /// The list that users measure their nearness by, and its version: another after each change.
    [[nodiscard]] IstListMessage List() const;
    [[nodiscard]] uint64_t Version() const;

    /// The next IST whose splices are lost.
    [[nodiscard]] std::optional<std::string> TakeGone();
    void Clear();

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout();

    /// Those in their grace too.
    [[nodiscard]] size_t Size() const;

  private:
    /// The record of this session, new or returned.
    IstRecord& Enter(const BrokerSession& session, IstProfile profile, std::string_view reason);
    [[nodiscard]] Choice ChooseAmong(const std::vector<IstCandidate>& candidates, bool full) const;
    [[nodiscard]] IstCandidate Candidate(const std::string& name,
                                         const IstRecord& ist,
                                         const BrokerSession& subscriber,
                                         const BrokerSession& provider) const;
    void Remove(const std::string& name);
    void Emit(const std::string& name,
              std::string_view from,
              std::string_view to,
              std::string_view reason);

    BrokerDesk& m_desk;
    std::map<std::string, IstRecord> m_ists;
    std::map<uint64_t, std::string> m_byNumber;
    uint64_t m_lastNumber = 0;
    uint64_t m_version = 1;
    DeadlineQueue m_deadlines;
    std::deque<std::string> m_gone;
};

} // namespace isb

#endif
