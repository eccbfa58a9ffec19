// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_H
#define ISB_LAB_LAB_H

#include "model/box/machine-parameters.h"
#include "model/box/nic.h"
#include "model/core/impair/impairment-settings.h"
#include "model/core/ist/ist-settings.h"
#include "model/core/nat/nat-settings.h"
#include "model/lab/lab-expectation.h"
#include "model/lab/lab-world.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Scenarios as values. A Lab says what stands where and what is expected of it; it knows nothing
/// of the world that runs it. ParseLab() makes complete and consistent ones; whoever builds one in
/// code keeps the rules stated at the fields. References between parts are indices into the Lab's
/// vectors.
namespace isb
{

/// Where a port of a node is wired, and its address.
struct LabPort
{
    std::string name;              ///< of a box: unique in the box; of a host: "eth0"
    NicKind nic = NicKind::OnChip; ///< of a box with a machine; else without meaning
    size_t link = 0;               ///< index into Lab::links
    Ipv4 address;
    Subnet subnet; ///< the link's
    /// Of a host: more addresses of its own, to which routes lead.
    std::vector<Ipv4> further;
    /// Of an automatic link: what lies beyond the neighbour, 0.0.0.0/0 towards the core.
    std::vector<Subnet> beyond;
};

/// A node that sends and receives. It has one link.
struct Host
{
    std::string name;
    std::string machine; ///< key of Lab::machines; empty: ideal, without CPU model
    LabPort port;
    std::optional<size_t>
        site; ///< index into Lab::sites; nothing: on the internet, or wired by hand
};

/// What a box does with packets.
enum class BoxRole : uint8_t
{
    Forwarder, ///< IP forwarding only
    Nat,       ///< forwarding and translation
    IstApp,    ///< joins two connections in a process (thesis 4.1)
    IstKernel, ///< splices two connections in the kernel (thesis 4.2 to 4.4)
    Firewall,  ///< forwards, and lets in only answers to what went out where it may
};

/// How a NAT box's connection table is searched. A cost of the machine; the answer is the same.
enum class NatLookup : uint8_t
{
    Hash, ///< constant cost
    List, ///< cost grows with the entries: the thesis' guess
};

/// A node with two or more ports. An IST box does not forward what is not addressed to it.
struct Box
{
    std::string name;
    std::string machine; ///< key of Lab::machines; empty: ideal, without CPU model
    BoxRole role = BoxRole::Forwarder;
    std::vector<LabPort> ports;                  ///< two or more
    SpliceMethod splice = SpliceMethod::Passive; ///< role IstKernel, TCP; UDP is always plain
    IstSettings ist;                             ///< role IstKernel
    NatSettings nat;    ///< role Nat; external and internal addresses filled in
    size_t outside = 0; ///< roles Nat, Firewall: index of the port that is outside; all others are
                        ///< inside
    /// Roles Nat, Firewall: insiders may send to these addresses only; nothing: anywhere.
    std::optional<std::vector<Ipv4>> allowed;
    NatLookup lookup = NatLookup::Hash; ///< role Nat
    bool internet = false; ///< role Forwarder: a router of the internet that nobody wired by hand
};

/// A node of the lab: a host or a box.
struct LabNode
{
    enum Kind : uint8_t
    {
        IsHost,
        IsBox,
    };

    Kind kind = IsHost;
    size_t index = 0; ///< into Lab::hosts or Lab::boxes
};

/// One end of a link.
struct LinkEnd
{
    LabNode node;
    size_t port = 0; ///< index into the box's ports; 0 for a host
};

/// A full duplex wire between two nodes, an IP subnet of its own.
struct Link
{
    LinkEnd ends[2];
    Subnet subnet;     ///< ends[0] has its first usable address, ends[1] the second
    DataRate rate;     ///< each way, of the wire (Ethernet framing included)
    Duration delay{0}; ///< propagation, one way
    /// What the wire does to packets from ends[i]; nothing: it is as it should be.
    std::optional<ImpairmentSettings> impair[2];
    /// Made for sites, users and the internet between them, not wired by hand: its subnet is known
    /// beyond its ends by LabPort::beyond alone. ends[0] is nearer to the core.
    bool automatic = false;
};

enum class TrafficKind : uint8_t
{
    TcpBulk,         ///< `connections` TCP connections that send as much as they can
    UdpRate,         ///< datagrams at a rate
    UdpPingPong,     ///< one datagram there and back, then the next
    RequestResponse, ///< TCP: a request, its response, a pause, then the next
    TcpPingPong,     ///< TCP: some bytes there and back, then the next
};

/// The translator that a traffic goes through. Both hosts open a connection to it (UDP: send a
/// registration datagram), each to the address of the port that faces it.
struct TrafficVia
{
    size_t box = 0;      ///< index into Lab::boxes; its role is IstApp or IstKernel
    size_t fromPort = 0; ///< port of the box that faces `from`
    size_t toPort = 0;   ///< port of the box that faces `to`
    Ipv4 fromAddress;    ///< address of fromPort: what `from` connects to
    Ipv4 toAddress;      ///< address of toPort: what `to` connects to
};

/// The service that a traffic uses: an unmodified client on `from` speaks to its daemon's local
/// port, an unmodified server on the provider's host (or peripheral) answers.
struct TrafficService
{
    size_t user = 0;     ///< subscriber, index into Lab::users
    size_t wanted = 0;   ///< index into its settings.wants
    size_t provider = 0; ///< index into Lab::users
    size_t provided = 0; ///< index into its settings.provides
};

/// A source and a sink. Without `via` and `service`, `from` opens connections to `to` and sends.
struct Traffic
{
    std::string name;
    TrafficKind kind = TrafficKind::TcpBulk;
    size_t from = 0; ///< index into Lab::hosts
    size_t to = 0;   ///< index into Lab::hosts; not `from`
    std::optional<TrafficVia> via;
    std::optional<TrafficService> service; ///< `to` is then the server's host
    uint32_t connections = 1;              ///< TCP: 1 to 10'000; UDP: 1
    uint32_t payloadBytes = 0;    ///< UDP: payload of a datagram, 1 to 65'507; TcpPingPong: bytes
                                  ///< each way; else 0
    uint32_t requestBytes = 0;    ///< RequestResponse
    uint32_t responseBytes = 0;   ///< RequestResponse
    Duration pause{0};            ///< RequestResponse: from a response to the next request
    uint64_t totalBytes = 0;      ///< TcpBulk: each connection ends after so many; 0: at `stop`
    std::optional<DataRate> rate; ///< UdpRate: payload bits per second; nothing = "full": as fast
                                  ///< as the sender's machine and wire allow
    TimePoint start{0};
    TimePoint stop{0}; ///< start < stop <= Lab::duration
    /// RequestResponse: each connection ends after so many requests, and after the pause a new one
    /// follows; 0: one connection for all.
    uint32_t requestsEach = 0;
};

/// A scenario.
struct Lab
{
    std::string name;
    std::string title; ///< one line; may be empty
    Duration duration{0};
    uint64_t seed = 1;
    bool checksums = false; ///< compute and verify real checksums
    std::vector<Host> hosts;
    std::vector<Box> boxes;
    std::vector<Link> links;
    std::vector<Site> sites;
    std::vector<LabUser> users;
    std::vector<LabBroker> brokers; ///< at most one, so far
    std::vector<LabTranslator> translators;
    std::vector<LabCrowd> crowds;
    std::vector<Incident> incidents; ///< in order of time
    std::vector<Traffic> traffic;
    std::vector<Expectation> expectations;
    std::map<std::string, MachineParameters> machines; ///< those in use, overrides applied
};

/// The words of the scenario file: "nat", "hash", "tcp-bulk", "rtt".
[[nodiscard]] std::string_view ToString(BoxRole role);
[[nodiscard]] std::string_view ToString(NatLookup lookup);
[[nodiscard]] std::string_view ToString(TrafficKind kind);

/// Name of a node, and of a port as links write it ("A", "box:mac0").
[[nodiscard]] const std::string& NodeName(const Lab& lab, LabNode node);
[[nodiscard]] std::string EndName(const Lab& lab, const LinkEnd& end);

/// Number of ports of a node, and one of them; a host has one.
[[nodiscard]] size_t PortCount(const Lab& lab, LabNode node);
[[nodiscard]] const LabPort& PortAt(const Lab& lab, const LinkEnd& end);
/// The other end of the link at this end.
[[nodiscard]] LinkEnd Neighbour(const Lab& lab, const LinkEnd& end);

inline bool
operator==(LabNode a, LabNode b)
{
    return a.kind == b.kind && a.index == b.index;
}

inline bool
operator==(const LinkEnd& a, const LinkEnd& b)
{
    return a.node == b.node && a.port == b.port;
}

} // namespace isb

#endif
