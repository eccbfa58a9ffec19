// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-box.h"

#include "model/core/nat/nat-answers.h"
#include "model/core/nat/nat-fragment-follower.h"
#include "model/core/nat/nat-fragment-ids.h"
#include "model/core/nat/nat-mapping-table.h"
#include "model/core/nat/nat-packet.h"
#include "model/core/nat/nat-prefetch.h"
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

/// One packet that came in.
struct Arrival
{
    TimePoint now;
    NatSide from;
    MutableBytes header;
    PacketView view;
    size_t wireLength; ///< of what becomes of it on the wire
};

} // namespace

/// Ties the parts together: parse, judge, follow fragments, rewrite, answer, count, trace.
class NatBox::Machine
{
  public:
    Machine(const NatSettings& chosen, Rng& rng, TraceSink* trace);

    NatVerdict Process(TimePoint now,
                       NatSide from,
                       MutableBytes header,
                       size_t packetLength,
                       size_t wireLength);
    void Timeout(TimePoint now);
    void Reboot(TimePoint now, Ipv4 external);
    void Rebind(TimePoint now);
    void SetFull(TimePoint now, bool full);
    [[nodiscard]] std::optional<Error> Reconfigure(TimePoint now, const NatSettings& chosen);

    NatSettings settings;
    NatCounters counters;
    NatMappingTable table;
    NatFragmentFollower fragments;
    NatAnswers answers;

    [[nodiscard]] TimePoint NextTimeout() const;

  private:
    std::optional<NatDecision> Decide(const Arrival& packet);
    NatDecision DecideFirst(const Arrival& packet);
    [[nodiscard]] uint16_t NextMtu(const Arrival& packet, const NatDecision& decision) const;
    [[nodiscard]] bool IsTooBig(const Arrival& packet, const NatDecision& decision) const;
    [[nodiscard]] bool IsPassedOn(const Arrival& packet) const;
    NatVerdict Execute(const Arrival& packet, const NatDecision& decision);
    NatVerdict Refuse(const Arrival& packet, const NatDecision& decision, uint16_t mtu = 0);
    NatVerdict Drop(TimePoint now, NatDrop drop, const FlowKey& flow, size_t bytes);
    void TraceState(TimePoint now, std::string_view state);

    TraceSink* m_trace;
    NatTranslator m_translator;
    NatFragmentIds m_identifications;
};

NatBox::Machine::Machine(const NatSettings& chosen, Rng& rng, TraceSink* trace)
    : settings(WithFirewall(chosen)),
      table(settings, rng, trace),
      fragments(settings.limits.fragmentedDatagrams,
                settings.limits.heldFragments,
                settings.timers.fragments),
      answers(settings),
      m_trace(trace),
      m_translator(settings, table, answers),
      m_identifications(settings.limits.fragmentedDatagrams, settings.timers.fragments)
{
    assert(!FindContradiction(settings));
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
NatBox::Machine::Process(TimePoint now,
                         NatSide from,
                         MutableBytes header,
                         size_t packetLength,
                         size_t wireLength)
{
    Timeout(now);
    Arrival packet{now, from, header, {}, wireLength};
    const PacketView& view = packet.view;
    if (!packet.view.Read(header, packetLength) && !view.IsOtherProtocol())
    {
        return Drop(now, FaultOf(view), {}, packetLength);
    }
    if (wireLength == 0)
    {
        packet.wireLength = view.TotalLength();
    }
    const std::optional<NatDecision> decision = Decide(packet);
    if (!decision)
    {
        ++counters.held;
        NatVerdict verdict;
        verdict.action = NatVerdict::Action::Hold;
        verdict.ticket = fragments.LastTicket();
        return verdict;
    }
    if (decision->kind == NatDecision::Kind::Drop)
    {
        return Refuse(packet, *decision);
    }
    if (from == NatSide::Outside && decision->kind == NatDecision::Kind::Translate &&
        view.Ttl() <= 1)
    {
        return Refuse(packet, NatDecision::Dropped(NatDrop::TtlExpired));
    }
    if (view.DontFragment() && IsTooBig(packet, *decision))
    {
        const uint16_t mtu = NextMtu(packet, *decision);
        return Refuse(packet, NatDecision::Dropped(NatDrop::PacketTooBig), mtu);
    }
    return Execute(packet, *decision);
}

/// True when a packet does not fit the link on which it leaves: it is refused or cut.
bool
NatBox::Machine::IsTooBig(const Arrival& packet, const NatDecision& decision) const
{
    const uint16_t mtu = NextMtu(packet, decision);
    return mtu != 0 && packet.wireLength > mtu;
}

/// Nothing when the packet, a fragment, has to wait.
std::optional<NatDecision>
NatBox::Machine::Decide(const Arrival& packet)
{
    if (const auto decision = m_translator.JudgeAddresses(packet.from, packet.view))
    {
        return decision;
    }
    return packet.view.IsLaterFragment() ? fragments.Follow(packet.now, packet.from, packet.view)
                                         : DecideFirst(packet);
}

/// Judges a whole packet or first fragment.
NatDecision
NatBox::Machine::DecideFirst(const Arrival& packet)
{
    const PacketView& view = packet.view;
    NatDecision decision = m_translator.Judge(packet.now, packet.from, packet.header, view);
    const bool isSent = decision.kind == NatDecision::Kind::Translate ||
                        decision.kind == NatDecision::Kind::TurnBack;
    const bool isCut = !view.DontFragment() && IsTooBig(packet, decision);
    if (isSent && packet.from == NatSide::Inside && (view.HasMoreFragments() || isCut))
    {
        const NatDatagramKey leaving{decision.source.address,
                                     decision.destination.address,
                                     view.Identification(),
                                     view.Protocol()};
        decision.identification = m_identifications.Choose(packet.now, leaving, view.Source());
    }
    fragments.Note(packet.now, packet.from, view, decision);
    return decision;
}

/// True when a packet that is left as it is goes on to the other side: by the `untranslated`
/// subnets, and not because it ends here.
bool
NatBox::Machine::IsPassedOn(const Arrival& packet) const
{
    const Ipv4 destination = packet.view.Destination();
    if (packet.view.Ttl() <= 1 || !IsHost(destination) || settings.IsExternal(destination))
    {
        return false;
    }
    return packet.from == NatSide::Inside
               ? settings.IsUntranslated(destination) && !settings.IsInternal(destination)
               : settings.IsUntranslated(packet.view.Source());
}

/// MTU of the link on which a packet leaves; 0: not known.
uint16_t
NatBox::Machine::NextMtu(const Arrival& packet, const NatDecision& decision) const
{
    const uint16_t opposite =
        packet.from == NatSide::Inside ? settings.outsideMtu : settings.insideMtu;
    switch (decision.kind)
    {
    case NatDecision::Kind::Translate:
        return opposite;
    case NatDecision::Kind::TurnBack:
        return settings.insideMtu;
    case NatDecision::Kind::Leave:
        return IsPassedOn(packet) ? opposite : 0;
    case NatDecision::Kind::Drop:
        break;
    }
    return 0;
}

NatVerdict
NatBox::Machine::Refuse(const Arrival& packet, const NatDecision& decision, uint16_t mtu)
{
    const NatDrop drop =
        answers.Refuse(packet.now, packet.from, packet.header, packet.view, decision, mtu);
    return Drop(packet.now, drop, FlowOf(packet.view), packet.view.TotalLength());
}

NatVerdict
NatBox::Machine::Execute(const Arrival& packet, const NatDecision& decision)
{
    NatVerdict verdict;
    if (decision.kind == NatDecision::Kind::Leave)
    {
        ++counters.untouched;
        return verdict;
    }
    if (decision.kind == NatDecision::Kind::TurnBack)
    {
        ++counters.hairpinned;
        verdict.action = NatVerdict::Action::Hairpin;
    }
    else
    {
        ++(packet.from == NatSide::Inside ? counters.outbound : counters.inbound);
        verdict.action = NatVerdict::Action::Forward;
    }
    RewritePacket(packet.header, packet.view, decision, settings);
    return verdict;
}

void
NatBox::Machine::Timeout(TimePoint now)
{
    table.Expire(now);
    answers.Expire(now);
    for (const NatFragmentTable::Abandoned& fragment : fragments.Expire(now))
    {
        Drop(now, NatDrop::FragmentTimeout, FlowOf(fragment), fragment.bytes);
    }
}

TimePoint
NatBox::Machine::NextTimeout() const
{
    return std::min({table.NextExpiry(), answers.NextExpiry(), fragments.NextExpiry()});
}

void
NatBox::Machine::Reboot(TimePoint now, Ipv4 external)
{
    assert(external == settings.external || !settings.IsExternal(external));
    Timeout(now);
    for (const NatFragmentTable::Abandoned& fragment : fragments.Clear())
    {
        Drop(now, NatDrop::StateLost, FlowOf(fragment), fragment.bytes);
    }
    answers.Clear();
    settings.external = external;
    table.Reboot(now);
    TraceState(now, "rebooted");
}

void
NatBox::Machine::Rebind(TimePoint now)
{
    Timeout(now);
    table.Rebind(now);
    TraceState(now, "rebound");
}

void
NatBox::Machine::SetFull(TimePoint now, bool full)
{
    Timeout(now);
    table.SetFull(full);
    TraceState(now, full ? "full" : "room");
}

std::optional<Error>
NatBox::Machine::Reconfigure(TimePoint now, const NatSettings& chosen)
{
    if (std::optional<Error> fault = FindContradiction(chosen))
    {
        return fault;
    }
    Timeout(now);
    settings = WithFirewall(chosen);
    fragments.SetBounds(settings.limits.fragmentedDatagrams,
                        settings.limits.heldFragments,
                        settings.timers.fragments);
    m_identifications.SetBounds(settings.limits.fragmentedDatagrams, settings.timers.fragments);
    table.Reconfigure(now);
    TraceState(now, "reconfigured");
    return std::nullopt;
}

void
NatBox::Machine::TraceState(TimePoint now, std::string_view state)
{
    if (m_trace == nullptr)
    {
        return;
    }
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::NatState;
    event.to = state;
    event.translated = {settings.external, 0};
    m_trace->Emit(event);
}

NatBox::NatBox(const NatSettings& settings, Rng& rng, TraceSink* trace)
    : m_machine(std::make_unique<Machine>(settings, rng, trace))
{
}

NatBox::~NatBox() = default;

NatVerdict
NatBox::Process(TimePoint now,
                NatSide from,
                MutableBytes header,
                size_t packetLength,
                size_t wireLength)
{
    return m_machine->Process(now, from, header, packetLength, wireLength);
}

void
NatBox::Prefetch(NatSide from, const ByteView* headers, size_t count) const
{
    PrefetchSessions(m_machine->table, from, headers, count);
}

std::vector<uint64_t>
NatBox::TakeReleased()
{
    return m_machine->fragments.TakeReleased();
}

std::vector<uint64_t>
NatBox::TakeAbandoned()
{
    return m_machine->fragments.TakeAbandoned();
}

std::vector<NatEmitted>
NatBox::TakeEmitted()
{
    return m_machine->answers.Take();
}

void
NatBox::Reboot(TimePoint now, Ipv4 external)
{
    m_machine->Reboot(now, external);
}

void
NatBox::Rebind(TimePoint now)
{
    m_machine->Rebind(now);
}

void
NatBox::SetFull(TimePoint now, bool full)
{
    m_machine->SetFull(now, full);
}

std::optional<Error>
NatBox::Reconfigure(TimePoint now, const NatSettings& settings)
{
    return m_machine->Reconfigure(now, settings);
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
    counters.emitted = m_machine->answers.EmittedCount();
    counters.suppressed = m_machine->answers.SuppressedCount();
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
