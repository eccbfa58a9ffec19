// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-udp-hairpin.h"

#include <algorithm>
#include <utility>

namespace isb
{

NatUdpHairpin::NatUdpHairpin(NatTestBench& bench, OnDone done)
    : m_bench(bench),
      m_done(std::move(done))
{
}

void
NatUdpHairpin::Run()
{
    m_bench.ListenForOthers([this](TimePoint now, SocketId socket, const StunMessage& message)
                            { OnHeard(now, socket, message); });
    for (int i = 0; i < 2; ++i)
    {
        m_bench.OpenUdp(0,
                        [this](TimePoint now, SocketId socket, Endpoint local)
                        { Learn(now, socket, local); });
    }
}

void
NatUdpHairpin::Learn(TimePoint now, SocketId socket, Endpoint local)
{
    m_bench.Ask(now,
                socket,
                m_bench.settings.server,
                {},
                [this, socket, local](TimePoint later, const StunReply* reply)
                {
                    const std::optional<Endpoint> mapped = MappedOf(reply);
                    if (mapped)
                    {
                        m_bench.Saw(local.port, *mapped);
                    }
                    m_sides.push_back({socket, mapped.value_or(Endpoint{})});
                    if (m_sides.size() < 2)
                    {
                        return;
                    }
                    if (m_sides[0].mapped.port == 0 || m_sides[1].mapped.port == 0)
                    {
                        m_bench.Note("hairpin: no answer");
                        m_done(later);
                        return;
                    }
                    m_ran = true;
                    Send(later, 0);
                });
}

void
NatUdpHairpin::Send(TimePoint now, uint32_t times)
{
    if (m_over)
    {
        return;
    }
    // Each side sends before the other's can come through its filter: so twice at least.
    if (times > std::max<uint32_t>(m_bench.settings.transmissions, 2))
    {
        m_over = true;
        m_done(now);
        return;
    }
    for (size_t i = 0; i < 2; ++i)
    {
        const StunId id = m_bench.NewId();
        m_ids.insert(id);
        m_bench.orders.emplace_back(
            SendToOrder{m_sides[i].socket, m_sides[1 - i].mapped, m_bench.MakeRequest(id, {})});
    }
    m_bench.At(now + m_bench.settings.firstRto,
               [this, times](TimePoint later) { Send(later, times + 1); });
}

void
NatUdpHairpin::OnHeard(TimePoint now, SocketId socket, const StunMessage& message)
{
    const bool mine = std::any_of(m_sides.begin(),
                                  m_sides.end(),
                                  [socket](const Side& s) { return s.socket == socket; });
    if (mine && !m_over && m_ids.count(message.id) != 0)
    {
        m_heard = true;
        m_over = true;
        m_done(now);
    }
}

bool
NatUdpHairpin::HasRun() const
{
    return m_ran;
}

bool
NatUdpHairpin::WasHeard() const
{
    return m_heard;
}

} // namespace isb
