// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/stun-ledger.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint64_t BILLION = 1'000'000'000;

} // namespace

StunLedger::Account::Account(TimePoint now, uint64_t most, uint32_t perSecond)
    : m_most(most * BILLION),
      m_perSecond(perSecond),
      m_billionths(m_most),
      m_filled(now)
{
}

void
StunLedger::Account::Refill(TimePoint now)
{
    const auto passed = static_cast<uint64_t>((now - m_filled).count());
    m_filled = now;
    const uint64_t missing = m_most - m_billionths;
    // Compared by division first: the product of a long time would not fit.
    if (m_perSecond != 0 && passed >= missing / m_perSecond)
    {
        m_billionths = m_most;
        return;
    }
    m_billionths += passed * m_perSecond;
}

bool
StunLedger::Account::Has(uint64_t units) const
{
    return m_billionths / BILLION >= units;
}

void
StunLedger::Account::Take(uint64_t units)
{
    m_billionths -= units * BILLION;
}

void
StunLedger::Account::Add(uint64_t units)
{
    m_billionths += std::min(units * BILLION, m_most - m_billionths);
}

StunLedger::StunLedger(const StunServerSettings& settings)
    : m_settings(settings),
      m_total(TimePoint(0), settings.totalAllowance, settings.totalAllowanceRate)
{
}

StunLedger::Source&
StunLedger::Of(TimePoint now, Ipv4 source)
{
    auto found = m_sources.find(source);
    if (found == m_sources.end())
    {
        if (m_sources.size() >= std::max<size_t>(m_settings.maxSources, 1))
        {
            m_sources.erase(m_turns.begin()->second);
            m_turns.erase(m_turns.begin());
        }
        const Source fresh{Account(now, m_settings.sourceAllowance, m_settings.sourceAllowanceRate),
                           Account(now, m_settings.requestBurst, m_settings.requestRate),
                           0};
        found = m_sources.emplace(source, fresh).first;
    }
    else
    {
        m_turns.erase(found->second.turn);
    }
    found->second.turn = ++m_lastTurn;
    m_turns.emplace(m_lastTurn, source);
    return found->second;
}

std::string_view
StunLedger::Book(TimePoint now, Ipv4 source, size_t requestBytes, size_t responseBytes)
{
    Source& from = Of(now, source);
    from.bytes.Refill(now);
    from.answers.Refill(now);
    m_total.Refill(now);
    if (!from.answers.Has(1))
    {
        return "stun.rate";
    }
    if (responseBytes > requestBytes)
    {
        const uint64_t ahead = responseBytes - requestBytes;
        if (!from.bytes.Has(ahead) || !m_total.Has(ahead))
        {
            return "stun.allowance";
        }
        from.bytes.Take(ahead);
        m_total.Take(ahead);
    }
    else
    {
        from.bytes.Add(requestBytes - responseBytes);
    }
    from.answers.Take(1);
    return {};
}

size_t
StunLedger::Size() const
{
    return m_sources.size();
}

} // namespace isb
