// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_NATBOX_NAT_RELAY_H
#define ISB_EMULATION_NATBOX_NAT_RELAY_H

#include "emulation/io/offload.h"
#include "emulation/io/packet-store.h"
#include "emulation/natbox/natbox-config.h"
#include "model/core/impair/impairment.h"
#include "model/core/nat/nat-box.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// Where a NatRelay's packets go.
class PacketSink
{
  public:
    virtual ~PacketSink() = default;
    /// \param bytes a VnetHeader and the packet; valid during the call
    virtual void Write(NatSide to, ByteView bytes) = 0;
};

/// Why a packet ends in a NatRelay before or behind NAT and impairment.
enum class RelayDrop : uint8_t
{
    NotIpv4,    ///< "natbox.not-ipv4": IPv6 or no IP at all
    Offload,    ///< "natbox.offload": its VnetHeader contradicts it
    OwnAddress, ///< "natbox.own-address": to the external address, for no mapping
    Unroutable, ///< "natbox.unroutable": cannot be made to fit the other side
    Count_,     ///< how many there are
};

inline constexpr size_t RELAY_DROP_COUNT = static_cast<size_t>(RelayDrop::Count_);

[[nodiscard]] std::string_view ReasonOf(RelayDrop drop);

/// What came in on one side and went out there.
struct RelaySideCounters
{
    uint64_t received = 0;
    uint64_t receivedBytes = 0; ///< of IP packets
    uint64_t receivedLarge = 0; ///< of which stand for several packets on a wire
    uint64_t sent = 0;
    uint64_t sentBytes = 0;
    uint64_t fragmented = 0; ///< packets that were cut to fit this side
    uint64_t emitted = 0;    ///< packets that the NAT itself sent to this side
};

/// The NAT between two TUN interfaces, without the interfaces: what comes in on a side is impaired,
/// translated and written to where it belongs. Sans I/O like the machines that it joins.
///
///     inside --> [impair.inside] --> NatBox --> outside
///     inside <-- NatBox <-- [impair.outside] <-- outside
class NatRelay
{
  public:
    /// Where randomness comes from; they outlive the relay.
    struct Randomness
    {
        Rng& nat;
        Rng& inside;
        Rng& outside;
    };

    /// \param trace may be null; it and `sink` outlive the relay
    NatRelay(const NatboxConfig& config, Randomness randomness, PacketSink& sink, TraceSink* trace);

    /// Takes packets in, in order, and changes them in place.
    /// \param packets each a VnetHeader and the packet
    void Receive(TimePoint now, NatSide from, const MutableBytes* packets, size_t count);

    /// One packet.
    void
    Receive(TimePoint now, NatSide from, MutableBytes packet)
    {
        Receive(now, from, &packet, 1);
    }

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);

    /// Other settings for NAT and impairments; mappings stay as far as the new ones allow.
    [[nodiscard]] std::optional<Error> Reconfigure(TimePoint now, const NatboxConfig& config);

    [[nodiscard]] NatBox& Box();
    [[nodiscard]] const NatBox& Box() const;
    [[nodiscard]] const RelaySideCounters& Side(NatSide side) const;
    [[nodiscard]] uint64_t Drops(RelayDrop drop) const;
    [[nodiscard]] const Impairment& ImpairmentOf(NatSide side) const;
    /// Packets inside: on their way, or fragments that wait for their first one.
    [[nodiscard]] size_t Waiting() const;

  private:
    struct SideState
    {
        Impairment impairment;
        bool isTransparent;
        uint16_t mtu;
        RelaySideCounters counters{};
    };

    SideState& State(NatSide side);
    void Prefetch(NatSide from, const MutableBytes* packets, size_t count);
    void ReceiveOne(TimePoint now, NatSide from, MutableBytes bytes);
    void Impair(TimePoint now, NatSide from, ByteView bytes);
    void Translate(TimePoint now, NatSide from, MutableBytes bytes);
    void Settle(TimePoint now);
    void Release(TimePoint now, uint64_t ticket);
    void PassUntouched(TimePoint now,
                       NatSide from,
                       MutableBytes bytes,
                       const OffloadedPacket& offloaded);
    void Deliver(TimePoint now, NatSide to, MutableBytes bytes, const OffloadedPacket& offloaded);
    void DeliverInPieces(TimePoint now,
                         NatSide to,
                         MutableBytes bytes,
                         const OffloadedPacket& offloaded);
    void Write(NatSide to, ByteView bytes);
    void WritePlain(NatSide to, ByteView packet);
    void Drop(TimePoint now, RelayDrop drop, ByteView packet);
    void TraceDrop(TimePoint now, ByteView packet, const TraceEvent& why);

    struct Held
    {
        NatSide from;
        uint64_t packet; ///< in m_store
    };

    PacketSink& m_sink;
    TraceSink* m_trace;
    std::unique_ptr<NatBox> m_box;
    SideState m_inside;
    SideState m_outside;
    PacketStore m_store;
    std::map<uint64_t, Held> m_held; ///< fragments that the NAT holds, by ticket
    std::vector<uint8_t> m_scratch;  ///< one packet that was waiting
    std::vector<ByteView> m_headers; ///< of a batch
    std::array<uint64_t, RELAY_DROP_COUNT> m_drops{};
};

} // namespace isb

#endif
