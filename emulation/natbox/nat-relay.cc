// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/nat-relay.h"

#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace isb
{

namespace
{

constexpr size_t LEAST_PACKET = 20;

NatSide
Other(NatSide side)
{
    return side == NatSide::Inside ? NatSide::Outside : NatSide::Inside;
}

VnetHeader
HeaderOf(ByteView bytes)
{
    VnetHeader header;
    std::memcpy(&header, bytes.data, VNET_HEADER_SIZE);
    return header;
}

MutableBytes
PacketOf(MutableBytes bytes)
{
    return {bytes.data + VNET_HEADER_SIZE, bytes.size - VNET_HEADER_SIZE};
}

bool
IsIpv4(ByteView bytes)
{
    return bytes.size >= VNET_HEADER_SIZE + LEAST_PACKET && bytes.data[VNET_HEADER_SIZE] >> 4 == 4;
}

} // namespace

std::string_view
ReasonOf(RelayDrop drop)
{
    static constexpr std::array<std::string_view, RELAY_DROP_COUNT> REASONS = {
        "natbox.not-ipv4",
        "natbox.offload",
        "natbox.own-address",
        "natbox.unroutable",
    };
    return REASONS.at(static_cast<size_t>(drop));
}

NatRelay::NatRelay(const NatboxConfig& config,
                   Randomness randomness,
                   PacketSink& sink,
                   TraceSink* trace)
    : m_sink(sink),
      m_trace(trace),
      m_box(std::make_unique<NatBox>(config.nat, randomness.nat, trace)),
      m_inside{Impairment(config.inside.impairment, randomness.inside),
               config.inside.impairment.IsTransparent(),
               config.inside.mtu},
      m_outside{Impairment(config.outside.impairment, randomness.outside),
                config.outside.impairment.IsTransparent(),
                config.outside.mtu}
{
}

NatRelay::SideState&
NatRelay::State(NatSide side)
{
    return side == NatSide::Inside ? m_inside : m_outside;
}

void
NatRelay::Drop(TimePoint now, RelayDrop drop, ByteView packet)
{
    ++m_drops.at(static_cast<size_t>(drop));
    TraceEvent why;
    why.reason = ReasonOf(drop);
    TraceDrop(now, packet, why);
}

/// `why` says reason, rule and detail; the rest comes from the packet.
void
NatRelay::TraceDrop(TimePoint now, ByteView packet, const TraceEvent& why)
{
    if (m_trace == nullptr)
    {
        return;
    }
    PacketView view;
    TraceEvent event = why;
    event.when = now;
    event.kind = TraceKind::PacketDropped;
    event.bytes = static_cast<uint32_t>(packet.size);
    if (view.Read(packet, packet.size))
    {
        event.flow = {view.Protocol(), view.SourceEndpoint(), view.DestinationEndpoint()};
    }
    m_trace->Emit(event);
}

void
NatRelay::Receive(TimePoint now, NatSide from, const MutableBytes* packets, size_t count)
{
    if (count > 1 && State(from).isTransparent)
    {
        Prefetch(from, packets, count);
    }
    for (size_t i = 0; i < count; ++i)
    {
        ReceiveOne(now, from, packets[i]);
    }
}

void
NatRelay::Prefetch(NatSide from, const MutableBytes* packets, size_t count)
{
    m_headers.clear();
    for (size_t i = 0; i < count; ++i)
    {
        if (IsIpv4(packets[i]))
        {
            m_headers.emplace_back(PacketOf(packets[i]));
        }
    }
    m_box->Prefetch(from, m_headers.data(), m_headers.size());
}

void
NatRelay::ReceiveOne(TimePoint now, NatSide from, MutableBytes bytes)
{
    SideState& state = State(from);
    if (!IsIpv4(bytes))
    {
        ++m_drops.at(static_cast<size_t>(RelayDrop::NotIpv4)); // every kernel sends some
        return;
    }
    ++state.counters.received;
    state.counters.receivedBytes += bytes.size - VNET_HEADER_SIZE;
    if (!state.isTransparent || state.impairment.InFlight() > 0)
    {
        Impair(now, from, bytes);
        return;
    }
    Translate(now, from, bytes);
    Settle(now);
}

void
NatRelay::Impair(TimePoint now, NatSide from, ByteView bytes)
{
    const uint64_t number = m_store.Keep(bytes);
    const size_t size = bytes.size - VNET_HEADER_SIZE;
    const ImpairmentVerdict verdict = State(from).impairment.Submit(now, number, size);
    if (verdict.copies > 0)
    {
        return;
    }
    m_store.Forget(number);
    TraceEvent why;
    why.reason = verdict.reason;
    why.rule = verdict.rule;
    why.detail = from == NatSide::Inside ? "inside" : "outside";
    TraceDrop(now, {bytes.data + VNET_HEADER_SIZE, size}, why);
}

void
NatRelay::Translate(TimePoint now, NatSide from, MutableBytes bytes)
{
    const VnetHeader header = HeaderOf(bytes);
    const MutableBytes packet = PacketOf(bytes);
    const auto offloaded = ReadOffload(header, packet);
    if (!offloaded)
    {
        Drop(now, RelayDrop::Offload, packet);
        return;
    }
    State(from).counters.receivedLarge += header.IsSegmented() ? 1U : 0U;
    const PartialChecksum checksum(*offloaded, packet);
    const NatVerdict verdict =
        m_box->Process(now, from, packet, packet.size, offloaded->wireLength);
    switch (verdict.action)
    {
    case NatVerdict::Action::Forward:
        checksum.Restore(packet);
        Deliver(now, Other(from), bytes, *offloaded);
        break;
    case NatVerdict::Action::Hairpin:
        checksum.Restore(packet);
        Deliver(now, NatSide::Inside, bytes, *offloaded);
        break;
    case NatVerdict::Action::Hold:
        m_held.insert_or_assign(verdict.ticket, Held{from, m_store.Keep(bytes)});
        break;
    case NatVerdict::Action::NotForUs:
        PassUntouched(now, from, bytes, *offloaded);
        break;
    case NatVerdict::Action::Drop:
        break; // counted and traced by the box
    }
}

/// A router forwards what its NAT does not want, except to itself: there is no host behind these
/// addresses, and the kernel would send the packet in circles.
void
NatRelay::PassUntouched(TimePoint now,
                        NatSide from,
                        MutableBytes bytes,
                        const OffloadedPacket& offloaded)
{
    PacketView view;
    const MutableBytes packet = PacketOf(bytes);
    const bool isRead = view.Read(packet, packet.size) || view.IsOtherProtocol();
    if (!isRead || m_box->Settings().IsExternal(view.Destination()))
    {
        Drop(now, RelayDrop::OwnAddress, packet);
        return;
    }
    Deliver(now, Other(from), bytes, offloaded);
}

/// What the last call left to do: the NAT's own packets, and fragments whose fate is known.
void
NatRelay::Settle(TimePoint now)
{
    for (const NatEmitted& emitted : m_box->TakeEmitted())
    {
        ++State(emitted.to).counters.emitted;
        WritePlain(emitted.to, emitted.packet);
    }
    for (const uint64_t ticket : m_box->TakeReleased())
    {
        Release(now, ticket);
    }
    for (const uint64_t ticket : m_box->TakeAbandoned())
    {
        const auto held = m_held.find(ticket);
        if (held != m_held.end())
        {
            m_store.Forget(held->second.packet);
            m_held.erase(held);
        }
    }
}

void
NatRelay::Release(TimePoint now, uint64_t ticket)
{
    const auto found = m_held.find(ticket);
    if (found == m_held.end())
    {
        return;
    }
    const Held held = found->second;
    m_held.erase(found);
    const ByteView bytes = m_store.Packet(held.packet);
    m_scratch.assign(bytes.data, bytes.data + bytes.size);
    m_store.Forget(held.packet);
    Translate(now, held.from, m_scratch);
}

void
NatRelay::Deliver(TimePoint now, NatSide to, MutableBytes bytes, const OffloadedPacket& offloaded)
{
    if (offloaded.wireLength > State(to).mtu)
    {
        DeliverInPieces(now, to, bytes, offloaded);
        return;
    }
    Write(to, bytes);
}

/// Cuts what does not fit (RFC 791 section 2.3); the box has refused what must not be cut.
void
NatRelay::DeliverInPieces(TimePoint now,
                          NatSide to,
                          MutableBytes bytes,
                          const OffloadedPacket& offloaded)
{
    constexpr uint16_t DONT_FRAGMENT = 0x40;
    const MutableBytes packet = PacketOf(bytes);
    if ((packet.data[6] & DONT_FRAGMENT) != 0)
    {
        Drop(now, RelayDrop::Unroutable, packet);
        return;
    }
    SideState& state = State(to);
    for (const auto& whole : SplitOffloaded(HeaderOf(bytes), offloaded, packet))
    {
        ++state.counters.fragmented;
        for (const auto& piece : FragmentPacket(whole, state.mtu))
        {
            WritePlain(to, piece);
        }
    }
}

void
NatRelay::WritePlain(NatSide to, ByteView packet)
{
    std::vector<uint8_t> bytes(VNET_HEADER_SIZE); // all zero: nothing is left undone
    bytes.insert(bytes.end(), packet.data, packet.data + packet.size);
    Write(to, bytes);
}

void
NatRelay::Write(NatSide to, ByteView bytes)
{
    RelaySideCounters& counters = State(to).counters;
    ++counters.sent;
    counters.sentBytes += bytes.size - VNET_HEADER_SIZE;
    m_sink.Write(to, bytes);
}

TimePoint
NatRelay::NextTimeout() const
{
    return std::min({m_box->NextTimeout(),
                     m_inside.impairment.NextTimeout(),
                     m_outside.impairment.NextTimeout()});
}

void
NatRelay::Timeout(TimePoint now)
{
    for (const NatSide side : {NatSide::Inside, NatSide::Outside})
    {
        while (const auto departure = State(side).impairment.TakeDue(now))
        {
            const ByteView bytes = m_store.Packet(departure->id);
            m_scratch.assign(bytes.data, bytes.data + bytes.size);
            if (departure->isLast)
            {
                m_store.Forget(departure->id);
            }
            Translate(now, side, m_scratch);
            Settle(now);
        }
    }
    m_box->Timeout(now);
    Settle(now);
}

std::optional<Error>
NatRelay::Reconfigure(TimePoint now, const NatboxConfig& config)
{
    if (auto error = m_box->Reconfigure(now, config.nat))
    {
        return error;
    }
    const std::pair<SideState&, const NatboxSide&> sides[] = {{m_inside, config.inside},
                                                              {m_outside, config.outside}};
    for (const auto& [state, side] : sides)
    {
        state.impairment.Reconfigure(side.impairment);
        state.isTransparent = side.impairment.IsTransparent();
    }
    Settle(now);
    return std::nullopt;
}

NatBox&
NatRelay::Box()
{
    return *m_box;
}

const NatBox&
NatRelay::Box() const
{
    return *m_box;
}

const RelaySideCounters&
NatRelay::Side(NatSide side) const
{
    return side == NatSide::Inside ? m_inside.counters : m_outside.counters;
}

uint64_t
NatRelay::Drops(RelayDrop drop) const
{
    return m_drops.at(static_cast<size_t>(drop));
}

const Impairment&
NatRelay::ImpairmentOf(NatSide side) const
{
    return side == NatSide::Inside ? m_inside.impairment : m_outside.impairment;
}

size_t
NatRelay::Waiting() const
{
    return m_store.Count();
}

} // namespace isb
