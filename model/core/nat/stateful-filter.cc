// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/stateful-filter.h"

#include "model/core/nat/filter-flows.h"
#include "model/core/nat/nat-fragments.h"
#include "model/core/nat/nat-icmp.h"
#include "model/core/nat/nat-tcp-state.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

// A TCP fragment that begins inside the fixed header would change ports or flags.
constexpr uint16_t TCP_FIXED_HEADER = 20;

/// A host's address (RFC 1122 section 3.2.1.3).
bool
IsHost(Ipv4 address)
{
    const uint32_t network = address.value >> 24;
    return network != 0 && network != 127 && network < 224;
}

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

NatDatagramKey
DatagramOf(const PacketView& view)
{
    return {view.Source(), view.Destination(), view.Identification(), view.Protocol()};
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
    NatFragmentTable fromInside;
    NatFragmentTable fromOutside;
    std::vector<uint64_t> released;
    std::vector<uint64_t> abandoned;

  private:
    std::optional<NatDecision> JudgeAddresses(NatSide from, const PacketView& view) const;
    std::optional<NatDrop> FaultOfSource(NatSide from, const PacketView& view) const;
    NatDecision Decide(TimePoint now, NatSide from, ByteView header, const PacketView& view);
    NatDecision Judge(TimePoint now, NatSide from, ByteView header, const PacketView& view);
    NatDecision JudgeIcmp(TimePoint now, NatSide from, ByteView header, const PacketView& view);
    NatDecision JudgeError(NatSide from, ByteView header, const PacketView& view) const;
    NatDecision JudgeFlow(TimePoint now, NatSide from, const FilterFlow& flow, uint8_t tcpFlags);
    std::optional<NatDecision> Follow(TimePoint now, NatSide from, const PacketView& view);
    FilterVerdict Drop(TimePoint now, NatDrop drop, const FlowKey& flow, size_t bytes);

    TraceSink* m_trace;
    uint64_t m_lastTicket = 0;
};

StatefulFilter::Machine::Machine(const FilterSettings& chosen, Rng& rng, TraceSink* trace)
    : settings(chosen),
      flows(settings.timers, settings.flows, rng),
      fromInside(chosen.fragmentedDatagrams, chosen.heldFragments, chosen.timers.fragments),
      fromOutside(chosen.fragmentedDatagrams, chosen.heldFragments, chosen.timers.fragments),
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
        const bool isCut = view.Fault() == "short" || view.Fault() == "tcp-offset";
        const bool isTiny = isCut && view.HasMoreFragments();
        return Drop(now, isTiny ? NatDrop::TinyFragment : NatDrop::Malformed, {}, packetLength);
    }
    std::optional<NatDecision> decision = JudgeAddresses(from, view);
    if (!decision)
    {
        decision =
            view.IsLaterFragment() ? Follow(now, from, view) : Decide(now, from, header, view);
    }
    FilterVerdict verdict;
    if (!decision)
    {
        ++counters.held;
        verdict.action = FilterVerdict::Action::Hold;
        verdict.ticket = m_lastTicket;
        return verdict;
    }
    if (decision->kind == NatDecision::Kind::Drop)
    {
        return Drop(now,
                    decision->drop,
                    {view.Protocol(), view.SourceEndpoint(), view.DestinationEndpoint()},
                    view.TotalLength());
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
    const uint8_t protocol = view.ProtocolNumber();
    const bool known = protocol == static_cast<uint8_t>(Protocol::Icmp) ||
                       protocol == static_cast<uint8_t>(Protocol::Tcp) ||
                       protocol == static_cast<uint8_t>(Protocol::Udp);
    return known ? std::nullopt
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
    if (view.HasMoreFragments())
    {
        NatFragmentTable& fragments = from == NatSide::Inside ? fromInside : fromOutside;
        fragments.Decide(now, DatagramOf(view), decision, released);
    }
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

/// Judges a later fragment; nothing when it has to wait, its ticket is then m_lastTicket.
std::optional<NatDecision>
StatefulFilter::Machine::Follow(TimePoint now, NatSide from, const PacketView& view)
{
    if (view.Protocol() == Protocol::Tcp && view.FragmentOffset() < TCP_FIXED_HEADER)
    {
        return NatDecision::Dropped(NatDrop::OverlappingFragment);
    }
    NatFragmentTable& fragments = from == NatSide::Inside ? fromInside : fromOutside;
    const NatDatagramKey datagram = DatagramOf(view);
    if (const NatDecision* const fate = fragments.Find(datagram))
    {
        return *fate;
    }
    if (!fragments.Hold(now, datagram, m_lastTicket + 1, view.TotalLength()))
    {
        return NatDecision::Dropped(NatDrop::FragmentLimit);
    }
    ++m_lastTicket;
    return std::nullopt;
}

void
StatefulFilter::Machine::Timeout(TimePoint now)
{
    const size_t before = flows.Size();
    flows.Expire(now);
    counters.flowsExpired += before - flows.Size();
    for (NatFragmentTable* fragments : {&fromInside, &fromOutside})
    {
        if (fragments->NextExpiry() > now)
        {
            continue;
        }
        std::vector<NatFragmentTable::Abandoned> given;
        fragments->Expire(now, given);
        for (const NatFragmentTable::Abandoned& fragment : given)
        {
            const NatDatagramKey& datagram = fragment.datagram;
            (void)Drop(now,
                       NatDrop::FragmentTimeout,
                       {datagram.protocol, {datagram.source, 0}, {datagram.destination, 0}},
                       fragment.bytes);
            abandoned.push_back(fragment.ticket);
        }
    }
}

TimePoint
StatefulFilter::Machine::NextTimeout() const
{
    return std::min({flows.NextExpiry(), fromInside.NextExpiry(), fromOutside.NextExpiry()});
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
    return std::exchange(m_machine->released, {});
}

std::vector<uint64_t>
StatefulFilter::TakeAbandoned()
{
    return std::exchange(m_machine->abandoned, {});
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
    return m_machine->flows.Size() + m_machine->fromInside.DatagramCount() +
           m_machine->fromInside.HeldCount() + m_machine->fromOutside.DatagramCount() +
           m_machine->fromOutside.HeldCount();
}

} // namespace isb
