// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-translator.h"

#include "model/core/nat/nat-icmp.h"
#include "model/core/nat/nat-packet.h"
#include "model/splice/ist-checksum.h"
#include "model/wire/packet-builder.h"

namespace isb
{

namespace
{

constexpr size_t ICMP_IDENTIFIER = 4;

uint16_t
IcmpIdentifier(ByteView header, size_t transport)
{
    return ist_get16(header.data + transport + ICMP_IDENTIFIER);
}

/// The remote endpoint as the mapping table knows it: ICMP has no ports.
Endpoint
Remote(Protocol protocol, Endpoint endpoint)
{
    return protocol == Protocol::Icmp ? Endpoint{endpoint.address, 0} : endpoint;
}

NatDecision
Translated(NatDecision::Kind kind, Endpoint source, Endpoint destination)
{
    NatDecision decision;
    decision.kind = kind;
    decision.source = source;
    decision.destination = destination;
    return decision;
}

} // namespace

NatTranslator::NatTranslator(const NatSettings& settings,
                             NatMappingTable& table,
                             NatAnswers& answers)
    : m_settings(settings),
      m_table(table),
      m_answers(answers)
{
}

bool
NatTranslator::IsOwn(Protocol protocol, Endpoint endpoint) const
{
    return endpoint.address == m_settings.external &&
           (endpoint.port < m_settings.firstPort || endpoint.port > m_settings.lastPort) &&
           !m_table.IsForwarded(protocol, endpoint);
}

std::optional<NatDecision>
NatTranslator::JudgeAddresses(NatSide from, const PacketView& view) const
{
    if (!IsHost(view.Destination()))
    {
        return NatDecision::Left();
    }
    if (view.Source() == view.Destination())
    {
        return NatDecision::Dropped(NatDrop::Land);
    }
    if (m_settings.IsExternal(view.Source()))
    {
        return NatDecision::Dropped(NatDrop::OwnSource);
    }
    const std::optional<NatDecision> decision =
        from == NatSide::Inside ? JudgeAddressesInside(view) : JudgeAddressesOutside(view);
    if (decision || IsTracked(view.ProtocolNumber()))
    {
        return decision;
    }
    return view.Destination() == m_settings.external
               ? NatDecision::Left()
               : NatDecision::Dropped(NatDrop::ProtocolNotTranslated);
}

std::optional<NatDecision>
NatTranslator::JudgeAddressesInside(const PacketView& view) const
{
    if (m_settings.IsInternal(view.Destination()))
    {
        return NatDecision::Left();
    }
    if (!IsHost(view.Source()) ||
        (!m_settings.internal.empty() && !m_settings.IsInternal(view.Source())))
    {
        return NatDecision::Dropped(NatDrop::SourceNotInternal);
    }
    if (view.Ttl() <= 1)
    {
        // It ends here as in any router, whose ICMP error must name the sender that we know.
        return NatDecision::Left();
    }
    if (!m_settings.IsExternal(view.Destination()) && !m_settings.MayReach(view.Destination()))
    {
        return NatDecision::Dropped(NatDrop::NotAllowed);
    }
    if (m_settings.IsUntranslated(view.Destination()))
    {
        return NatDecision::Left();
    }
    return std::nullopt;
}

std::optional<NatDecision>
NatTranslator::JudgeAddressesOutside(const PacketView& view) const
{
    if (!IsHost(view.Source()) || m_settings.IsInternal(view.Source()))
    {
        return NatDecision::Dropped(NatDrop::SourceSpoofed);
    }
    if (m_settings.IsExternal(view.Destination()))
    {
        return std::nullopt;
    }
    const bool isInternal =
        m_settings.internal.empty() || m_settings.IsInternal(view.Destination());
    if (isInternal && !m_settings.IsUntranslated(view.Source()))
    {
        return NatDecision::Dropped(NatDrop::DestinationInternal);
    }
    return NatDecision::Left();
}

NatDecision
NatTranslator::Judge(TimePoint now, NatSide from, ByteView header, const PacketView& view)
{
    if (view.Protocol() == Protocol::Icmp)
    {
        return JudgeIcmp(now, from, header, view);
    }
    const Flow flow{view.Protocol(),
                    view.SourceEndpoint(),
                    view.DestinationEndpoint(),
                    view.TcpFlags()};
    if (flow.source.port == 0 || flow.destination.port == 0)
    {
        return NatDecision::Dropped(NatDrop::PortZero);
    }
    if (IsOwn(flow.protocol, flow.destination))
    {
        return NatDecision::Left();
    }
    if (from == NatSide::Outside)
    {
        return JudgeInbound(now, flow);
    }
    return m_settings.IsExternal(flow.destination.address) ? JudgeHairpin(now, flow)
                                                           : JudgeOutbound(now, flow);
}

/// The box answers pings itself, at its own address.
NatDecision
NatTranslator::ForBox(const PacketView& view) const
{
    return view.Destination() == m_settings.external ? NatDecision::Left()
                                                     : NatDecision::Dropped(NatDrop::NoMapping);
}

NatDecision
NatTranslator::JudgeIcmp(TimePoint now, NatSide from, ByteView header, const PacketView& view)
{
    if (IsIcmpError(view.IcmpType()))
    {
        return JudgeError(now, from, header, view);
    }
    if (IsSourceQuench(view.IcmpType()))
    {
        return NatDecision::Dropped(NatDrop::IcmpTypeNotTranslated);
    }
    const uint16_t identifier = IcmpIdentifier(header, view.TransportOffset());
    if (from == NatSide::Inside)
    {
        if (m_settings.IsExternal(view.Destination()))
        {
            // One identifier cannot name two insiders, so a NAPT hairpins no queries: RFC 5508
            // REQ-7 asks it of Basic NAT alone.
            return ForBox(view);
        }
        if (!IsIcmpQuery(view.IcmpType()))
        {
            return NatDecision::Dropped(NatDrop::IcmpTypeNotTranslated);
        }
        return JudgeOutbound(
            now,
            {Protocol::Icmp, {view.Source(), identifier}, {view.Destination(), 0}, 0});
    }
    const Endpoint destination{view.Destination(), identifier};
    if (!IsIcmpReply(view.IcmpType()) || IsOwn(Protocol::Icmp, destination))
    {
        return ForBox(view);
    }
    return JudgeInbound(now, {Protocol::Icmp, {view.Source(), 0}, destination, 0});
}

void
NatTranslator::Touch(TimePoint now, uint32_t session, NatSide from, const Flow& flow)
{
    NatSession& entry = m_table.Session(session);
    if (from == NatSide::Inside)
    {
        m_table.NoteSentFromInside(session);
    }
    if (flow.protocol == Protocol::Tcp)
    {
        if (entry.tcp.Step(flow.tcpFlags, from))
        {
            m_table.Refresh(now,
                            session,
                            entry.tcp.IsEstablished() ? NatTimer::TcpEstablished
                            : entry.tcp.IsClosing()   ? NatTimer::TcpClosing
                                                      : NatTimer::TcpTransitory);
        }
    }
    else if (from == NatSide::Inside || entry.isForwarded ||
             m_settings.Axes(flow.protocol).refresh == NatRefresh::Both)
    {
        // RFC 4787 REQ-6. A flow to a forward stays with its server while its client sends.
        m_table.Refresh(now, session, entry.timer);
    }
}

NatMappingTable::Slot
NatTranslator::PassOutbound(TimePoint now, const Flow& flow)
{
    NatMappingTable::Slot session{
        m_table.FindFromInside(flow.protocol, flow.source, flow.destination)};
    const bool opens = NatTcpState::Opens(flow.tcpFlags);
    if (session.slot == NAT_NO_SLOT)
    {
        if (flow.protocol == Protocol::Tcp && !opens)
        {
            return {NAT_NO_SLOT, NatDrop::NoConnection};
        }
        session = m_table.OpenFromInside(now, flow.protocol, flow.source, flow.destination);
        if (session.slot == NAT_NO_SLOT)
        {
            return session;
        }
    }
    Touch(now, session.slot, NatSide::Inside, flow);
    if (opens)
    {
        m_answers.NoteSyn(m_table.Session(session.slot).external, flow.destination);
    }
    return session;
}

NatMappingTable::Slot
NatTranslator::PassInbound(TimePoint now, const Flow& flow)
{
    NatMappingTable::Slot session{
        m_table.FindFromOutside(flow.protocol, flow.destination, flow.source)};
    if (session.slot == NAT_NO_SLOT)
    {
        const uint32_t mapping = m_table.FindExternal(flow.protocol, flow.destination, flow.source);
        if (mapping == NAT_NO_SLOT)
        {
            return {NAT_NO_SLOT, NatDrop::NoMapping};
        }
        if (!m_table.Admits(mapping, flow.source))
        {
            return {NAT_NO_SLOT, NatDrop::Filtered};
        }
        if (flow.protocol == Protocol::Tcp && !NatTcpState::Opens(flow.tcpFlags))
        {
            return {NAT_NO_SLOT, NatDrop::NoConnection};
        }
        session = m_table.OpenFromOutside(now, mapping, flow.source);
        if (session.slot == NAT_NO_SLOT)
        {
            return session;
        }
        if (flow.protocol == Protocol::Tcp)
        {
            m_answers.NoteSyn(flow.destination, flow.source); // one that was held got in at last
        }
    }
    Touch(now, session.slot, NatSide::Outside, flow);
    return session;
}

void
NatTranslator::KillOnReset(TimePoint now, uint32_t mapping, const Flow& flow)
{
    if (m_settings.faults.killOnReset && (flow.tcpFlags & TCP_RST) != 0)
    {
        m_table.EndMapping(now, mapping);
    }
}

void
NatTranslator::KillOnIcmp(TimePoint now, uint32_t mapping)
{
    if (m_settings.faults.killOnIcmp)
    {
        m_table.EndMapping(now, mapping);
    }
}

NatDecision
NatTranslator::JudgeOutbound(TimePoint now, const Flow& flow)
{
    const NatMappingTable::Slot session = PassOutbound(now, flow);
    if (session.slot == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(session.refusal);
    }
    const NatSession& entry = m_table.Session(session.slot);
    const Endpoint external = entry.external;
    KillOnReset(now, entry.mapping, flow);
    return Translated(NatDecision::Kind::Translate, external, flow.destination);
}

NatDecision
NatTranslator::JudgeInbound(TimePoint now, const Flow& flow)
{
    // Only a forward admits whom no insider has called.
    const bool isRefused =
        !m_settings.MayReach(flow.source.address) &&
        m_table.FindExternal(flow.protocol, flow.destination, flow.source) != NAT_NO_SLOT;
    const NatMappingTable::Slot session =
        isRefused ? NatMappingTable::Slot{NAT_NO_SLOT, NatDrop::Filtered} : PassInbound(now, flow);
    if (session.slot == NAT_NO_SLOT)
    {
        if (session.refusal == NatDrop::NoMapping && m_settings.IsUntranslated(flow.source.address))
        {
            return NatDecision::Left();
        }
        NatDecision decision = NatDecision::Dropped(session.refusal);
        decision.source = flow.source;
        return decision;
    }
    const NatSession& entry = m_table.Session(session.slot);
    const Endpoint internal = entry.internal;
    KillOnReset(now, entry.mapping, flow);
    // An ICMP reply carries the identifier where the decision's source port is written from.
    const Endpoint source = flow.protocol == Protocol::Icmp
                                ? Endpoint{flow.source.address, internal.port}
                                : flow.source;
    return Translated(NatDecision::Kind::Translate, source, internal);
}

NatDecision
NatTranslator::JudgeHairpin(TimePoint now, const Flow& flow)
{
    // Whose port it is may depend on the sender's external endpoint, which is not known yet; where
    // ports are not shared, a call to nobody's port makes no mapping.
    const bool isShared =
        m_settings.Axes(flow.protocol).assignment == NatPortAssignment::Overloading;
    if (!isShared &&
        m_table.FindExternal(flow.protocol, flow.destination, flow.source) == NAT_NO_SLOT)
    {
        const uint32_t own = m_table.FindOutbound(flow.protocol, flow.source, flow.destination);
        NatDecision decision = NatDecision::Dropped(NatDrop::NoMapping);
        decision.source = own == NAT_NO_SLOT ? flow.source : m_table.Mapping(own).external;
        return decision;
    }
    if (m_settings.hairpin == NatHairpin::None)
    {
        return NatDecision::Dropped(NatDrop::HairpinOff);
    }
    const NatMappingTable::Slot session = PassOutbound(now, flow);
    if (session.slot == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(session.refusal);
    }
    const uint32_t sender = m_table.Session(session.slot).mapping;
    const Endpoint external = m_table.Session(session.slot).external;
    const Flow back{flow.protocol, external, flow.destination, flow.tcpFlags};
    const NatMappingTable::Slot target = PassInbound(now, back);
    if (target.slot == NAT_NO_SLOT)
    {
        NatDecision decision = NatDecision::Dropped(target.refusal);
        decision.source = external;
        return decision;
    }
    const uint32_t receiver = m_table.Session(target.slot).mapping;
    // RFC 4787 REQ-9 (a): the other insider sees the external endpoint, as anyone outside would.
    const Endpoint source =
        m_settings.hairpin == NatHairpin::ExternalSource ? external : flow.source;
    const Endpoint destination = m_table.Session(target.slot).internal;
    KillOnReset(now, receiver, flow);
    if (receiver != sender)
    {
        KillOnReset(now, sender, flow);
    }
    return Translated(NatDecision::Kind::TurnBack, source, destination);
}

NatDecision
NatTranslator::JudgeError(TimePoint now, NatSide from, ByteView header, const PacketView& view)
{
    NatQuotedPacket quoted;
    if (const auto fault = ReadQuotedPacket(header, view, m_settings.checksums, quoted))
    {
        return NatDecision::Dropped(*fault);
    }
    NatDecision decision =
        Translated(NatDecision::Kind::Translate, view.SourceEndpoint(), view.DestinationEndpoint());
    decision.isIcmpError = true;
    decision.quotedSource = quoted.source;
    decision.quotedDestination = quoted.destination;
    return from == NatSide::Inside ? JudgeOutboundError(now, view, decision, quoted.protocol)
                                   : JudgeInboundError(now, view, decision, quoted.protocol);
}

/// RFC 5508 REQ-5: the quoted packet came in through a mapping of its destination.
NatDecision
NatTranslator::JudgeOutboundError(TimePoint now,
                                  const PacketView& view,
                                  NatDecision decision,
                                  Protocol protocol)
{
    const Endpoint remote = Remote(protocol, decision.quotedSource);
    const uint32_t session = m_table.FindFromInside(protocol, decision.quotedDestination, remote);
    if (session == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(NatDrop::IcmpNoMapping);
    }
    const NatSession& entry = m_table.Session(session);
    const bool isReceiver = view.Source() == decision.quotedDestination.address;
    decision.quotedDestination = entry.external;
    // A router inside has no mapping of its own: the box speaks for it.
    decision.source.address = isReceiver ? decision.quotedDestination.address : m_settings.external;
    if (protocol == Protocol::Icmp)
    {
        decision.quotedSource.port = decision.quotedDestination.port;
    }
    KillOnIcmp(now, entry.mapping);
    if (!m_settings.IsExternal(view.Destination()))
    {
        return decision;
    }
    // The quoted packet was hairpinned, so the error goes back the same way.
    decision.kind = NatDecision::Kind::TurnBack;
    return JudgeInboundError(now, view, decision, protocol);
}

/// RFC 5508 REQ-4: the quoted packet went out through a mapping of its source. The error may come
/// from any router on the way.
NatDecision
NatTranslator::JudgeInboundError(TimePoint now,
                                 const PacketView& view,
                                 NatDecision decision,
                                 Protocol protocol)
{
    if (decision.quotedSource.address != view.Destination())
    {
        return NatDecision::Dropped(NatDrop::IcmpMalformed);
    }
    if (IsOwn(protocol, decision.quotedSource))
    {
        return NatDecision::Left();
    }
    const Endpoint remote = Remote(protocol, decision.quotedDestination);
    const uint32_t session = m_table.FindFromOutside(protocol, decision.quotedSource, remote);
    if (session == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(NatDrop::IcmpNoMapping);
    }
    const NatSession& entry = m_table.Session(session);
    decision.quotedSource = entry.internal;
    decision.destination.address = decision.quotedSource.address;
    KillOnIcmp(now, entry.mapping);
    return decision;
}

} // namespace isb
