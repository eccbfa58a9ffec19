// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_DAEMON_SOCKETS_H
#define ISB_CORE_DAEMON_DAEMON_SOCKETS_H

#include "model/core/machine/machine.h"

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace isb
{

/// A part of the daemon that has sockets. It hears of those that are open; of one that it closed,
/// nothing more.
class SocketOwner
{
  public:
    virtual ~SocketOwner() = default;

    virtual void OnListening(TimePoint now, SocketId socket, Endpoint local);
    /// `socket` is new and belongs to this owner.
    virtual void OnAccepted(TimePoint now, SocketId listener, SocketId socket, Endpoint peer);
    virtual void OnConnected(TimePoint now, SocketId socket, Endpoint local);
    /// The socket is gone already.
    virtual void OnFailed(TimePoint now, SocketId socket, std::string_view why);
    virtual void OnReceived(TimePoint now, SocketId socket, ByteView bytes);
    virtual void OnEndOfStream(TimePoint now, SocketId socket);
    virtual void OnSent(TimePoint now, SocketId socket, size_t bytes);
    virtual void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes);
    /// Both sockets of a join are gone; told to the owner of `a`.
    virtual void OnJoinEnded(TimePoint now,
                             SocketId a,
                             uint64_t bytesFromA,
                             uint64_t bytesFromB,
                             bool reset);
    virtual void OnRelayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards);
};

/// The sockets of a daemon: gives numbers, keeps whose each is, collects the orders.
class DaemonSockets
{
  public:
    SocketId Listen(SocketOwner* owner, Protocol protocol, Endpoint local);
    SocketId Connect(SocketOwner* owner, Endpoint from, Endpoint to);
    /// A connection that `listener` accepted; is reset when nobody has that listener (any more).
    [[nodiscard]] SocketId Accept(SocketId listener);
    /// From now on `owner` hears of the socket.
    void Give(SocketId socket, SocketOwner* owner);

    void Read(SocketId socket, uint64_t bytes);
    void Send(SocketId socket, std::vector<uint8_t> bytes);
    void SendTo(SocketId socket, Endpoint to, std::vector<uint8_t> bytes);
    void Shutdown(SocketId socket);
    void Join(SocketId a, SocketId b);
    uint64_t Relay(SocketOwner* owner,
                   SocketId inner,
                   Endpoint innerPeer,
                   SocketId outer,
                   Endpoint outerPeer);
    void Unrelay(uint64_t relay);
    /// Closes it, when it is open. 0 is allowed.
    void Close(SocketId socket, bool reset);

    /// The socket is gone; returns who had it, null for nobody.
    [[nodiscard]] SocketOwner* Remove(SocketId socket);
    [[nodiscard]] SocketOwner* OwnerOf(SocketId socket) const;
    [[nodiscard]] SocketOwner* OwnerOfRelay(uint64_t relay) const;

    [[nodiscard]] bool IsEmpty() const;
    /// Where the channel to the ISB appends.
    [[nodiscard]] std::vector<MachineOrder>& Orders();
    [[nodiscard]] std::vector<MachineOrder> TakeOrders();

  private:
    SocketId m_last = 0;
    uint64_t m_lastRelay = 0;
    std::map<SocketId, SocketOwner*> m_owners;
    std::map<uint64_t, SocketOwner*> m_relays;
    std::vector<MachineOrder> m_orders;
};

} // namespace isb

#endif
