// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_STUN_PACKET_WORLD_H
#define ISB_TESTS_CORE_STUN_PACKET_WORLD_H

#include "model/core/machine/machine.h"
#include "model/core/nat/nat-box.h"
#include "model/core/nat/stateful-filter.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"
#include "tests/core/world/world-clock.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace isb::test
{

class PacketWorld;

/// A host that runs one machine: UDP, and TCP as far as a network that loses nothing needs it:
/// handshakes, also from both sides at once, data in order, FIN, RST.
class PacketHost
{
  public:
    PacketHost(PacketWorld& world, std::vector<Ipv4> addresses);

    void Boot(Machine& machine);
    void Arrive(const std::vector<uint8_t>& packet);
    [[nodiscard]] bool Owns(Ipv4 address) const;
    void Drain();

    const std::vector<Ipv4> addresses;
    bool inside = false;
    uint64_t received = 0; ///< bytes of UDP payload
    uint64_t sent = 0;
    bool deaf = false; ///< its answers are lost

  private:
    struct Stream
    {
        bool up = false;
        bool synHeard = false; ///< the other's SYN
        SocketId listener = 0; ///< that it came to, until its handshake is over
        bool finQueued = false;
        bool reading = false;
        Endpoint local;
        Endpoint peer;
        uint32_t next = 0;    ///< sequence number to send
        uint32_t awaited = 0; ///< of the other
        std::vector<uint8_t> unsent;
        std::vector<uint8_t> unread;
        bool ended = false; ///< the other's FIN is in
    };

    void Do(const ListenOrder& order);
    void Do(const ConnectOrder& order);
    void Do(const ReadOrder& order);
    void Do(const SendOrder& order);
    void Do(const SendToOrder& order);
    void Do(const JoinOrder& order);
    void Do(const RelayOrder& order);
    void Do(const UnrelayOrder& order);
    void Do(const ShutdownOrder& order);
    void Do(const CloseOrder& order);
    void Arm();
    void ArriveTcp(const PacketView& view, ByteView payload);
    void ArriveSyn(const PacketView& view);
    void FinishHandshake(SocketId socket, const PacketView& view);
    void Emit(Stream& stream, uint8_t flags, ByteView payload);
    void Pump(SocketId socket);
    void Deliver(SocketId socket);
    [[nodiscard]] SocketId FindStream(Endpoint local, Endpoint peer) const;
    [[nodiscard]] SocketId FindListener(Protocol protocol, Endpoint local) const;
    [[nodiscard]] Endpoint Bound(Protocol protocol, Endpoint wanted);

    PacketWorld& m_world;
    Machine* m_machine = nullptr;
    std::map<SocketId, std::pair<Protocol, Endpoint>> m_listeners;
    std::map<SocketId, Stream> m_streams;
    std::map<std::pair<Endpoint, Endpoint>, Stream> m_halfOpen; ///< by local, peer
    uint16_t m_lastPort = 40'000;
    TimePoint m_armed = TIME_NEVER;
};

/// Hosts outside, hosts inside, and between them a NatBox, a StatefulFilter or nothing. Whole IPv4
/// packets in virtual time; each takes `latency` from host to host.
class PacketWorld
{
  public:
    PacketWorld();

    PacketHost& AddOutside(std::vector<Ipv4> addresses);
    PacketHost& AddInside(Ipv4 address);
    void PutNat(const NatSettings& settings);
    void PutFirewall();

    void Send(PacketHost& from, std::vector<uint8_t> packet);

    WorldClock clock;
    Duration latency = std::chrono::milliseconds(10);
    std::unique_ptr<NatBox> nat;

  private:
    void Route(bool fromInside, std::vector<uint8_t> packet);
    void Deliver(bool inside, const std::vector<uint8_t>& packet);

    SeededRng m_random{7};
    std::unique_ptr<StatefulFilter> m_filter;
    std::deque<PacketHost> m_hosts;
};

} // namespace isb::test

#endif
