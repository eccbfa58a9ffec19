// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/nearness-prober.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace isb
{

namespace
{

constexpr uint8_t ECHO_MAGIC[8] = {'I', 'S', 'B', 'E', 'C', 'H', 'O', '1'};
constexpr size_t ECHO_SIZE = 16;

std::vector<uint8_t>
MakeEcho(uint64_t nonce)
{
    std::vector<uint8_t> bytes(ECHO_MAGIC, ECHO_MAGIC + sizeof ECHO_MAGIC);
    for (int shift = 56; shift >= 0; shift -= 8)
    {
        bytes.push_back(static_cast<uint8_t>(nonce >> shift));
    }
    return bytes;
}

/// 0: not an echo.
uint64_t
NonceOf(ByteView bytes)
{
    if (bytes.size != ECHO_SIZE || std::memcmp(bytes.data, ECHO_MAGIC, sizeof ECHO_MAGIC) != 0)
    {
        return 0;
    }
    uint64_t nonce = 0;
    for (size_t i = sizeof ECHO_MAGIC; i < ECHO_SIZE; ++i)
    {
        nonce = nonce << 8 | bytes.data[i];
    }
    return nonce;
}

} // namespace

NearnessProber::NearnessProber(DaemonHost& host, BrokerLink& link)
    : m_host(host),
      m_link(link),
      m_timer(host.timers, [this](TimePoint now) { OnRoundOver(now); })
{
}

void
NearnessProber::Measure(TimePoint now, const IstListMessage& list)
{
    (void)now;
    Stop();
    for (const IstListEntry& entry : list.entries)
    {
        if (entry.ping.port != 0)
        {
            m_targets.push_back(Target{entry.name, entry.ping, 0, Duration::max()});
        }
    }
    if (!m_targets.empty() && m_host.settings.echoes > 0)
    {
        m_socket = m_host.sockets.Listen(this, Protocol::Udp, Endpoint{});
    }
}

void
NearnessProber::Stop()
{
    m_host.sockets.Close(std::exchange(m_socket, 0), false);
    m_timer.Stop();
    m_targets.clear();
    m_round = 0;
    m_awaited = 0;
}

void
NearnessProber::OnListening(TimePoint now, SocketId, Endpoint)
{
    SendRound(now);
}

void
NearnessProber::OnFailed(TimePoint, SocketId, std::string_view)
{
    m_socket = 0;
    Stop();
}

void
NearnessProber::SendRound(TimePoint now)
{
    ++m_round;
    m_sent = now;
    m_awaited = m_targets.size();
    for (Target& target : m_targets)
    {
        target.nonce = m_host.random.Next() | 1;
        m_host.sockets.SendTo(m_socket, target.ping, MakeEcho(target.nonce));
    }
    m_timer.Set(now + m_host.settings.echoTimeout);
}

void
NearnessProber::OnDatagram(TimePoint now, SocketId, Endpoint from, ByteView bytes)
{
    const uint64_t nonce = NonceOf(bytes);
    for (Target& target : m_targets)
    {
        if (nonce != 0 && target.nonce == nonce && target.ping == from)
        {
            target.nonce = 0;
            target.least = std::min(target.least, now - m_sent);
            if (--m_awaited == 0)
            {
                OnRoundOver(now);
            }
            return;
        }
    }
    m_host.journal.Drop(now,
                        FlowKey{Protocol::Udp, from, Endpoint{}},
                        bytes.size,
                        "daemon.strange-echo");
}

void
NearnessProber::OnRoundOver(TimePoint now)
{
    if (m_round < m_host.settings.echoes)
    {
        SendRound(now);
        return;
    }
    NearnessMessage nearness;
    for (const Target& target : m_targets)
    {
        if (target.least != Duration::max())
        {
            nearness.entries.push_back(NearnessEntry{target.ist, target.least});
        }
    }
    Stop();
    if (!nearness.entries.empty())
    {
        m_link.Send(now, std::move(nearness));
    }
}

} // namespace isb
