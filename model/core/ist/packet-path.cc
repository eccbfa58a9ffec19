// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/packet-path.h"

#include "model/core/ist/icmp-error.h"
#include "model/splice/ist-active.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr IstReason NO_PORT{"ist.no-port", "thesis 4.2"};
constexpr IstReason SOURCE_REFUSED{"ist.source-refused", "thesis 3.3"};
constexpr IstReason FRAGMENT_LIMIT{"ist.fragment-limit", "RFC 791 section 3.2"};

bool
IsOnlySyn(const ist_packet& packet)
{
    return packet.protocol == IST_PROTOCOL_TCP &&
           (packet.tcp_flags & (IST_TCP_CONTROL | IST_TCP_ACK)) == IST_TCP_SYN;
}

bool
IsFragment(const ist_packet& packet)
{
    return packet.fragment_offset != 0 || (packet.flags & IST_PACKET_MORE_FRAGMENTS) != 0;
}

Protocol
ProtocolOf(const ist_packet& packet)
{
    return static_cast<Protocol>(packet.protocol);
}

FragmentKey
FragmentKeyOf(const ist_packet& packet)
{
    return {SourceOf(packet.tuple).address,
            DestinationOf(packet.tuple).address,
            static_cast<uint16_t>(packet.identification),
            ProtocolOf(packet)};
}

/// The flow of a packet that the parser refuses, if its ports can be read all the same.
std::optional<FlowKey>
ReadableFlow(ByteView header)
{
    constexpr size_t IP_HEADER_MIN = 20;
    if (header.size < IP_HEADER_MIN || header.data[0] >> 4 != 4)
    {
        return std::nullopt;
    }
    const size_t ports = std::max(size_t{header.data[0] & 0xfU} * 4, IP_HEADER_MIN);
    const uint8_t protocol = header.data[9];
    if ((protocol != IST_PROTOCOL_TCP && protocol != IST_PROTOCOL_UDP) || header.size < ports + 4)
    {
        return std::nullopt;
    }
    return FlowKey{static_cast<Protocol>(protocol),
                   {{ist_get32(header.data + 12)}, ist_get16(header.data + ports)},
                   {{ist_get32(header.data + 16)}, ist_get16(header.data + ports + 2)}};
}

IstVerdict
Verdict(IstVerdict::Action action)
{
    IstVerdict verdict;
    verdict.action = action;
    return verdict;
}

} // namespace

PacketPath::PacketPath(const IstSettings& settings, SpliceKeeper& keeper)
    : fragments(settings),
      m_settings(settings),
      m_keeper(keeper),
      m_watch(keeper)
{
}

IstVerdict
PacketPath::Process(TimePoint now, MutableBytes header, size_t packetLength)
{
    header.size = std::min(header.size, packetLength);
    PacketView view;
    if (!view.Read(header, packetLength))
    {
        return view.IsOtherProtocol() ? IstVerdict{} : OnMalformed(now, header, packetLength);
    }
    const ist_packet& packet = view.Fields();
    if (packet.fragment_offset != 0)
    {
        return OnLaterFragment(now, header, packet);
    }
    if (packet.protocol == IST_PROTOCOL_ICMP)
    {
        return OnIcmp(now, header, view);
    }
    if (IsFragment(packet))
    {
        return OnFirstFragment(now, header, packet);
    }
    return OnPacket(now, Locate(now, packet), header, packet);
}

bool
PacketPath::IsOwn(Ipv4 address) const
{
    const auto& own = m_settings.addresses;
    return own.empty() || std::find(own.begin(), own.end(), address) != own.end();
}

/// Flow table first; then the port table, which also takes over a 5-tuple whose old splice only
/// waits for the end of 2 MSL (RFC 9293 section 3.6.1).
IstTable::Place
PacketPath::Locate(TimePoint now, const ist_packet& packet)
{
    const Protocol protocol = ProtocolOf(packet);
    const Endpoint peer = SourceOf(packet.tuple);
    const Endpoint local = DestinationOf(packet.tuple);
    const IstTable::Place flow = m_keeper.table.FindFlow(TupleKey::OfFlow(protocol, peer, local));
    if (!flow.splice)
    {
        return IsOwn(local.address) ? m_keeper.table.FindPort(protocol, local.port)
                                    : IstTable::Place{};
    }
    if (flow.splice->core.state != IST_STATE_TIME_WAIT || !IsOnlySyn(packet) ||
        !ist_after(packet.seq, flow.splice->CoreSide(flow.from).next) ||
        !m_keeper.table.IsPortOpen(protocol, local.port))
    {
        return flow;
    }
    m_keeper.End(now, *flow.splice, ReasonOf(IST_REASON_NEW_SYN));
    return m_keeper.table.FindPort(protocol, local.port);
}

/// What the carrier itself asks of a packet before the core sees it.
std::optional<IstReason>
PacketPath::Refusal(const IstTable::Place& place, const ist_packet& packet)
{
    Splice& splice = *place.splice;
    const std::optional<IpAddress>& allowed = splice.At(place.from).allowed;
    if (splice.Knows(place.from))
    {
        return std::nullopt;
    }
    if (allowed && *allowed != SourceOf(packet.tuple).address)
    {
        return SOURCE_REFUSED;
    }
    if (splice.requested == SpliceMethod::Active && splice.core.state == IST_STATE_LISTEN &&
        IsOnlySyn(packet) && !m_keeper.PrepareActive(splice, packet))
    {
        return NO_PORT;
    }
    return std::nullopt;
}

IstVerdict
PacketPath::OnPacket(TimePoint now,
                     const IstTable::Place& place,
                     MutableBytes header,
                     const ist_packet& packet)
{
    if (!place.splice)
    {
        return {};
    }
    if (const auto refusal = Refusal(place, packet))
    {
        return m_keeper.report.Drop(now, packet, place.splice, *refusal);
    }
    return Step(now, place, header, packet);
}

IstVerdict
PacketPath::Step(TimePoint now,
                 const IstTable::Place& place,
                 MutableBytes header,
                 const ist_packet& packet)
{
    Splice& splice = *place.splice;
    IstVerdict verdict = Verdict(IstVerdict::Consumed);
    if (splice.watched && m_watch.Refuses(now, splice, packet, verdict))
    {
        return verdict;
    }
    const auto from = static_cast<unsigned int>(place.from);
    const auto time = static_cast<uint64_t>(now.count());
    ist_verdict answer;
    if (splice.core.method == IST_METHOD_ACTIVE)
    {
        ist_active_step(&splice.core, &packet, from, time, &m_keeper.CoreSettings(), &answer);
    }
    else
    {
        ist_splice_step(&splice.core, &packet, from, time, &m_keeper.CoreSettings(), &answer);
    }
    if (answer.action == IST_ACTION_FORWARD)
    {
        verdict = Forward(now, place, header, packet, answer.edits);
    }
    else if (answer.action == IST_ACTION_DROP)
    {
        verdict = m_keeper.report.Drop(now, packet, &splice, ReasonOf(answer.reason));
    }
    else
    {
        ++m_keeper.report.counters.consumed;
    }
    if (splice.watched)
    {
        m_watch.Stepped(now, splice, header, packet, answer);
    }
    if (answer.from_state != answer.to_state || answer.events != 0 || answer.emit_count != 0)
    {
        m_keeper.Settle(now, splice, answer, ReasonOf(answer.reason));
    }
    return verdict;
}

IstVerdict
PacketPath::Forward(TimePoint now,
                    const IstTable::Place& place,
                    MutableBytes header,
                    const ist_packet& packet,
                    const ist_rewrite& edits)
{
    if (place.splice->watched)
    {
        m_watch.Rewrite(now, place, header, packet, edits);
    }
    else
    {
        (void)ist_rewrite_apply(header.data, &packet, &edits, IST_CHECKSUM_FULL);
    }
    Splice::Side& side = place.splice->At(place.from);
    ++side.packets;
    side.bytes += packet.total_length;
    ++m_keeper.report.counters.forwarded;
    m_keeper.report.counters.forwardedBytes += packet.total_length;
    return Verdict(IstVerdict::Forward);
}

/// The only fragment with ports decides for all. To the core a UDP fragment is a datagram; TCP
/// fragments it refuses.
IstVerdict
PacketPath::OnFirstFragment(TimePoint now, MutableBytes header, const ist_packet& packet)
{
    ist_packet whole = packet;
    if (packet.protocol == IST_PROTOCOL_UDP)
    {
        whole.flags = static_cast<uint8_t>(whole.flags & ~IST_PACKET_MORE_FRAGMENTS);
    }
    const IstTable::Place place = Locate(now, packet);
    const uint64_t id = place.splice ? place.splice->id : 0;
    const IstVerdict verdict = OnPacket(now, place, header, whole);
    DatagramFate fate;
    fate.kind = DatagramFate::Drop;
    fate.splice = id;
    fate.from = place.from;
    fate.reason = verdict.reason;
    fate.rule = verdict.rule;
    if (verdict.action == IstVerdict::Forward)
    {
        fate.kind = DatagramFate::Forward;
    }
    else if (verdict.action == IstVerdict::NotOurs)
    {
        fate.kind = DatagramFate::NotOurs;
    }
    const FragmentKey key = FragmentKeyOf(packet);
    if (id != 0 || m_keeper.table.HasHosts(key.protocol, key.source, key.destination))
    {
        const size_t payload = size_t{packet.total_length} - packet.transport_offset;
        fragments.First(now, key, fate, payload);
    }
    return verdict;
}

IstVerdict
PacketPath::OnLaterFragment(TimePoint now, MutableBytes header, const ist_packet& packet)
{
    const FragmentKey key = FragmentKeyOf(packet);
    const bool mayHold = packet.protocol == IST_PROTOCOL_UDP &&
                         m_keeper.table.HasHosts(key.protocol, key.source, key.destination);
    const bool last = (packet.flags & IST_PACKET_MORE_FRAGMENTS) == 0;
    const FragmentExtent extent{packet.fragment_offset, packet.payload_length, last};
    const FragmentFollower::Later later = fragments.Next(now, key, extent, mayHold);
    if (later.ticket != 0)
    {
        IstVerdict hold = Verdict(IstVerdict::Hold);
        hold.ticket = later.ticket;
        return hold;
    }
    switch (later.fate.kind)
    {
    case DatagramFate::NotOurs:
        return {};
    case DatagramFate::Unknown:
        return m_keeper.report.Drop(now, packet, nullptr, FRAGMENT_LIMIT);
    case DatagramFate::Drop:
        return m_keeper.report.Drop(now,
                                    packet,
                                    m_keeper.table.Find(later.fate.splice),
                                    {later.fate.reason, later.fate.rule});
    case DatagramFate::Forward:
        break;
    }
    Splice* splice = m_keeper.table.Find(later.fate.splice);
    if (!splice)
    {
        return m_keeper.report.Drop(now, packet, nullptr, ReasonOf(IST_REASON_CLOSED));
    }
    if (ist_ttl_ends(&packet, &m_keeper.CoreSettings()))
    {
        return m_keeper.report.Drop(now, packet, splice, ReasonOf(IST_REASON_TTL));
    }
    IstVerdict verdict;
    if (splice->watched && m_watch.Refuses(now, *splice, packet, verdict))
    {
        return verdict;
    }
    ist_rewrite edits{};
    ist_side_rewrite(&splice->core, static_cast<unsigned int>(later.fate.from), &edits);
    if (m_settings.decrementTtl)
    {
        edits.fields |= IST_EDIT_TTL;
    }
    return Forward(now, {splice, later.fate.from}, header, packet, edits);
}

/// An error about a packet that the IST sent to `reached`: translated for whoever sent it first.
/// The IST's own address becomes the reporter, as a foreign source might be filtered on the way.
IstVerdict
PacketPath::OnIcmp(TimePoint now, MutableBytes header, const PacketView& packet)
{
    const auto error = ParseIcmpError(header, packet);
    if (!error || error->destination != error->offending.source.address)
    {
        return {};
    }
    const FlowKey& offending = error->offending;
    const IstTable::Place reached = m_keeper.table.FindFlow(
        TupleKey::OfFlow(offending.protocol, offending.destination, offending.source));
    if (!reached.splice)
    {
        return {};
    }
    const Splice& splice = *reached.splice;
    const ist_side& receiver = splice.CoreSide(reached.from);
    const ist_side& sender = splice.CoreSide(Opposite(reached.from));
    const bool joined = splice.core.state >= IST_STATE_ESTABLISHED;
    const uint32_t sequence = error->sequence - sender.out.seq_add;
    // RFC 5927 section 4.1: only data under way can draw an error.
    const bool underWay = offending.protocol == Protocol::Udp ||
                          sequence - receiver.acked <= sender.next - receiver.acked;
    if (!joined || !underWay)
    {
        return m_keeper.report.DropError(now, offending, splice, packet.TotalLength());
    }
    if (ist_ttl_ends(&packet.Fields(), &m_keeper.CoreSettings()))
    {
        return m_keeper.report.Drop(now, packet.Fields(), &splice, ReasonOf(IST_REASON_TTL));
    }
    const Endpoint user = SourceOf(sender.tuple);
    const Endpoint local = DestinationOf(sender.tuple);
    TranslateIcmpError(header,
                       *error,
                       {local.address, user.address, user, local, 0U - sender.out.seq_add});
    if (m_settings.decrementTtl)
    {
        ist_rewrite less{};
        less.fields = IST_EDIT_TTL;
        (void)ist_rewrite_apply(header.data, &packet.Fields(), &less, IST_CHECKSUM_FULL);
    }
    ++m_keeper.report.counters.forwarded;
    m_keeper.report.counters.forwardedBytes += packet.TotalLength();
    return Verdict(IstVerdict::Forward);
}

IstVerdict
PacketPath::OnMalformed(TimePoint now, ByteView header, size_t packetLength)
{
    const auto flow = ReadableFlow(header);
    if (!flow || !IsOwn(flow->destination.address))
    {
        return {};
    }
    const auto key = TupleKey::OfFlow(flow->protocol, flow->source, flow->destination);
    if (!m_keeper.table.HasFlow(key) &&
        !m_keeper.table.IsPortOpen(flow->protocol, flow->destination.port))
    {
        return {};
    }
    return m_keeper.report.DropMalformed(now, *flow, packetLength);
}

} // namespace isb
