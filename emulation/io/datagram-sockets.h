// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_DATAGRAM_SOCKETS_H
#define ISB_EMULATION_IO_DATAGRAM_SOCKETS_H

#include "emulation/io/socket-host.h"
#include "emulation/io/watched-socket.h"
#include "model/core/machine/machine.h"

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace isb
{

/// The UDP sockets and relays of one Machine, on real sockets. A datagram that the network does not
/// take at once is lost, as datagrams may be. Prefaces and registrations are the machine's even
/// where a relay runs.
class DatagramSockets
{
  public:
    /// `host` must outlive it.
    explicit DatagramSockets(SocketHost& host);

    void Listen(const ListenOrder& order);
    void SendTo(const SendToOrder& order);
    void Relay(const RelayOrder& order);
    void Unrelay(const UnrelayOrder& order);
    /// False when it is no socket of this object.
    bool Close(SocketId id);
    void CloseAll();
    /// Open sockets.
    [[nodiscard]] size_t Size() const;

  private:
    /// Where datagrams of one source at one socket go.
    struct Way
    {
        uint64_t relay = 0;
        SocketId through = 0;
        Endpoint to;
        bool outwards = false;
    };

    using Source = std::pair<SocketId, Endpoint>;

    void OnReadable(SocketId id);
    void Take(SocketId id, Endpoint from, ByteView bytes);

    SocketHost& m_host;
    std::map<SocketId, std::unique_ptr<WatchedSocket>> m_ports;
    std::map<uint64_t, RelayOrder> m_relays;
    std::map<Source, Way> m_ways;
    std::vector<uint8_t> m_buffer; ///< of one system call
};

} // namespace isb

#endif
