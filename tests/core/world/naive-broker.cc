// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/naive-broker.h"

#include <functional>

namespace isb::test
{

namespace
{

/// How much longer than the ends the broker waits.
constexpr Duration BACKSTOP = std::chrono::milliseconds(500);
constexpr uint16_t LISTEN_PORT = 7471;

std::string
Id(char kind, uint64_t number)
{
    return std::string("#") + kind + std::to_string(number);
}

std::string
Text(IsbCode code)
{
    return std::string(ToString(code));
}

/// The numbers of all that this holds for: what is done with one may end others.
template <typename T, typename F>
std::set<uint64_t>
NumbersOf(const std::map<uint64_t, T>& entries, F holds)
{
    std::set<uint64_t> ids;
    for (const auto& [id, entry] : entries)
    {
        if (holds(entry))
        {
            ids.insert(id);
        }
    }
    return ids;
}

} // namespace

NaiveBroker::NaiveBroker(const IsbSettings& settings)
    : m_settings(settings)
{
}

void
NaiveBroker::Say(const std::string& who, const std::string& line)
{
    const auto ist = ists.find(who);
    if (users.count(who) != 0 || (ist != ists.end() && ist->second.online))
    {
        m_lines.emplace(who, line);
    }
}

void
NaiveBroker::Fault(const std::string& who, uint64_t request, IsbCode code)
{
    Say(who, "fault " + std::to_string(request) + " " + Text(code));
}

NaiveBroker::Lines
NaiveBroker::Take()
{
    return std::exchange(m_lines, {});
}

void
NaiveBroker::LogIn(const std::string& name, const User& user)
{
    const auto isHis = [&](const Connection& c)
    { return c.subscriber.name == name || c.provider.name == name; };
    for (const uint64_t id : NumbersOf(connections, isHis))
    {
        Connection& connection = connections.at(id);
        Party& party =
            connection.subscriber.name == name ? connection.subscriber : connection.provider;
        if (party.bootId != user.bootId)
        {
            Fail(id, IsbCode::PeerLost, name);
            continue;
        }
        party.attached = true;
    }
    users[name] = user;
}

void
NaiveBroker::LogInIst(const std::string& name, const Ist& ist)
{
    const auto before = ists.find(name);
    const bool restarted = before != ists.end() && before->second.bootId != ist.bootId;
    ists[name] = ist;
    if (restarted)
    {
        LoseIst(name, true);
    }
}

void
NaiveBroker::Heard(const std::string& who)
{
    if (users.count(who) != 0)
    {
        users[who].heard = m_now;
    }
    if (ists.count(who) != 0)
    {
        ists[who].heard = m_now;
    }
}

void
NaiveBroker::Punish(const std::string& who)
{
    Say(who, "bye bad-state");
    End(who, IsbCode::BadState);
}

void
NaiveBroker::End(const std::string& who, IsbCode code)
{
    if (ists.count(who) != 0)
    {
        ists[who].online = false;
        ists[who].heard = m_now;
        if (code == IsbCode::LoggedOut)
        {
            ists.erase(who);
        }
        LoseIst(who, code == IsbCode::LoggedOut);
        return;
    }
    users.erase(who);
    code = code == IsbCode::LoggedOut ? code : IsbCode::PeerLost;
    for (auto it = services.begin(); it != services.end();)
    {
        it = it->first.first == who ? services.erase(it) : std::next(it);
    }
    const auto isHis = [&](const Connection& c)
    { return c.subscriber.name == who || c.provider.name == who; };
    for (const uint64_t id : NumbersOf(connections, isHis))
    {
        Connection& connection = connections.at(id);
        const bool subscriber = connection.subscriber.name == who;
        if (!connection.up || code == IsbCode::LoggedOut)
        {
            Fail(id, code, who);
            continue;
        }
        (subscriber ? connection.subscriber : connection.provider).attached = false;
        if (!connection.subscriber.attached && !connection.provider.attached)
        {
            connections.erase(id);
        }
    }
    const auto concerns = [&](const Subscription& s)
    { return s.subscriber == who || s.service.first == who; };
    for (const uint64_t id : NumbersOf(subscriptions, concerns))
    {
        EndSubscription(id, code);
    }
}

void
NaiveBroker::Announce(const std::string& user, const AnnounceMessage& message)
{
    size_t own = 0;
    for (const auto& [key, record] : services)
    {
        own += key.first == user ? 1 : 0;
    }
    if (own >= m_settings.profiles.at(user).quota.services)
    {
        Fault(user, message.request, IsbCode::QuotaExceeded);
    }
    else if (!services.try_emplace({user, message.service.name}, message.service).second)
    {
        Fault(user, message.request, IsbCode::Duplicate);
    }
    else
    {
        Say(user, "announced " + std::to_string(message.request));
    }
}

void
NaiveBroker::Withdraw(const std::string& user, const std::string& service)
{
    const std::pair key(user, service);
    if (services.erase(key) == 0)
    {
        Fault(user, 0, IsbCode::NotFound);
        return;
    }
    for (const uint64_t id :
         NumbersOf(subscriptions, [&](const Subscription& s) { return s.service == key; }))
    {
        EndSubscription(id, IsbCode::Withdrawn);
    }
}

void
NaiveBroker::List(const std::string& user, const ListMessage& message)
{
    std::string line = "listing " + std::to_string(message.request);
    size_t count = 0;
    for (const auto& [key, record] : services)
    {
        const std::set<std::string> allowed(record.allowed.begin(), record.allowed.end());
        const bool mayUse = key.first != user && (record.open || allowed.count(user) != 0);
        if (!mayUse || key <= std::pair(message.afterProvider, message.afterService))
        {
            continue;
        }
        if (message.most != 0 && count == message.most)
        {
            line += " more";
            break;
        }
        ++count;
        line += " " + key.first + "/" + key.second;
    }
    Say(user, line);
}

void
NaiveBroker::Subscribe(const std::string& user, const SubscribeMessage& message)
{
    const std::pair key(message.provider, message.service);
    const auto service = services.find(key);
    const auto own =
        NumbersOf(subscriptions, [&](const Subscription& s) { return s.subscriber == user; });
    const auto same =
        NumbersOf(subscriptions,
                  [&](const Subscription& s) { return s.subscriber == user && s.service == key; });
    IsbCode code = IsbCode::None;
    if (message.provider == user)
    {
        code = IsbCode::BadRequest;
    }
    else if (m_settings.profiles.count(message.provider) == 0)
    {
        code = IsbCode::NotFound;
    }
    else if (service == services.end())
    {
        code = IsbCode::NotOnline;
    }
    else if (!service->second.open &&
             (service->second.allowed.empty() || service->second.allowed.front() != user))
    {
        code = IsbCode::NotAllowed;
    }
    else if (!same.empty())
    {
        code = IsbCode::Duplicate;
    }
    else if (own.size() >= m_settings.profiles.at(user).quota.subscriptions)
    {
        code = IsbCode::QuotaExceeded;
    }
    if (code != IsbCode::None)
    {
        Fault(user, message.request, code);
        return;
    }
    const uint64_t id = ++m_lastId;
    subscriptions[id] = {user, key, message.request, false, m_now + m_settings.answerTimeout};
    Say(message.provider, "offer " + Id('s', id) + " " + user + " " + message.service);
}

void
NaiveBroker::Answer(const std::string& user, uint64_t id, bool accepted)
{
    Subscription& subscription = subscriptions.at(id);
    if (subscription.service.first != user || subscription.accepted)
    {
        Punish(user);
        return;
    }
    if (!accepted)
    {
        EndSubscription(id, IsbCode::Refused);
        return;
    }
    subscription.accepted = true;
    subscription.due = TIME_NEVER;
    Say(subscription.subscriber,
        "subscribed " + std::to_string(subscription.request) + " " + Id('s', id));
}

void
NaiveBroker::Unsubscribe(const std::string& user, uint64_t id)
{
    if (subscriptions.at(id).subscriber != user)
    {
        Punish(user);
        return;
    }
    EndSubscription(id, IsbCode::Cancelled);
}

void
NaiveBroker::EndSubscription(uint64_t id, IsbCode code)
{
    const Subscription subscription = subscriptions.at(id);
    subscriptions.erase(id);
    const std::string line = "subscription-ended " + Id('s', id) + " " + Text(code);
    if (code != IsbCode::Refused)
    {
        Say(subscription.service.first, line);
    }
    if (!subscription.accepted)
    {
        Fault(subscription.subscriber, subscription.request, code);
        return;
    }
    Say(subscription.subscriber, line);
    const auto isOf = [&](const Connection& c) { return c.subscription == id && !c.up; };
    for (const uint64_t connection : NumbersOf(connections, isOf))
    {
        Fail(connection, code, "");
    }
}

void
NaiveBroker::Open(const std::string& user, const OpenMessage& message)
{
    const auto own =
        NumbersOf(connections, [&](const Connection& c) { return c.subscriber.name == user; });
    const auto subscription = subscriptions.find(message.subscription);
    if (subscription == subscriptions.end() || !subscription->second.accepted ||
        subscription->second.subscriber != user)
    {
        Fault(user, message.request, IsbCode::NotFound);
        return;
    }
    if (own.size() >= m_settings.profiles.at(user).quota.connections)
    {
        Fault(user, message.request, IsbCode::QuotaExceeded);
        return;
    }
    const uint64_t id = ++m_lastId;
    Connection& connection = connections[id];
    const std::string& provider = subscription->second.service.first;
    connection.subscriber.name = user;
    connection.subscriber.bootId = users.at(user).bootId;
    connection.provider.name = provider;
    connection.provider.bootId = users.at(provider).bootId;
    connection.subscription = message.subscription;
    connection.open = message;
    ServicePath path = ServicePath::Translated;
    if (!message.requireIst)
    {
        path = users.at(provider).isPublic ? ServicePath::Direct
               : users.at(user).isPublic   ? ServicePath::Reversed
                                           : ServicePath::Translated;
    }
    Ask(id, path);
}

void
NaiveBroker::CancelSplice(Connection& connection)
{
    if (connection.splice != 0)
    {
        Say(connection.ist, "splice-cancel " + Id('x', connection.splice));
        connection.splice = 0;
        connection.ist.clear();
    }
}

void
NaiveBroker::Ask(uint64_t id, ServicePath path)
{
    Connection& connection = connections.at(id);
    CancelSplice(connection);
    ++connection.attempt;
    connection.path = path;
    connection.ready = false;
    connection.spliceReady.reset();
    connection.instructed = false;
    connection.subscriber.established = false;
    connection.provider.established = false;
    connection.due = m_now + m_settings.answerTimeout;
    if (path == ServicePath::Translated)
    {
        bool any = false;
        for (const auto& [name, ist] : ists)
        {
            any = any || (ist.online && connection.refused.count(name) == 0);
        }
        if (!any)
        {
            Fail(id, IsbCode::NoIst, "");
            return;
        }
        connection.splice = ++m_lastId;
        connection.paired = false;
    }
    connection.provider.knows = true;
    const bool asked = path == ServicePath::Translated;
    Say(connection.provider.name,
        "prepare " + Id('c', id) + " " + std::to_string(connection.attempt) + " " +
            Id('s', connection.subscription) + " " + std::string(ToString(path)) +
            (asked ? " passive" : "") + (connection.open.prepared ? " prepared" : ""));
}

uint64_t
NaiveBroker::Choose(const std::string& ist, Ipv4 subscriber, Ipv4 provider)
{
    for (auto& [id, connection] : connections)
    {
        const bool wanted = connection.splice != 0 && connection.ist.empty() &&
                            connection.refused.count(ist) == 0 && ists.count(ist) != 0 &&
                            users.at(connection.subscriber.name).address == subscriber &&
                            users.at(connection.provider.name).address == provider;
        if (wanted)
        {
            connection.ist = ist;
            Say(ist,
                "splice-request " + Id('x', connection.splice) + " passive " +
                    subscriber.ToString() + " " + provider.ToString());
            return id;
        }
    }
    return 0;
}

void
NaiveBroker::Ready(uint64_t id, uint32_t attempt)
{
    Connection& connection = connections.at(id);
    if (!connection.instructed && !connection.up && attempt == connection.attempt)
    {
        connection.ready = true;
        InstructIfReady(id);
    }
}

void
NaiveBroker::CannotPrepare(uint64_t id, IsbCode code)
{
    const Connection& connection = connections.at(id);
    if (!connection.instructed)
    {
        Fail(id, code, connection.provider.name);
    }
}

void
NaiveBroker::SpliceReady(uint64_t id, Endpoint subscriber, Endpoint provider)
{
    connections.at(id).spliceReady = {subscriber, provider};
    InstructIfReady(id);
}

void
NaiveBroker::RefuseSplice(uint64_t id)
{
    Connection& connection = connections.at(id);
    connection.refused.insert(connection.ist);
    connection.splice = 0;
    connection.ist.clear();
    Ask(id, ServicePath::Translated);
}

void
NaiveBroker::SpliceEvent(uint64_t id, SpliceNews news)
{
    Connection& connection = connections.at(id);
    const bool stood = connection.up || connection.paired;
    if (news == SpliceNews::Paired)
    {
        connection.paired = true;
    }
    else if (news == SpliceNews::Ended && stood)
    {
        connections.erase(id);
    }
    else
    {
        connection.up ? Fail(id, IsbCode::ConnectFailed, "")
                      : AttemptFailed(id, IsbCode::ConnectFailed, "");
    }
}

void
NaiveBroker::InstructIfReady(uint64_t id)
{
    Connection& connection = connections.at(id);
    const bool translated = connection.path == ServicePath::Translated;
    if (!connection.ready || (translated && !connection.spliceReady))
    {
        return;
    }
    connection.instructed = true;
    connection.due =
        m_now + (translated ? m_settings.translatedTimeout : m_settings.directTimeout) + BACKSTOP;
    Instruct(id, connection, true);
    Instruct(id, connection, false);
}

void
NaiveBroker::Instruct(uint64_t id, Connection& connection, bool subscriber)
{
    Party& own = subscriber ? connection.subscriber : connection.provider;
    const Party& other = subscriber ? connection.provider : connection.subscriber;
    own.knows = true;
    std::string target = "await";
    if (connection.path == ServicePath::Translated)
    {
        target = connection.spliceReady->at(subscriber ? 0 : 1).ToString() + " " + connection.ist;
    }
    else if ((connection.path == ServicePath::Direct) == subscriber)
    {
        target = Endpoint{users.at(other.name).address, LISTEN_PORT}.ToString();
    }
    Say(own.name,
        "instruct " + std::to_string(subscriber ? connection.open.request : 0) + " " + Id('c', id) +
            " " + std::to_string(connection.attempt) + " " +
            std::string(ToString(connection.path)) + " " + target);
}

void
NaiveBroker::Status(const std::string& user, const StatusMessage& message)
{
    const uint64_t id = message.connection;
    Connection& connection = connections.at(id);
    const bool subscriber = connection.subscriber.name == user;
    Party& own = subscriber ? connection.subscriber : connection.provider;
    const Party& other = subscriber ? connection.provider : connection.subscriber;
    if (message.phase == ConnectionPhase::Closed)
    {
        if (connection.up)
        {
            connections.erase(id);
        }
        else if (own.established)
        {
            own.closed = true; // the other end may not have said yet that it stood
        }
        else
        {
            Fail(id, IsbCode::Cancelled, user);
        }
        return;
    }
    if (message.attempt != connection.attempt)
    {
        return;
    }
    if (message.phase == ConnectionPhase::Failed)
    {
        connection.up ? Fail(id, message.code, user) : AttemptFailed(id, message.code, user);
        return;
    }
    if (message.phase == ConnectionPhase::Started)
    {
        if (subscriber && connection.open.prepared && !connection.started && own.established)
        {
            connection.started = true;
            Say(connection.provider.name, "status " + Id('c', id) + " started");
        }
        return;
    }
    if (!connection.instructed)
    {
        Punish(user);
        return;
    }
    own.established = true;
    if (other.established && !connection.up)
    {
        connection.up = true;
        connection.due = TIME_NEVER;
        if (own.closed || other.closed)
        {
            connections.erase(id);
        }
    }
}

void
NaiveBroker::AttemptFailed(uint64_t id, IsbCode code, std::string speaker)
{
    const Connection& connection = connections.at(id);
    const bool closed = connection.subscriber.closed || connection.provider.closed;
    const bool over = closed || code == IsbCode::ServerRefused;
    if (!over && !connection.instructed && speaker.empty())
    {
        RefuseSplice(id); // its IST gave it up before anybody was told of it
        return;
    }
    if (over || !connection.instructed || connection.path == ServicePath::Translated)
    {
        Fail(id, code, speaker);
        return;
    }
    Ask(id, ServicePath::Translated);
}

void
NaiveBroker::Fail(uint64_t id, IsbCode code, std::string speaker)
{
    Connection connection = connections.at(id);
    CancelSplice(connection);
    connections.erase(id);
    for (const Party* party : {&connection.subscriber, &connection.provider})
    {
        if (party->name == speaker)
        {
            continue;
        }
        if (party->knows)
        {
            Say(party->name, "connection-ended " + Id('c', id) + " " + Text(code));
        }
        else if (party == &connection.subscriber)
        {
            Fault(party->name, connection.open.request, code);
        }
    }
}

/// Its session is over; `gone`: with its splices.
void
NaiveBroker::LoseIst(const std::string& name, bool gone)
{
    const auto isThere = [&](const Connection& c)
    {
        const bool asked = !c.up && !c.instructed;
        return c.splice != 0 && c.ist == name && (gone || asked);
    };
    for (const uint64_t id : NumbersOf(connections, isThere))
    {
        Connection& connection = connections.at(id);
        if (connection.up)
        {
            Fail(id, IsbCode::IstLost, "");
            continue;
        }
        connection.splice = 0;
        connection.ist.clear();
        Ask(id, ServicePath::Translated);
    }
}

bool
NaiveBroker::DoNextDue(TimePoint now)
{
    TimePoint next = now;
    std::function<void()> act;
    const auto consider = [&](TimePoint due, const std::function<void()>& what)
    {
        if (due <= next && (due < next || !act))
        {
            next = due;
            act = what;
        }
    };
    const Duration silence = m_settings.helloInterval * m_settings.hellosMissed;
    for (const auto& entry : users)
    {
        consider(entry.second.heard + silence,
                 [this, name = entry.first]
                 {
                     Say(name, "bye timed-out");
                     End(name, IsbCode::TimedOut);
                 });
    }
    for (const auto& entry : ists)
    {
        if (entry.second.online)
        {
            consider(entry.second.heard + silence,
                     [this, name = entry.first]
                     {
                         Say(name, "bye timed-out");
                         End(name, IsbCode::TimedOut);
                     });
            continue;
        }
        consider(entry.second.heard + m_settings.istGrace,
                 [this, name = entry.first]
                 {
                     ists.erase(name);
                     LoseIst(name, true);
                 });
    }
    for (const auto& entry : subscriptions)
    {
        consider(entry.second.due,
                 [this, id = entry.first] { EndSubscription(id, IsbCode::TimedOut); });
    }
    for (const auto& entry : connections)
    {
        consider(entry.second.due,
                 [this, id = entry.first]
                 {
                     Connection& connection = connections.at(id);
                     if (connection.instructed)
                     {
                         AttemptFailed(id, IsbCode::TimedOut, "");
                     }
                     else if (!connection.ready)
                     {
                         Fail(id, IsbCode::TimedOut, "");
                     }
                     else
                     {
                         connection.refused.insert(connection.ist);
                         Ask(id, ServicePath::Translated);
                     }
                 });
    }
    if (!act)
    {
        return false;
    }
    m_now = next;
    act();
    return true;
}

void
NaiveBroker::Pass(TimePoint now)
{
    while (DoNextDue(now))
    {
    }
    m_now = now;
}

} // namespace isb::test
