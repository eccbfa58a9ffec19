// SPDX-License-Identifier: GPL-2.0-or-later
// What the peers of a story do, each told to both brokers.
#include "tests/core/world/broker-story.h"

#include <iterator>
#include <utility>

namespace isb::test
{

void
BrokerStory::LogIn(const std::string& name)
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
BrokerStory::LogInIst(const std::string& name)
{
    m_rig.bootId = Chance(50) ? 1 : 2;
    Log(name + " registers, life " + std::to_string(m_rig.bootId));
    Puppet& puppet = m_rig.Ist(name);
    m_silent.erase(name);
    m_puppets[name] = &puppet;
    m_naive.LogInIst(name, {puppet.address.address, m_rig.bootId, true, m_rig.now});
}

void
BrokerStory::Leave(const std::string& name, Puppet& puppet)
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
BrokerStory::Announce(const std::string& name, Puppet& puppet)
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
BrokerStory::Subscribe(const std::string& name, Puppet& puppet)
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
BrokerStory::AnswerOne(const std::string& name, Puppet& puppet)
{
    for (const auto& [id, subscription] : m_naive.subscriptions)
    {
        if (subscription.service.first == name && !subscription.accepted)
        {
            const bool accepted = Chance(85);
            const uint64_t number = id;
            Log(name + (accepted ? " accepts " : " refuses ") + IdText('s', number));
            puppet.Say(AnswerMessage{m_numbers.Real('s', number), accepted, IsbCode::None});
            m_naive.Answer(name, number, accepted);
            return;
        }
    }
}

void
BrokerStory::Open(const std::string& name, Puppet& puppet)
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
    Log(name + " opens a connection of " + IdText('s', id));
    puppet.Say(message);
    message.subscription = id;
    m_naive.Open(name, message);
}

void
BrokerStory::SayStatus(const std::string& name,
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
    Log(name + " says " + IdText('c', id) + " " + std::string(ToString(phase)) + " " +
        std::string(ToString(code)) + ", attempt " + std::to_string(attempt));
    Online(name)->Say(message);
    message.connection = id;
    m_naive.Status(name, message);
}

void
BrokerStory::SayReady(const std::string& name, uint64_t id)
{
    const uint32_t attempt = m_naive.connections.at(id).attempt;
    Log(name + " is ready for " + IdText('c', id));
    Online(name)->Say(ReadyMessage{m_numbers.Real('c', id), attempt, 0, 0});
    m_naive.Ready(id, attempt);
}

void
BrokerStory::SaySpliceReady(const std::string& name, uint64_t id)
{
    const uint64_t splice = m_naive.connections.at(id).splice;
    Puppet& ist = *Online(name);
    Log(name + " is ready for " + IdText('x', splice));
    const Endpoint a{ist.address.address, ++m_lastPort};
    const Endpoint b{ist.address.address, ++m_lastPort};
    ist.Say(SpliceReadyMessage{m_numbers.Real('x', splice), ForwardingMethod::Passive, a, b});
    m_naive.SpliceReady(id, a, b);
}

/// Anything that one side may say of a connection.
void
BrokerStory::SayAnyStatus(const std::string& name, uint64_t id)
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
BrokerStory::ActOnConnection(const std::string& name, Puppet& puppet)
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
            Log(name + " cannot prepare " + IdText('c', id));
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
BrokerStory::ActAsUser(const std::string& name, Puppet& puppet)
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
        Log(name + " unsubscribes " + IdText('s', id));
        puppet.Say(UnsubscribeMessage{m_numbers.Real('s', id)});
        m_naive.Unsubscribe(name, id);
    }
}

/// Speaks of what is another's.
void
BrokerStory::Offend(const std::string& name, Puppet& puppet)
{
    for (const auto& [id, connection] : m_naive.connections)
    {
        const uint64_t real = m_numbers.Real('c', id);
        if (connection.provider.name != name && real != 0)
        {
            Log(name + " meddles with " + IdText('c', id));
            puppet.Say(ReadyMessage{real, connection.attempt, 0, 0});
            m_naive.Punish(name); // also the subscriber: only the provider is asked
            return;
        }
    }
    for (const auto& [id, subscription] : m_naive.subscriptions)
    {
        if (subscription.service.first != name && m_numbers.Real('s', id) != 0)
        {
            Log(name + " answers for " + IdText('s', id));
            puppet.Say(AnswerMessage{m_numbers.Real('s', id), true, IsbCode::None});
            m_naive.Punish(name);
            return;
        }
    }
}

void
BrokerStory::SpliceEvent(const std::string& name, Puppet& puppet)
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
                Log(name + " speaks of " + IdText('x', connection.splice));
                puppet.Say(SpliceEventMessage{real, SpliceNews::Paired, IsbCode::None, 0, 0});
                m_naive.Punish(name);
                return;
            }
            continue;
        }
        const SpliceNews news = Chance(60)   ? SpliceNews::Paired
                                : Chance(60) ? SpliceNews::Ended
                                             : SpliceNews::Failed;
        Log(name + " says " + IdText('x', connection.splice) + " " + std::string(ToString(news)));
        puppet.Say(SpliceEventMessage{real, news, IsbCode::None, 0, 0});
        m_naive.SpliceEvent(id, news);
        return;
    }
}

void
BrokerStory::ActAsIst(const std::string& name, Puppet& puppet)
{
    for (const auto& [id, connection] : m_naive.connections)
    {
        if (connection.ist != name || connection.spliceReady || connection.splice == 0)
        {
            continue;
        }
        if (Chance(10))
        {
            Log(name + " refuses " + IdText('x', connection.splice));
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

} // namespace isb::test
