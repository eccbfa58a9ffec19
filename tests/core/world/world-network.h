// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_WORLD_NETWORK_H
#define ISB_TESTS_CORE_WORLD_WORLD_NETWORK_H

#include "model/core/random/rng.h"
#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"
#include "tests/core/world/world-clock.h"
#include "tests/core/world/world-gate.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isb::test
{

using HostId = size_t;
/// A connection's end, a listener, a held SYN or a UDP socket. Never 0, never used twice.
using NetId = uint64_t;

/// Whoever has sockets: hears of them, never from within a call to the network.
class NetUser
{
  public:
    virtual ~NetUser() = default;
    virtual void OnConnected(NetId end, Endpoint local) = 0;
    virtual void OnFailed(NetId end, std::string_view why) = 0;
    /// Bytes or the FIN wait: Take(), AtEnd().
    virtual void OnReadable(NetId end) = 0;
    /// So many bytes went to the transport.
    virtual void OnSent(NetId end, size_t bytes) = 0;
    virtual void OnAccepted(NetId listener, NetId end, Endpoint local, Endpoint peer) = 0;
    /// A SYN came to a listener that holds them: Splice() or Refuse() it.
    virtual void OnHeld(NetId listener, NetId syn, Endpoint peer) = 0;
    virtual void OnDatagram(NetId socket, Endpoint from, const std::vector<uint8_t>& bytes) = 0;
};

/// A host and how it is joined to the others.
struct NetHost
{
    std::string name;
    Ipv4 address;              ///< its own
    Ipv4 outside;              ///< of its NAT; 0.0.0.0: it has none and can be reached
    bool keepsPorts = true;    ///< the NAT shows its source ports unchanged while they are free
    bool firewall = false;     ///< no NAT, but nothing comes in unasked
    std::string site;          ///< hosts of one site reach each other's own address
    Duration delay{5'000'000}; ///< one way, to the middle of the internet
    Ratio loss;                ///< of datagrams through the middle
    bool up = true;
};

/// TCP as ordered reliable streams with latency and a window, UDP with latency and loss, NATs as
/// "reachable or not" with port mapping. No packets: handshakes, FIN and RST are events. Behind a
/// gate, which is a real NAT or filter, handshakes of TCP and datagrams are packets that it judges.
class WorldNetwork
{
  public:
    WorldNetwork(WorldClock& clock, Rng& random);

    HostId AddHost(NetHost host);
    /// All that this host sends and gets passes the gate, which may be that of several hosts. Its
    /// `outside` must be that of the gate, or nothing when its own address is seen outside.
    void PutBehind(HostId host, std::shared_ptr<WorldGate> gate);
    [[nodiscard]] NetHost& Host(HostId host);

    /// Nothing when the port is taken. Port 0: any. With `holds` SYNs are held, not answered.
    std::optional<std::pair<NetId, Endpoint>> Listen(HostId host,
                                                     NetUser& user,
                                                     Endpoint local,
                                                     bool holds = false);
    /// Address 0.0.0.0 and port 0 of `from`: any. Answered by OnConnected() or OnFailed().
    NetId Connect(HostId host, NetUser& user, Endpoint from, Endpoint to);
    void Send(NetId end, const std::vector<uint8_t>& bytes);
    void Shutdown(NetId end);
    /// Closes an end, listener or UDP socket; ends: in good order after what is queued, or by RST.
    void Close(NetId id, bool reset);
    /// Up to `most` bytes that have come.
    std::vector<uint8_t> Take(NetId end, size_t most);
    /// The peer's FIN is in and all its bytes are taken.
    [[nodiscard]] bool AtEnd(NetId end) const;
    /// Bytes not yet with the transport.
    [[nodiscard]] size_t Queued(NetId end) const;

    /// Makes one connection of two held ones. A number to end it by EndSplice().
    uint64_t Splice(NetId synA, NetId synB);
    /// Bytes that went through, both ways; nothing when it is over.
    [[nodiscard]] std::optional<uint64_t> SplicedBytes(uint64_t splice) const;
    void EndSplice(uint64_t splice, bool silently);
    void Refuse(NetId syn);

    std::optional<std::pair<NetId, Endpoint>> OpenUdp(HostId host, NetUser& user, Endpoint local);
    void SendTo(NetId socket, Endpoint to, const std::vector<uint8_t>& bytes);

    /// A process dies: its sockets are closed by the kernel, connections by RST.
    void Kill(NetUser& user);
    /// A host goes dark: nothing is heard of its sockets, and nothing reaches it until it is up.
    void Crash(HostId host);

    /// Sockets of all kinds that exist.
    [[nodiscard]] size_t Sockets() const;
    [[nodiscard]] size_t SocketsOf(const NetUser& user) const;
    /// The sockets of one user, for people.
    [[nodiscard]] std::string Describe(const NetUser& user) const;

  private:
    struct End
    {
        HostId host = 0;
        NetUser* user = nullptr; ///< null: closed by it, still sending what is queued
        Endpoint local;
        Endpoint remote;   ///< as asked for, or as seen
        NetId partner = 0; ///< 0: not connected
        uint64_t splice = 0;
        NetId heard = 0;    ///< by packets: the end whose SYN came
        NetId listener = 0; ///< by packets: who accepts it
        NetId heldBy = 0;   ///< by packets: its SYN is held
        Duration latency{0};
        std::vector<uint8_t> queue;
        bool finQueued = false;
        bool finSent = false;
        size_t inFlight = 0; ///< bytes on their way to this end
        std::vector<uint8_t> buffer;
        bool finCame = false;
    };

    struct Listener
    {
        HostId host = 0;
        NetUser* user = nullptr;
        Endpoint local;
        bool holds = false;
    };

    struct Held
    {
        NetId end = 0; ///< who connects
        HostId at = 0;
        NetUser* user = nullptr;
    };

    struct UdpSocket
    {
        HostId host = 0;
        NetUser* user = nullptr;
        Endpoint local;
        std::set<Endpoint> sentTo; ///< a NAT or firewall lets these answer
    };

    /// Who is at an address, seen from a host, and as whom that one sees us.
    struct Route
    {
        std::optional<HostId> to;
        Duration latency{0};
        bool inside = false; ///< same host or site: no NAT, no firewall
    };

    [[nodiscard]] Route Find(HostId from, Ipv4 to) const;
    [[nodiscard]] Endpoint SeenAs(HostId host, Protocol protocol, Endpoint local, bool inside);
    [[nodiscard]] std::optional<Endpoint> Bind(HostId host, Protocol protocol, Endpoint local);
    [[nodiscard]] bool IsTaken(HostId host, Protocol protocol, const Endpoint& local) const;
    [[nodiscard]] NetId ListenerAt(HostId host, Endpoint to) const;
    void ArriveSyn(NetId end, HostId at, Endpoint to, Endpoint seen);
    void Join(NetId a, NetId b, Duration latency);
    void TellConnected(NetId end, Duration delay);
    void Pump(NetId end);
    void Arrive(NetId end, std::vector<uint8_t> bytes);
    void ArriveFin(NetId end);
    void ArriveReset(NetId end, const char* why);
    void ResetPartner(const End& end);
    void Forget(NetId end);
    void ForgetIfOver(NetId end);
    void FailLater(NetId end, Duration delay, const char* why);
    void ArriveDatagram(HostId at, Endpoint to, Endpoint from, std::vector<uint8_t> bytes);
    NetId NewId();

    [[nodiscard]] WorldGate* GateOf(HostId host) const;
    [[nodiscard]] bool IsGated(HostId from, Ipv4 to) const;
    void SendPacket(HostId from, std::vector<uint8_t> packet);
    void Emit(WorldGate& gate, Duration delay);
    void RoutePacket(Duration latency, std::vector<uint8_t> packet);
    void DeliverInside(const WorldGate& gate, Duration delay, std::vector<uint8_t> packet);
    void DeliverPacket(HostId host, const std::vector<uint8_t>& packet);
    void DeliverSegment(HostId host, const PacketView& view);
    void DeliverToEnd(NetId id, NetId theirs, NetId acknowledged, uint8_t flags);
    void SendSegment(HostId host,
                     Endpoint from,
                     Endpoint to,
                     uint8_t flags,
                     NetId own,
                     NetId acknowledged);
    void SendSyn(NetId id, Duration next);
    void ConnectByPackets(NetId id);
    void TakeSyn(HostId host, NetId at, Endpoint local, Endpoint remote, NetId theirs);
    void Establish(NetId id, NetId theirs);

    WorldClock& m_clock;
    Rng& m_random;
    NetId m_lastId = 0;
    uint16_t m_lastPort = 49'151;
    uint16_t m_lastMapped = 60'000;
    std::vector<NetHost> m_hosts;
    std::map<HostId, std::shared_ptr<WorldGate>> m_gates;
    std::map<NetId, End> m_ends;
    std::map<NetId, Listener> m_listeners;
    std::map<NetId, Held> m_held;
    std::map<NetId, UdpSocket> m_udp;
    std::map<std::pair<HostId, std::pair<Protocol, Endpoint>>, Endpoint> m_mappings;
    std::map<std::pair<Protocol, Endpoint>, std::pair<HostId, Endpoint>> m_mapped;
    std::map<uint64_t, std::pair<NetId, NetId>> m_splices;
    std::map<uint64_t, uint64_t> m_splicedBytes;
};

} // namespace isb::test

#endif
