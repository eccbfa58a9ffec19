// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-test-bench.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

/// SOFTWARE of requests. With its header it is as long as what our server's responses have more.
constexpr std::string_view SOFTWARE = "isblab NAT type test, RFC 3489, RFC 5780 and RFC 8489";
/// Local ports of TCP tests: IANA's dynamic ones.
constexpr uint16_t FIRST_PORT = 49'152;
constexpr uint16_t PORTS = 16'384;

} // namespace

std::optional<Endpoint>
MappedOf(const StunReply* reply)
{
    if (reply == nullptr || reply->message.kind != StunClass::Success)
    {
        return std::nullopt;
    }
    return reply->message.Mapped();
}

NatTestBench::NatTestBench(const NatTypeSettings& wanted, Rng& random)
    : settings(wanted),
      m_random(random)
{
    report.protocol = settings.protocol;
    report.server = settings.server;
    report.alternate = settings.alternate;
}

SocketId
NatTestBench::NewSocket()
{
    m_open.emplace(++m_lastSocket, true);
    return m_lastSocket;
}

void
NatTestBench::OpenUdp(uint16_t port, OnOpen then)
{
    const SocketId socket = NewSocket();
    m_opening.emplace(socket, std::move(then));
    orders.emplace_back(ListenOrder{socket, Protocol::Udp, Endpoint{settings.local.address, port}});
}

void
NatTestBench::Close(SocketId socket)
{
    if (m_open.erase(socket) != 0)
    {
        orders.emplace_back(CloseOrder{socket, false});
    }
}

void
NatTestBench::CloseAll()
{
    while (!m_open.empty())
    {
        Close(m_open.begin()->first);
    }
}

void
NatTestBench::Ask(TimePoint now,
                  SocketId socket,
                  Endpoint to,
                  std::vector<StunAttribute> attributes,
                  OnReply then,
                  SocketId answerAt)
{
    const StunId id = NewId();
    Transaction& made = m_transactions[id];
    made.socket = socket;
    made.answerAt = answerAt;
    made.to = to;
    made.bytes = MakeRequest(id, std::move(attributes));
    made.then = std::move(then);
    Send(now, id);
}

void
NatTestBench::Send(TimePoint now, const StunId& id)
{
    Transaction& transaction = m_transactions.at(id);
    // Doubles after each; the last one waits as long as the one before did.
    const uint32_t doublings = std::min(transaction.sent, settings.transmissions - 1);
    ++transaction.sent;
    transaction.lastSent = now;
    orders.emplace_back(SendToOrder{transaction.socket, transaction.to, transaction.bytes});
    At(now + settings.firstRto * (int64_t{1} << doublings),
       [this, id](TimePoint later) { Repeat(later, id); });
}

void
NatTestBench::Repeat(TimePoint now, const StunId& id)
{
    const auto found = m_transactions.find(id);
    if (found == m_transactions.end())
    {
        return;
    }
    if (found->second.sent < settings.transmissions)
    {
        Send(now, id);
        return;
    }
    const OnReply then = std::move(found->second.then);
    m_transactions.erase(found);
    then(now, nullptr);
}

void
NatTestBench::At(TimePoint when, OnTime then)
{
    m_timers.emplace(when, std::move(then));
}

void
NatTestBench::ListenForOthers(OnOther then)
{
    m_other = std::move(then);
}

StunId
NatTestBench::NewId()
{
    std::array<uint8_t, 12> bytes;
    for (size_t i = 0; i < bytes.size(); i += 4)
    {
        const uint64_t random = m_random.Next();
        for (size_t j = 0; j < 4; ++j)
        {
            bytes[i + j] = static_cast<uint8_t>(random >> 8 * j);
        }
    }
    return MakeStunId(bytes);
}

std::vector<uint8_t>
NatTestBench::MakeRequest(const StunId& id, std::vector<StunAttribute> attributes) const
{
    StunMessage message;
    message.id = id;
    message.attributes = std::move(attributes);
    message.attributes.push_back(MakeStunText(StunType::Software, SOFTWARE));
    return EncodeStun(message);
}

uint16_t
NatTestBench::NewPort()
{
    return static_cast<uint16_t>(FIRST_PORT + m_random.Below(PORTS));
}

Duration
NatTestBench::Patience() const
{
    const int64_t times = (int64_t{1} << settings.transmissions) - 1;
    return settings.firstRto * times;
}

void
NatTestBench::Saw(uint16_t localPort, Endpoint mapped)
{
    report.seen.push_back(mapped);
    // Of the first one only: a NAT that would keep a later one's port may have given it away for
    // what the other procedures opened meanwhile.
    if (report.preservesPort == FoundAnswer::Unknown)
    {
        report.preservesPort = localPort == mapped.port ? FoundAnswer::Yes : FoundAnswer::No;
    }
}

void
NatTestBench::Note(std::string text)
{
    if (std::find(report.notes.begin(), report.notes.end(), text) == report.notes.end())
    {
        report.notes.push_back(std::move(text));
    }
}

void
NatTestBench::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    const auto found = m_opening.find(socket);
    if (found != m_opening.end())
    {
        const OnOpen then = std::move(found->second);
        m_opening.erase(found);
        then(now, socket, local);
    }
}

void
NatTestBench::Failed(TimePoint now, SocketId socket)
{
    m_open.erase(socket);
    Listening(now, socket, {});
}

void
NatTestBench::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    StunMessage message;
    if (DecodeStun(bytes, message) != StunFault::None || message.method != STUN_BINDING)
    {
        return;
    }
    const bool response = message.kind == StunClass::Success || message.kind == StunClass::Error;
    const auto found = m_transactions.find(message.id);
    if (!response)
    {
        if (m_other)
        {
            m_other(now, socket, message);
        }
        return;
    }
    if (found == m_transactions.end() ||
        (found->second.socket != socket && found->second.answerAt != socket))
    {
        return;
    }
    const OnReply then = std::move(found->second.then);
    const StunReply reply{message, from, socket, now - found->second.lastSent};
    m_transactions.erase(found);
    then(now, &reply);
}

TimePoint
NatTestBench::NextTimeout() const
{
    return m_timers.empty() ? TIME_NEVER : m_timers.begin()->first;
}

void
NatTestBench::Timeout(TimePoint now)
{
    while (!m_timers.empty() && m_timers.begin()->first <= now)
    {
        const OnTime then = std::move(m_timers.begin()->second);
        m_timers.erase(m_timers.begin());
        then(now);
    }
}

void
NatTestBench::Stop()
{
    m_opening.clear();
    m_transactions.clear();
    m_timers.clear();
    m_other = nullptr;
    CloseAll();
}

} // namespace isb
