// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/tun-relay.h"

#include "emulation/carrier/tun-packet.h"
#include "model/splice/ist-env.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace isb
{

namespace
{

/// Every way takes that much (RFC 791, RFC 8200 section 5), so nobody need be asked.
constexpr size_t FITS_IPV4 = 576;
constexpr size_t FITS_IPV6 = 1280;

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

/// The header for a packet whose IP header has become another family's, `shift` bytes longer.
VnetHeader
Moved(VnetHeader header, std::ptrdiff_t shift)
{
    const auto move = [shift](uint16_t value)
    { return value == 0 ? value : static_cast<uint16_t>(value + shift); };
    header.headerLength = move(header.headerLength);
    header.checksumStart = move(header.checksumStart);
    const auto type = static_cast<uint8_t>(header.gsoType & ~VnetHeader::GSO_ECN);
    if (type == VnetHeader::GSO_TCP4 || type == VnetHeader::GSO_TCP6)
    {
        header.gsoType ^= VnetHeader::GSO_TCP4 ^ VnetHeader::GSO_TCP6;
    }
    return header;
}

} // namespace

std::string_view
ReasonOf(TunDrop drop)
{
    static constexpr std::array<std::string_view, static_cast<size_t>(TunDrop::Count_)> REASONS = {
        "tun.not-ip",
        "tun.offload",
        "tun.no-host",
        "ist.too-big",
    };
    return REASONS.at(static_cast<size_t>(drop));
}

TunRelay::TunRelay(const IstSettings& settings,
                   std::vector<IpAddress> own,
                   Rng& random,
                   TunHost& host)
    : m_addresses(settings.addresses),
      m_own(std::move(own)),
      m_host(host),
      m_engine(settings, random, nullptr)
{
}

void
TunRelay::Drop(TunDrop drop)
{
    ++m_drops.at(static_cast<size_t>(drop));
}

void
TunRelay::Receive(TimePoint now, const MutableBytes* packets, size_t count)
{
    for (size_t i = 0; i < count; ++i)
    {
        ReceiveOne(now, packets[i]);
    }
}

void
TunRelay::ReceiveOne(TimePoint now, MutableBytes bytes)
{
    if (bytes.size < VNET_HEADER_SIZE || !IsIpPacket(PacketOf(bytes)))
    {
        Drop(TunDrop::NotIp);
        return;
    }
    Process(now, bytes);
    Settle(now);
}

void
TunRelay::Process(TimePoint now, MutableBytes bytes)
{
    const MutableBytes packet = PacketOf(bytes);
    const auto offloaded = ReadOffload(HeaderOf(bytes), packet);
    if (!offloaded)
    {
        Drop(TunDrop::Offload);
        return;
    }
    const PartialChecksum checksum(*offloaded, packet);
    const IstVerdict verdict = m_engine.Process(now, packet, packet.size);
    switch (verdict.action)
    {
    case IstVerdict::Forward:
        Forward(now, bytes, *offloaded, checksum, verdict);
        break;
    case IstVerdict::NotOurs:
        HandBack(bytes);
        break;
    case IstVerdict::Hold:
        m_held.insert_or_assign(verdict.ticket, m_store.Keep(bytes));
        break;
    case IstVerdict::Consumed:
    case IstVerdict::Drop:
        break; // counted by the engine
    }
}

void
TunRelay::Forward(TimePoint now,
                  MutableBytes bytes,
                  const OffloadedPacket& offloaded,
                  const PartialChecksum& checksum,
                  const IstVerdict& verdict)
{
    if (verdict.replaced == 0)
    {
        checksum.Restore(PacketOf(bytes));
        Send(now, bytes, offloaded.wireLength, PacketOf(bytes));
        return;
    }
    const MutableBytes replaced = Replaced(bytes, verdict);
    const auto shift = static_cast<std::ptrdiff_t>(verdict.header.size()) -
                       static_cast<std::ptrdiff_t>(verdict.replaced);
    checksum.Restore(PacketOf(replaced), shift);
    Send(now,
         replaced,
         static_cast<size_t>(static_cast<std::ptrdiff_t>(offloaded.wireLength) + shift),
         PacketOf(bytes));
}

/// The packet with its new header, in m_scratch.
MutableBytes
TunRelay::Replaced(MutableBytes bytes, const IstVerdict& verdict)
{
    const auto shift = static_cast<std::ptrdiff_t>(verdict.header.size()) -
                       static_cast<std::ptrdiff_t>(verdict.replaced);
    const VnetHeader header = Moved(HeaderOf(bytes), shift);
    const size_t rest = VNET_HEADER_SIZE + verdict.header.size();
    const size_t size = bytes.size - VNET_HEADER_SIZE - verdict.replaced;
    m_scratch.resize(rest + size);
    std::memcpy(m_scratch.data(), &header, VNET_HEADER_SIZE);
    std::memcpy(&m_scratch[VNET_HEADER_SIZE], verdict.header.data(), verdict.header.size());
    std::copy_n(bytes.data + VNET_HEADER_SIZE + verdict.replaced, size, &m_scratch[rest]);
    return m_scratch;
}

/// `received`: the packet as it came, as far as it is an IPv4 one that goes on as IPv6; its header
/// is still there. IPv4 packets are cut by the kernel, IPv6 ones made of IPv4 here (RFC 7915
/// section 4).
void
TunRelay::Send(TimePoint now, MutableBytes bytes, size_t wireLength, ByteView received)
{
    const MutableBytes packet = PacketOf(bytes);
    if (wireLength > (IsIpv6Packet(packet) ? FITS_IPV6 : FITS_IPV4) && !MayBeCut(packet))
    {
        const uint32_t mtu = m_host.MtuTowards(DestinationOf(packet));
        if (wireLength > mtu && MayBeCut(received))
        {
            SendInPieces(bytes, std::max<uint32_t>(mtu, FITS_IPV6), ist_get16(received.data + 4));
            return;
        }
        if (wireLength > mtu)
        {
            Drop(TunDrop::TooBig);
            TellTooBig(now, packet, mtu);
            return;
        }
    }
    m_host.Write(bytes);
}

void
TunRelay::SendInPieces(ByteView bytes, uint32_t mtu, uint16_t identification)
{
    const VnetHeader header = HeaderOf(bytes);
    const ByteView packet(bytes.data + VNET_HEADER_SIZE, bytes.size - VNET_HEADER_SIZE);
    const auto offloaded = ReadOffload(header, packet);
    if (!offloaded)
    {
        Drop(TunDrop::Offload);
        return;
    }
    for (const auto& whole : SplitOffloaded(header, *offloaded, packet))
    {
        for (const auto& piece : CutIpv6(whole, mtu, identification))
        {
            WritePlain(piece);
        }
        ++identification;
    }
}

/// As the first router on the way would: the error is about the packet that left here, to the
/// address that it left from.
void
TunRelay::TellTooBig(TimePoint now, ByteView packet, uint32_t mtu)
{
    std::vector<uint8_t> error = BuildTooBig(packet, mtu);
    ReceiveIcmp(now, error);
}

void
TunRelay::ReceiveIcmp(TimePoint now, MutableBytes packet)
{
    if (!IsIpPacket(packet))
    {
        return;
    }
    std::vector<uint8_t> bytes(VNET_HEADER_SIZE); // all zero: nothing is left undone
    bytes.insert(bytes.end(), packet.data, packet.data + packet.size);
    const MutableBytes copy = PacketOf(bytes);
    const IstVerdict verdict = m_engine.Process(now, copy, copy.size);
    if (verdict.action == IstVerdict::Forward)
    {
        m_host.Write(verdict.replaced == 0 ? ByteView(bytes) : ByteView(Replaced(bytes, verdict)));
    }
}

/// What else comes by the interface is the kernel's own talk to it (neighbour and group discovery).
void
TunRelay::HandBack(MutableBytes bytes)
{
    const auto isAmong = [destination = DestinationOf(PacketOf(bytes))](const auto& addresses)
    { return std::find(addresses.begin(), addresses.end(), destination) != addresses.end(); };
    if (isAmong(m_own))
    {
        m_host.Write(bytes);
    }
    else if (isAmong(m_addresses))
    {
        Drop(TunDrop::NoHost);
    }
}

/// What the last call left to do: the engine's own packets, and fragments whose fate is known.
void
TunRelay::Settle(TimePoint now)
{
    for (const auto& packet : m_engine.TakeEmitted())
    {
        WritePlain(packet);
    }
    for (const uint64_t ticket : m_engine.TakeReleased())
    {
        Release(now, ticket);
    }
    for (const uint64_t ticket : m_engine.TakeAbandoned())
    {
        const auto held = m_held.find(ticket);
        if (held != m_held.end())
        {
            m_store.Forget(held->second);
            m_held.erase(held);
        }
    }
}

void
TunRelay::Release(TimePoint now, uint64_t ticket)
{
    const auto held = m_held.find(ticket);
    if (held == m_held.end())
    {
        return;
    }
    const ByteView bytes = m_store.Packet(held->second);
    m_released.assign(bytes.data, bytes.data + bytes.size);
    m_store.Forget(held->second);
    m_held.erase(held);
    Process(now, m_released);
}

void
TunRelay::WritePlain(ByteView packet)
{
    std::vector<uint8_t> bytes(VNET_HEADER_SIZE);
    bytes.insert(bytes.end(), packet.data, packet.data + packet.size);
    m_host.Write(bytes);
}

Result<uint64_t>
TunRelay::Add(TimePoint now, const IstPair& pair)
{
    return m_engine.Add(now, pair);
}

bool
TunRelay::Remove(TimePoint now, uint64_t id)
{
    const bool removed = m_engine.Remove(now, id);
    Settle(now);
    return removed;
}

TimePoint
TunRelay::NextTimeout() const
{
    return m_engine.NextTimeout();
}

void
TunRelay::Timeout(TimePoint now)
{
    m_engine.Timeout(now);
    Settle(now);
}

std::vector<CarrierNews>
TunRelay::TakeNews()
{
    return m_engine.TakeNotices();
}

const IstEngine&
TunRelay::Engine() const
{
    return m_engine;
}

IstCounters
TunRelay::Counters() const
{
    IstCounters counters = m_engine.Counters();
    for (size_t i = 0; i < m_drops.size(); ++i)
    {
        if (m_drops.at(i) != 0)
        {
            counters.drops[ReasonOf(static_cast<TunDrop>(i))] = m_drops.at(i);
        }
    }
    return counters;
}

size_t
TunRelay::Waiting() const
{
    return m_store.Count();
}

} // namespace isb
