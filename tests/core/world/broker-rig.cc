// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/broker-rig.h"

#include "model/wire/service-preface.h"

#include <algorithm>

namespace isb::test
{

Puppet::Puppet(BrokerRig& rig, SocketId id, Endpoint from)
    : socket(id),
      address(from),
      m_rig(rig),
      m_channel(id, nullptr)
{
}

bool
Puppet::LogIn(const std::string& as, IsbRole role)
{
    LoginMessage login;
    login.role = role;
    login.name = as;
    login.local = {Ipv4{0xc0a80002}, address.port}; // NATed
    login.bootId = m_rig.bootId;
    login.proof = m_rig.mac.Compute(BrokerRig::SecretOf(as), hello.challenge);
    if (role == IsbRole::Ist)
    {
        login.local = address;
        login.ist.methods = {ForwardingMethod::Proxy,
                             ForwardingMethod::Passive,
                             ForwardingMethod::Pure,
                             ForwardingMethod::Udp};
        login.ist.capacity = 4096;
    }
    return LogIn(login);
}

bool
Puppet::LogIn(LoginMessage login)
{
    name = login.name;
    Say(std::move(login));
    return std::any_of(inbox.begin(),
                       inbox.end(),
                       [](const IsbMessage& message)
                       { return std::holds_alternative<LoggedInMessage>(message); });
}

std::vector<uint8_t>
Puppet::Encode(IsbMessage message)
{
    m_scratch.clear();
    m_channel.Send(m_rig.now, std::move(message), m_scratch);
    return std::get<SendOrder>(m_scratch.front()).bytes;
}

void
Puppet::Say(IsbMessage message)
{
    SayBytes(Encode(std::move(message)));
}

void
Puppet::SayBytes(const std::vector<uint8_t>& bytes)
{
    if (open)
    {
        m_rig.broker.Received(m_rig.now, socket, bytes);
        m_rig.Drain();
    }
}

void
Puppet::Finish()
{
    if (open)
    {
        m_rig.broker.EndOfStream(m_rig.now, socket);
        m_rig.Drain();
    }
}

void
Puppet::Break()
{
    if (open)
    {
        open = false;
        m_rig.broker.Failed(m_rig.now, socket, "connection reset");
        m_rig.Drain();
    }
}

std::optional<IsbMessage>
Puppet::Hear()
{
    if (inbox.empty())
    {
        return std::nullopt;
    }
    IsbMessage message = std::move(inbox.front());
    inbox.pop_front();
    return message;
}

BrokerRig::BrokerRig(IsbSettings wanted, uint64_t seed)
    : random(seed),
      broker(wanted, mac, random, nullptr),
      settings(std::move(wanted))
{
    broker.Start(now);
    Drain();
}

std::string
BrokerRig::SecretOf(const std::string& name)
{
    return "secret of " + name;
}

IsbSettings
BrokerRig::SettingsFor(size_t users, size_t ists)
{
    IsbSettings settings;
    for (size_t i = 0; i < users; ++i)
    {
        const std::string name = "u" + std::to_string(i);
        settings.profiles[name] = {SecretOf(name), false, {}};
    }
    for (size_t i = 0; i < ists; ++i)
    {
        const std::string name = "i" + std::to_string(i);
        settings.profiles[name] = {SecretOf(name), true, {}};
    }
    return settings;
}

Puppet&
BrokerRig::Connect(Endpoint from)
{
    const Endpoint local{Ipv4{0xc0000201}, settings.port};
    const SocketId socket = broker.Accepted(now, m_listener, local, from);
    Puppet& puppet = *puppets.emplace_back(std::make_unique<Puppet>(*this, socket, from));
    m_bySocket[socket] = &puppet;
    Drain();
    if (!puppet.inbox.empty())
    {
        if (const auto* hello = std::get_if<HelloMessage>(&puppet.inbox.front()))
        {
            puppet.hello = *hello;
            puppet.inbox.pop_front();
        }
    }
    return puppet;
}

Puppet&
BrokerRig::Connect()
{
    return Connect({Ipv4{++m_lastAddress}, 5000});
}

Puppet&
BrokerRig::User(const std::string& name)
{
    Puppet& puppet = Connect();
    (void)puppet.LogIn(name);
    return puppet;
}

Puppet&
BrokerRig::Ist(const std::string& name)
{
    Puppet& puppet = Connect();
    (void)puppet.LogIn(name, IsbRole::Ist);
    return puppet;
}

Puppet&
BrokerRig::PublicUser(const std::string& name)
{
    Puppet& puppet = Connect();
    LoginMessage login;
    login.name = name;
    login.local = puppet.address;
    login.listenPort = 7471;
    login.bootId = bootId;
    login.proof = mac.Compute(SecretOf(name), puppet.hello.challenge);
    probesArrive = true;
    (void)puppet.LogIn(login);
    probesArrive = false;
    if (const auto probe = puppet.HearA<ProbeMessage>())
    {
        puppet.Say(ProbeSeenMessage{probe->token});
    }
    return puppet;
}

Puppet*
BrokerRig::Find(SocketId socket)
{
    const auto found = m_bySocket.find(socket);
    return found == m_bySocket.end() ? nullptr : found->second;
}

void
BrokerRig::Drain()
{
    for (auto orders = broker.TakeOrders(); !orders.empty(); orders = broker.TakeOrders())
    {
        for (const MachineOrder& order : orders)
        {
            Do(order);
        }
    }
}

void
BrokerRig::DoConnect(const ConnectOrder& order)
{
    if (probesArrive)
    {
        broker.Connected(now, order.socket, order.from);
        return;
    }
    broker.Failed(now, order.socket, "connection refused");
}

void
BrokerRig::Do(const MachineOrder& order)
{
    if (const auto* listen = std::get_if<ListenOrder>(&order))
    {
        m_listener = listen->socket;
        broker.Listening(now, listen->socket, {Ipv4{}, settings.port});
    }
    else if (const auto* connect = std::get_if<ConnectOrder>(&order))
    {
        DoConnect(*connect);
    }
    else if (const auto* send = std::get_if<SendOrder>(&order))
    {
        Puppet* puppet = Find(send->socket);
        if (puppet == nullptr || !puppet->open)
        {
            return;
        }
        puppet->m_channel.Push(send->bytes);
        while (auto message = puppet->m_channel.Next(now))
        {
            (puppet->reads ? puppet->inbox : puppet->unheard).push_back(std::move(*message));
        }
        if (!puppet->reads)
        {
            puppet->unread += send->bytes.size();
            return;
        }
        broker.Sent(now, send->socket, send->bytes.size());
    }
    else if (const auto* close = std::get_if<CloseOrder>(&order))
    {
        if (Puppet* puppet = Find(close->socket))
        {
            puppet->open = false;
            puppet->reset = close->reset;
        }
    }
}

void
BrokerRig::Pass(Duration duration)
{
    const TimePoint end = now + duration;
    while (broker.NextTimeout() <= end)
    {
        now = std::max(now, broker.NextTimeout());
        broker.Timeout(now);
        Drain();
    }
    now = end;
}

void
BrokerRig::PassWithHellos(Duration duration)
{
    const TimePoint end = now + duration;
    const Duration step = settings.istHelloInterval / 2;
    while (now < end)
    {
        for (size_t i = 0; i < puppets.size(); ++i)
        {
            if (puppets[i]->open && !puppets[i]->name.empty())
            {
                puppets[i]->Say(PingMessage{});
            }
        }
        Pass(std::min(step, end - now));
    }
}

size_t
BrokerRig::LeftWhenAllAreGone()
{
    for (size_t i = 0; i < puppets.size(); ++i)
    {
        puppets[i]->Break();
    }
    Pass(std::chrono::minutes(10));
    return broker.StateSize();
}

uint64_t
BrokerRig::Ended(IsbCode code) const
{
    const auto& ended = broker.Counters().ended;
    const auto found = ended.find(ToString(code));
    return found == ended.end() ? 0 : found->second;
}

} // namespace isb::test
