// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_NAIVE_BROKER_H
#define ISB_TESTS_CORE_WORLD_NAIVE_BROKER_H

#include "model/core/isb/isb-settings.h"
#include "model/wire/isb-message.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace isb::test
{

/// What the broker does, said as plainly as possible: a few maps, and every rule walks them. It
/// knows no frames, sockets, indices or limits of memory. Its answers are lines; numbers that a
/// broker gives out are its own, written "#s1" (subscription), "#c1" (connection), "#x1" (splice).
///
/// Modelled: sessions, services, subscriptions, connections over TCP with method Passive: paths,
/// questions, instructions, fall-back, ends, time-outs. Not which IST is chosen: any that is there
/// and has not refused will do, Choose() tells.
class NaiveBroker
{
  public:
    struct User
    {
        bool isPublic = false;
        Ipv4 address;
        uint64_t bootId = 0;
        TimePoint heard{0};
    };

    struct Ist
    {
        Ipv4 address;
        uint64_t bootId = 0;
        bool online = true;
        TimePoint heard{0}; ///< offline: since when
    };

    struct Subscription
    {
        std::string subscriber;
        std::pair<std::string, std::string> service;
        uint64_t request = 0;
        bool accepted = false;
        TimePoint due{0}; ///< of the answer
    };

    struct Party
    {
        std::string name;
        uint64_t bootId = 0;
        bool attached = true;
        bool knows = false;
        bool established = false;
        bool closed = false;
    };

    struct Connection
    {
        Party subscriber;
        Party provider;
        uint64_t subscription = 0;
        OpenMessage open;
        uint32_t attempt = 0;
        ServicePath path = ServicePath::Translated;
        bool ready = false;
        std::optional<std::array<Endpoint, 2>> spliceReady; ///< where each is to connect to
        bool instructed = false;
        bool up = false;
        bool started = false;
        bool paired = false; ///< at the IST
        uint64_t splice = 0;
        std::string ist; ///< of the splice; empty: not known yet, see Choose()
        std::set<std::string> refused;
        TimePoint due = TIME_NEVER;
    };

    using Lines = std::multimap<std::string, std::string>;

    explicit NaiveBroker(const IsbSettings& settings);

    /// Time goes on: what is overdue happens.
    void Pass(TimePoint now);

    void LogIn(const std::string& name, const User& user);
    void LogInIst(const std::string& name, const Ist& ist);
    void Heard(const std::string& who);
    /// The session is over, and nobody need tell it.
    void End(const std::string& who, IsbCode code);

    void Announce(const std::string& user, const AnnounceMessage& message);
    void Withdraw(const std::string& user, const std::string& service);
    void List(const std::string& user, const ListMessage& message);
    void Subscribe(const std::string& user, const SubscribeMessage& message);
    void Answer(const std::string& user, uint64_t subscription, bool accepted);
    void Unsubscribe(const std::string& user, uint64_t subscription);
    void Open(const std::string& user, const OpenMessage& message);
    void Ready(uint64_t connection, uint32_t attempt);
    void CannotPrepare(uint64_t connection, IsbCode code);
    void SpliceReady(uint64_t connection, Endpoint subscriber, Endpoint provider);
    void RefuseSplice(uint64_t connection);
    /// Of the connection's splice, without a code.
    void SpliceEvent(uint64_t connection, SpliceNews news);
    void Status(const std::string& user, const StatusMessage& message);
    /// The session said what is not its to say.
    void Punish(const std::string& who);

    /// The broker ordered a splice for these two at this IST: which connection's it can be; 0: no
    /// such splice is wanted there.
    [[nodiscard]] uint64_t Choose(const std::string& ist, Ipv4 subscriber, Ipv4 provider);

    /// By session, what it hears, in any order; since the last call.
    [[nodiscard]] Lines Take();

    std::map<std::string, User> users; ///< logged in
    std::map<std::string, Ist> ists;   ///< registered, or a moment ago
    std::map<std::pair<std::string, std::string>, ServiceRecord> services;
    std::map<uint64_t, Subscription> subscriptions;
    std::map<uint64_t, Connection> connections;

  private:
    void Say(const std::string& who, const std::string& line);
    void Fault(const std::string& who, uint64_t request, IsbCode code);
    void EndSubscription(uint64_t id, IsbCode code);
    void Ask(uint64_t id, ServicePath path);
    void InstructIfReady(uint64_t id);
    void Instruct(uint64_t id, Connection& connection, bool subscriber);
    void AttemptFailed(uint64_t id, IsbCode code, std::string speaker);
    void Fail(uint64_t id, IsbCode code, std::string speaker);
    void CancelSplice(Connection& connection);
    void LoseIst(const std::string& name, bool gone);
    [[nodiscard]] bool DoNextDue(TimePoint now);

    IsbSettings m_settings;
    TimePoint m_now{0};
    uint64_t m_lastId = 0;
    Lines m_lines;
};

} // namespace isb::test

#endif
