// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_PROXY_H
#define ISB_CORE_IST_IST_PROXY_H

#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-settings.h"
#include "model/core/ist/splice-allowance.h"
#include "model/core/machine/deadline-queue.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/bytes.h"
#include "model/wire/isb-message.h"
#include "model/wire/result.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace isb
{

/// Order to join two connections (or two users' datagrams) in the application layer.
struct ProxyPair
{
    Protocol protocol = Protocol::Tcp; ///< Tcp or Udp
    uint16_t portA = 0;                ///< IST port of user A, never 0
    uint16_t portB = 0;                ///< IST port of user B, never 0, never portA
    std::optional<Ipv4> allowedA;      ///< when set, only this source address may take the side
    std::optional<Ipv4> allowedB{};
    /// Bounds; 0: none. `bytes` and `rateBps` count payload, `lifetime` runs from pairing.
    SpliceLimits limits{};
    /// As IstPair::label.
    uint64_t label = 0;
};

/// What can be set in an IstProxy.
struct ProxySettings
{
    size_t maxPairs = 4096;
    /// A pair whose two users have not both come; refreshed by the first (connection, keepalives).
    Duration unmatchedTimeout = std::chrono::seconds(30);
    /// Upper bound of all such refreshing, since Add().
    Duration unmatchedLimit = std::chrono::minutes(5);
    /// A joined pair without Forwarded() or datagram. TCP: RFC 5382 REQ-5. UDP: RFC 4787 REQ-5.
    Duration idleTimeout = std::chrono::minutes(124);
    Duration udpIdleTimeout = std::chrono::minutes(5);
};

/// The application layer proxy (thesis 4.1), sans I/O: decides which two of the accepted
/// connections belong together, the driver moves the bytes.
///
///     driver                                    IstProxy
///       |  Add(pair) ------------------------->   |   Listen(portA), Listen(portB)
///       |  Accepted(listener A, a) ----------->   |   (held: the driver does not read from it,
///       |                                         |    TCP's window pushes back)
///       |  Accepted(listener B, b) ----------->   |   StopListening twice, Join(a, b)
///       |  bulk bytes a <-> b are the driver's    |
///       |  EndOfStream(a) -------------------->   |   Shutdown(b)
///       |  EndOfStream(b) -------------------->   |   Shutdown(a), Close(a), Close(b)
///
/// UDP: a socket a side; the first registration datagram from an allowed source takes the side;
/// when both are taken, Datagram() names for each datagram where it goes. The two ports stay bound
/// until the pair ends (a datagram socket owns its port).
///
/// Not modelled: the bytes, buffers and speed; TLS; tokens.
///
/// Inputs carry `now`, which never goes back; after every input drain TakeOutputs() and act on it
/// in order. Ids of connections are the driver's, never used twice, never 0.
class IstProxy
{
  public:
    using ListenerId = uint64_t;   ///< given by the proxy
    using ConnectionId = uint64_t; ///< given by the driver

    /// Open a listening TCP socket, or a bound UDP socket.
    struct Listen
    {
        ListenerId listener;
        Protocol protocol;
        uint16_t port;
    };

    /// Close that socket.
    struct StopListening
    {
        ListenerId listener;
    };

    /// From now on copy the bytes of each to the other, with back-pressure.
    struct Join
    {
        uint64_t pair;
        ConnectionId a;
        ConnectionId b;
        uint64_t rateBps = 0; ///< copy no more bits a second, both ways together; 0: no bound
    };

    /// Send FIN: no more bytes will be written to this connection.
    struct Shutdown
    {
        ConnectionId connection;
    };

    /// Close; with `reset` by RST, throwing away what is unsent.
    struct Close
    {
        ConnectionId connection;
        bool reset;
    };

    using Output = std::variant<Listen, StopListening, Join, Shutdown, Close>;

    /// What to do with a datagram.
    struct DatagramVerdict
    {
        enum Action : uint8_t
        {
            Consumed, ///< a registration or keepalive
            Forward,  ///< send the payload from socket `through` to `to`
            Drop,     ///< reason and rule say why
        };

        Action action = Drop;
        ListenerId through = 0;
        Endpoint to;
        std::string_view reason;
        std::string_view rule;
    };

    struct Counters
    {
        uint64_t added = 0;
        uint64_t refused = 0;
        uint64_t paired = 0;
        uint64_t ended = 0;
        uint64_t forwarded = 0;                     ///< datagrams
        uint64_t bytes = 0;                         ///< of datagrams, and as said by Forwarded()
        std::map<std::string_view, uint64_t> drops; ///< connections and datagrams, by reason
    };

    /// `trace` (may be null) must outlive the proxy.
    IstProxy(ProxySettings settings, TraceSink* trace);

    /// Opens both ports. Returns the pair's id (never 0), or why not.
    Result<uint64_t> Add(TimePoint now, const ProxyPair& pair);
    /// Ends a pair, connections by RST. False when there is none.
    bool Remove(TimePoint now, uint64_t id);

    /// A listener accepted a connection. An unknown listener's is closed.
    void Accepted(TimePoint now,
                  ListenerId listener,
                  ConnectionId connection,
                  const Endpoint& peer);
    /// The peer sent FIN, and the driver has written all bytes before it to the partner. Before
    /// Join the driver does not read and so cannot know.
    void EndOfStream(TimePoint now, ConnectionId connection);
    /// The connection is gone (RST, time-out): its partner gets an RST too. Before Join its port
    /// waits for another.
    void Failed(TimePoint now, ConnectionId connection);
    /// A listener could not be opened or died: its pair ends.
    void ListenFailed(TimePoint now, ListenerId listener);
    /// A joined connection's bytes went on to its partner: counts, restarts the idle timer, and
    /// ends the pair when its limit is reached.
    void Forwarded(TimePoint now, ConnectionId connection, uint64_t bytes);
    /// A datagram came on a UDP socket. Its verdict is immediate; outputs may follow nevertheless.
    [[nodiscard]] DatagramVerdict Datagram(TimePoint now,
                                           ListenerId socket,
                                           const Endpoint& from,
                                           ByteView payload);

    [[nodiscard]] std::vector<Output> TakeOutputs();

    /// What happened to labelled pairs, in order, since the last call; for IstServer.
    [[nodiscard]] std::vector<CarrierNews> TakeNotices();

    /// When Timeout() is due; may be early, never late.
    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);

    /// Pairs that exist, joined or not.
    [[nodiscard]] size_t Size() const;
    [[nodiscard]] const Counters& GetCounters() const;

  private:
    struct SideState
    {
        ListenerId listener = 0;
        uint16_t port = 0;
        bool listening = false;
        std::optional<Ipv4> allowed;
        ConnectionId connection = 0; ///< TCP: 0 before it came
        Endpoint peer;               ///< port 0 before the first packet
        bool ended = false;          ///< its end of stream was seen
    };

    struct Pair
    {
        uint64_t id = 0;
        Protocol protocol = Protocol::Tcp;
        bool joined = false;
        uint64_t label = 0;
        uint64_t bytes = 0; ///< forwarded, both ways
        uint64_t rateBps = 0;
        SpliceAllowance allowance;
        TimePoint created{0};
        TimePoint lastActivity{0};
        TimePoint entered = TIME_NEVER; ///< in m_deadlines
        std::array<SideState, 2> side;
    };

    /// Where a listener or connection belongs.
    struct Place
    {
        uint64_t pair = 0;
        size_t side = 0;
    };

    [[nodiscard]] std::optional<std::string> Contradiction(const ProxyPair& pair) const;
    [[nodiscard]] TimePoint DeadlineOf(const Pair& pair) const;
    void SideCame(TimePoint now, Pair& pair, const Endpoint& peer);
    void JoinSides(TimePoint now, Pair& pair);
    void TraceJoined(TimePoint now, const Pair& pair);
    void Tell(const Pair& pair, CarrierNews news);
    void CloseListener(SideState& side);
    void RefuseConnection(TimePoint now,
                          ConnectionId connection,
                          const Endpoint& peer,
                          uint16_t port,
                          std::string_view reason,
                          std::string_view rule);
    void End(TimePoint now, uint64_t id, bool reset, std::string_view why);
    DatagramVerdict RegisterUser(TimePoint now, Pair& pair, size_t side, const Endpoint& from);
    DatagramVerdict DropDatagram(TimePoint now,
                                 const FlowKey& flow,
                                 const Pair& pair,
                                 size_t bytes,
                                 std::string_view reason,
                                 std::string_view rule);

    ProxySettings m_settings;
    TraceSink* m_trace;
    uint64_t m_lastId = 0;
    std::map<uint64_t, Pair> m_pairs;
    std::unordered_map<ListenerId, Place> m_listeners;
    std::unordered_map<ConnectionId, Place> m_connections;
    std::set<std::pair<Protocol, uint16_t>> m_ports; ///< open listeners
    DeadlineQueue m_deadlines;
    std::vector<Output> m_outputs;
    std::vector<CarrierNews> m_notices;
    Counters m_counters;
};

} // namespace isb

#endif
