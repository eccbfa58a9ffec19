// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-subscribers.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint64_t ONE_MAPPING = 1'000'000'000;
constexpr Duration BURST = std::chrono::seconds(1);

} // namespace

NatSubscribers::NatSubscribers(NatHash hash, uint32_t newMappingsPerSecond, size_t most)
    : m_hash(hash),
      m_rate(newMappingsPerSecond),
      m_most(most)
{
}

uint32_t
NatSubscribers::HashOf(Ipv4 address) const
{
    return m_hash({0, address.value});
}

uint32_t
NatSubscribers::Find(Ipv4 address) const
{
    return m_index.Find(HashOf(address),
                        [&](uint32_t slot) { return m_subscribers[slot].address == address; });
}

uint32_t
NatSubscribers::Enter(TimePoint now, Ipv4 address)
{
    ForgetWaiting(now);
    const uint32_t found = Find(address);
    if (found != NAT_NO_SLOT)
    {
        return found;
    }
    NatSubscriber subscriber;
    subscriber.address = address;
    subscriber.credit = m_rate * ONE_MAPPING;
    subscriber.creditAt = now;
    const uint32_t slot = m_subscribers.Add(subscriber);
    m_index.Insert(HashOf(address), slot);
    return slot;
}

void
NatSubscribers::Leave(TimePoint now, uint32_t subscriber)
{
    NatSubscriber& entry = m_subscribers[subscriber];
    entry.external = NAT_NO_ADDRESS;
    if (m_rate == 0)
    {
        Forget(subscriber);
        return;
    }
    if (!entry.isWaiting)
    {
        entry.isWaiting = true;
        m_waiting.push_back({subscriber, now + BURST});
    }
}

void
NatSubscribers::Forget(uint32_t subscriber)
{
    m_index.Erase(HashOf(m_subscribers[subscriber].address), subscriber);
    m_subscribers.Free(subscriber);
}

/// A subscriber that came back meanwhile stays, and waits anew when it leaves again.
void
NatSubscribers::ForgetWaiting(TimePoint now)
{
    while (!m_waiting.empty() && (m_waiting.front().until <= now || m_waiting.size() > m_most))
    {
        const Waiting first = m_waiting.front();
        m_waiting.pop_front();
        NatSubscriber& entry = m_subscribers[first.subscriber];
        entry.isWaiting = false;
        if (entry.mappings != 0)
        {
            continue;
        }
        if (entry.creditAt + BURST > now && m_waiting.size() < m_most)
        {
            entry.isWaiting = true; // it was here again since
            m_waiting.push_back({first.subscriber, entry.creditAt + BURST});
            continue;
        }
        Forget(first.subscriber);
    }
}

bool
NatSubscribers::CanPay(TimePoint now, uint32_t subscriber)
{
    if (m_rate == 0)
    {
        return true;
    }
    NatSubscriber& entry = m_subscribers[subscriber];
    const auto passed = static_cast<uint64_t>(std::min(now - entry.creditAt, BURST).count());
    entry.credit = std::min(entry.credit + passed * m_rate, m_rate * ONE_MAPPING);
    entry.creditAt = now;
    return entry.credit >= ONE_MAPPING;
}

bool
NatSubscribers::Pay(TimePoint now, uint32_t subscriber)
{
    if (!CanPay(now, subscriber))
    {
        return false;
    }
    m_subscribers[subscriber].credit -= m_rate == 0 ? 0 : ONE_MAPPING;
    return true;
}

} // namespace isb
