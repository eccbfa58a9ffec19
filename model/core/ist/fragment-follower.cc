// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/fragment-follower.h"

#include <utility>

namespace isb
{

FragmentFollower::FragmentFollower(const IstSettings& settings)
    : m_maxDatagrams(settings.maxFragmented),
      m_maxHeld(settings.maxHeldFragments),
      m_timeout(settings.fragmentTimeout)
{
}

void
FragmentFollower::First(TimePoint now,
                        const FragmentKey& key,
                        const DatagramFate& fate,
                        size_t payload)
{
    if (m_maxDatagrams == 0)
    {
        return;
    }
    auto found = m_serials.find(key);
    if (found != m_serials.end() &&
        m_datagrams.at(found->second).fate.kind != DatagramFate::Unknown)
    {
        Forget(found->second); // the identification is used again
        found = m_serials.end();
    }
    Datagram& datagram =
        found == m_serials.end() ? Create(now, key) : m_datagrams.at(found->second);
    datagram.fate = fate;
    datagram.passed = payload;
    m_held -= datagram.tickets.size();
    m_released.insert(m_released.end(), datagram.tickets.begin(), datagram.tickets.end());
    datagram.tickets.clear();
}

FragmentFollower::Later
FragmentFollower::Next(TimePoint now,
                       const FragmentKey& key,
                       const FragmentExtent& extent,
                       bool mayHold)
{
    const auto found = m_serials.find(key);
    if (found == m_serials.end() ||
        m_datagrams.at(found->second).fate.kind == DatagramFate::Unknown)
    {
        return mayHold ? HoldBack(now, key) : Later{{DatagramFate::NotOurs, 0, {}, {}, {}}, 0};
    }
    Datagram& datagram = m_datagrams.at(found->second);
    const Later later{datagram.fate, 0};
    datagram.passed += extent.length;
    if (extent.last)
    {
        datagram.total = extent.offset + extent.length;
    }
    if (datagram.total != 0 && datagram.passed >= datagram.total)
    {
        Forget(found->second);
    }
    return later;
}

FragmentFollower::Later
FragmentFollower::HoldBack(TimePoint now, const FragmentKey& key)
{
    if (m_held >= m_maxHeld || m_maxDatagrams == 0)
    {
        return {};
    }
    const auto found = m_serials.find(key);
    Datagram& datagram =
        found == m_serials.end() ? Create(now, key) : m_datagrams.at(found->second);
    datagram.tickets.push_back(++m_lastTicket);
    ++m_held;
    return {{}, m_lastTicket};
}

FragmentFollower::Datagram&
FragmentFollower::Create(TimePoint now, const FragmentKey& key)
{
    if (m_datagrams.size() >= m_maxDatagrams)
    {
        Forget(m_datagrams.begin()->first);
    }
    const uint64_t serial = ++m_lastSerial;
    m_serials[key] = serial;
    Datagram& datagram = m_datagrams[serial];
    datagram.key = key;
    datagram.expiry = now + m_timeout;
    return datagram;
}

void
FragmentFollower::Forget(uint64_t serial)
{
    const auto found = m_datagrams.find(serial);
    const Datagram& datagram = found->second;
    m_held -= datagram.tickets.size();
    m_abandoned.insert(m_abandoned.end(), datagram.tickets.begin(), datagram.tickets.end());
    m_serials.erase(datagram.key);
    m_datagrams.erase(found);
}

std::vector<uint64_t>
FragmentFollower::TakeReleased()
{
    return std::exchange(m_released, {});
}

std::vector<uint64_t>
FragmentFollower::TakeAbandoned()
{
    return std::exchange(m_abandoned, {});
}

TimePoint
FragmentFollower::NextTimeout() const
{
    return m_datagrams.empty() ? TIME_NEVER : m_datagrams.begin()->second.expiry;
}

void
FragmentFollower::Timeout(TimePoint now)
{
    while (!m_datagrams.empty() && m_datagrams.begin()->second.expiry <= now)
    {
        Forget(m_datagrams.begin()->first);
    }
}

} // namespace isb
