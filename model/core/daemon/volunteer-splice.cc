// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/volunteer-splice.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

std::vector<uint8_t>
PrefaceOf(const Token& token)
{
    const auto preface = MakeServicePreface(token);
    return {preface.begin(), preface.end()};
}

} // namespace

VolunteerSplice::VolunteerSplice(DaemonHost& host,
                                 ListenPort& listenPort,
                                 VolunteerMeter& shared,
                                 const VolunteerSpliceMessage& order,
                                 VolunteerSpliceOwner& owner)
    : m_host(host),
      m_listenPort(listenPort),
      m_shared(shared),
      m_own(order.limits.rateBps),
      m_order(order),
      m_owner(owner),
      m_timer(host.timers,
              [this](TimePoint now)
              {
                  Pump(now, 0);
                  Pump(now, 1);
              }),
      m_patience(host.timers, [this](TimePoint now) { OnTimer(now); })
{
    m_sides[0].token = order.subscriber;
    m_sides[1].token = order.provider;
    for (Side& side : m_sides)
    {
        side.whole = this;
    }
}

VolunteerSplice::~VolunteerSplice()
{
    Close(true);
}

void
VolunteerSplice::Start(TimePoint now)
{
    m_patience.Set(now + m_order.patience);
    for (Side& side : m_sides)
    {
        if (side.socket == 0 && !m_over)
        {
            m_listenPort.Expect(now, side.token, &side);
        }
    }
}

void
VolunteerSplice::Cut()
{
    m_over = true;
    Close(true);
}

void
VolunteerSplice::Side::OnArrived(TimePoint now, SocketId arrived, const Token&)
{
    socket = arrived;
    whole->m_host.sockets.Give(socket, whole);
    whole->Came(now);
}

size_t
VolunteerSplice::IndexOf(SocketId socket) const
{
    return m_sides[0].socket == socket ? 0 : 1;
}

void
VolunteerSplice::Came(TimePoint now)
{
    if (m_sides[0].socket == 0 || m_sides[1].socket == 0)
    {
        return;
    }
    m_paired = true;
    m_begun = now;
    m_active = now;
    Await();
    for (size_t i = 0; i < 2; ++i)
    {
        m_shared.Charge(now, SERVICE_PREFACE_SIZE);
        m_own.Charge(now, SERVICE_PREFACE_SIZE);
        m_sides[i].unsent += SERVICE_PREFACE_SIZE;
        m_host.sockets.Send(m_sides[i].socket, PrefaceOf(m_sides[1 - i].token));
    }
    m_owner.OnPaired(now, m_order.splice);
    Pump(now, 0);
    Pump(now, 1);
}

/// Reads from a side what the other has room for, when the meters let it.
void
VolunteerSplice::Pump(TimePoint now, size_t from)
{
    Side& side = m_sides[from];
    if (!m_paired || m_over || side.ended || side.socket == 0)
    {
        return;
    }
    const bool room = m_sides[1 - from].unsent < QUEUE;
    const TimePoint ready = std::max(m_shared.Ready(), m_own.Ready());
    if (room && ready > now)
    {
        m_timer.Set(ready);
    }
    const bool read = room && ready <= now;
    if (read || side.asked)
    {
        m_host.sockets.Read(side.socket, read ? CHUNK : 0);
    }
    side.asked = read;
}

void
VolunteerSplice::OnReceived(TimePoint now, SocketId socket, ByteView bytes)
{
    const size_t from = IndexOf(socket);
    Side& to = m_sides[1 - from];
    m_shared.Charge(now, bytes.size);
    m_own.Charge(now, bytes.size);
    m_bytes += bytes.size;
    m_active = now;
    if (m_order.limits.bytes != 0 && m_bytes > m_order.limits.bytes)
    {
        Over(now, SpliceNews::Ended, IsbCode::LimitReached, true, "volunteer.byte-limit");
        return;
    }
    to.unsent += bytes.size;
    m_host.sockets.Send(to.socket, {bytes.data, bytes.data + bytes.size});
    Pump(now, from);
}

void
VolunteerSplice::OnSent(TimePoint now, SocketId socket, size_t bytes)
{
    const size_t to = IndexOf(socket);
    m_sides[to].unsent -= std::min(bytes, m_sides[to].unsent);
    if (!m_sides[1 - to].asked)
    {
        Pump(now, 1 - to);
    }
}

void
VolunteerSplice::OnEndOfStream(TimePoint now, SocketId socket)
{
    const size_t from = IndexOf(socket);
    m_sides[from].ended = true;
    if (!m_paired)
    {
        Over(now, SpliceNews::Failed, IsbCode::ConnectFailed, true, "volunteer.peer-failed");
        return;
    }
    if (m_sides[1 - from].ended)
    {
        Over(now, SpliceNews::Ended, IsbCode::None, false, "volunteer.closed");
        return;
    }
    m_host.sockets.Shutdown(m_sides[1 - from].socket);
}

void
VolunteerSplice::OnFailed(TimePoint now, SocketId socket, std::string_view)
{
    m_sides[IndexOf(socket)].socket = 0;
    Over(now, SpliceNews::Failed, IsbCode::ConnectFailed, true, "volunteer.peer-failed");
}

void
VolunteerSplice::OnTimer(TimePoint now)
{
    if (!m_paired)
    {
        Over(now, SpliceNews::Failed, IsbCode::TimedOut, true, "volunteer.unmatched");
        return;
    }
    const Duration lifetime = m_order.limits.lifetime;
    if (lifetime > Duration(0) && now >= m_begun + lifetime)
    {
        Over(now, SpliceNews::Ended, IsbCode::LimitReached, true, "volunteer.lifetime");
        return;
    }
    if (now >= m_active + m_host.settings.volunteerIdle)
    {
        Over(now, SpliceNews::Ended, IsbCode::TimedOut, true, "volunteer.idle");
        return;
    }
    Await();
}

void
VolunteerSplice::Await()
{
    const Duration lifetime = m_order.limits.lifetime;
    const TimePoint idle = m_active + m_host.settings.volunteerIdle;
    m_patience.Set(lifetime > Duration(0) ? std::min(idle, m_begun + lifetime) : idle);
}

void
VolunteerSplice::Close(bool reset)
{
    m_timer.Stop();
    m_patience.Stop();
    for (Side& side : m_sides)
    {
        if (side.socket == 0)
        {
            m_listenPort.Forget(side.token);
        }
        m_host.sockets.Close(std::exchange(side.socket, 0), reset);
    }
}

void
VolunteerSplice::Over(TimePoint now,
                      SpliceNews news,
                      IsbCode code,
                      bool reset,
                      std::string_view reason)
{
    if (std::exchange(m_over, true))
    {
        return;
    }
    Close(reset);
    m_owner.OnOver(now, m_order.splice, news, code, m_bytes, reason);
}

} // namespace isb
