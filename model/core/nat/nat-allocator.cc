// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-allocator.h"

#include <algorithm>
#include <string>

namespace isb
{

namespace
{

// As many ports as Linux' nf_nat tries before it gives up on a range.
constexpr uint32_t SHARED_ATTEMPTS = 128;

/// Blocks are taken in turn, so that a released one rests as long as possible.
NatAxes
InTurn()
{
    NatAxes axes;
    axes.assignment = NatPortAssignment::Sequential;
    return axes;
}

} // namespace

size_t
NatProtocolIndex(Protocol protocol)
{
    switch (protocol)
    {
    case Protocol::Tcp:
        return 1;
    case Protocol::Icmp:
        return 2;
    case Protocol::Udp:
        break;
    }
    return 0;
}

NatAllocator::NatAllocator(const NatSettings& settings, Rng& rng, TraceSink* trace)
    : m_rng(rng),
      m_trace(trace),
      m_pooling(settings.pooling),
      m_ports{settings.firstPort, settings.lastPort},
      m_blockSettings(settings.blocks),
      m_portHold(settings.timers.portHold),
      m_axes{settings.udp, settings.tcp, settings.icmp}
{
    std::vector<Ipv4> addresses{settings.external};
    addresses.insert(addresses.end(),
                     settings.furtherExternals.begin(),
                     settings.furtherExternals.end());
    for (const Ipv4 address : addresses)
    {
        m_addresses.push_back({address, std::vector<NatPortPool>(3, NatPortPool(m_ports)), {}});
    }
    if (HasBlocks())
    {
        m_blocksEach = m_ports.Size() / m_blockSettings.size;
        m_blocks.resize(m_blocksEach * m_addresses.size());
        const NatPortRange numbers{0, static_cast<uint16_t>(m_blocksEach - 1)};
        m_freeBlocks.assign(m_addresses.size(), NatPortPool(numbers));
        m_blockCursors.assign(m_addresses.size(), 0);
    }
}

bool
NatAllocator::HasBlocks() const
{
    return m_blockSettings.size != 0;
}

std::optional<uint16_t>
NatAllocator::IndexOf(Ipv4 address) const
{
    for (size_t i = 0; i < m_addresses.size(); ++i)
    {
        if (m_addresses[i].address == address)
        {
            return static_cast<uint16_t>(i);
        }
    }
    return std::nullopt;
}

/// The addresses that a subscriber's next mapping may have, the first choice first.
std::vector<uint16_t>
NatAllocator::Candidates(const NatSubscriber& subscriber) const
{
    if (m_pooling == NatPooling::Paired && subscriber.external != NAT_NO_ADDRESS)
    {
        return {subscriber.external};
    }
    std::vector<uint16_t> all;
    for (size_t i = 0; i < m_addresses.size(); ++i)
    {
        all.push_back(static_cast<uint16_t>((m_turn + i) % m_addresses.size()));
    }
    return all;
}

void
NatAllocator::Pair(NatSubscriber& subscriber, uint16_t address)
{
    const bool isNew = m_pooling == NatPooling::Arbitrary || subscriber.external == NAT_NO_ADDRESS;
    if (isNew)
    {
        m_turn = static_cast<uint16_t>((address + 1U) % m_addresses.size());
    }
    subscriber.external = address;
}

void
NatAllocator::PairAnew(NatSubscriber& subscriber) const
{
    if (subscriber.external != NAT_NO_ADDRESS && !HasBlocks())
    {
        subscriber.external =
            static_cast<uint16_t>((subscriber.external + 1U) % m_addresses.size());
    }
}

bool
NatAllocator::IsPairedWith(const NatSubscriber& subscriber, Ipv4 address) const
{
    return m_pooling == NatPooling::Arbitrary || subscriber.external == NAT_NO_ADDRESS ||
           m_addresses[subscriber.external].address == address;
}

std::optional<Endpoint>
NatAllocator::Take(const Request& request, NatSubscribers& subscribers, uint32_t subscriber)
{
    WakeResting(request.now);
    if (request.beside && TakeExactly(request, subscribers, subscriber))
    {
        return request.beside;
    }
    return HasBlocks() ? TakeFromBlocks(request, subscribers[subscriber])
                       : TakeFromPools(request, subscribers[subscriber]);
}

bool
NatAllocator::TakeExactly(const Request& request, NatSubscribers& subscribers, uint32_t subscriber)
{
    const bool overloads =
        m_axes[NatProtocolIndex(request.protocol)].assignment == NatPortAssignment::Overloading;
    const NatSubscriber& owner = subscribers[subscriber];
    const std::optional<uint16_t> address = IndexOf(request.beside->address);
    if (HasBlocks() && !(address && m_ports.Contains(request.beside->port) &&
                         OwnsBlock(owner, BlockOf(*address, request.beside->port))))
    {
        return false; // not worth a further block
    }
    return !(overloads && request.isShared(*request.beside)) &&
           Claim(request.now, request.protocol, *request.beside, subscribers, subscriber);
}

std::optional<Endpoint>
NatAllocator::TakeFromPools(const Request& request, NatSubscriber& subscriber)
{
    const size_t protocol = NatProtocolIndex(request.protocol);
    for (const uint16_t address : Candidates(subscriber))
    {
        Address& from = m_addresses[address];
        if (const auto port = TakePort(request, address, m_ports, from.cursors[protocol]))
        {
            Pair(subscriber, address);
            return Endpoint{from.address, *port};
        }
    }
    return std::nullopt;
}

std::optional<uint16_t>
NatAllocator::TakePort(const Request& request,
                       uint16_t address,
                       NatPortRange range,
                       uint16_t& cursor)
{
    const NatAxes& axes = m_axes[NatProtocolIndex(request.protocol)];
    if (axes.assignment == NatPortAssignment::Overloading)
    {
        return TakeSharedPort(request, address, range, cursor);
    }
    const Endpoint preserved{m_addresses[address].address, request.internal.port};
    if (axes.assignment == NatPortAssignment::Preserving && range.Contains(preserved.port) &&
        m_resting.TakeBack(request.protocol, preserved, request.internal.address))
    {
        return preserved.port; // its bit is still set
    }
    NatPortPool& pool = m_addresses[address].pools[NatProtocolIndex(request.protocol)];
    return pool.Take(axes, request.internal.port, range, cursor, m_rng);
}

/// The internal port unless somebody has it towards the same remote; then, as Linux does, those
/// after a random one.
std::optional<uint16_t>
NatAllocator::TakeSharedPort(const Request& request,
                             uint16_t address,
                             NatPortRange range,
                             uint16_t& cursor)
{
    const size_t protocol = NatProtocolIndex(request.protocol);
    const Address& from = m_addresses[address];
    const auto isOpen = [&](uint16_t port)
    {
        const bool isRightKind =
            !m_axes[protocol].parity || (port & 1) == (request.internal.port & 1);
        return isRightKind && from.pools[protocol].IsFree(port) &&
               !request.isShared({from.address, port});
    };
    const uint16_t wish =
        WishedPort(NatPortAssignment::Overloading, request.internal.port, range, cursor, m_rng);
    if (isOpen(wish))
    {
        return wish;
    }
    const uint64_t offset = m_rng.Below(range.Size());
    for (uint32_t i = 0; i < SHARED_ATTEMPTS && i < range.Size(); ++i)
    {
        const auto port = static_cast<uint16_t>(range.first + (offset + i) % range.Size());
        if (isOpen(port))
        {
            return port;
        }
    }
    return std::nullopt;
}

NatPortRange
NatAllocator::RangeOf(uint32_t block) const
{
    const uint32_t first = m_ports.first + block % m_blocksEach * m_blockSettings.size;
    return {static_cast<uint16_t>(first), static_cast<uint16_t>(first + m_blockSettings.size - 1)};
}

/// The block of a port; NAT_NO_SLOT for one behind the last block.
uint32_t
NatAllocator::BlockOf(uint16_t address, uint16_t port) const
{
    const uint32_t number = (uint32_t{port} - m_ports.first) / m_blockSettings.size;
    return number < m_blocksEach ? address * m_blocksEach + number : NAT_NO_SLOT;
}

std::optional<Endpoint>
NatAllocator::TakeInBlock(const Request& request, uint32_t block)
{
    const auto address = static_cast<uint16_t>(block / m_blocksEach);
    uint16_t& cursor = m_blocks[block].cursors[NatProtocolIndex(request.protocol)];
    const auto port = TakePort(request, address, RangeOf(block), cursor);
    if (!port)
    {
        return std::nullopt;
    }
    ++m_blocks[block].used;
    return Endpoint{m_addresses[address].address, *port};
}

std::optional<Endpoint>
NatAllocator::TakeFromBlocks(const Request& request, NatSubscriber& subscriber)
{
    for (uint32_t block = subscriber.firstBlock; block != NAT_NO_SLOT; block = m_blocks[block].next)
    {
        if (const auto endpoint = TakeInBlock(request, block))
        {
            return endpoint;
        }
    }
    const std::optional<uint32_t> block = TakeBlock(request.now, subscriber);
    if (!block)
    {
        return std::nullopt;
    }
    const auto endpoint = TakeInBlock(request, *block);
    if (!endpoint)
    {
        ReleaseBlock(request.now, subscriber, *block); // forwards have all of it
    }
    return endpoint;
}

std::optional<uint32_t>
NatAllocator::TakeBlock(TimePoint now, NatSubscriber& subscriber)
{
    if (subscriber.blocks >= m_blockSettings.mostEach)
    {
        return std::nullopt;
    }
    const NatPortRange numbers{0, static_cast<uint16_t>(m_blocksEach - 1)};
    for (const uint16_t address : Candidates(subscriber))
    {
        const auto number =
            m_freeBlocks[address].Take(InTurn(), 0, numbers, m_blockCursors[address], m_rng);
        if (number)
        {
            const uint32_t block = address * m_blocksEach + *number;
            GiveBlock(now, subscriber, block);
            return block;
        }
    }
    return std::nullopt;
}

/// Makes a block that is taken already the subscriber's last one.
void
NatAllocator::GiveBlock(TimePoint now, NatSubscriber& subscriber, uint32_t block)
{
    Pair(subscriber, static_cast<uint16_t>(block / m_blocksEach));
    m_blocks[block] = Block{};
    m_blocks[block].owner = subscriber.address;
    uint32_t* link = &subscriber.firstBlock;
    while (*link != NAT_NO_SLOT)
    {
        link = &m_blocks[*link].next;
    }
    *link = block;
    ++subscriber.blocks;
    Trace(now, TraceKind::PortBlockAssigned, block);
}

void
NatAllocator::ReleaseBlock(TimePoint now, NatSubscriber& subscriber, uint32_t block)
{
    uint32_t* link = &subscriber.firstBlock;
    while (*link != block)
    {
        link = &m_blocks[*link].next;
    }
    *link = m_blocks[block].next;
    --subscriber.blocks;
    Trace(now, TraceKind::PortBlockReleased, block);
    if (m_portHold > Duration::zero())
    {
        m_restingBlocks.push_back({block, now + m_portHold});
        return;
    }
    m_freeBlocks[block / m_blocksEach].Release(static_cast<uint16_t>(block % m_blocksEach));
}

bool
NatAllocator::OwnsBlock(const NatSubscriber& subscriber, uint32_t block) const
{
    uint32_t own = subscriber.firstBlock;
    while (own != NAT_NO_SLOT && own != block)
    {
        own = m_blocks[own].next;
    }
    return own != NAT_NO_SLOT;
}

bool
NatAllocator::ClaimBlock(TimePoint now, NatSubscriber& subscriber, uint32_t block)
{
    if (OwnsBlock(subscriber, block))
    {
        return true;
    }
    if (subscriber.blocks >= m_blockSettings.mostEach ||
        !m_freeBlocks[block / m_blocksEach].Claim(static_cast<uint16_t>(block % m_blocksEach)))
    {
        return false;
    }
    GiveBlock(now, subscriber, block);
    return true;
}

bool
NatAllocator::Claim(TimePoint now,
                    Protocol protocol,
                    Endpoint external,
                    NatSubscribers& subscribers,
                    uint32_t subscriber)
{
    NatSubscriber& owner = subscribers[subscriber];
    const std::optional<uint16_t> address = IndexOf(external.address);
    const bool isPaired = m_pooling == NatPooling::Paired && owner.external != NAT_NO_ADDRESS;
    if (!address || !m_ports.Contains(external.port) || (isPaired && owner.external != *address))
    {
        return false;
    }
    NatPortPool& pool = m_addresses[*address].pools[NatProtocolIndex(protocol)];
    const uint32_t block = HasBlocks() ? BlockOf(*address, external.port) : NAT_NO_SLOT;
    if (!pool.IsFree(external.port) || (HasBlocks() && block == NAT_NO_SLOT) ||
        (HasBlocks() && !ClaimBlock(now, owner, block)))
    {
        return false;
    }
    if (m_axes[NatProtocolIndex(protocol)].assignment != NatPortAssignment::Overloading)
    {
        static_cast<void>(pool.Claim(external.port)); // it is free
    }
    if (HasBlocks())
    {
        ++m_blocks[block].used;
    }
    Pair(owner, *address);
    return true;
}

void
NatAllocator::Release(TimePoint now,
                      Protocol protocol,
                      Endpoint external,
                      NatSubscribers& subscribers,
                      uint32_t subscriber)
{
    const uint16_t address = *IndexOf(external.address);
    NatSubscriber& owner = subscribers[subscriber];
    const bool overloads =
        m_axes[NatProtocolIndex(protocol)].assignment == NatPortAssignment::Overloading;
    if (!overloads && !HasBlocks() && m_portHold > Duration::zero())
    {
        m_resting.Add({protocol, external, owner.address, now + m_portHold});
        return;
    }
    if (!overloads)
    {
        m_addresses[address].pools[NatProtocolIndex(protocol)].Release(external.port);
    }
    if (HasBlocks())
    {
        const uint32_t block = BlockOf(address, external.port);
        if (--m_blocks[block].used == 0)
        {
            ReleaseBlock(now, owner, block);
        }
    }
}

void
NatAllocator::Reserve(Protocol protocol, Endpoint external)
{
    if (const std::optional<uint16_t> address = IndexOf(external.address))
    {
        static_cast<void>(
            m_addresses[*address].pools[NatProtocolIndex(protocol)].Claim(external.port));
    }
}

void
NatAllocator::WakeResting(TimePoint now)
{
    NatRestingPorts::Port port;
    while (m_resting.TakeRested(now, port))
    {
        m_addresses[*IndexOf(port.external.address)].pools[NatProtocolIndex(port.protocol)].Release(
            port.external.port);
    }
    while (!m_restingBlocks.empty() && m_restingBlocks.front().until <= now)
    {
        const uint32_t block = m_restingBlocks.front().block;
        m_restingBlocks.pop_front();
        m_freeBlocks[block / m_blocksEach].Release(static_cast<uint16_t>(block % m_blocksEach));
    }
}

void
NatAllocator::TakeOverResting(TimePoint now, const NatAllocator& other)
{
    for (NatRestingPorts::Port port : other.m_resting.List())
    {
        port.until = std::min(port.until, now + m_portHold);
        const std::optional<uint16_t> address = IndexOf(port.external.address);
        if (port.until > now && address && !HasBlocks() &&
            m_addresses[*address].pools[NatProtocolIndex(port.protocol)].Claim(port.external.port))
        {
            m_resting.Add(port);
        }
    }
    for (RestingBlock resting : other.m_restingBlocks)
    {
        resting.until = std::min(resting.until, now + m_portHold);
        const NatPortRange range = other.RangeOf(resting.block);
        const std::optional<uint16_t> address =
            IndexOf(other.m_addresses[resting.block / other.m_blocksEach].address);
        if (resting.until <= now || !address || !HasBlocks() || !m_ports.Contains(range.first))
        {
            continue;
        }
        const uint32_t block = BlockOf(*address, range.first);
        if (block != NAT_NO_SLOT &&
            m_freeBlocks[*address].Claim(static_cast<uint16_t>(block % m_blocksEach)))
        {
            m_restingBlocks.push_back({block, resting.until});
        }
    }
}

void
NatAllocator::Rest(TimePoint now, Protocol protocol, Endpoint external, Ipv4 host)
{
    const std::optional<uint16_t> address = IndexOf(external.address);
    if (m_portHold <= Duration::zero() || !address || !m_ports.Contains(external.port))
    {
        return;
    }
    const size_t index = NatProtocolIndex(protocol);
    if (HasBlocks())
    {
        const uint32_t block = BlockOf(*address, external.port);
        if (block != NAT_NO_SLOT &&
            m_freeBlocks[*address].Claim(static_cast<uint16_t>(block % m_blocksEach)))
        {
            m_restingBlocks.push_back({block, now + m_portHold});
        }
    }
    else if (m_axes[index].assignment != NatPortAssignment::Overloading &&
             m_addresses[*address].pools[index].Claim(external.port))
    {
        m_resting.Add({protocol, external, host, now + m_portHold});
    }
}

void
NatAllocator::Trace(TimePoint now, TraceKind kind, uint32_t block)
{
    if (m_trace == nullptr)
    {
        return;
    }
    const NatPortRange range = RangeOf(block);
    const std::string ports = std::to_string(range.first) + "-" + std::to_string(range.last);
    TraceEvent event;
    event.when = now;
    event.kind = kind;
    event.flow.source = {m_blocks[block].owner, 0};
    event.translated = {m_addresses[block / m_blocksEach].address, range.first};
    event.detail = ports;
    m_trace->Emit(event);
}

} // namespace isb
