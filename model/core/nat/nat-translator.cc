// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-translator.h"

#include "model/core/nat/nat-icmp.h"
#include "model/wire/packet-builder.h"

namespace isb
{

namespace
{

/// A host's address: not 0/8, loopback, multicast, reserved or broadcast (RFC 1122
/// section 3.2.1.3).
bool
IsUnicast(Ipv4 address)
{
    const uint32_t network = address.value >> 24;
    return network != 0 && network != 127 && network < 224;
}

bool
IsTranslated(uint8_t protocolNumber)
{
    switch (static_cast<Protocol>(protocolNumber))
    {
    case Protocol::Icmp:
    case Protocol::Tcp:
    case Protocol::Udp:
        return true;
    }
    return false;
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

NatTranslator::NatTranslator(const NatSettings& settings, NatMappingTable& table)
    : m_settings(settings),
      m_table(table)
{
}

bool
NatTranslator::IsOwnPort(uint16_t port) const
{
    return port < m_settings.firstPort || port > m_settings.lastPort;
}

std::optional<NatDecision>
NatTranslator::JudgeAddresses(NatSide from, const PacketView& view) const
{
    if (!IsUnicast(view.Destination()))
    {
        return NatDecision::Left();
    }
    if (view.Source() == view.Destination())
    {
        return NatDecision::Dropped(NatDrop::Land);
    }
    if (view.Source() == m_settings.external)
    {
        return NatDecision::Dropped(NatDrop::OwnSource);
    }
    const std::optional<NatDecision> decision =
        from == NatSide::Inside ? JudgeAddressesInside(view) : JudgeAddressesOutside(view);
    if (decision || IsTranslated(view.ProtocolNumber()))
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
    if (!IsUnicast(view.Source()) ||
        (!m_settings.internal.empty() && !m_settings.IsInternal(view.Source())))
    {
        return NatDecision::Dropped(NatDrop::SourceNotInternal);
    }
    if (view.Ttl() <= 1)
    {
        // It ends here as in any router, whose ICMP error must name the sender that we know.
        return NatDecision::Left();
    }
    if (view.Destination() != m_settings.external && !m_settings.MayReach(view.Destination()))
    {
        return NatDecision::Dropped(NatDrop::NotAllowed);
    }
    return std::nullopt;
}

std::optional<NatDecision>
NatTranslator::JudgeAddressesOutside(const PacketView& view) const
{
    if (!IsUnicast(view.Source()) || m_settings.IsInternal(view.Source()))
    {
        return NatDecision::Dropped(NatDrop::SourceSpoofed);
    }
    if (view.Destination() == m_settings.external)
    {
        return std::nullopt;
    }
    if (m_settings.internal.empty() || m_settings.IsInternal(view.Destination()))
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
    if (flow.destination.address == m_settings.external && IsOwnPort(flow.destination.port))
    {
        return NatDecision::Left();
    }
    if (from == NatSide::Outside)
    {
        return JudgeInbound(now, flow);
    }
    return flow.destination.address == m_settings.external ? JudgeHairpin(now, flow)
                                                           : JudgeOutbound(now, flow);
}

NatDecision
NatTranslator::JudgeIcmp(TimePoint now, NatSide from, ByteView header, const PacketView& view)
{
    const bool forBox = view.Destination() == m_settings.external;
    if (IsIcmpError(view.IcmpType()))
    {
        return JudgeError(from, header, view);
    }
    if (from == NatSide::Inside)
    {
        if (forBox)
        {
            return NatDecision::Left();
        }
        if (view.IcmpType() != ICMP_ECHO_REQUEST)
        {
            return NatDecision::Dropped(NatDrop::IcmpTypeNotTranslated);
        }
        const Endpoint destination = Remote(Protocol::Icmp, view.DestinationEndpoint());
        return JudgeOutbound(now, {Protocol::Icmp, view.SourceEndpoint(), destination, 0});
    }
    if (view.IcmpType() != ICMP_ECHO_REPLY || IsOwnPort(view.DestinationEndpoint().port))
    {
        return NatDecision::Left(); // the box answers pings itself
    }
    const Endpoint source = Remote(Protocol::Icmp, view.SourceEndpoint());
    return JudgeInbound(now, {Protocol::Icmp, source, view.DestinationEndpoint(), 0});
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
        entry.tcp.Step(flow.tcpFlags, from);
        m_table.Refresh(now,
                        session,
                        entry.tcp.IsEstablished() ? NatTimer::TcpEstablished
                                                  : NatTimer::TcpTransitory);
    }
    else if (from == NatSide::Inside)
    {
        m_table.Refresh(now, session, entry.timer); // RFC 4787 REQ-6: refreshed by outbound only
    }
}

NatMappingTable::Slot
NatTranslator::PassOutbound(TimePoint now, const Flow& flow)
{
    const uint32_t mapping = m_table.FindOutbound(flow.protocol, flow.source, flow.destination);
    NatMappingTable::Slot session;
    if (mapping != NAT_NO_SLOT)
    {
        session.slot = m_table.FindSession(mapping, flow.destination);
    }
    if (session.slot == NAT_NO_SLOT)
    {
        if (flow.protocol == Protocol::Tcp && !NatTcpState::Opens(flow.tcpFlags))
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
    return session;
}

std::optional<NatDrop>
NatTranslator::PassInbound(TimePoint now, const Flow& flow, uint32_t mapping)
{
    NatMappingTable::Slot session{m_table.FindSession(mapping, flow.source)};
    if (session.slot == NAT_NO_SLOT)
    {
        if (!m_table.Admits(mapping, flow.source))
        {
            return NatDrop::Filtered;
        }
        if (!NatTcpState::Opens(flow.tcpFlags))
        {
            return NatDrop::NoConnection;
        }
        session = m_table.OpenFromOutside(now, mapping, flow.source);
        if (session.slot == NAT_NO_SLOT)
        {
            return session.refusal;
        }
    }
    Touch(now, session.slot, NatSide::Outside, flow);
    return std::nullopt;
}

NatDecision
NatTranslator::JudgeOutbound(TimePoint now, const Flow& flow)
{
    const NatMappingTable::Slot session = PassOutbound(now, flow);
    if (session.slot == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(session.refusal);
    }
    const Endpoint external = m_table.Mapping(m_table.Session(session.slot).mapping).external;
    return Translated(NatDecision::Kind::Translate, external, flow.destination);
}

NatDecision
NatTranslator::JudgeInbound(TimePoint now, const Flow& flow)
{
    const uint32_t mapping = m_table.FindExternal(flow.protocol, flow.destination, flow.source);
    if (mapping == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(NatDrop::NoMapping);
    }
    if (const std::optional<NatDrop> refusal = PassInbound(now, flow, mapping))
    {
        return NatDecision::Dropped(*refusal);
    }
    const Endpoint internal = m_table.Mapping(mapping).internal;
    // An ICMP echo reply carries the identifier where the decision's source port is written from.
    const Endpoint source = flow.protocol == Protocol::Icmp
                                ? Endpoint{flow.source.address, internal.port}
                                : flow.source;
    return Translated(NatDecision::Kind::Translate, source, internal);
}

NatDecision
NatTranslator::JudgeHairpin(TimePoint now, const Flow& flow)
{
    const uint32_t target = m_table.FindExternal(flow.protocol, flow.destination, flow.source);
    if (target == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(NatDrop::NoMapping);
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
    // RFC 4787 REQ-9 (a): the other insider sees the external endpoint, as anyone outside would.
    const Endpoint source = m_table.Mapping(m_table.Session(session.slot).mapping).external;
    const Flow back{flow.protocol, source, flow.destination, flow.tcpFlags};
    if (const std::optional<NatDrop> refusal = PassInbound(now, back, target))
    {
        return NatDecision::Dropped(*refusal);
    }
    return Translated(NatDecision::Kind::TurnBack, source, m_table.Mapping(target).internal);
}

NatDecision
NatTranslator::JudgeError(NatSide from, ByteView header, const PacketView& view) const
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
    return from == NatSide::Inside ? JudgeOutboundError(view, decision, quoted.protocol)
                                   : JudgeInboundError(decision, quoted.protocol);
}

/// RFC 5508 REQ-5: the quoted packet came in through a mapping of its destination.
NatDecision
NatTranslator::JudgeOutboundError(const PacketView& view,
                                  NatDecision decision,
                                  Protocol protocol) const
{
    const Endpoint remote = Remote(protocol, decision.quotedSource);
    const uint32_t mapping = m_table.FindOutbound(protocol, decision.quotedDestination, remote);
    if (mapping == NAT_NO_SLOT || m_table.FindSession(mapping, remote) == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(NatDrop::IcmpNoMapping);
    }
    decision.source.address = m_settings.external;
    decision.quotedDestination = m_table.Mapping(mapping).external;
    if (protocol == Protocol::Icmp)
    {
        decision.quotedSource.port = decision.quotedDestination.port;
    }
    if (view.Destination() != m_settings.external)
    {
        return decision;
    }
    // The quoted packet was hairpinned, so the error goes back the same way.
    decision.kind = NatDecision::Kind::TurnBack;
    return JudgeInboundError(decision, protocol);
}

/// RFC 5508 REQ-4: the quoted packet went out through a mapping of its source. The error may come
/// from any router on the way.
NatDecision
NatTranslator::JudgeInboundError(NatDecision decision, Protocol protocol) const
{
    if (decision.quotedSource.address != m_settings.external)
    {
        return NatDecision::Dropped(NatDrop::IcmpMalformed);
    }
    if (IsOwnPort(decision.quotedSource.port))
    {
        return NatDecision::Left();
    }
    const Endpoint remote = Remote(protocol, decision.quotedDestination);
    const uint32_t mapping = m_table.FindExternal(protocol, decision.quotedSource, remote);
    if (mapping == NAT_NO_SLOT || m_table.FindSession(mapping, remote) == NAT_NO_SLOT)
    {
        return NatDecision::Dropped(NatDrop::IcmpNoMapping);
    }
    decision.quotedSource = m_table.Mapping(mapping).internal;
    decision.destination.address = decision.quotedSource.address;
    return decision;
}

} // namespace isb
