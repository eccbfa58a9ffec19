// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_TRACE_TRACE_EVENT_H
#define ISB_CORE_TRACE_TRACE_EVENT_H

#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <string>
#include <string_view>

namespace isb
{

/// What happened. The names printed in events.jsonl are in ToString().
enum class TraceKind : uint8_t
{
    MappingCreated, ///< a NAT made a mapping: flow.source = internal, translated = external
    MappingExpired, ///< a NAT forgot a mapping
    PacketDropped,  ///< a packet ended here: reason, rule, flow, bytes
    SpliceState,    ///< a splice changed state: id, from, to
    SplicePaired,   ///< both sides of an IST port pair arrived: id, flow
    SpliceFallback, ///< Pure became Passive: id, reason
    ProxyPaired,    ///< the application proxy joined two connections: id
    TrafficStarted, ///< a source of traffic began: detail = its name
    TrafficStopped, ///< a source of traffic ended: detail = its name

    // The broker's world. `user` is whose session, request or daemon it is about; events of the
    // same matter at ISB, daemon and IST carry the same `connection`, `splice` or `session`.
    MessageSent,       ///< control frame: message, user, session, sequence, connection, bytes
    MessageReceived,   ///< the same, at the other end
    SessionState,      ///< from, to ("connected", "logged-in", "closed"), user, session, reason
    ReachabilityKnown, ///< user, to = "public" or "private", reason
    ServiceState,      ///< user, service, to = "announced", "withdrawn" or "listed", reason
    SubscriptionState, ///< user, peer (provider), service, from, to, reason
    ConnectionState,   ///< one service connection: user (whose side; at the ISB the subscriber),
                       ///< peer, service, connection, from, to, path, method, ist, reason
    IstChosen,         ///< by the ISB: connection, ist, reason ("isb.nearest"), detail
    IstState,          ///< at the ISB: ist, from, to ("registered", "lost", ...), reason
    SpliceOrdered,     ///< at the IST: splice, connection's ports in flow/translated, method
    HandshakePacket,   ///< at the IST: TCP handshake of a splice: id, flow, detail = "SYN",
                       ///< "SYN-ACK", "ACK", "FIN", "RST"; from = "received", "sent" or "forwarded"
    HeaderRewritten, ///< at the IST, first payload packet of each direction of a splice: id, flow,
                     ///< method, detail = "ip.src=1.2.3.4>5.6.7.8 tcp.sport=1>2 ..."
    PacketRefused,   ///< a firewall refused: flow, reason, rule
    NodeState,       ///< a scenario's event: to = "crashed", "restarted", "logged-out"
    ClientState,     ///< an unmodified client: to = "connecting", "connected", "first-byte",
                     ///< "closed", "failed"; detail = traffic's name

    // More of a NAT.
    NatState,          ///< to = "rebooted", "rebound", "full", "room" or "reconfigured";
                       ///< translated = its external address
    SessionEvicted,    ///< a session made room for a new flow: flow, translated = external, id
    PortBlockAssigned, ///< flow.source = subscriber, translated = external address and first port
                       ///< of the block, detail = "1024-1535"
    PortBlockReleased, ///< the same; the subscriber has no mapping left in it

    NatTypeKnown, ///< at the ISB, by the NAT test (thesis 3.6.3): user, to = "full-cone",
                  ///< "not-full-cone" or "unknown", reason, flow, detail = who sent the packet
};

/// Who speaks with whom, as seen by the box that reports.
struct FlowKey
{
    Protocol protocol = Protocol::Udp;
    Endpoint source;
    Endpoint destination;
};

/// One observable decision. Every trace source, log line, result file and figure is made of these.
/// Text fields are valid during Emit() only, unless they are said to be static; a field that does
/// not apply is empty or zero and not printed.
struct TraceEvent
{
    TimePoint when{0};
    TraceKind kind = TraceKind::PacketDropped;
    FlowKey flow;
    Endpoint translated;
    std::string_view from;   ///< state left; static
    std::string_view to;     ///< state entered; static
    std::string_view reason; ///< dotted name, stable: "nat.filtered", "box.ring-full"; static
    std::string_view rule;   ///< RFC or thesis section that decided: "RFC 4787 REQ-8"; static
    std::string_view detail; ///< where inside the box, or which object: "pci0", "bulk"
    uint64_t id = 0;         ///< mapping or splice, of the box that reports
    uint32_t bytes = 0;      ///< IP packet length; of a control frame, its length

    std::string_view user;    ///< a user's or IST's name
    std::string_view peer;    ///< the user on the other side
    std::string_view service; ///< its name
    std::string_view message; ///< NameOf() a control message; static
    std::string_view path;    ///< ServicePath; static
    std::string_view method;  ///< ForwardingMethod; static
    std::string_view ist;     ///< its name
    uint64_t session = 0;     ///< the ISB's number of a login
    uint64_t sequence = 0;    ///< of a frame in its direction
    uint64_t connection = 0;  ///< the ISB's number of a service connection
    uint64_t splice = 0;      ///< the ISB's number of a splice
};

/// Receives events in the order in which they happen. Must not call back into the machine.
class TraceSink
{
  public:
    virtual ~TraceSink() = default;
    virtual void Emit(const TraceEvent& event) = 0;
};

/// "mapping-created", "packet-dropped", ...
[[nodiscard]] std::string_view ToString(TraceKind kind);

/// One line of JSON without newline: {"t":ns,"node":"...","event":"...",...}.
[[nodiscard]] std::string ToJson(const TraceEvent& event, std::string_view node);

} // namespace isb

#endif
