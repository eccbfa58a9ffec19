// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-box.h"

#include "model/core/nat/nat-fragments.h"
#include "model/core/nat/nat-mapping-table.h"
#include "model/core/nat/nat-rewrite.h"
#include "model/core/nat/nat-translator.h"
#include "model/wire/packet-view.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace isb
{

namespace
{

// A TCP fragment that begins inside the fixed header would change ports, flags or checksum.
constexpr uint16_t TCP_FIXED_HEADER = 20;

FlowKey
KeyOf(const PacketView& view)
{
    return {view.Protocol(), view.SourceEndpoint(), view.DestinationEndpoint()};
}

/// Why a packet that cannot be read is dropped.
NatDrop
FaultOf(const PacketView& view)
{
    const bool isCut = view.Fault() == "short" || view.Fault() == "tcp-offset";
    return isCut && view.HasMoreFragments() ? NatDrop::TinyFragment : NatDrop::Malformed;
}

/// A firewall lets in only what answers, so its filtering is the strictest.
NatSettings
WithFirewall(NatSettings settings)
{
    if (settings.allowedDestinations)
    {
        for (NatAxes* axes : {&settings.udp, &settings.tcp, &settings.icmp})
        {
            axes->filtering = NatBehaviour::AddressAndPortDependent;
        }
    }
    return settings;
}

NatDatagramKey
DatagramOf(const PacketView& view)
{
    return {view.Source(), view.Destination(), view.Identification(), view.Protocol()};
}

} // namespace

/// Ties the parts together: parse, judge, follow fragments, rewrite, count, trace.
class NatBox::Machine
{
  public:
    Machine(const NatSettings& settings, Rng& rng, TraceSink* trace);

    NatVerdict Process(TimePoint now, NatSide from, MutableBytes header, size_t packetLength);
    void Timeout(TimePoint now);

    const NatSettings settings;
    NatCounters counters;
    NatMappingTable table;
    std::vector<uint64_t> released;
    std::vector<uint64_t> abandoned;

    [[nodiscard]] TimePoint NextTimeout() const;

  private:
    NatFragmentTable& Fragments(NatSide from);
    NatDecision Decide(TimePoint now, NatSide from, ByteView header, const PacketView& view);
    std::optional<NatDecision> Follow(TimePoint now, NatSide from, const PacketView& view);
    NatVerdict Execute(TimePoint now,
                       NatSide from,
                       MutableBytes header,
                       const PacketView& view,
                       const NatDecision& decision);
    NatVerdict Drop(TimePoint now, NatDrop drop, const FlowKey& flow, size_t bytes);

    TraceSink* m_trace;
    NatTranslator m_translator;
    NatFragmentTable m_fromInside;
    NatFragmentTable m_fromOutside;
    uint64_t m_lastTicket = 0;
};

NatBox::Machine::Machine(const NatSettings& chosen, Rng& rng, TraceSink* trace)
    : settings(WithFirewall(chosen)),
      table(settings, rng, trace),
      m_trace(trace),
      m_translator(settings, table),
      m_fromInside(settings.limits.fragmentedDatagrams,
                   settings.limits.heldFragments,
                   settings.timers.fragments),
      m_fromOutside(settings.limits.fragmentedDatagrams,
                    settings.limits.heldFragments,
                    settings.timers.fragments)
{
    assert(!FindContradiction(settings));
}

NatFragmentTable&
NatBox::Machine::Fragments(NatSide from)
{
    return from == NatSide::Inside ? m_fromInside : m_fromOutside;
}

NatVerdict
NatBox::Machine::Drop(TimePoint now, NatDrop drop, const FlowKey& flow, size_t bytes)
{
    const NatDropInfo& info = DropInfo(drop);
    ++counters.drops[static_cast<size_t>(drop)];
    if (m_trace != nullptr)
    {
        TraceEvent event;
        event.when = now;
        event.kind =
            drop == NatDrop::NotAllowed ? TraceKind::PacketRefused : TraceKind::PacketDropped;
        event.flow = flow;
        event.reason = info.reason;
        event.rule = info.rule;
        event.bytes = static_cast<uint32_t>(bytes);
        m_trace->Emit(event);
    }
    NatVerdict verdict;
    verdict.action = NatVerdict::Action::Drop;
    verdict.reason = info.reason;
    verdict.rule = info.rule;
    return verdict;
}

NatVerdict
NatBox::Machine::Process(TimePoint now, NatSide from, MutableBytes header, size_t packetLength)
{
    Timeout(now);
    PacketView view;
    if (!view.Read(header, packetLength) && !view.IsOtherProtocol())
    {
        return Drop(now, FaultOf(view), {}, packetLength);
    }
    std::optional<NatDecision> decision = m_translator.JudgeAddresses(from, view);
    if (!decision && view.IsLaterFragment())
    {
        decision = Follow(now, from, view);
        if (!decision)
        {
            ++counters.held;
            NatVerdict verdict;
            verdict.action = NatVerdict::Action::Hold;
            verdict.ticket = m_lastTicket;
            return verdict;
        }
    }
    else if (!decision)
    {
        decision = Decide(now, from, header, view);
    }
    return Execute(now, from, header, view, *decision);
}

/// Judges a whole packet or first fragment.
NatDecision
NatBox::Machine::Decide(TimePoint now, NatSide from, ByteView header, const PacketView& view)
{
    NatDecision decision = m_translator.Judge(now, from, header, view);
    if (from == NatSide::Outside && decision.kind == NatDecision::Kind::Translate &&
        view.Ttl() <= 1)
    {
        decision = NatDecision::Dropped(NatDrop::TtlExpired);
    }
    if (view.HasMoreFragments())
    {
        Fragments(from).Decide(now, DatagramOf(view), decision, released);
    }
    return decision;
}

/// Judges a later fragment; nothing when it has to wait, its ticket is then m_lastTicket.
std::optional<NatDecision>
NatBox::Machine::Follow(TimePoint now, NatSide from, const PacketView& view)
{
    if (view.Protocol() == Protocol::Tcp && view.FragmentOffset() < TCP_FIXED_HEADER)
    {
        return NatDecision::Dropped(NatDrop::OverlappingFragment);
    }
    NatFragmentTable& fragments = Fragments(from);
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

NatVerdict
NatBox::Machine::Execute(TimePoint now,
                         NatSide from,
                         MutableBytes header,
                         const PacketView& view,
                         const NatDecision& decision)
{
    NatVerdict verdict;
    switch (decision.kind)
    {
    case NatDecision::Kind::Drop:
        return Drop(now, decision.drop, KeyOf(view), view.TotalLength());
    case NatDecision::Kind::Leave:
        ++counters.untouched;
        return verdict;
    case NatDecision::Kind::TurnBack:
        ++counters.hairpinned;
        verdict.action = NatVerdict::Action::Hairpin;
        break;
    case NatDecision::Kind::Translate:
        ++(from == NatSide::Inside ? counters.outbound : counters.inbound);
        verdict.action = NatVerdict::Action::Forward;
        break;
    }
    RewritePacket(header, view, decision, settings.checksums);
    return verdict;
}

void
NatBox::Machine::Timeout(TimePoint now)
{
    table.Expire(now);
    for (NatFragmentTable* fragments : {&m_fromInside, &m_fromOutside})
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
            Drop(now,
                 NatDrop::FragmentTimeout,
                 {datagram.protocol, {datagram.source, 0}, {datagram.destination, 0}},
                 fragment.bytes);
            abandoned.push_back(fragment.ticket);
        }
    }
}

TimePoint
NatBox::Machine::NextTimeout() const
{
    return std::min({table.NextExpiry(), m_fromInside.NextExpiry(), m_fromOutside.NextExpiry()});
}

NatBox::NatBox(const NatSettings& settings, Rng& rng, TraceSink* trace)
    : m_machine(std::make_unique<Machine>(settings, rng, trace))
{
}

NatBox::~NatBox() = default;

NatVerdict
NatBox::Process(TimePoint now, NatSide from, MutableBytes header, size_t packetLength)
{
    return m_machine->Process(now, from, header, packetLength);
}

std::vector<uint64_t>
NatBox::TakeReleased()
{
    return std::exchange(m_machine->released, {});
}

std::vector<uint64_t>
NatBox::TakeAbandoned()
{
    return std::exchange(m_machine->abandoned, {});
}

TimePoint
NatBox::NextTimeout() const
{
    return m_machine->NextTimeout();
}

void
NatBox::Timeout(TimePoint now)
{
    m_machine->Timeout(now);
}

const NatSettings&
NatBox::Settings() const
{
    return m_machine->settings;
}

NatCounters
NatBox::Counters() const
{
    NatCounters counters = m_machine->counters;
    counters.mappingsCreated = m_machine->table.CreatedCount();
    counters.mappingsExpired = counters.mappingsCreated - m_machine->table.MappingCount();
    return counters;
}

size_t
NatBox::MappingCount() const
{
    return m_machine->table.MappingCount();
}

std::vector<NatMappingInfo>
NatBox::Mappings() const
{
    const NatMappingTable& table = m_machine->table;
    std::vector<NatMappingInfo> all;
    for (const uint32_t slot : table.List())
    {
        const NatMapping& mapping = table.Mapping(slot);
        all.push_back({mapping.id,
                       mapping.protocol,
                       mapping.internal,
                       mapping.external,
                       mapping.remote,
                       mapping.sessionCount,
                       table.ExpiryOf(slot)});
    }
    return all;
}

} // namespace isb
