// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/impair/impairment.h"

#include "model/core/impair/jitter.h"

#include <algorithm>
#include <cassert>

namespace isb
{

namespace
{

constexpr uint64_t WHOLE = 1'000'000;
constexpr uint64_t NANOSECONDS = 1'000'000'000;

} // namespace

const ImpairmentDropInfo&
DropInfo(ImpairmentDrop drop)
{
    static constexpr std::array<ImpairmentDropInfo, IMPAIRMENT_DROP_COUNT> INFO = {{
        {"impair.loss", "loss"},
        {"impair.burst", "burst-loss"},
        {"impair.queue", "queue"},
        {"impair.in-flight", "most-in-flight"},
    }};
    return INFO.at(static_cast<size_t>(drop));
}

Impairment::Impairment(const ImpairmentSettings& settings, Rng& rng)
    : m_settings(settings),
      m_rng(rng)
{
    assert(!FindContradiction(settings));
}

void
Impairment::Reconfigure(const ImpairmentSettings& settings)
{
    assert(!FindContradiction(settings));
    m_settings = settings;
    m_remainder = 0;
    m_isBurst = m_isBurst && settings.burstEnter.partsPerMillion > 0;
}

bool
Impairment::Chance(Ratio ratio)
{
    return ratio.partsPerMillion > 0 && m_rng.Below(WHOLE) < ratio.partsPerMillion;
}

bool
Impairment::Departure::LeavesAfter(const Departure& a, const Departure& b)
{
    return a.when > b.when || (a.when == b.when && a.order > b.order);
}

ImpairmentVerdict
Impairment::Drop(ImpairmentDrop drop)
{
    ++m_counters.drops.at(static_cast<size_t>(drop));
    return {0, DropInfo(drop).reason, DropInfo(drop).rule};
}

ImpairmentVerdict
Impairment::Submit(TimePoint now, uint64_t id, size_t bytes)
{
    ++m_counters.submitted;
    while (!m_waiting.empty() && m_waiting.front().start <= now)
    {
        m_waitingBytes -= m_waiting.front().bytes;
        m_waiting.pop_front();
    }
    if (m_departures.size() >= m_settings.mostInFlight)
    {
        return Drop(ImpairmentDrop::InFlight);
    }
    if (m_linkFree > now && !HasRoom(bytes))
    {
        return Drop(ImpairmentDrop::Queue);
    }
    TimePoint when = PassLink(now, bytes);
    if (const auto loss = DrawLoss())
    {
        return Drop(*loss);
    }
    when += m_settings.delay;
    if (m_settings.jitter.count() > 0)
    {
        const Duration jitter = DrawJitter(m_settings.jitterShape, m_settings.jitter, m_rng);
        when += std::max(jitter, -m_settings.delay);
    }
    when = std::max(when, m_lastInOrder);
    if (Chance(m_settings.reorder))
    {
        ++m_counters.reordered;
        when += m_settings.reorderBy;
    }
    else
    {
        m_lastInOrder = when;
    }
    const bool isCopied =
        Chance(m_settings.duplicate) && m_departures.size() + 2 <= m_settings.mostInFlight;
    Depart(when, id, !isCopied);
    if (isCopied)
    {
        ++m_counters.duplicated;
        Depart(when, id, true);
    }
    return {static_cast<uint8_t>(isCopied ? 2 : 1), {}, {}};
}

/// For one more packet that has to wait.
bool
Impairment::HasRoom(size_t bytes) const
{
    return m_waiting.size() < m_settings.queuePackets &&
           (m_settings.queueBytes == 0 || m_waitingBytes + bytes <= m_settings.queueBytes);
}

/// When the link has sent the packet.
TimePoint
Impairment::PassLink(TimePoint now, size_t bytes)
{
    const uint64_t rate = m_settings.rate.bitsPerSecond;
    if (m_linkFree > now)
    {
        m_waiting.push_back({m_linkFree, bytes});
        m_waitingBytes += bytes;
    }
    else
    {
        m_linkFree = now;
        m_remainder = 0;
    }
    if (rate > 0)
    {
        const uint64_t scaled = uint64_t{bytes} * 8 * NANOSECONDS + m_remainder;
        m_linkFree += Duration(static_cast<Duration::rep>(scaled / rate));
        m_remainder = scaled % rate;
    }
    return m_linkFree;
}

std::optional<ImpairmentDrop>
Impairment::DrawLoss()
{
    if (Chance(m_isBurst ? m_settings.burstLeave : m_settings.burstEnter))
    {
        m_isBurst = !m_isBurst;
    }
    if (m_isBurst)
    {
        return Chance(m_settings.burstLoss) ? std::optional(ImpairmentDrop::Burst) : std::nullopt;
    }
    return Chance(m_settings.loss) ? std::optional(ImpairmentDrop::Loss) : std::nullopt;
}

void
Impairment::Depart(TimePoint when, uint64_t id, bool isLast)
{
    m_departures.push_back({when, m_order++, id, isLast});
    std::push_heap(m_departures.begin(), m_departures.end(), Departure::LeavesAfter);
}

std::optional<ImpairmentDeparture>
Impairment::TakeDue(TimePoint now)
{
    if (NextTimeout() > now)
    {
        return std::nullopt;
    }
    std::pop_heap(m_departures.begin(), m_departures.end(), Departure::LeavesAfter);
    const Departure first = m_departures.back();
    m_departures.pop_back();
    ++m_counters.departed;
    return ImpairmentDeparture{first.id, first.isLast};
}

TimePoint
Impairment::NextTimeout() const
{
    return m_departures.empty() ? TIME_NEVER : m_departures.front().when;
}

const ImpairmentSettings&
Impairment::Settings() const
{
    return m_settings;
}

const ImpairmentCounters&
Impairment::Counters() const
{
    return m_counters;
}

size_t
Impairment::InFlight() const
{
    return m_departures.size();
}

} // namespace isb
