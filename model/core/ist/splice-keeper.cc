// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/splice-keeper.h"

#include "model/core/ist/core-settings.h"
#include "model/core/ist/pair-contradiction.h"
#include "model/splice/ist-active.h"

#include <algorithm>
#include <array>
#include <utility>

namespace isb
{

namespace
{

constexpr IstReason REMOVED{"ist.removed", "thesis 3.4.1"};
constexpr IstReason PORT_TAKEN{"ist.port-taken", "thesis 4.4"};
constexpr IstReason NO_PORT{"ist.no-port", "thesis 4.4"};
constexpr IstReason LIFETIME{"ist.lifetime", "thesis 3.6.2"};
constexpr std::array<IstSide, 2> BOTH_SIDES{IstSide::A, IstSide::B};

/// Only the rest of 2 MSL is left.
bool
IsOver(const Splice& splice)
{
    return splice.core.state == IST_STATE_TIME_WAIT;
}

Protocol
ProtocolOf(SpliceMethod method)
{
    return method == SpliceMethod::Udp ? Protocol::Udp : Protocol::Tcp;
}

} // namespace

SpliceKeeper::SpliceKeeper(const IstSettings& settings, Rng& random, TraceSink* trace)
    : table(random),
      report(trace),
      m_settings(settings),
      m_core(CoreSettingsOf(settings)),
      m_random(random)
{
}

Result<uint64_t>
SpliceKeeper::Add(TimePoint now, const IstPair& pair)
{
    const auto isPortOpen = [&](Protocol protocol, uint16_t port)
    { return table.IsPortOpen(protocol, port); };
    if (auto why = PairContradiction(pair, isPortOpen, table.Size(), m_settings.maxSplices))
    {
        ++report.counters.refused;
        return Error{std::move(*why)};
    }
    ++report.counters.added;
    Splice& splice = table.Create(ProtocolOf(pair.method));
    splice.requested = pair.method;
    splice.activeTarget = pair.activeTarget;
    splice.activeSource = pair.activeSource;
    splice.label = pair.label;
    splice.allowance = SpliceAllowance(pair.limits);
    splice.watched = splice.allowance.CountsPackets() || report.IsTraced();
    splice.closedPorts = pair.closedPorts;
    splice.added = now;
    splice.waitingSince = now;
    splice.At(IstSide::A).port = pair.portA;
    splice.At(IstSide::A).allowed = pair.allowedA;
    splice.At(IstSide::B).port = pair.portB;
    splice.At(IstSide::B).allowed = pair.allowedB;
    ist_splice_init(&splice.core, CoreMethodOf(pair.method));
    (void)table.OpenPort(splice, IstSide::A);
    if (pair.portB != 0 && pair.method != SpliceMethod::Active)
    {
        (void)table.OpenPort(splice, IstSide::B);
    }
    Reschedule(splice);
    return splice.id;
}

bool
SpliceKeeper::Remove(TimePoint now, uint64_t id)
{
    Splice* splice = table.Find(id);
    if (splice)
    {
        End(now, *splice, REMOVED);
    }
    return splice != nullptr;
}

void
SpliceKeeper::End(TimePoint now, Splice& splice, IstReason reason)
{
    ist_verdict verdict;
    ist_verdict_begin(&verdict, &splice.core);
    if (splice.core.state == IST_STATE_TIME_WAIT)
    {
        ist_close(&splice.core, IST_REASON_NONE, &verdict); // both users have closed already
    }
    else
    {
        ist_time_out(&splice.core, IST_REASON_NONE, &m_core, &verdict);
    }
    ist_verdict_end(&splice.core, &m_core, &verdict);
    Settle(now, splice, verdict, reason);
}

template <typename IsFree>
uint16_t
SpliceKeeper::ChoosePort(IsFree isFree)
{
    const uint32_t first = std::max<uint32_t>(m_settings.ownPortFirst, 1);
    if (m_settings.ownPortLast < first)
    {
        return 0;
    }
    const uint32_t count = m_settings.ownPortLast - first + 1;
    const auto start = static_cast<uint32_t>(m_random.Below(count));
    for (uint32_t i = 0; i < count; ++i)
    {
        const auto port = static_cast<uint16_t>(first + (start + i) % count);
        if (isFree(port))
        {
            return port;
        }
    }
    return 0;
}

/// From where to connect: as ordered, or the address to which A came, or, when B is of the other
/// family, the first own address of B's.
IpAddress
SpliceKeeper::ActiveSource(const Splice& splice, const ist_packet& packet) const
{
    const uint8_t family = splice.activeTarget.address.family;
    if (splice.activeSource)
    {
        return *splice.activeSource;
    }
    if (packet.family == family)
    {
        return {packet.family, packet.tuple.destination};
    }
    const auto& own = m_settings.addresses;
    const auto found =
        std::find_if(own.begin(),
                     own.end(),
                     [family](const IpAddress& address) { return address.family == family; });
    IpAddress none;
    none.family = splice.activeTarget.address.family;
    return found == own.end() ? none : *found;
}

bool
SpliceKeeper::PrepareActive(Splice& splice, const ist_packet& packet)
{
    IstFlow fromB;
    fromB.family = splice.activeTarget.address.family;
    fromB.tuple.source = splice.activeTarget.address.ToWords();
    fromB.tuple.source_port = splice.activeTarget.port;
    fromB.tuple.destination = ActiveSource(splice, packet).ToWords();
    const auto isFree = [&](uint16_t port)
    {
        fromB.tuple.destination_port = port;
        return !table.IsPortOpen(Protocol::Tcp, port) && !table.HasFlow(fromB);
    };
    uint16_t port = splice.At(IstSide::B).port;
    if (port == 0)
    {
        port = ChoosePort(isFree);
    }
    const IpAddress source(fromB.family, fromB.tuple.destination);
    if (port == 0 || !isFree(port) || source.IsUnspecified())
    {
        return false;
    }
    splice.At(IstSide::B).port = port;
    ist_active_config config{};
    config.family_b = fromB.family;
    config.from_b = fromB.tuple;
    config.isn_to_a = static_cast<uint32_t>(m_random.Next());
    config.isn_to_b = static_cast<uint32_t>(m_random.Next());
    ist_active_init(&splice.core, &config, &m_core);
    return true;
}

void
SpliceKeeper::Settle(TimePoint now, Splice& splice, const ist_verdict& verdict, IstReason reason)
{
    EmitCrafted(now, splice, verdict);
    const bool first = (verdict.events & IST_EVENT_FIRST) != 0;
    const bool waits = !first || OnFirstSeen(now, splice);
    if (verdict.from_state != verdict.to_state)
    {
        report.State(now, splice, verdict, reason);
    }
    if ((verdict.events & IST_EVENT_FALLBACK) != 0)
    {
        FallBack(now, splice, reason);
    }
    if ((verdict.events & IST_EVENT_PAIRED) != 0)
    {
        OnPaired(now, splice);
    }
    if (verdict.to_state == IST_STATE_CLOSED)
    {
        OnClosed(splice, reason);
        return;
    }
    if (!waits)
    {
        End(now, splice, NO_PORT);
        return;
    }
    if ((verdict.events & IST_EVENT_RENEWED) != 0 && !Reopen(now, splice))
    {
        End(now, splice, PORT_TAKEN);
        return;
    }
    Reschedule(splice);
}

void
SpliceKeeper::EmitCrafted(TimePoint now, Splice& splice, const ist_verdict& verdict)
{
    for (unsigned int i = 0; i < verdict.emit_count; ++i)
    {
        const ist_crafted& crafted = verdict.emit[i];
        m_emitted.emplace_back(crafted.bytes, crafted.bytes + crafted.length);
        ++report.counters.emitted;
        ist_packet packet;
        if (report.IsTraced() &&
            ist_packet_parse(&packet, crafted.bytes, crafted.length, crafted.length) == 0)
        {
            report.Handshake(now, splice, packet, "sent", {});
        }
    }
}

void
SpliceKeeper::OnPaired(TimePoint now, Splice& splice)
{
    EnterFlows(splice);
    splice.allowance.Start(now);
    report.Paired(now, splice);
    Tell(splice, {});
}

void
SpliceKeeper::OnClosed(Splice& splice, IstReason reason)
{
    CarrierNews news;
    news.kind = CarrierNews::Ended;
    news.reason = reason.name;
    news.bytes = splice.side[0].bytes + splice.side[1].bytes;
    Tell(splice, news);
    m_deadlines.Schedule(splice.id, splice.entered, TIME_NEVER);
    table.Destroy(splice);
    ++report.counters.ended;
}

void
SpliceKeeper::FallBack(TimePoint now, const Splice& splice, IstReason reason)
{
    report.Fallback(now, splice, reason);
    CarrierNews news;
    news.kind = CarrierNews::FellBack;
    news.reason = reason.name;
    Tell(splice, news);
}

void
SpliceKeeper::Tell(const Splice& splice, CarrierNews news)
{
    if (splice.label != 0)
    {
        news.id = splice.id;
        news.label = splice.label;
        m_notices.push_back(news);
    }
}

/// False when the other user has no port to come to.
bool
SpliceKeeper::OnFirstSeen(TimePoint now, Splice& splice)
{
    bool opened = true;
    if (splice.requested == SpliceMethod::Active)
    {
        EnterFlows(splice); // B's end is already known
    }
    else if (splice.requested == SpliceMethod::Pure && splice.At(IstSide::B).port == 0)
    {
        opened = OpenReturnPort(now, splice);
    }
    const IstSide first = splice.Knows(IstSide::A) ? IstSide::A : IstSide::B;
    CarrierNews news;
    news.kind = CarrierNews::FirstSide;
    news.peer = SourceOf(splice.CoreSide(first).family, splice.CoreSide(first).tuple);
    news.port =
        splice.requested == SpliceMethod::Pure ? splice.At(Opposite(first)).port : uint16_t{0};
    if (opened)
    {
        Tell(splice, news);
    }
    return opened;
}

/// Thesis Fig 4.7: B connects to the IST port with the number of A's source port, P2.
bool
SpliceKeeper::OpenReturnPort(TimePoint now, Splice& splice)
{
    const auto& closed = splice.closedPorts;
    const auto isFree = [&](uint16_t port)
    {
        return port != 0 && !table.IsPortOpen(Protocol::Tcp, port) &&
               std::find(closed.begin(), closed.end(), port) == closed.end();
    };
    Splice::Side& b = splice.At(IstSide::B);
    b.follows = true;
    b.port = splice.CoreSide(IstSide::A).tuple.source_port;
    if (!isFree(b.port))
    {
        ist_splice_fall_back(&splice.core);
        b.port = ChoosePort(isFree);
        FallBack(now, splice, PORT_TAKEN);
    }
    return b.port != 0 && table.OpenPort(splice, IstSide::B);
}

void
SpliceKeeper::EnterFlows(Splice& splice)
{
    for (const IstSide which : BOTH_SIDES)
    {
        table.ClosePort(splice, which);
        if (!splice.At(which).flow)
        {
            table.EnterFlow(splice, which);
        }
    }
}

/// A side has gone before the handshake was complete: its port waits again. False when another
/// splice has it by now.
bool
SpliceKeeper::Reopen(TimePoint now, Splice& splice)
{
    if (splice.core.state == IST_STATE_LISTEN)
    {
        splice.waitingSince = now;
        if (splice.At(IstSide::B).follows)
        {
            table.ClosePort(splice, IstSide::B);
            splice.At(IstSide::B).port = 0;
        }
    }
    bool open = true;
    for (const IstSide which : BOTH_SIDES)
    {
        if (!splice.Knows(which))
        {
            table.EraseFlow(splice, which);
            open = open && (splice.At(which).port == 0 || table.OpenPort(splice, which));
        }
    }
    return open;
}

TimePoint
SpliceKeeper::DeadlineOf(const Splice& splice) const
{
    const bool waits =
        splice.core.state == IST_STATE_LISTEN ||
        (splice.core.state == IST_STATE_SYN_LOOKUP && splice.core.method != IST_METHOD_ACTIVE);
    const uint64_t core = ist_splice_deadline(&splice.core, &m_core);
    TimePoint deadline = core < Nanoseconds(TIME_NEVER) ? TimePoint(core) : TIME_NEVER;
    if (splice.core.state == IST_STATE_LISTEN)
    {
        deadline = splice.waitingSince + m_settings.unmatchedTimeout;
    }
    if (waits)
    {
        return std::min(deadline, splice.added + m_settings.unmatchedLimit);
    }
    return IsOver(splice) ? deadline : std::min(deadline, splice.allowance.End());
}

void
SpliceKeeper::Reschedule(Splice& splice)
{
    const TimePoint deadline = DeadlineOf(splice);
    if (deadline < splice.entered)
    {
        m_deadlines.Schedule(splice.id, splice.entered, deadline);
    }
}

TimePoint
SpliceKeeper::NextTimeout() const
{
    return m_deadlines.Next();
}

void
SpliceKeeper::Timeout(TimePoint now)
{
    while (const auto id = m_deadlines.PopDue(now))
    {
        Splice& splice = *table.Find(*id);
        splice.entered = TIME_NEVER;
        if (DeadlineOf(splice) > now)
        {
            Reschedule(splice);
            continue;
        }
        if (!IsOver(splice) && splice.allowance.End() <= now)
        {
            End(now, splice, LIFETIME);
            continue;
        }
        if (ist_splice_deadline(&splice.core, &m_core) > Nanoseconds(now))
        {
            End(now,
                splice,
                ReasonOf(IST_REASON_UNMATCHED_TIMEOUT)); // only the carrier's own bound
            continue;
        }
        ist_verdict verdict;
        ist_splice_timeout(&splice.core, Nanoseconds(now), &m_core, &verdict);
        Settle(now, splice, verdict, ReasonOf(verdict.reason));
    }
}

std::vector<CarrierNews>
SpliceKeeper::TakeNotices()
{
    return std::exchange(m_notices, {});
}

std::vector<std::vector<uint8_t>>
SpliceKeeper::TakeEmitted()
{
    return std::exchange(m_emitted, {});
}

} // namespace isb
