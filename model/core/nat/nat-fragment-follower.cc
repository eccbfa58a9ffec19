// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-fragment-follower.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

// A TCP fragment that begins inside the fixed header would change ports, flags or checksum.
constexpr uint16_t TCP_FIXED_HEADER = 20;

NatDatagramKey
DatagramOf(const PacketView& view)
{
    return {view.Source(), view.Destination(), view.Identification(), view.Protocol()};
}

/// Bytes of the datagram that a fragment carries: all behind the IP header.
uint32_t
BytesOf(const PacketView& view)
{
    return view.TotalLength() - static_cast<uint32_t>(view.TransportOffset());
}

} // namespace

NatFragmentFollower::NatFragmentFollower(size_t mostDatagrams, size_t mostHeld, Duration lifetime)
    : m_fromInside(mostDatagrams, mostHeld, lifetime),
      m_fromOutside(mostDatagrams, mostHeld, lifetime)
{
}

void
NatFragmentFollower::SetBounds(size_t mostDatagrams, size_t mostHeld, Duration lifetime)
{
    m_fromInside.SetBounds(mostDatagrams, mostHeld, lifetime);
    m_fromOutside.SetBounds(mostDatagrams, mostHeld, lifetime);
}

NatFragmentTable&
NatFragmentFollower::Table(NatSide from)
{
    return from == NatSide::Inside ? m_fromInside : m_fromOutside;
}

void
NatFragmentFollower::Note(TimePoint now,
                          NatSide from,
                          const PacketView& view,
                          const NatDecision& decision)
{
    if (view.HasMoreFragments())
    {
        Table(from).Decide(now, DatagramOf(view), decision, BytesOf(view), m_released);
    }
}

std::optional<NatDecision>
NatFragmentFollower::Follow(TimePoint now, NatSide from, const PacketView& view)
{
    if (view.Protocol() == Protocol::Tcp && view.FragmentOffset() < TCP_FIXED_HEADER)
    {
        return NatDecision::Dropped(NatDrop::OverlappingFragment);
    }
    NatFragmentTable& fragments = Table(from);
    const NatDatagramKey datagram = DatagramOf(view);
    if (const NatDecision* const fate = fragments.Find(datagram))
    {
        const uint32_t begin = view.FragmentOffset();
        const auto fault = fragments.Pass(datagram, begin, begin + BytesOf(view));
        return fault ? NatDecision::Dropped(*fault) : *fate;
    }
    if (!fragments.Hold(now, datagram, m_lastTicket + 1, view.TotalLength()))
    {
        return NatDecision::Dropped(NatDrop::FragmentLimit);
    }
    ++m_lastTicket;
    return std::nullopt;
}

std::vector<NatFragmentTable::Abandoned>
NatFragmentFollower::Expire(TimePoint now)
{
    std::vector<NatFragmentTable::Abandoned> given;
    for (NatFragmentTable* fragments : {&m_fromInside, &m_fromOutside})
    {
        if (fragments->NextExpiry() <= now)
        {
            fragments->Expire(now, given);
        }
    }
    for (const NatFragmentTable::Abandoned& fragment : given)
    {
        m_abandoned.push_back(fragment.ticket);
    }
    return given;
}

std::vector<NatFragmentTable::Abandoned>
NatFragmentFollower::Clear()
{
    std::vector<NatFragmentTable::Abandoned> given;
    m_fromInside.Clear(given);
    m_fromOutside.Clear(given);
    for (const NatFragmentTable::Abandoned& fragment : given)
    {
        m_abandoned.push_back(fragment.ticket);
    }
    return given;
}

TimePoint
NatFragmentFollower::NextExpiry() const
{
    return std::min(m_fromInside.NextExpiry(), m_fromOutside.NextExpiry());
}

std::vector<uint64_t>
NatFragmentFollower::TakeReleased()
{
    return std::exchange(m_released, {});
}

std::vector<uint64_t>
NatFragmentFollower::TakeAbandoned()
{
    return std::exchange(m_abandoned, {});
}

size_t
NatFragmentFollower::Size() const
{
    return m_fromInside.DatagramCount() + m_fromInside.HeldCount() + m_fromOutside.DatagramCount() +
           m_fromOutside.HeldCount();
}

FlowKey
FlowOf(const NatFragmentTable::Abandoned& fragment)
{
    const NatDatagramKey& datagram = fragment.datagram;
    return {datagram.protocol, {datagram.source, 0}, {datagram.destination, 0}};
}

} // namespace isb
