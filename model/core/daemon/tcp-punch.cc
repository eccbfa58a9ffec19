// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/tcp-punch.h"

#include "model/wire/service-preface.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

/// From the end of gathering to the other end's first packets: two control messages and a SYN.
constexpr Duration TYPICAL_DELAY = std::chrono::milliseconds(100);
/// More than any answer of a STUN server.
constexpr uint64_t STUN_READ = 2048;

/// "connection refused", without the driver's string.
std::string_view
WhyOf(std::string_view why)
{
    for (const std::string_view known : {"connection refused",
                                         "connection reset",
                                         "timed out",
                                         "address already in use",
                                         "host unreachable"})
    {
        if (why == known)
        {
            return known;
        }
    }
    return "other";
}

} // namespace

TcpPunch::TcpPunch(DaemonHost& host, TcpPunchOwner& owner)
    : m_host(host),
      m_owner(owner),
      m_sampler(host.random),
      m_stunTimer(host.timers,
                  [this](TimePoint now)
                  {
                      m_host.sockets.Close(std::exchange(m_asking, 0), true);
                      m_sampler.Skip();
                      Ask(now);
                  }),
      m_retry(host.timers, [this](TimePoint now) { Retry(now); })
{
}

TcpPunch::~TcpPunch()
{
    Close();
}

bool
TcpPunch::IsOpen() const
{
    return m_port != 0;
}

std::string
TcpPunch::Describe() const
{
    return m_notes.ToString();
}

void
TcpPunch::Gather(TimePoint, const std::vector<Endpoint>& servers, bool predict)
{
    Close();
    m_servers = servers;
    m_predict = predict;
    m_gathering = true;
    m_listener = m_host.sockets.Listen(this, Protocol::Tcp, Endpoint{});
}

void
TcpPunch::OnListening(TimePoint now, SocketId, Endpoint local)
{
    m_port = local.port;
    m_sampler.Begin(m_servers, m_port);
    Ask(now);
}

void
TcpPunch::Ask(TimePoint now)
{
    if (m_sampler.IsDone())
    {
        FinishGathering(now, m_sampler.Samples().empty() ? IsbCode::ConnectFailed : IsbCode::None);
        return;
    }
    m_answer.clear();
    m_asking = m_host.sockets.Connect(this, Endpoint{Ipv4{}, m_port}, m_sampler.Server());
    m_stunTimer.Set(now + STUN_PATIENCE);
}

void
TcpPunch::FinishGathering(TimePoint now, IsbCode code)
{
    m_stunTimer.Stop();
    m_gathering = false;
    m_owner.OnPunchGathered(
        now,
        FindCandidates(m_sampler.Samples(), m_predict, now + TYPICAL_DELAY, ISB_PUNCH_LIMIT),
        code);
}

void
TcpPunch::TakeStun(TimePoint now, SocketId socket, ByteView bytes)
{
    m_answer.insert(m_answer.end(), bytes.data, bytes.data + bytes.size);
    const std::optional<size_t> length = StunLengthOf(m_answer);
    const bool whole = length && *length != 0 && m_answer.size() >= *length;
    if (length && !whole && m_answer.size() < STUN_READ)
    {
        return;
    }
    m_asking = 0;
    if (whole && m_sampler.Take(now, ByteView(m_answer.data(), *length)))
    {
        m_mapping.push_back(socket);
        m_host.sockets.Read(socket, 1); // to hear of its end
    }
    else
    {
        m_host.sockets.Close(socket, true);
        m_sampler.Skip();
    }
    Ask(now);
}

void
TcpPunch::Punch(TimePoint now, const InstructMessage& instruct, bool leads)
{
    m_instruct = instruct;
    m_leads = leads;
    m_punching = true;
    // Whoever came before this instruction may be tried now.
    for (auto& [socket, open] : m_tries)
    {
        m_host.sockets.Read(socket, SERVICE_PREFACE_SIZE);
    }
    Connect(instruct.target);
    for (const Endpoint& target : instruct.punch.endpoints)
    {
        Connect(target);
    }
    m_retry.Set(now + RETRY);
}

void
TcpPunch::Connect(const Endpoint& target)
{
    if (IsPunchable(target) && m_notes.sent < MAX_CONNECTS)
    {
        ++m_notes.sent;
        const SocketId socket = m_host.sockets.Connect(this, Endpoint{Ipv4{}, m_port}, target);
        m_tries[socket].target = target;
    }
}

void
TcpPunch::Retry(TimePoint now)
{
    for (const Endpoint& target : std::exchange(m_again, {}))
    {
        Connect(target);
    }
    m_retry.Set(now + RETRY);
}

void
TcpPunch::OnAccepted(TimePoint, SocketId, SocketId socket, Endpoint)
{
    const auto strangers = std::count_if(m_tries.begin(),
                                         m_tries.end(),
                                         [](const auto& entry) { return entry.second.accepted; });
    if (strangers >= static_cast<std::ptrdiff_t>(MAX_STRANGERS))
    {
        m_host.sockets.Close(socket, true);
        return;
    }
    ++m_notes.accepted;
    m_tries[socket].accepted = true;
    if (m_punching)
    {
        m_host.sockets.Read(socket, SERVICE_PREFACE_SIZE);
    }
}

void
TcpPunch::OnConnected(TimePoint, SocketId socket, Endpoint)
{
    if (socket == m_asking)
    {
        m_host.sockets.Send(socket, m_sampler.Request());
        m_host.sockets.Read(socket, STUN_READ);
        return;
    }
    SendPreface(socket, m_instruct.sendToken);
    m_host.sockets.Read(socket, SERVICE_PREFACE_SIZE);
}

void
TcpPunch::OnFailed(TimePoint now, SocketId socket, std::string_view why)
{
    if (socket == m_listener)
    {
        m_listener = 0;
        if (m_port == 0)
        {
            FinishGathering(now, IsbCode::ConnectFailed);
        }
        return;
    }
    if (socket == m_asking)
    {
        m_asking = 0;
        m_sampler.Skip();
        Ask(now);
        return;
    }
    Lose(now, socket, why);
}

void
TcpPunch::OnEndOfStream(TimePoint now, SocketId socket)
{
    m_host.sockets.Close(socket, true);
    if (socket == m_asking)
    {
        m_asking = 0;
        m_sampler.Skip();
        Ask(now);
        return;
    }
    Lose(now, socket, "connection reset");
}

void
TcpPunch::Lose(TimePoint, SocketId socket, std::string_view why)
{
    const auto found = m_tries.find(socket);
    if (found == m_tries.end())
    {
        m_mapping.erase(std::remove(m_mapping.begin(), m_mapping.end(), socket), m_mapping.end());
        return;
    }
    if (!found->second.accepted)
    {
        ++m_notes.refused;
        m_notes.last = WhyOf(why);
        m_again.push_back(found->second.target);
    }
    m_tries.erase(found);
}

void
TcpPunch::OnReceived(TimePoint now, SocketId socket, ByteView bytes)
{
    if (socket == m_asking)
    {
        TakeStun(now, socket, bytes);
        return;
    }
    const auto found = m_tries.find(socket);
    if (found == m_tries.end())
    {
        return; // a STUN server that has more to say
    }
    std::vector<uint8_t>& held = found->second.bytes;
    held.insert(held.end(), bytes.data, bytes.data + bytes.size);
    if (held.size() < SERVICE_PREFACE_SIZE)
    {
        m_host.sockets.Read(socket, SERVICE_PREFACE_SIZE - held.size());
        return;
    }
    const std::optional<Token> token = ReadServicePreface(held);
    held.clear();
    OnPreface(now, socket, token.value_or(Token{}));
}

void
TcpPunch::OnPreface(TimePoint now, SocketId socket, const Token& token)
{
    Try& open = m_tries.at(socket);
    if (open.proven && token == TakingToken(m_instruct.expectToken))
    {
        Take(now, socket);
        return;
    }
    if (open.proven || token != m_instruct.expectToken)
    {
        m_host.journal.Drop(now,
                            FlowKey{Protocol::Tcp, open.target, Endpoint{Ipv4{}, m_port}},
                            0,
                            DaemonReason(IsbCode::BadToken));
        m_host.sockets.Close(socket, true);
        Lose(now, socket, "other");
        return;
    }
    open.proven = true;
    if (open.accepted)
    {
        SendPreface(socket, m_instruct.sendToken);
    }
    if (m_leads)
    {
        SendPreface(socket, TakingToken(m_instruct.sendToken));
        Take(now, socket);
        return;
    }
    m_host.sockets.Read(socket, SERVICE_PREFACE_SIZE);
}

void
TcpPunch::Take(TimePoint now, SocketId socket)
{
    m_tries.erase(socket);
    Close();
    m_owner.OnPunched(now, socket);
}

void
TcpPunch::SendPreface(SocketId socket, const Token& token)
{
    const auto preface = MakeServicePreface(token);
    m_host.sockets.Send(socket, {preface.begin(), preface.end()});
}

void
TcpPunch::Close()
{
    m_stunTimer.Stop();
    m_retry.Stop();
    m_gathering = false;
    m_punching = false;
    m_port = 0;
    m_again.clear();
    m_sampler.Clear();
    m_notes = {};
    m_host.sockets.Close(std::exchange(m_listener, 0), false);
    m_host.sockets.Close(std::exchange(m_asking, 0), true);
    for (const SocketId socket : std::exchange(m_mapping, {}))
    {
        m_host.sockets.Close(socket, true);
    }
    for (const auto& [socket, open] : std::exchange(m_tries, {}))
    {
        m_host.sockets.Close(socket, true);
    }
}

} // namespace isb
