// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/nat-responder.h"

#include <utility>

namespace isb
{

namespace
{

/// As long as the answer (promise T2).
constexpr std::string_view SOFTWARE = "isblab user daemon, keeps a mapping alive";

} // namespace

NatResponder::NatResponder(DaemonHost& host,
                           BrokerLink& link,
                           ListenPort& listenPort,
                           VolunteerIst& ist)
    : m_host(host),
      m_link(link),
      m_listenPort(listenPort),
      m_ist(ist),
      m_timer(host.timers, [this](TimePoint now) { Ask(now); })
{
}

void
NatResponder::OnLoggedIn(TimePoint now)
{
    const bool wanted = m_host.settings.natTest || m_host.settings.volunteer;
    m_told = {};
    if (!wanted || m_link.StunServers().empty())
    {
        return;
    }
    if (m_socket == 0)
    {
        m_socket = m_host.sockets.Listen(this, Protocol::Udp, Endpoint{});
        return;
    }
    if (m_open)
    {
        Ask(now);
    }
}

void
NatResponder::OnProbe(TimePoint now, const NatProbeMessage& message)
{
    if (message.protocol == Protocol::Udp)
    {
        m_udpToken = message.token;
        m_awaitsUdp = true;
        return;
    }
    ForgetTcp();
    m_tcpToken = message.token;
    m_awaitsTcp = true;
    m_listenPort.Expect(now, message.token, this);
}

void
NatResponder::ForgetTcp()
{
    if (std::exchange(m_awaitsTcp, false))
    {
        m_listenPort.Forget(m_tcpToken);
    }
}

void
NatResponder::OnSessionOver()
{
    ForgetTcp();
    m_awaitsUdp = false;
}

void
NatResponder::Stop()
{
    OnSessionOver();
    m_timer.Stop();
    m_host.sockets.Close(std::exchange(m_socket, 0), false);
    m_open = false;
    m_mapped = {};
}

void
NatResponder::OnArrived(TimePoint now, SocketId socket, const Token& token)
{
    m_awaitsTcp = false;
    m_host.sockets.Close(socket, false);
    NatReportMessage report;
    report.token = token;
    m_link.Send(now, report);
}

void
NatResponder::OnListening(TimePoint now, SocketId, Endpoint)
{
    m_open = true;
    Ask(now);
}

void
NatResponder::OnFailed(TimePoint now, SocketId, std::string_view)
{
    m_socket = 0;
    m_open = false;
    m_timer.Stop();
    m_ist.OnSocketLost(now);
}

/// Again soon while there is no answer, else in time to keep the mapping.
void
NatResponder::Ask(TimePoint now)
{
    if (!m_open || m_link.StunServers().empty())
    {
        return;
    }
    const bool answered = m_asked == StunId{};
    StunMessage request;
    std::array<uint8_t, 12> bytes;
    for (uint8_t& byte : bytes)
    {
        byte = static_cast<uint8_t>(m_host.random.Next());
    }
    request.id = MakeStunId(bytes);
    request.attributes = {MakeStunText(StunType::Software, SOFTWARE)};
    m_asked = request.id;
    m_host.sockets.SendTo(m_socket, m_link.StunServers().front(), EncodeStun(request));
    m_timer.Set(now + (answered && m_mapped.port != 0 ? m_host.settings.udpKeepalive
                                                      : m_host.settings.registrationRetry * 5));
}

void
NatResponder::OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    if (const auto token = ReadServicePreface(bytes);
        token && m_awaitsUdp && ToldHalf(*token) == m_udpToken)
    {
        m_awaitsUdp = false;
        NatReportMessage report;
        report.token = *token;
        m_link.Send(now, report);
        return;
    }
    StunMessage message;
    if (m_asked != StunId{} && DecodeStun(bytes, message) == StunFault::None &&
        message.id == m_asked)
    {
        m_asked = {};
        m_mapped = message.Mapped().value_or(m_mapped);
        m_timer.Set(now + m_host.settings.udpKeepalive);
        Tell(now);
        return;
    }
    m_ist.OnDatagram(now, socket, from, bytes);
}

void
NatResponder::Tell(TimePoint now)
{
    if (m_mapped.port != 0 && m_mapped != m_told && m_link.IsLoggedIn())
    {
        m_told = m_mapped;
        NatReportMessage report;
        report.udp = m_mapped;
        m_link.Send(now, report);
    }
}

} // namespace isb
