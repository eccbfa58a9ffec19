// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-answers.h"

#include "model/core/nat/nat-icmp.h"
#include "model/core/nat/nat-packet.h"
#include "model/core/nat/nat-tcp-state.h"
#include "model/splice/ist-checksum.h"
#include "model/wire/packet-builder.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

constexpr uint8_t PORT_UNREACHABLE = 3;
constexpr uint8_t FRAGMENTATION_NEEDED = 4;
constexpr uint8_t ADMINISTRATIVELY_PROHIBITED = 13;

// ICMP errors: 100 a second, after a pause 50 at once.
constexpr Duration ERROR_INTERVAL = std::chrono::milliseconds(10);
constexpr Duration ERROR_BURST = ERROR_INTERVAL * 50;

constexpr size_t IP_SOURCE = 12;

// A driver that drains after every packet never sees more than a few.
constexpr size_t MOST_WAITING = 1024;

// RFC 1812 section 4.3.2.3: 576 bytes in all.
constexpr size_t MOST_QUOTED = 548;

/// RFC 1812 section 4.3.2.7: what is never answered with an ICMP error.
bool
MayAnswer(const PacketView& view)
{
    const bool isAsked = view.Protocol() != Protocol::Icmp || IsIcmpQuery(view.IcmpType()) ||
                         IsIcmpReply(view.IcmpType());
    return IsHost(view.Source()) && !view.IsLaterFragment() && isAsked;
}

} // namespace

NatAnswers::NatAnswers(const NatSettings& settings)
    : m_settings(settings)
{
}

NatDrop
NatAnswers::Refuse(TimePoint now,
                   NatSide from,
                   ByteView header,
                   const PacketView& view,
                   const NatDecision& decision,
                   uint16_t mtu)
{
    if (!MayAnswer(view))
    {
        return decision.drop;
    }
    const ByteView packet(header.data, std::min<size_t>(header.size, view.TotalLength()));
    switch (decision.drop)
    {
    case NatDrop::NoMapping:
    case NatDrop::Filtered:
        return RefuseSyn(now, from, packet, view, decision);
    case NatDrop::PoolExhausted:
    case NatDrop::TableFull:
    case NatDrop::SubscriberLimit:
    case NatDrop::MappingRate:
        if (from == NatSide::Inside)
        {
            Error(now, from, packet, ICMP_UNREACHABLE, ADMINISTRATIVELY_PROHIBITED, 0);
        }
        break;
    case NatDrop::PacketTooBig:
        Error(now, from, packet, ICMP_UNREACHABLE, FRAGMENTATION_NEEDED, mtu);
        break;
    case NatDrop::TtlExpired:
        Error(now, from, packet, ICMP_TIME_EXCEEDED, 0, 0);
        break;
    default:
        break;
    }
    return decision.drop;
}

NatDrop
NatAnswers::RefuseSyn(TimePoint now,
                      NatSide from,
                      ByteView header,
                      const PacketView& view,
                      const NatDecision& decision)
{
    if (view.Protocol() != Protocol::Tcp || !NatTcpState::Opens(view.TcpFlags()))
    {
        return decision.drop;
    }
    switch (m_settings.unsolicitedSyn)
    {
    case NatSynAnswer::Drop:
        break;
    case NatSynAnswer::Reset:
        Reset(from, view);
        break;
    case NatSynAnswer::Unreachable:
        Error(now, from, header, ICMP_UNREACHABLE, PORT_UNREACHABLE, 0);
        break;
    case NatSynAnswer::Hold:
        if (m_held.Hold(now + m_settings.timers.synHold,
                        view.DestinationEndpoint(),
                        decision.source,
                        from,
                        header,
                        m_settings.limits.heldSyns))
        {
            return NatDrop::SynHeld;
        }
        break;
    }
    return decision.drop;
}

void
NatAnswers::NoteSyn(Endpoint external, Endpoint remote)
{
    m_held.Forget(external, remote);
}

void
NatAnswers::Expire(TimePoint now)
{
    for (const NatHeldSyns::Held& held : m_held.TakeDue(now))
    {
        Error(now, held.from, held.start, ICMP_UNREACHABLE, PORT_UNREACHABLE, 0);
    }
}

TimePoint
NatAnswers::NextExpiry() const
{
    return m_held.NextDue();
}

void
NatAnswers::Clear()
{
    m_held.Clear();
}

std::vector<NatEmitted>
NatAnswers::Take()
{
    return std::exchange(m_emitted, {});
}

/// RFC 9293 section 3.10.7.1: to a SYN, sequence number zero and everything acknowledged.
void
NatAnswers::Reset(NatSide to, const PacketView& syn)
{
    if (m_emitted.size() >= MOST_WAITING)
    {
        ++m_suppressedCount;
        return;
    }
    TcpFields fields;
    fields.acknowledgement = syn.Sequence() + 1 + static_cast<uint32_t>(syn.PayloadLength());
    fields.flags = TCP_RST | TCP_ACK;
    fields.window = 0;
    m_emitted.push_back(
        {to, BuildTcp(syn.DestinationEndpoint(), syn.SourceEndpoint(), fields, ByteView{})});
    ++m_emittedCount;
}

void
NatAnswers::Error(TimePoint now,
                  NatSide to,
                  ByteView packet,
                  uint8_t type,
                  uint8_t code,
                  uint16_t mtu)
{
    if (m_emitted.size() >= MOST_WAITING || !TakeTurn(now))
    {
        ++m_suppressedCount;
        return;
    }
    const Ipv4 receiver{ist_get32(packet.data + IP_SOURCE)};
    m_emitted.push_back(
        {to, BuildIcmpError(m_settings.external, receiver, type, code, mtu, packet, MOST_QUOTED)});
    ++m_emittedCount;
}

/// A token bucket as one moment: when it is full again.
bool
NatAnswers::TakeTurn(TimePoint now)
{
    const TimePoint from = std::max(m_fullAgain, now);
    if (from - now >= ERROR_BURST)
    {
        return false;
    }
    m_fullAgain = from + ERROR_INTERVAL;
    return true;
}

} // namespace isb
