// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_ALLOCATOR_H
#define ISB_CORE_NAT_NAT_ALLOCATOR_H

#include "model/core/nat/nat-port-pool.h"
#include "model/core/nat/nat-resting-ports.h"
#include "model/core/nat/nat-settings.h"
#include "model/core/nat/nat-subscribers.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace isb
{

/// "UDP, TCP, ICMP" as an index.
[[nodiscard]] size_t NatProtocolIndex(Protocol protocol);

/// Gives external endpoints to mappings: which address (pooling, RFC 4787 REQ-2), which block of
/// its ports (RFC 6888 section 4), which port (RFC 4787 section 4.2), and not before the rest of
/// the one that had it last is over (RFC 6888 REQ-8).
///
/// A subscriber that is paired with an address stays with it while it has mappings: when that
/// address has no port left, its new mappings are refused, though other addresses may have some
/// (applications that use several sessions need one address more than they need another session:
/// RFC 4787 section 4.1). Only its first mapping looks for an address that has ports.
///
/// A block is one range of ports at one address for all protocols. Ports behind the last whole
/// block of an address are not used. A block rests as a whole; inside a block a released port is
/// free at once, as it stays with its subscriber (RFC 6888 REQ-8 B).
class NatAllocator
{
  public:
    /// A mapping that needs an external endpoint.
    struct Request
    {
        TimePoint now;
        Protocol protocol;
        Endpoint internal;
        /// The endpoint to be taken if it can be (contiguity); nothing: none is better.
        std::optional<Endpoint> beside;
        /// Overloading: true when another mapping has this endpoint towards the same remote.
        const std::function<bool(Endpoint)>& isShared;
    };

    /// `settings` and `rng` must outlive the allocator; `trace` may be null.
    NatAllocator(const NatSettings& settings, Rng& rng, TraceSink* trace);

    /// An endpoint, now taken; nothing when none is left for this subscriber.
    [[nodiscard]] std::optional<Endpoint> Take(const Request& request,
                                               NatSubscribers& subscribers,
                                               uint32_t subscriber);
    /// Takes this endpoint as a mapping of the subscriber would have; false when it cannot be had.
    [[nodiscard]] bool Claim(TimePoint now,
                             Protocol protocol,
                             Endpoint external,
                             NatSubscribers& subscribers,
                             uint32_t subscriber);
    /// Gives back what Take() or Claim() gave; the port rests if the settings say so.
    void Release(TimePoint now,
                 Protocol protocol,
                 Endpoint external,
                 NatSubscribers& subscribers,
                 uint32_t subscriber);

    /// Takes a forward's port out of the pool for good, if it lies there and is free.
    void Reserve(Protocol protocol, Endpoint external);

    /// Pairs a subscriber with the address after its own, for the mappings to come.
    void PairAnew(NatSubscriber& subscriber) const;

    /// True when the address is the one that the subscriber's next mapping would get, or when any
    /// would do.
    [[nodiscard]] bool IsPairedWith(const NatSubscriber& subscriber, Ipv4 address) const;

    /// Lets ports rest that rested in another allocator, as far as they are free here and not
    /// longer than they would here.
    void TakeOverResting(TimePoint now, const NatAllocator& other);
    /// Lets a free port, or its free block, rest that a mapping of `host` had in another allocator.
    void Rest(TimePoint now, Protocol protocol, Endpoint external, Ipv4 host);

  private:
    struct Block
    {
        Ipv4 owner;
        uint32_t used = 0;           ///< mappings in it
        uint32_t next = NAT_NO_SLOT; ///< of the same subscriber
        std::array<uint16_t, 3> cursors{};
    };

    struct RestingBlock
    {
        uint32_t block;
        TimePoint until;
    };

    struct Address
    {
        Ipv4 address;
        std::vector<NatPortPool> pools; ///< UDP, TCP, ICMP
        std::array<uint16_t, 3> cursors{};
    };

    [[nodiscard]] std::vector<uint16_t> Candidates(const NatSubscriber& subscriber) const;
    [[nodiscard]] std::optional<uint16_t> IndexOf(Ipv4 address) const;
    [[nodiscard]] std::optional<uint16_t> TakePort(const Request& request,
                                                   uint16_t address,
                                                   NatPortRange range,
                                                   uint16_t& cursor);
    [[nodiscard]] std::optional<uint16_t> TakeSharedPort(const Request& request,
                                                         uint16_t address,
                                                         NatPortRange range,
                                                         uint16_t& cursor);
    [[nodiscard]] bool TakeExactly(const Request& request,
                                   NatSubscribers& subscribers,
                                   uint32_t subscriber);
    [[nodiscard]] std::optional<Endpoint> TakeFromPools(const Request& request,
                                                        NatSubscriber& subscriber);
    [[nodiscard]] std::optional<Endpoint> TakeFromBlocks(const Request& request,
                                                         NatSubscriber& subscriber);
    [[nodiscard]] std::optional<uint32_t> TakeBlock(TimePoint now, NatSubscriber& subscriber);
    [[nodiscard]] std::optional<Endpoint> TakeInBlock(const Request& request, uint32_t block);
    void GiveBlock(TimePoint now, NatSubscriber& subscriber, uint32_t block);
    void ReleaseBlock(TimePoint now, NatSubscriber& subscriber, uint32_t block);
    [[nodiscard]] bool HasBlocks() const;
    [[nodiscard]] bool OwnsBlock(const NatSubscriber& subscriber, uint32_t block) const;
    [[nodiscard]] bool ClaimBlock(TimePoint now, NatSubscriber& subscriber, uint32_t block);
    [[nodiscard]] NatPortRange RangeOf(uint32_t block) const;
    [[nodiscard]] uint32_t BlockOf(uint16_t address, uint16_t port) const;
    void Pair(NatSubscriber& subscriber, uint16_t address);
    void WakeResting(TimePoint now);
    void Trace(TimePoint now, TraceKind kind, uint32_t block);

    Rng& m_rng;
    TraceSink* m_trace;
    NatPooling m_pooling;
    NatPortRange m_ports;
    NatPortBlocks m_blockSettings;
    Duration m_portHold;
    std::array<NatAxes, 3> m_axes;
    std::vector<Address> m_addresses;
    uint16_t m_turn = 0;                   ///< the address whose turn it is
    uint32_t m_blocksEach = 0;             ///< blocks of one address
    std::vector<Block> m_blocks;           ///< of all addresses, one after the other
    std::vector<NatPortPool> m_freeBlocks; ///< of each address
    std::vector<uint16_t> m_blockCursors;  ///< of each address
    std::deque<RestingBlock> m_restingBlocks;
    NatRestingPorts m_resting;
};

} // namespace isb

#endif
