// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/tcp-channel.h"

#include "model/wire/service-preface.h"

#include <utility>

namespace isb
{

TcpChannel::TcpChannel(DaemonHost& host, ListenPort& listenPort, ChannelOwner& owner)
    : m_host(host),
      m_listenPort(listenPort),
      m_owner(owner),
      m_punch(host, *this),
      m_patience(host.timers, [this](TimePoint now) { Fail(now, IsbCode::TimedOut); })
{
}

TcpChannel::~TcpChannel()
{
    Abandon();
}

void
TcpChannel::Open(TimePoint now)
{
    m_owner.OnChannelOpen(now);
}

void
TcpChannel::Gather(TimePoint now, const std::vector<Endpoint>& stunServers, bool predict)
{
    Abandon();
    m_punch.Gather(now, stunServers, predict);
}

void
TcpChannel::OnPunchGathered(TimePoint now, PunchCandidates found, IsbCode code)
{
    m_owner.OnChannelGathered(now, found, code);
}

void
TcpChannel::Begin(TimePoint now, const InstructMessage& instruct)
{
    Release(true);
    m_instruct = instruct;
    m_note.clear();
    m_patience.Set(now + instruct.patience);
    if (instruct.path == ServicePath::Punched && m_punch.IsOpen())
    {
        m_punch.Punch(now, instruct, instruct.request != 0);
        return;
    }
    m_punch.Close();
    if (instruct.path == ServicePath::Punched)
    {
        Fail(now, IsbCode::BadState);
        return;
    }
    if (instruct.role == ConnectRole::Await)
    {
        if (m_listenPort.Port() == 0 && !m_host.settings.ListensOnLoginPort())
        {
            Fail(now, IsbCode::ConnectFailed);
            return;
        }
        m_awaiting = true;
        m_listenPort.Expect(now, instruct.expectToken, this);
        return;
    }
    m_socket = m_host.sockets.Connect(this, Endpoint{Ipv4{}, instruct.localPort}, instruct.target);
}

void
TcpChannel::Abandon()
{
    Close(true);
}

void
TcpChannel::Close(bool reset)
{
    m_punch.Close();
    Release(reset);
}

void
TcpChannel::Release(bool reset)
{
    if (std::exchange(m_awaiting, false))
    {
        m_listenPort.Forget(m_instruct.expectToken);
    }
    m_patience.Stop();
    m_proven = false;
    m_preface.clear();
    m_host.sockets.Close(std::exchange(m_socket, 0), reset);
}

SocketId
TcpChannel::Socket() const
{
    return m_socket;
}

Endpoint
TcpChannel::Peer() const
{
    return {};
}

uint16_t
TcpChannel::Port() const
{
    return 0;
}

std::string
TcpChannel::Note() const
{
    return m_note;
}

void
TcpChannel::OnPunched(TimePoint now, SocketId socket)
{
    m_socket = socket;
    m_host.sockets.Give(socket, this);
    m_owner.OnChannelProving(now);
    Prove(now);
}

void
TcpChannel::OnArrived(TimePoint now, SocketId socket, const Token&)
{
    m_awaiting = false;
    m_socket = socket;
    m_host.sockets.Give(socket, this);
    SendPreface();
    m_owner.OnChannelProving(now);
    Prove(now);
}

void
TcpChannel::OnConnected(TimePoint now, SocketId socket, Endpoint)
{
    SendPreface();
    m_host.sockets.Read(socket, SERVICE_PREFACE_SIZE);
    m_owner.OnChannelProving(now);
}

void
TcpChannel::OnFailed(TimePoint now, SocketId, std::string_view)
{
    m_socket = 0;
    if (m_proven)
    {
        m_owner.OnChannelEnd(now, true);
        return;
    }
    Fail(now, IsbCode::ConnectFailed);
}

void
TcpChannel::OnReceived(TimePoint now, SocketId, ByteView bytes)
{
    if (m_proven)
    {
        m_owner.OnChannelBytes(now, bytes);
        return;
    }
    m_preface.insert(m_preface.end(), bytes.data, bytes.data + bytes.size);
    if (m_preface.size() < SERVICE_PREFACE_SIZE)
    {
        return;
    }
    if (ReadServicePreface(m_preface) != m_instruct.expectToken)
    {
        Fail(now, IsbCode::BadToken);
        return;
    }
    Prove(now);
}

void
TcpChannel::OnEndOfStream(TimePoint now, SocketId)
{
    if (m_proven)
    {
        m_owner.OnChannelEnd(now, false);
        return;
    }
    Fail(now, IsbCode::ConnectFailed);
}

void
TcpChannel::SendPreface()
{
    const auto preface = MakeServicePreface(m_instruct.sendToken);
    m_host.sockets.Send(m_socket, {preface.begin(), preface.end()});
}

void
TcpChannel::Prove(TimePoint now)
{
    m_proven = true;
    m_patience.Stop();
    m_owner.OnChannelProven(now);
}

void
TcpChannel::Fail(TimePoint now, IsbCode code)
{
    m_note = m_instruct.path == ServicePath::Punched ? m_punch.Describe() : std::string();
    Abandon();
    m_owner.OnChannelFailed(now, code);
}

} // namespace isb
