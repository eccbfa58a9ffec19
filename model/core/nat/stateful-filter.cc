// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/stateful-filter.h"

#include "model/core/nat/filter-flows.h"
#include "model/core/nat/nat-fragment-follower.h"
#include "model/core/nat/nat-icmp.h"
#include "model/core/nat/nat-packet.h"
#include "model/core/nat/nat-tcp-state.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <algorithm>

namespace isb
{

namespace
{

bool
IsIn(const std::vector<Ipv4>& list, Ipv4 address)
{
    return std::find(list.begin(), list.end(), address) != list.end();
}

bool
IsIn(const std::vector<Subnet>& list, Ipv4 address)
{
    return std::any_of(list.begin(),
                       list.end(),
                       [address](const Subnet& subnet) { return subnet.Contains(address); });
}

/// A decision as the fragment table keeps it: Translate stands for "passes".
NatDecision
Passed()
{
    NatDecision decision;
    decision.kind = NatDecision::Kind::Translate;
    return decision;
}

} // namespace

/// Ties the parts together: parse, judge, follow fragments, count, trace.
class StatefulFilter::Machine
{
  public:
    Machine(const FilterSettings& chosen, Rng& rng, TraceSink* trace);

    FilterVerdict Process(TimePoint now, NatSide from, ByteView header, size_t packetLength);
    void Timeout(TimePoint now);
    [[nodiscard]] TimePoint NextTimeout() const;

    const FilterSettings settings;
    FilterCounters counters;
    FilterFlowTable flows;
    NatFragmentFollower fragments;

  private:
    std::optional<NatDecision> JudgeAddresses(NatSide from, const PacketView& view) const;
    std::optional<NatDrop> FaultOfSource(NatSide from, const PacketView& view) const;
    NatDecision Decide(TimePoint now, NatSide from, ByteView header, const PacketView& view);
    NatDecision Judge(TimePoint now, NatSide from, ByteView header, const PacketView& view);
    NatDecision JudgeIcmp(TimePoint now, NatSide from, ByteView header, const PacketView& view);
    NatDecision JudgeError(NatSide from, ByteView header, const PacketView& view) const;
    NatDecision JudgeFlow(TimePoint now, NatSide from, const FilterFlow& flow, uint8_t tcpFlags);
    FilterVerdict Drop(TimePoint now, NatDrop drop, const FlowKey& flow, size_t bytes);

    TraceSink* m_trace;
};

StatefulFilter::Machine::Machine(const FilterSettings& chosen, Rng& rng, TraceSink* trace)
    : settings(chosen),
      flows(settings.timers, settings.flows, rng),
      fragments(chosen.fragmentedDatagrams, chosen.heldFragments, chosen.timers.fragments),
      m_trace(trace)
{
}

FilterVerdict
StatefulFilter::Machine::Drop(TimePoint now, NatDrop drop, const FlowKey& flow, size_t bytes)
{
    const NatDropInfo& info = FilterDropInfo(drop);
    ++counters.drops[static_cast<size_t>(drop)];
    if (m_trace != nullptr)
    {
        TraceEvent event;
        event.when = now;
        event.kind = TraceKind::PacketRefused;
        event.flow = flow;
        event.reason = info.reason;
        event.rule = info.rule;
        event.bytes = static_cast<uint32_t>(bytes);
        m_trace->Emit(event);
    }
    FilterVerdict verdict;
    verdict.action = FilterVerdict::Action::Drop;
    verdict.reason = info.reason;
    verdict.rule = info.rule;
    return verdict;
}

FilterVerdict
StatefulFilter::Machine::Process(TimePoint now, NatSide from, ByteView header, size_t packetLength)
{
    Timeout(now);
    PacketView view;
    if (!view.Read(header, packetLength) && !view.IsOtherProtocol())
    {
        return Drop(now, FaultOf(view), {}, packetLength);
    }
    std::optional<NatDecision> decision = JudgeAddresses(from, view);
    if (!decision)
    {
        decision = view.IsLaterFragment() ? fragments.Follow(now, from, view)
                                          : Decide(now, from, header, view);
    }
    FilterVerdict verdict;
    if (!decision)
    {
        ++counters.held;
        verdict.action = FilterVerdict::Action::Hold;
        verdict.ticket = fragments.LastTicket();
        return verdict;
    }
    if (decision->kind == NatDecision::Kind::Drop)
    {
        return Drop(now, decision->drop, FlowOf(view), view.TotalLength());
    }
    const bool local = decision->kind == NatDecision::Kind::Leave;
    const bool inside = from == NatSide::Inside;
    ++(local ? counters.local : inside ? counters.outbound : counters.inbound);
    return verdict;
}

/// What no host of that side may send.
std::optional<NatDrop>
StatefulFilter::Machine::FaultOfSource(NatSide from, const PacketView& view) const
{
    const bool internal = IsIn(settings.internal, view.Source());
    if (view.Source() == view.Destination())
    {
        return NatDrop::Land;
    }
    if (from == NatSide::Outside)
    {
        return !IsHost(view.Source()) || internal ? std::optional(NatDrop::SourceSpoofed)
                                                  : std::nullopt;
    }
    const bool isForeign = !settings.internal.empty() && !internal;
    return !IsHost(view.Source()) || isForeign ? std::optional(NatDrop::SourceNotInternal)
                                               : std::nullopt;
}

/// What addresses alone decide, for whole packets and every fragment.
std::optional<NatDecision>
StatefulFilter::Machine::JudgeAddresses(NatSide from, const PacketView& view) const
{
    const Ipv4 destination = view.Destination();
    const bool inside = from == NatSide::Inside;
    if (!IsHost(destination))
    {
        return NatDecision::Left(); // to many: not forwarded by a router without further ado
    }
    if (const auto fault = FaultOfSource(from, view))
    {
        return NatDecision::Dropped(*fault);
    }
    if (IsIn(settings.own, destination) || (inside && IsIn(settings.internal, destination)))
    {
        return NatDecision::Left();
    }
    if (inside && settings.allowedDestinations && !IsIn(*settings.allowedDestinations, destination))
    {
        return NatDecision::Dropped(NatDrop::NotAllowed);
    }
    return IsTracked(view.ProtocolNumber())
               ? std::nullopt
               : std::optional(NatDecision::Dropped(NatDrop::ProtocolNotTranslated));
}

/// Judges a whole packet or first fragment.
NatDecision
StatefulFilter::Machine::Decide(TimePoint now,
                                NatSide from,
                                ByteView header,
                                const PacketView& view)
{
    const NatDecision decision = Judge(now, from, header, view);
    fragments.Note(now, from, view, decision);
    return decision;
}

NatDecision
StatefulFilter::Machine::Judge(TimePoint now, NatSide from, ByteView header, const PacketView& view)
{
    if (view.Protocol() == Protocol::Icmp)
    {
        return JudgeIcmp(now, from, header, view);
    }
    const bool inside = from == NatSide::Inside;
    const Endpoint source = view.SourceEndpoint();
    const Endpoint destination = view.DestinationEndpoint();
    if (source.port == 0 || destination.port == 0)
    {
        return NatDecision::Dropped(NatDrop::PortZero);
    }
    const FilterFlow flow{view.Protocol(),
                          inside ? source : destination,
                          inside ? destination : source};
    return JudgeFlow(now, from, flow, view.TcpFlags());
}

NatDecision
StatefulFilter::Machine::JudgeFlow(TimePoint now,
                                   NatSide from,
                                   const FilterFlow& flow,
                                   uint8_t tcpFlags)
{
    const bool isTcp = flow.protocol == Protocol::Tcp;
    if (!flows.Knows(flow))
    {
        if (isTcp && !NatTcpState::Opens(tcpFlags))
        {
            return NatDecision::Dropped(NatDrop::NoConnection);
        }
        if (from == NatSide::Outside)
        {
            return NatDecision::Dropped(NatDrop::Filtered);
        }
        if (!flows.Open(now, flow))
        {
            return NatDecision::Dropped(NatDrop::TableFull);
        }
        ++counters.flowsOpened;
    }
    flows.Touch(now, flow, from, tcpFlags);
    return Passed();
}

NatDecision
StatefulFilter::Machine::JudgeIcmp(TimePoint now,
                                   NatSide from,
                                   ByteView header,
                                   const PacketView& view)
{
    const bool inside = from == NatSide::Inside;
    if (IsIcmpError(view.IcmpType()))
    {
        return JudgeError(from, header, view);
    }
    const bool request = view.IcmpType() == ICMP_ECHO_REQUEST;
    const bool reply = view.IcmpType() == ICMP_ECHO_REPLY;
    const uint16_t identifier = view.SourceEndpoint().port;
    const FilterFlow flow{Protocol::Icmp,
                          {inside ? view.Source() : view.Destination(), identifier},
                          {inside ? view.Destination() : view.Source(), identifier}};
    if (inside && !request)
    {
        return NatDecision::Dropped(NatDrop::IcmpTypeNotTranslated);
    }
    if (!inside && !reply)
    {
        return NatDecision::Dropped(NatDrop::Filtered);
    }
    return JudgeFlow(now, from, flow, 0);
}

/// An error goes to whoever sent the packet that it quotes, and only about a known flow. It neither
/// ends nor refreshes that.
NatDecision
StatefulFilter::Machine::JudgeError(NatSide from, ByteView header, const PacketView& view) const
{
    NatQuotedPacket quoted;
    if (const auto fault = ReadQuotedPacket(header, view, settings.checksums, quoted))
    {
        return NatDecision::Dropped(*fault);
    }
    if (quoted.source.address != view.Destination())
    {
        return NatDecision::Dropped(NatDrop::IcmpMalformed);
    }
    const bool inside = from == NatSide::Inside;
    const FilterFlow flow{quoted.protocol,
                          inside ? quoted.destination : quoted.source,
                          inside ? quoted.source : quoted.destination};
    return flows.Knows(flow) ? Passed() : NatDecision::Dropped(NatDrop::IcmpNoMapping);
}

void
StatefulFilter::Machine::Timeout(TimePoint now)
{
    const size_t before = flows.Size();
    flows.Expire(now);
    counters.flowsExpired += before - flows.Size();
    for (const NatFragmentTable::Abandoned& fragment : fragments.Expire(now))
    {
        (void)Drop(now, NatDrop::FragmentTimeout, FlowOf(fragment), fragment.bytes);
    }
}

TimePoint
StatefulFilter::Machine::NextTimeout() const
{
    return std::min(flows.NextExpiry(), fragments.NextExpiry());
}

StatefulFilter::StatefulFilter(const FilterSettings& settings, Rng& rng, TraceSink* trace)
    : m_machine(std::make_unique<Machine>(settings, rng, trace))
{
}

StatefulFilter::~StatefulFilter() = default;

FilterVerdict
StatefulFilter::Process(TimePoint now, NatSide from, ByteView header, size_t packetLength)
{
    return m_machine->Process(now, from, header, packetLength);
}

std::vector<uint64_t>
StatefulFilter::TakeReleased()
{
    return m_machine->fragments.TakeReleased();
}

std::vector<uint64_t>
StatefulFilter::TakeAbandoned()
{
    return m_machine->fragments.TakeAbandoned();
}

TimePoint
StatefulFilter::NextTimeout() const
{
    return m_machine->NextTimeout();
}

void
StatefulFilter::Timeout(TimePoint now)
{
    m_machine->Timeout(now);
}

const FilterSettings&
StatefulFilter::Settings() const
{
    return m_machine->settings;
}

FilterCounters
StatefulFilter::Counters() const
{
    return m_machine->counters;
}

size_t
StatefulFilter::FlowCount() const
{
    return m_machine->flows.Size();
}

size_t
StatefulFilter::StateSize() const
{
    return m_machine->flows.Size() + m_machine->fragments.Size();
}

} // namespace isb
