// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_TUN_RELAY_H
#define ISB_EMULATION_CARRIER_TUN_RELAY_H

#include "emulation/io/offload.h"
#include "emulation/io/packet-store.h"
#include "model/core/ist/ist-engine.h"
#include "model/wire/ip-endpoint.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

namespace isb
{

/// What a TunRelay asks of the world around it.
class TunHost
{
  public:
    virtual ~TunHost() = default;
    /// Sends a packet on its way by its destination.
    /// \param bytes a VnetHeader and the packet; valid during the call
    virtual void Write(ByteView bytes) = 0;
    /// Bytes of the largest IP packet that goes towards an address.
    [[nodiscard]] virtual uint32_t MtuTowards(const IpAddress& address) = 0;
};

/// Why a packet ends in a TunRelay beside its engine.
enum class TunDrop : uint8_t
{
    NotIp,   ///< "tun.not-ip"
    Offload, ///< "tun.offload": its VnetHeader contradicts it
    NoHost,  ///< "tun.no-host": to an address of the IST that is none of this host's, but not the
             ///< IST's
    TooBig,  ///< "ist.too-big": does not fit the way on; its sender is told how much does
    Count_,  ///< how many there are
};

[[nodiscard]] std::string_view ReasonOf(TunDrop drop);

/// The IST in user space between users whose packets come in by a TUN interface, without the
/// interface: IstEngine for whole packets behind virtio-net headers. Large segments pass whole and
/// unfinished checksums stay so, across families as well. A packet that does not fit the way on
/// draws the error that a router would send, and the engine translates it for the sender. What is
/// not the IST's goes back to the host if the address is its own. Sans I/O.
class TunRelay
{
  public:
    /// \param own the IST's addresses that are this host's own as well
    TunRelay(const IstSettings& settings, std::vector<IpAddress> own, Rng& random, TunHost& host);

    /// Takes packets in, in order, and changes them in place.
    /// \param packets each a VnetHeader and the packet
    void Receive(TimePoint now, const MutableBytes* packets, size_t count);
    /// Takes an ICMP message that this host has received as well: a whole IP packet.
    void ReceiveIcmp(TimePoint now, MutableBytes packet);

    [[nodiscard]] Result<uint64_t> Add(TimePoint now, const IstPair& pair);
    bool Remove(TimePoint now, uint64_t id);

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);

    [[nodiscard]] std::vector<CarrierNews> TakeNews();
    [[nodiscard]] const IstEngine& Engine() const;
    /// The engine's, and what was dropped beside it.
    [[nodiscard]] IstCounters Counters() const;
    /// Fragments that wait for their first one.
    [[nodiscard]] size_t Waiting() const;

  private:
    void ReceiveOne(TimePoint now, MutableBytes bytes);
    void Process(TimePoint now, MutableBytes bytes);
    void Forward(TimePoint now,
                 MutableBytes bytes,
                 const OffloadedPacket& offloaded,
                 const PartialChecksum& checksum,
                 const IstVerdict& verdict);
    [[nodiscard]] MutableBytes Replaced(MutableBytes bytes, const IstVerdict& verdict);
    void Send(TimePoint now, MutableBytes bytes, size_t wireLength, ByteView received);
    void SendInPieces(ByteView bytes, uint32_t mtu, uint16_t identification);
    void TellTooBig(TimePoint now, ByteView packet, uint32_t mtu);
    void HandBack(MutableBytes bytes);
    void Settle(TimePoint now);
    void Release(TimePoint now, uint64_t ticket);
    void WritePlain(ByteView packet);
    void Drop(TunDrop drop);

    std::vector<IpAddress> m_addresses; ///< the IST's
    std::vector<IpAddress> m_own;       ///< of them, the host's
    TunHost& m_host;
    IstEngine m_engine;
    PacketStore m_store;
    std::map<uint64_t, uint64_t> m_held; ///< engine's ticket -> number in m_store
    std::vector<uint8_t> m_scratch;      ///< a packet whose header has another size
    std::vector<uint8_t> m_released;     ///< a packet that no longer waits
    std::array<uint64_t, static_cast<size_t>(TunDrop::Count_)> m_drops{};
};

} // namespace isb

#endif
