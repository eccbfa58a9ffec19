// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-fragment-ids.h"

namespace isb
{

NatFragmentIds::NatFragmentIds(size_t most, Duration lifetime)
    : m_most(most),
      m_lifetime(lifetime)
{
}

void
NatFragmentIds::SetBounds(size_t most, Duration lifetime)
{
    for (auto& [leaving, owner] : m_owners)
    {
        owner.expiry += lifetime - m_lifetime;
    }
    m_most = most;
    m_lifetime = lifetime;
}

/// What is too old, and the oldest ones unless there is room for one more.
void
NatFragmentIds::Forget(TimePoint now)
{
    while (!m_order.empty())
    {
        const auto oldest = m_owners.find(m_order.front());
        if (oldest->second.expiry > now && m_owners.size() < m_most)
        {
            return;
        }
        m_owners.erase(oldest);
        m_order.pop_front();
    }
}

uint16_t
NatFragmentIds::Choose(TimePoint now, NatDatagramKey leaving, Ipv4 insider)
{
    if (m_most == 0)
    {
        return leaving.identification;
    }
    const auto found = m_owners.find(leaving);
    const uint16_t original = leaving.identification;
    if (found != m_owners.end() && found->second.insider == insider &&
        found->second.original == original)
    {
        m_order.erase(found->second.place);
        m_owners.erase(found);
    }
    Forget(now);
    // Fewer than m_most are taken, so that the search ends, unless those are all there are.
    constexpr size_t all = 65536;
    for (size_t tries = 0; tries < all && m_owners.count(leaving) != 0; ++tries)
    {
        leaving.identification = m_next++;
    }
    const auto [entry, isNew] =
        m_owners.emplace(leaving, Owner{insider, original, now + m_lifetime, {}});
    if (isNew)
    {
        entry->second.place = m_order.insert(m_order.end(), leaving);
    }
    return leaving.identification;
}

} // namespace isb
