// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_MACHINE_MACHINE_H
#define ISB_CORE_MACHINE_MACHINE_H

#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace isb
{

/// A TCP connection, a TCP listener or a UDP socket. Given by the machine, never 0, never used
/// twice in its life.
using SocketId = uint64_t;

/// "All bytes that come", for ReadOrder.
inline constexpr uint64_t READ_ALL = UINT64_MAX;

/// Open a listening TCP socket or a bound UDP socket. Address 0.0.0.0: any; 127.0.0.1: loopback
/// only. Port 0: any. Answered by Listening() or Failed().
struct ListenOrder
{
    SocketId socket;
    Protocol protocol; ///< Tcp or Udp
    Endpoint local;
};

/// Open a TCP connection. `from`: address 0.0.0.0 and port 0: any. A port that a listener of this
/// machine also uses is right (SO_REUSEADDR). Answered by Connected() or Failed().
struct ConnectOrder
{
    SocketId socket;
    Endpoint from;
    Endpoint to;
};

/// Deliver up to `bytes` more bytes of this connection by Received(). A connection that was not
/// ordered to be read is not: TCP's window pushes back. Orders do not add up: the newest counts.
struct ReadOrder
{
    SocketId socket;
    uint64_t bytes;
};

/// Queue bytes to a connection; the driver tells by Sent() how many went to the transport. Before
/// Connected() they wait.
struct SendOrder
{
    SocketId socket;
    std::vector<uint8_t> bytes;
};

/// Send a datagram.
struct SendToOrder
{
    SocketId socket;
    Endpoint to;
    std::vector<uint8_t> bytes;
};

/// From now on the bytes between two connections are the driver's: copy each to the other, with
/// back-pressure, FIN for FIN, reset for reset, after what was queued by SendOrder. When both
/// directions are over or one was reset, the driver closes both and calls JoinEnded(). Close of
/// either ends it.
struct JoinOrder
{
    SocketId a;
    SocketId b;
};

/// From now on datagrams that come to `inner` from `innerPeer` go out of `outer` to `outerPeer`,
/// and back; each is reported by Relayed(). Prefaces and registrations (service-preface.h,
/// registration.h) still come by Datagram(), as do datagrams of other sources. Ends when either
/// socket is closed or by UnrelayOrder.
struct RelayOrder
{
    uint64_t relay; ///< the machine's number of it
    SocketId inner;
    Endpoint innerPeer;
    SocketId outer;
    Endpoint outerPeer;
};

struct UnrelayOrder
{
    uint64_t relay;
};

/// Send FIN after what is queued.
struct ShutdownOrder
{
    SocketId socket;
};

/// Close: in good order after what is queued, or with `reset` at once, throwing away what is
/// unsent. Nothing more is heard of the socket.
struct CloseOrder
{
    SocketId socket;
    bool reset;
};

using MachineOrder = std::variant<ListenOrder,
                                  ConnectOrder,
                                  ReadOrder,
                                  SendOrder,
                                  SendToOrder,
                                  JoinOrder,
                                  RelayOrder,
                                  UnrelayOrder,
                                  ShutdownOrder,
                                  CloseOrder>;

/// A protocol machine of a host, sans I/O: broker, user daemon, IST server. A driver (ns-3 sockets,
/// real sockets, a test's world in memory) feeds it and acts on its orders.
///
/// Every input carries `now`, which never goes back. After every input the driver drains
/// TakeOrders() and acts in their order, then asks NextTimeout(). An input about a socket that the
/// machine has closed meanwhile is ignored. Same inputs and random numbers, same orders.
class Machine
{
  public:
    virtual ~Machine() = default;

    /// Once, first.
    virtual void Start(TimePoint now) = 0;
    /// Ends everything in good order (logout); the driver goes on until IsIdle().
    virtual void Stop(TimePoint now) = 0;

    /// A listener or UDP socket is open; its real local endpoint.
    virtual void Listening(TimePoint now, SocketId socket, Endpoint local) = 0;
    /// A listener accepted a connection; returns the id of it. It is not read until ordered.
    [[nodiscard]] virtual SocketId Accepted(TimePoint now,
                                            SocketId listener,
                                            Endpoint local,
                                            Endpoint peer) = 0;
    /// A ConnectOrder succeeded; the real local endpoint.
    virtual void Connected(TimePoint now, SocketId socket, Endpoint local) = 0;
    /// A socket is gone: could not listen or connect, was reset, timed out. `why` is for people:
    /// "connection refused".
    virtual void Failed(TimePoint now, SocketId socket, std::string_view why) = 0;
    virtual void Received(TimePoint now, SocketId socket, ByteView bytes) = 0;
    /// The peer's FIN, after all its bytes.
    virtual void EndOfStream(TimePoint now, SocketId socket) = 0;
    /// So many queued bytes went to the transport.
    virtual void Sent(TimePoint now, SocketId socket, size_t bytes) = 0;
    virtual void Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) = 0;
    /// Both connections of a JoinOrder are closed. Bytes from a to b, and from b to a.
    virtual void JoinEnded(TimePoint now,
                           SocketId a,
                           SocketId b,
                           uint64_t bytesFromA,
                           uint64_t bytesFromB,
                           bool reset) = 0;
    /// A datagram of a relay went through.
    virtual void Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards) = 0;

    [[nodiscard]] virtual std::vector<MachineOrder> TakeOrders() = 0;

    /// When Timeout() is due; may be early, never late. TIME_NEVER: not at all.
    [[nodiscard]] virtual TimePoint NextTimeout() const = 0;
    virtual void Timeout(TimePoint now) = 0;

    /// True when nothing is open: no socket, no timer that matters.
    [[nodiscard]] virtual bool IsIdle() const = 0;
};

} // namespace isb

#endif
