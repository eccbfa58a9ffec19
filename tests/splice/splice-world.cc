// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice/splice-world.h"

#include "model/splice/ist-names.h"

#include <algorithm>

namespace isb::test
{
namespace
{

constexpr uint64_t NEVER = ~uint64_t{0};
constexpr uint16_t IST_PORT[2] = {7000, 7001};
constexpr uint16_t USER_PORT[2] = {31000, 32000};

} // namespace

SpliceWorld::SpliceWorld(unsigned int method,
                         uint64_t seed,
                         const ist_settings& settings,
                         std::array<uint8_t, 2> families)
    : m_settings(settings),
      m_families(families),
      m_random(seed)
{
    if (method == IST_METHOD_ACTIVE)
    {
        ist_active_config config{};
        config.family_b = m_families[1];
        config.from_b = TupleOf(1, USER_PORT[1]);
        config.isn_to_a = static_cast<uint32_t>(m_random());
        config.isn_to_b = static_cast<uint32_t>(m_random());
        ist_active_init(&splice, &config, &settings);
    }
    else
    {
        ist_splice_init(&splice, method);
    }
    users.reserve(2);
}

ist_tuple
SpliceWorld::TupleOf(unsigned int side, uint16_t port) const
{
    return m_families[side] == IST_FAMILY_IPV6
               ? MakeTuple6(static_cast<uint16_t>(10 + side), 1, port, IST_PORT[side])
               : MakeTuple(ADDRESS[side], port, IST_ADDRESS, IST_PORT[side]);
}

void
SpliceWorld::SetUser(unsigned int side, ModelTcpConfig config, uint64_t opensAtNs)
{
    // Pure: each comes from the port that the other connects to.
    const bool pure = splice.wanted == IST_METHOD_PURE;
    const uint16_t port = pure ? IST_PORT[side ^ 1] : USER_PORT[side];
    config.tuple = TupleOf(side, port);
    config.family = m_families[side];
    m_sent[side] = config.data;
    if (!config.listens)
    {
        m_opens[side] = opensAtNs;
    }
    users.emplace_back(config);
}

void
SpliceWorld::Transmit(unsigned int side, bool towardsUser, const Packet& packet)
{
    const unsigned int copies = m_random() % 1000 < faults.duplicate ? 2 : 1;
    for (unsigned int i = 0; i < copies; ++i)
    {
        if (m_random() % 1000 < faults.lose)
        {
            continue;
        }
        const uint64_t jitter = faults.jitterNs ? m_random() % faults.jitterNs : 0;
        m_events.emplace(nowNs + faults.delayNs + jitter, Event{side, towardsUser, packet});
    }
}

void
SpliceWorld::Account(const ist_verdict& verdict)
{
    if (verdict.action == IST_ACTION_DROP)
    {
        ++drops[verdict.reason];
    }
    if (verdict.events & IST_EVENT_CLOSED)
    {
        ++closes[verdict.reason];
    }
    fallbacks += verdict.events & IST_EVENT_FALLBACK ? 1 : 0;
    for (unsigned int i = 0; i < verdict.emit_count; ++i)
    {
        const ist_crafted& made = verdict.emit[i];
        const Packet packet(made.bytes, made.bytes + made.length);
        resetsMade += Parse(packet).tcp_flags & IST_TCP_RST ? 1 : 0;
        bytesTo[made.to] += packet.size();
        Transmit(made.to, true, packet);
    }
}

ist_verdict
SpliceWorld::Inject(unsigned int side, const Packet& packet)
{
    ist_verdict verdict;
    const ist_packet parsed = Parse(packet);
    bytesFrom[side] += packet.size();
    if (splice.wanted == IST_METHOD_ACTIVE)
    {
        ist_active_step(&splice, &parsed, side, nowNs, &m_settings, &verdict);
    }
    else
    {
        ist_splice_step(&splice, &parsed, side, nowNs, &m_settings, &verdict);
    }
    if (verdict.action == IST_ACTION_FORWARD)
    {
        const Packet edited = Edited(packet, parsed, verdict.edits);
        bytesTo[side ^ 1] += edited.size();
        Transmit(side ^ 1, true, edited);
    }
    Account(verdict);
    return verdict;
}

void
SpliceWorld::Handle(const Event& event)
{
    if (event.towardsUser)
    {
        users[event.side].Receive(nowNs, event.packet);
    }
    else
    {
        Inject(event.side, event.packet);
    }
}

void
SpliceWorld::Drain()
{
    for (unsigned int side = 0; side < users.size(); ++side)
    {
        for (const Packet& packet : users[side].Take())
        {
            Transmit(side, false, packet);
        }
    }
}

uint64_t
SpliceWorld::NextTimer() const
{
    uint64_t next = ist_splice_deadline(&splice, &m_settings);
    for (unsigned int side = 0; side < users.size(); ++side)
    {
        next = std::min({next, users[side].Deadline(), m_opens[side]});
    }
    return next;
}

void
SpliceWorld::FireTimers()
{
    if (ist_splice_deadline(&splice, &m_settings) <= nowNs)
    {
        ist_verdict verdict;
        ist_splice_timeout(&splice, nowNs, &m_settings, &verdict);
        Account(verdict);
    }
    for (unsigned int side = 0; side < users.size(); ++side)
    {
        if (m_opens[side] <= nowNs)
        {
            m_opens[side] = NEVER;
            users[side].Open(nowNs);
        }
        if (users[side].Deadline() <= nowNs)
        {
            users[side].Timeout(nowNs);
        }
    }
}

void
SpliceWorld::Run(uint64_t untilNs)
{
    Drain();
    for (;;)
    {
        const uint64_t packet = m_events.empty() ? NEVER : m_events.begin()->first;
        const uint64_t timer = NextTimer();
        const uint64_t next = std::min(packet, timer);
        if (next == NEVER || next > untilNs)
        {
            break;
        }
        nowNs = std::max(nowNs, next);
        if (packet <= timer)
        {
            const Event event = m_events.begin()->second;
            m_events.erase(m_events.begin());
            Handle(event);
        }
        else
        {
            FireTimers();
        }
        Drain();
    }
    nowNs = std::max(nowNs, std::min(untilNs, NEVER - 1));
}

std::string
SpliceWorld::Fault() const
{
    for (unsigned int side = 0; side < 2; ++side)
    {
        const ModelTcp& user = users[side];
        const std::string name = side == IST_SIDE_A ? "A: " : "B: ";
        if (!user.Violations().empty())
        {
            return name + user.Violations().front();
        }
        if (user.WasReset())
        {
            return name + "was reset";
        }
        if (user.Received() != m_sent[side ^ 1])
        {
            return name + "received " + std::to_string(user.Received().size()) + " of " +
                   std::to_string(m_sent[side ^ 1].size()) + " bytes";
        }
        if (!user.Done())
        {
            return name + "did not finish";
        }
    }
    if (splice.state != IST_STATE_CLOSED || closes.count(IST_REASON_TIME_WAIT_OVER) != 1)
    {
        return std::string("splice ended in ") + ist_state_name(splice.state);
    }
    return resetsMade ? "a RST was made" : "";
}

} // namespace isb::test
