// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/packet-path.h"

#include "model/splice/ist-active.h"
#include "model/splice/ist-family.h"
#include "model/splice/ist-icmp.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr IstReason NO_PORT{"ist.no-port", "thesis 4.2"};
constexpr IstReason SOURCE_REFUSED{"ist.source-refused", "thesis 3.3"};
constexpr IstReason UDP_CHECKSUM{"ist.udp-checksum", "RFC 8200 section 8.1"};
constexpr IstReason UNTRANSLATABLE{"ist.icmp-untranslatable", "RFC 7915 section 4.2"};
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
    return {IpAddress(packet.family, packet.tuple.source),
            IpAddress(packet.family, packet.tuple.destination),
            packet.identification,
            ProtocolOf(packet)};
}

/// The flow of a packet that the parser refuses, if its ports can be read all the same: behind the
/// IPv6 extension headers that it could read.
std::optional<IstFlow>
ReadableFlow(ByteView header, const ist_packet& packet)
{
    const unsigned int version = header.size == 0 ? 0 : header.data[0] >> 4;
    const bool isIpv6 = version == IST_FAMILY_IPV6;
    const size_t shortest = isIpv6 ? IST_IPV6_HEADER : IST_IPV4_HEADER;
    if ((!isIpv6 && version != IST_FAMILY_IPV4) || header.size < shortest)
    {
        return std::nullopt;
    }
    const size_t stated = isIpv6 ? packet.transport_offset : size_t{header.data[0] & 0xfU} * 4;
    const size_t ports = std::max(stated, shortest);
    const uint8_t next = stated == 0 ? header.data[6] : packet.protocol;
    const uint8_t protocol = isIpv6 ? next : header.data[9];
    if ((protocol != IST_PROTOCOL_TCP && protocol != IST_PROTOCOL_UDP) || header.size < ports + 4)
    {
        return std::nullopt;
    }
    IstFlow flow{static_cast<Protocol>(protocol), static_cast<uint8_t>(version), {}};
    if (isIpv6)
    {
        ist_get_ipv6(&flow.tuple.source, header.data + 8);
        ist_get_ipv6(&flow.tuple.destination, header.data + 24);
    }
    else
    {
        ist_address_set_ipv4(&flow.tuple.source, ist_get32(header.data + 12));
        ist_address_set_ipv4(&flow.tuple.destination, ist_get32(header.data + 16));
    }
    flow.tuple.source_port = ist_get16(header.data + ports);
    flow.tuple.destination_port = ist_get16(header.data + ports + 2);
    return flow;
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
    constexpr size_t MOST = 65535;
    header.size = std::min(header.size, packetLength);
    ist_packet packet;
    const int fault = ist_packet_parse_any(&packet,
                                           header.data,
                                           static_cast<uint32_t>(std::min(header.size, MOST)),
                                           static_cast<uint32_t>(std::min(packetLength, MOST)));
    if (fault != 0)
    {
        return fault == IST_ERROR_PROTOCOL ? IstVerdict{}
                                           : OnMalformed(now, header, packetLength, packet);
    }
    if (packet.fragment_offset != 0)
    {
        return OnLaterFragment(now, header, packet);
    }
    if (packet.protocol == IST_PROTOCOL_ICMP || packet.protocol == IST_PROTOCOL_ICMPV6)
    {
        return OnIcmp(now, header, packet);
    }
    if (IsFragment(packet))
    {
        return OnFirstFragment(now, header, packet);
    }
    return OnPacket(now, Locate(now, packet), header, packet, packet);
}

bool
PacketPath::IsOwn(const IpAddress& address) const
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
    const uint16_t port = packet.tuple.destination_port;
    const IstTable::Place flow = m_keeper.table.FindFlow(IstFlow::Of(packet));
    if (!flow.splice)
    {
        return IsOwn({packet.family, packet.tuple.destination})
                   ? m_keeper.table.FindPort(protocol, port)
                   : IstTable::Place{};
    }
    if (flow.splice->core.state != IST_STATE_TIME_WAIT || !IsOnlySyn(packet) ||
        !ist_after(packet.seq, flow.splice->CoreSide(flow.from).next) ||
        !m_keeper.table.IsPortOpen(protocol, port))
    {
        return flow;
    }
    m_keeper.End(now, *flow.splice, ReasonOf(IST_REASON_NEW_SYN));
    return m_keeper.table.FindPort(protocol, port);
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
    if (allowed && *allowed != IpAddress(packet.family, packet.tuple.source))
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
                     const ist_packet& packet,
                     const ist_packet& sent)
{
    if (!place.splice)
    {
        return {};
    }
    if (const auto refusal = Refusal(place, packet))
    {
        return m_keeper.report.Drop(now, packet, place.splice, *refusal);
    }
    return Step(now, place, header, packet, sent);
}

IstVerdict
PacketPath::Step(TimePoint now,
                 const IstTable::Place& place,
                 MutableBytes header,
                 const ist_packet& packet,
                 const ist_packet& sent)
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
        verdict = Forward(now, place, header, sent, answer.edits);
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
    IstVerdict verdict = Verdict(IstVerdict::Forward);
    if (ist_lacks_checksum(&packet, &edits))
    {
        return m_keeper.report.Drop(now, packet, place.splice, UDP_CHECKSUM);
    }
    if (place.splice->watched)
    {
        m_watch.Rewrite(now, place, header, packet, edits);
    }
    else
    {
        (void)ist_rewrite_apply(header.data, &packet, &edits, IST_CHECKSUM_FULL);
    }
    if ((edits.fields & IST_EDIT_FAMILY) != 0)
    {
        ist_family_out out;
        ist_family_header(&packet, &edits, &out);
        verdict.replaced = out.skip;
        verdict.header.assign(out.bytes, out.bytes + out.length);
    }
    Splice::Side& side = place.splice->At(place.from);
    ++side.packets;
    side.bytes += packet.total_length;
    ++m_keeper.report.counters.forwarded;
    m_keeper.report.counters.forwardedBytes += packet.total_length;
    return verdict;
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
    IstVerdict verdict = OnPacket(now, place, header, whole, packet);
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
    if (id != 0 || m_keeper.table.HasHosts(IstFlow::Of(packet)))
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
    const bool mayHold =
        packet.protocol == IST_PROTOCOL_UDP && m_keeper.table.HasHosts(IstFlow::Of(packet));
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
IstVerdict
PacketPath::OnIcmp(TimePoint now, MutableBytes header, const ist_packet& packet)
{
    ist_icmp_error error;
    const auto captured = static_cast<uint32_t>(header.size);
    if (!ist_icmp_parse(&error, &packet, header.data, captured))
    {
        return {};
    }
    IstFlow flow{ProtocolOf(error.quoted), packet.family, {}};
    ist_icmp_flow(&error, &flow.tuple);
    const IstTable::Place place = m_keeper.table.FindFlow(flow);
    if (!place.splice)
    {
        return {};
    }
    const Splice& splice = *place.splice;
    const auto reached = static_cast<unsigned int>(place.from);
    if (!ist_icmp_under_way(&splice.core, reached, &error))
    {
        const ist_packet& quoted = error.quoted;
        return m_keeper.report.DropError(now,
                                         {flow.protocol,
                                          SourceOf(quoted.family, quoted.tuple).ToIpv4(),
                                          DestinationOf(quoted.family, quoted.tuple).ToIpv4()},
                                         splice,
                                         packet.total_length);
    }
    if (ist_ttl_ends(&packet, &m_keeper.CoreSettings()))
    {
        return m_keeper.report.Drop(now, packet, &splice, ReasonOf(IST_REASON_TTL));
    }
    IstVerdict verdict = Verdict(IstVerdict::Forward);
    const bool decrement = m_settings.decrementTtl;
    if (ist_icmp_crosses(&splice.core, reached))
    {
        ist_icmp_built built;
        if (!ist_icmp_build(header.data,
                            captured,
                            &packet,
                            &error,
                            &splice.core,
                            reached,
                            decrement,
                            &built))
        {
            return m_keeper.report.Drop(now, packet, &splice, UNTRANSLATABLE);
        }
        verdict.replaced = built.skip;
        verdict.header.assign(built.bytes, built.bytes + built.length);
    }
    else
    {
        ist_icmp_edit(header.data, captured, &packet, &error, &splice.core, reached, decrement);
    }
    ++m_keeper.report.counters.forwarded;
    m_keeper.report.counters.forwardedBytes += packet.total_length;
    return verdict;
}

IstVerdict
PacketPath::OnMalformed(TimePoint now,
                        ByteView header,
                        size_t packetLength,
                        const ist_packet& packet)
{
    const auto flow = ReadableFlow(header, packet);
    if (!flow || !IsOwn({flow->family, flow->tuple.destination}))
    {
        return {};
    }
    if (!m_keeper.table.HasFlow(*flow) &&
        !m_keeper.table.IsPortOpen(flow->protocol, flow->tuple.destination_port))
    {
        return {};
    }
    return m_keeper.report.DropMalformed(now,
                                         {flow->protocol,
                                          SourceOf(flow->family, flow->tuple).ToIpv4(),
                                          DestinationOf(flow->family, flow->tuple).ToIpv4()},
                                         packetLength);
}

} // namespace isb
