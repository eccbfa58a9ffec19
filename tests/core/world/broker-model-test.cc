// SPDX-License-Identifier: GPL-2.0-or-later
// The broker against the naive one: the same random story told to both, the same answers heard.
// A story that fails is printed, and repeated by its seed (seeds.h).
#include "tests/core/world/broker-rig.h"
#include "tests/core/world/naive-broker.h"
#include "tests/core/world/seeds.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

constexpr size_t USERS = 4;
constexpr size_t ISTS = 2;
constexpr size_t STEPS = 120;

/// "#" + kind + number: replaced by the naive broker's number once the two are matched.
std::string
Id(char kind, uint64_t number)
{
    return std::string("#") + kind + std::to_string(number);
}

/// A message as a line, without tokens; empty for those that are not compared.
struct LineOf
{
    template <typename M>
    std::string
    operator()(const M& /*message*/) const
    {
        return {};
    }

    std::string
    operator()(const ByeMessage& m) const
    {
        return "bye " + std::string(ToString(m.code));
    }

    std::string
    operator()(const FaultMessage& m) const
    {
        return "fault " + std::to_string(m.request) + " " + std::string(ToString(m.code));
    }

    std::string
    operator()(const AnnouncedMessage& m) const
    {
        return "announced " + std::to_string(m.request);
    }

    std::string
    operator()(const ListingMessage& m) const
    {
        std::string line = "listing " + std::to_string(m.request);
        for (const ListingEntry& entry : m.entries)
        {
            line += " " + entry.provider + "/" + entry.service;
        }
        return line + (m.more ? " more" : "");
    }

    std::string
    operator()(const OfferMessage& m) const
    {
        return "offer " + Id('s', m.subscription) + " " + m.subscriber + " " + m.service;
    }

    std::string
    operator()(const SubscribedMessage& m) const
    {
        return "subscribed " + std::to_string(m.request) + " " + Id('s', m.subscription);
    }

    std::string
    operator()(const SubscriptionEndedMessage& m) const
    {
        return "subscription-ended " + Id('s', m.subscription) + " " +
               std::string(ToString(m.code));
    }

    std::string
    operator()(const PrepareMessage& m) const
    {
        return "prepare " + Id('c', m.connection) + " " + std::to_string(m.attempt) + " " +
               Id('s', m.subscription) + " " + std::string(ToString(m.path)) +
               (m.path == ServicePath::Translated ? " " + std::string(ToString(m.method)) : "") +
               (m.prepared ? " prepared" : "");
    }

    std::string
    operator()(const InstructMessage& m) const
    {
        return "instruct " + std::to_string(m.request) + " " + Id('c', m.connection) + " " +
               std::to_string(m.attempt) + " " + std::string(ToString(m.path)) + " " +
               (m.role == ConnectRole::Connect ? m.target.ToString() : "await") + " " + m.ist;
    }

    std::string
    operator()(const StatusMessage& m) const
    {
        return "status " + Id('c', m.connection) + " " + std::string(ToString(m.phase));
    }

    std::string
    operator()(const ConnectionEndedMessage& m) const
    {
        return "connection-ended " + Id('c', m.connection) + " " + std::string(ToString(m.code));
    }

    std::string
    operator()(const SpliceRequestMessage& m) const
    {
        return "splice-request " + Id('x', m.splice) + " " + std::string(ToString(m.method)) + " " +
               m.subscriber.ToString() + " " + m.provider.ToString();
    }

    std::string
    operator()(const SpliceCancelMessage& m) const
    {
        return "splice-cancel " + Id('x', m.splice);
    }
};

/// Which number of the broker stands for which of the naive one.
class Numbers
{
  public:
    /// Of the naive broker's number; 0 when the broker has not said it.
    [[nodiscard]] uint64_t
    Real(char kind, uint64_t naive) const
    {
        const auto found = m_real.find(Id(kind, naive));
        return found == m_real.end() ? 0 : std::stoull(found->second.substr(2));
    }

    /// Makes the two agree on one line, by order; false when they cannot.
    bool
    Match(const std::string& real, const std::string& naive)
    {
        const auto a = Words(real);
        const auto b = Words(naive);
        if (a.size() != b.size())
        {
            return false;
        }
        std::vector<std::pair<std::string, std::string>> fresh;
        for (size_t i = 0; i < a.size(); ++i)
        {
            const bool number = a[i][0] == '#' && b[i][0] == '#' && a[i][1] == b[i][1];
            const auto known = m_real.find(b[i]);
            if (!number || known != m_real.end() || m_taken.count(a[i]) != 0)
            {
                if (known == m_real.end() ? a[i] != b[i] : a[i] != known->second)
                {
                    return false;
                }
                continue;
            }
            fresh.emplace_back(b[i], a[i]);
        }
        for (const auto& [ours, theirs] : fresh)
        {
            m_real[ours] = theirs;
            m_taken.insert(theirs);
        }
        return true;
    }

  private:
    [[nodiscard]] static std::vector<std::string>
    Words(const std::string& line)
    {
        std::istringstream stream(line);
        std::vector<std::string> words;
        for (std::string word; stream >> word;)
        {
            words.push_back(word);
        }
        return words;
    }

    std::map<std::string, std::string> m_real; ///< naive number -> real one
    std::set<std::string> m_taken;
};

/// One random story.
class Story
{
  public:
    explicit Story(uint64_t seed)
        : m_random(seed),
          m_rig(Settings(), seed),
          m_naive(m_rig.settings)
    {
    }

    /// What differs first, with the whole story; empty when nothing does.
    std::string
    Tell()
    {
        for (size_t step = 0; step < STEPS && m_fault.empty(); ++step)
        {
            PassSomeTime();
            Act();
            Compare();
        }
        if (m_fault.empty())
        {
            CheckCounts();
        }
        if (m_fault.empty() && m_rig.LeftWhenAllAreGone() != 0)
        {
            m_fault = "state is left when all are gone";
        }
        std::string text;
        for (const std::string& line : m_log)
        {
            text += line + "\n";
        }
        return m_fault.empty() ? "" : text + m_fault;
    }

    /// Answers that were heard, by their first word, bye and ends by their code too.
    std::set<std::string> kinds;

  private:
    static IsbSettings
    Settings()
    {
        IsbSettings settings = BrokerRig::SettingsFor(USERS, ISTS);
        settings.istHelloInterval = settings.helloInterval; // one time-out less to think of
        for (auto& [name, profile] : settings.profiles)
        {
            profile.quota.services = 2;
            profile.quota.subscriptions = 3;
            profile.quota.connections = 4;
        }
        return settings;
    }

    uint64_t
    Below(uint64_t bound)
    {
        return m_random.Below(bound);
    }

    bool
    Chance(uint64_t percent)
    {
        return Below(100) < percent;
    }

    void
    Log(const std::string& text)
    {
        m_log.push_back(std::to_string(m_rig.now.count() / 1000) + " us: " + text);
    }

    [[nodiscard]] Puppet*
    Online(const std::string& name)
    {
        const auto found = m_puppets.find(name);
        return found == m_puppets.end() || !found->second->IsOpen() ? nullptr : found->second;
    }

    /// Living peers say Ping before time passes; those that vanished silently do not.
    void
    PassSomeTime()
    {
        const Duration time(Chance(80) ? 1 + Below(50'000'000) : 1 + Below(6'000'000'000));
        for (const auto& [name, puppet] : m_puppets)
        {
            if (puppet->IsOpen() && m_silent.count(name) == 0)
            {
                puppet->Say(PingMessage{});
                m_naive.Heard(name);
            }
        }
        const TimePoint end = m_rig.now + time;
        while (m_rig.now < end) // one time-out after the other: choices are told in time
        {
            const TimePoint next = m_rig.broker.NextTimeout();
            m_rig.Pass((next > m_rig.now ? std::min(end, next) : end) - m_rig.now);
            m_naive.Pass(m_rig.now);
            Compare();
        }
    }

    void Act();
    void Advance();
    void ActAsUser(const std::string& name, Puppet& puppet);
    void ActOnConnection(const std::string& name, Puppet& puppet);
    void ActAsIst(const std::string& name, Puppet& puppet);
    void LogIn(const std::string& name);
    void LogInIst(const std::string& name);
    void Leave(const std::string& name, Puppet& puppet);
    void Announce(const std::string& name, Puppet& puppet);
    void Subscribe(const std::string& name, Puppet& puppet);
    void AnswerOne(const std::string& name, Puppet& puppet);
    void Open(const std::string& name, Puppet& puppet);
    void SayStatus(const std::string& name,
                   uint64_t id,
                   ConnectionPhase phase,
                   IsbCode code,
                   uint32_t attempt);
    void SayReady(const std::string& name, uint64_t id);
    void SaySpliceReady(const std::string& name, uint64_t id);
    void SayAnyStatus(const std::string& name, uint64_t id);
    void SpliceEvent(const std::string& name, Puppet& puppet);
    void Offend(const std::string& name, Puppet& puppet);
    void TellChoices();
    void Compare();
    void CompareOne(const std::string& who,
                    std::vector<std::string> real,
                    std::vector<std::string> naive);
    void CheckCounts();

    [[nodiscard]] std::string
    AnyUser()
    {
        return "u" + std::to_string(Below(USERS));
    }

    [[nodiscard]] std::string
    AnyService()
    {
        return Chance(60) ? "web" : (Chance(50) ? "mail" : "chat");
    }

    SeededRng m_random;
    BrokerRig m_rig;
    NaiveBroker m_naive;
    Numbers m_numbers;
    std::map<std::string, Puppet*> m_puppets;
    std::set<Puppet*> m_replaced; ///< sessions whose name logged in again
    std::set<std::string> m_silent;
    std::vector<std::string> m_log;
    std::string m_fault;
    uint64_t m_lastRequest = 0;
    uint16_t m_lastPort = 20'000;
};

void
Story::LogIn(const std::string& name)
{
    const bool isPublic = Chance(40);
    m_rig.bootId = Chance(50) ? 1 : 2;
    Log(name + " logs in, " + (isPublic ? "public" : "private") + ", life " +
        std::to_string(m_rig.bootId));
    if (Puppet* before = Online(name))
    {
        m_naive.End(name, IsbCode::Replaced);
        m_replaced.insert(before);
    }
    m_silent.erase(name);
    Puppet& puppet = isPublic ? m_rig.PublicUser(name) : m_rig.User(name);
    m_puppets[name] = &puppet;
    m_naive.LogIn(name, {isPublic, puppet.address.address, m_rig.bootId, m_rig.now});
}

void
Story::LogInIst(const std::string& name)
{
    m_rig.bootId = Chance(50) ? 1 : 2;
    Log(name + " registers, life " + std::to_string(m_rig.bootId));
    Puppet& puppet = m_rig.Ist(name);
    m_silent.erase(name);
    m_puppets[name] = &puppet;
    m_naive.LogInIst(name, {puppet.address.address, m_rig.bootId, true, m_rig.now});
}

void
Story::Leave(const std::string& name, Puppet& puppet)
{
    switch (Below(3))
    {
    case 0:
        Log(name + " says Bye");
        puppet.Say(ByeMessage{IsbCode::LoggedOut});
        m_naive.End(name, IsbCode::LoggedOut);
        break;
    case 1:
        Log(name + " breaks");
        puppet.Break();
        m_naive.End(name, IsbCode::PeerLost);
        break;
    default:
        Log(name + " vanishes silently");
        puppet.reads = false;
        m_silent.insert(name);
    }
}

void
Story::Announce(const std::string& name, Puppet& puppet)
{
    AnnounceMessage message;
    message.request = ++m_lastRequest;
    message.service.name = AnyService();
    message.service.open = Chance(70);
    if (!message.service.open)
    {
        message.service.allowed = {AnyUser()};
    }
    Log(name + " announces " + message.service.name +
        (message.service.open ? "" : " for " + message.service.allowed[0]));
    puppet.Say(message);
    m_naive.Announce(name, message);
}

void
Story::Subscribe(const std::string& name, Puppet& puppet)
{
    SubscribeMessage message{++m_lastRequest, Chance(5) ? "nobody" : AnyUser(), AnyService()};
    if (!m_naive.services.empty() && Chance(70)) // mostly to one that is there
    {
        auto service = m_naive.services.begin();
        std::advance(service, Below(m_naive.services.size()));
        message.provider = service->first.first;
        message.service = service->first.second;
    }
    Log(name + " subscribes to " + message.provider + "/" + message.service);
    puppet.Say(message);
    m_naive.Subscribe(name, message);
}

void
Story::AnswerOne(const std::string& name, Puppet& puppet)
{
    for (const auto& [id, subscription] : m_naive.subscriptions)
    {
        if (subscription.service.first == name && !subscription.accepted)
        {
            const bool accepted = Chance(85);
            const uint64_t number = id;
            Log(name + (accepted ? " accepts " : " refuses ") + Id('s', number));
            puppet.Say(AnswerMessage{m_numbers.Real('s', number), accepted, IsbCode::None});
            m_naive.Answer(name, number, accepted);
            return;
        }
    }
}

void
Story::Open(const std::string& name, Puppet& puppet)
{
    std::vector<uint64_t> own;
    for (const auto& [id, subscription] : m_naive.subscriptions)
    {
        if (subscription.subscriber == name && subscription.accepted)
        {
            own.push_back(id);
        }
    }
    if (own.empty())
    {
        return;
    }
    const uint64_t id = own[Below(own.size())];
    OpenMessage message;
    message.request = ++m_lastRequest;
    message.requireIst = Chance(20);
    message.prepared = Chance(30);
    message.subscription = m_numbers.Real('s', id);
    Log(name + " opens a connection of " + Id('s', id));
    puppet.Say(message);
    message.subscription = id;
    m_naive.Open(name, message);
}

void
Story::SayStatus(const std::string& name,
                 uint64_t id,
                 ConnectionPhase phase,
                 IsbCode code,
                 uint32_t attempt)
{
    StatusMessage message;
    message.connection = m_numbers.Real('c', id);
    message.attempt = attempt;
    message.phase = phase;
    message.code = code;
    Log(name + " says " + Id('c', id) + " " + std::string(ToString(phase)) + " " +
        std::string(ToString(code)) + ", attempt " + std::to_string(attempt));
    Online(name)->Say(message);
    message.connection = id;
    m_naive.Status(name, message);
}

void
Story::SayReady(const std::string& name, uint64_t id)
{
    const uint32_t attempt = m_naive.connections.at(id).attempt;
    Log(name + " is ready for " + Id('c', id));
    Online(name)->Say(ReadyMessage{m_numbers.Real('c', id), attempt, 0, 0});
    m_naive.Ready(id, attempt);
}

void
Story::SaySpliceReady(const std::string& name, uint64_t id)
{
    const uint64_t splice = m_naive.connections.at(id).splice;
    Puppet& ist = *Online(name);
    Log(name + " is ready for " + Id('x', splice));
    const Endpoint a{ist.address.address, ++m_lastPort};
    const Endpoint b{ist.address.address, ++m_lastPort};
    ist.Say(SpliceReadyMessage{m_numbers.Real('x', splice), ForwardingMethod::Passive, a, b});
    m_naive.SpliceReady(id, a, b);
}

/// Anything that one side may say of a connection.
void
Story::SayAnyStatus(const std::string& name, uint64_t id)
{
    const uint64_t what = Below(10);
    const ConnectionPhase phase = what < 5   ? ConnectionPhase::Established
                                  : what < 7 ? ConnectionPhase::Started
                                  : what < 9 ? ConnectionPhase::Failed
                                             : ConnectionPhase::Closed;
    IsbCode code = IsbCode::None;
    if (phase == ConnectionPhase::Failed)
    {
        code = Chance(50) ? IsbCode::ConnectFailed : IsbCode::ServerRefused;
    }
    const uint32_t attempt = m_naive.connections.at(id).attempt - (Chance(10) ? 1 : 0);
    SayStatus(name, id, phase, code, attempt);
}

void
Story::ActOnConnection(const std::string& name, Puppet& puppet)
{
    std::vector<uint64_t> own;
    for (const auto& [id, connection] : m_naive.connections)
    {
        const bool subscriber = connection.subscriber.name == name && connection.subscriber.knows;
        if (subscriber || connection.provider.name == name)
        {
            own.push_back(id);
        }
    }
    if (own.empty())
    {
        return;
    }
    const uint64_t id = own[Below(own.size())];
    const NaiveBroker::Connection& connection = m_naive.connections.at(id);
    if (connection.provider.name == name && !connection.ready && !Chance(5))
    {
        if (Chance(10))
        {
            Log(name + " cannot prepare " + Id('c', id));
            puppet.Say(FaultMessage{IsbCode::ServerRefused, m_numbers.Real('c', id), ""});
            m_naive.CannotPrepare(id, IsbCode::ServerRefused);
            return;
        }
        SayReady(name, id);
        return;
    }
    SayAnyStatus(name, id);
}

void
Story::ActAsUser(const std::string& name, Puppet& puppet)
{
    const uint64_t what = Below(100);
    if (what < 4)
    {
        Leave(name, puppet);
    }
    else if (what < 16)
    {
        Announce(name, puppet);
    }
    else if (what < 20)
    {
        const std::string service = AnyService();
        Log(name + " withdraws " + service);
        puppet.Say(WithdrawMessage{service});
        m_naive.Withdraw(name, service);
    }
    else if (what < 26)
    {
        const ListMessage message{++m_lastRequest,
                                  Chance(30) ? AnyUser() : "",
                                  "",
                                  static_cast<uint32_t>(Below(4))};
        Log(name + " lists");
        puppet.Say(message);
        m_naive.List(name, message);
    }
    else if (what < 40)
    {
        Subscribe(name, puppet);
    }
    else if (what < 56)
    {
        AnswerOne(name, puppet);
    }
    else if (what < 70)
    {
        Open(name, puppet);
    }
    else if (what < 97)
    {
        ActOnConnection(name, puppet);
    }
    else if (what < 98)
    {
        Offend(name, puppet);
    }
    else if (!m_naive.subscriptions.empty())
    {
        auto subscription = m_naive.subscriptions.begin();
        std::advance(subscription, Below(m_naive.subscriptions.size()));
        const uint64_t id = subscription->first;
        Log(name + " unsubscribes " + Id('s', id));
        puppet.Say(UnsubscribeMessage{m_numbers.Real('s', id)});
        m_naive.Unsubscribe(name, id);
    }
}

/// Speaks of what is another's.
void
Story::Offend(const std::string& name, Puppet& puppet)
{
    for (const auto& [id, connection] : m_naive.connections)
    {
        const uint64_t real = m_numbers.Real('c', id);
        if (connection.provider.name != name && real != 0)
        {
            Log(name + " meddles with " + Id('c', id));
            puppet.Say(ReadyMessage{real, connection.attempt, 0, 0});
            m_naive.Punish(name); // also the subscriber: only the provider is asked
            return;
        }
    }
    for (const auto& [id, subscription] : m_naive.subscriptions)
    {
        if (subscription.service.first != name && m_numbers.Real('s', id) != 0)
        {
            Log(name + " answers for " + Id('s', id));
            puppet.Say(AnswerMessage{m_numbers.Real('s', id), true, IsbCode::None});
            m_naive.Punish(name);
            return;
        }
    }
}

void
Story::SpliceEvent(const std::string& name, Puppet& puppet)
{
    for (const auto& [id, connection] : m_naive.connections)
    {
        if (connection.splice == 0 || connection.ist.empty() || !Chance(15))
        {
            continue;
        }
        const uint64_t real = m_numbers.Real('x', connection.splice);
        if (connection.ist != name)
        {
            if (Chance(5))
            {
                Log(name + " speaks of " + Id('x', connection.splice));
                puppet.Say(SpliceEventMessage{real, SpliceNews::Paired, IsbCode::None, 0, 0});
                m_naive.Punish(name);
                return;
            }
            continue;
        }
        const SpliceNews news = Chance(60)   ? SpliceNews::Paired
                                : Chance(60) ? SpliceNews::Ended
                                             : SpliceNews::Failed;
        Log(name + " says " + Id('x', connection.splice) + " " + std::string(ToString(news)));
        puppet.Say(SpliceEventMessage{real, news, IsbCode::None, 0, 0});
        m_naive.SpliceEvent(id, news);
        return;
    }
}

void
Story::ActAsIst(const std::string& name, Puppet& puppet)
{
    for (const auto& [id, connection] : m_naive.connections)
    {
        if (connection.ist != name || connection.spliceReady || connection.splice == 0)
        {
            continue;
        }
        if (Chance(10))
        {
            Log(name + " refuses " + Id('x', connection.splice));
            puppet.Say(
                FaultMessage{IsbCode::Overloaded, m_numbers.Real('x', connection.splice), ""});
            m_naive.RefuseSplice(id);
            return;
        }
        SaySpliceReady(name, id);
        return;
    }
    if (Chance(8))
    {
        Leave(name, puppet);
    }
    else
    {
        SpliceEvent(name, puppet);
    }
}

/// The next thing that a connection needs in order to stand: without it, stories that get so far
/// are rare.
void
Story::Advance()
{
    const auto speaks = [this](const std::string& name)
    { return Online(name) != nullptr && m_silent.count(name) == 0; };
    for (const auto& [id, connection] : m_naive.connections)
    {
        if (connection.up || !Chance(50) || !speaks(connection.provider.name) ||
            !speaks(connection.subscriber.name))
        {
            continue;
        }
        if (!connection.ready)
        {
            SayReady(connection.provider.name, id);
        }
        else if (!connection.instructed && speaks(connection.ist))
        {
            SaySpliceReady(connection.ist, id);
        }
        else if (connection.instructed)
        {
            const bool first = connection.subscriber.established;
            SayStatus(first ? connection.provider.name : connection.subscriber.name,
                      id,
                      ConnectionPhase::Established,
                      IsbCode::None,
                      connection.attempt);
        }
        return;
    }
}

void
Story::Act()
{
    if (Chance(25))
    {
        Advance();
        return;
    }
    if (Chance(20))
    {
        const std::string name = "i" + std::to_string(Below(ISTS));
        Puppet* puppet = Online(name);
        if (puppet == nullptr)
        {
            LogInIst(name);
        }
        else if (m_silent.count(name) == 0)
        {
            ActAsIst(name, *puppet);
        }
        return;
    }
    const std::string name = AnyUser();
    Puppet* puppet = Online(name);
    if (puppet == nullptr || Chance(2))
    {
        LogIn(name);
    }
    else if (m_silent.count(name) == 0)
    {
        ActAsUser(name, *puppet);
    }
}

void
Story::CompareOne(const std::string& who,
                  std::vector<std::string> real,
                  std::vector<std::string> naive)
{
    // Order within one step is the broker's own business.
    for (const std::string& line : naive)
    {
        const auto same =
            std::find_if(real.begin(),
                         real.end(),
                         [&](const std::string& other) { return m_numbers.Match(other, line); });
        if (same == real.end())
        {
            m_fault += who + " does not hear: " + line + "\n";
            continue;
        }
        real.erase(same);
    }
    for (const std::string& line : real)
    {
        m_fault += who + " hears: " + line + "\n";
    }
}

/// The IST is the broker's choice: what it orders tells the naive one.
void
Story::TellChoices()
{
    for (size_t i = 0; i < ISTS; ++i)
    {
        const std::string name = "i" + std::to_string(i);
        if (m_puppets.count(name) == 0)
        {
            continue;
        }
        Puppet& ist = *m_puppets.at(name);
        std::deque<IsbMessage> messages = ist.unheard;
        messages.insert(messages.end(), ist.inbox.begin(), ist.inbox.end());
        for (const IsbMessage& message : messages)
        {
            const auto* request = std::get_if<SpliceRequestMessage>(&message);
            if (request != nullptr &&
                m_naive.Choose(name, request->subscriber, request->provider) == 0)
            {
                m_fault += name + " is asked for a splice that nobody wants there\n";
            }
        }
    }
}

void
Story::Compare()
{
    TellChoices();
    std::map<std::string, std::vector<std::string>> naive;
    for (const auto& [who, line] : m_naive.Take())
    {
        naive[who].push_back(line);
    }
    for (const auto& puppet : m_rig.puppets)
    {
        // What was sent to one who does not read counts as said.
        std::deque<IsbMessage> heard = std::exchange(puppet->unheard, {});
        heard.insert(heard.end(), puppet->inbox.begin(), puppet->inbox.end());
        puppet->inbox.clear();
        std::vector<std::string> real;
        for (const IsbMessage& message : heard)
        {
            const std::string line = std::visit(LineOf(), message);
            if (!line.empty())
            {
                real.push_back(line);
                const std::string word = line.substr(0, line.find(' '));
                const bool coded = word == "bye" || word == "fault" || word == "connection-ended";
                kinds.insert(coded ? word + line.substr(line.rfind(' ')) : word);
            }
        }
        if (m_replaced.erase(puppet.get()) != 0)
        {
            CompareOne("old " + puppet->name, real, {"bye replaced"});
        }
        if (m_puppets[puppet->name] != puppet.get())
        {
            continue; // an earlier session
        }
        CompareOne(puppet->name, real, naive[puppet->name]);
    }
}

void
Story::CheckCounts()
{
    const auto check = [this](const char* what, size_t real, size_t naive)
    {
        if (real != naive)
        {
            m_fault += std::string(what) + ": " + std::to_string(real) + ", should be " +
                       std::to_string(naive) + "\n";
        }
    };
    check("users", m_rig.broker.Users(), m_naive.users.size());
    check("services", m_rig.broker.Services(), m_naive.services.size());
    check("subscriptions", m_rig.broker.Subscriptions(), m_naive.subscriptions.size());
    check("connections", m_rig.broker.Connections(), m_naive.connections.size());
}

TEST(BrokerModel, AnswersAsTheNaiveBrokerDoesInEveryStory)
{
    const auto [first, last] = SeedsOr(2000);
    std::set<std::string> kinds;
    for (uint64_t seed = first; seed <= last; ++seed)
    {
        Story story(seed);
        const std::string fault = story.Tell();
        ASSERT_TRUE(fault.empty()) << "seed " << seed << ":\n" << fault;
        kinds.insert(story.kinds.begin(), story.kinds.end());
    }
    if (last - first < 1000)
    {
        return; // too few to have seen everything
    }
    for (const char* kind : {"announced",
                             "bye bad-state",
                             "bye replaced",
                             "bye timed-out",
                             "fault bad-request",
                             "fault cancelled",
                             "fault duplicate",
                             "fault logged-out",
                             "fault no-ist",
                             "fault not-allowed",
                             "fault not-found",
                             "fault not-online",
                             "fault peer-lost",
                             "fault quota-exceeded",
                             "fault refused",
                             "fault server-refused",
                             "fault timed-out",
                             "fault withdrawn",
                             "connection-ended cancelled",
                             "connection-ended connect-failed",
                             "connection-ended ist-lost",
                             "connection-ended logged-out",
                             "connection-ended no-ist",
                             "connection-ended peer-lost",
                             "connection-ended server-refused",
                             "connection-ended timed-out",
                             "connection-ended withdrawn",
                             "instruct",
                             "listing",
                             "offer",
                             "prepare",
                             "splice-cancel",
                             "splice-request",
                             "status",
                             "subscribed",
                             "subscription-ended"})
    {
        EXPECT_EQ(kinds.count(kind), 1U) << "no story came to: " << kind;
    }
}

} // namespace
} // namespace isb::test
