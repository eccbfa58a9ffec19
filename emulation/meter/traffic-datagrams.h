// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_DATAGRAMS_H
#define ISB_EMULATION_METER_TRAFFIC_DATAGRAMS_H

#include "emulation/meter/traffic-sockets.h"
#include "emulation/meter/traffic-streams.h"

#include <cstdint>
#include <optional>

namespace isb
{

/// What a flood sent, or what arrived of it.
struct DatagramCount
{
    uint64_t packets = 0;
    double seconds = 0; ///< from the first to the last
};

/// UDP traffic of one agent, on one socket. The first payload byte says what a datagram is:
/// data or end of a flood, ping; the next four which flood it belongs to.
class TrafficDatagrams
{
  public:
    /// Binds; the first datagram that comes decides who the peer is.
    void Listen(ist_family family, uint64_t port);
    /// Connects and sends a registration datagram, which an IST consumes.
    void Connect(const IpEndpoint& target, uint64_t sourcePort);
    /// Sends another one.
    void Register();
    /// Waits for the first datagram and connects to its source.
    void Accept();
    /// Connects to a TURN server and opens a channel to `peer` through it.
    void ConnectByTurn(const IpEndpoint& server, const IpEndpoint& peer);
    void Close();

    /// Sends datagrams of `size` payload bytes for `duration` nanoseconds: as fast as the socket
    /// takes them, or `rate` a second in bursts of a millisecond. Then the flood's end, a few
    /// times.
    [[nodiscard]] DatagramCount Flood(uint32_t number,
                                      size_t size,
                                      uint64_t duration,
                                      uint64_t rate);
    /// Counts what arrives of flood `number`, to its end.
    [[nodiscard]] DatagramCount Count(uint32_t number);

    /// Ping-pong for `duration` nanoseconds. A ping that is lost is sent again after 100 ms and
    /// not counted.
    [[nodiscard]] RoundTrips Ping(uint64_t duration, size_t size);
    /// Answers Ping() to its end.
    void Echo();

  private:
    void Open(ist_family family, uint64_t port);
    /// Bytes before the payload: the channel's header, or none.
    [[nodiscard]] size_t Prefix() const;
    void SendOne(const uint8_t* payload, size_t size);

    Descriptor m_socket;
    std::optional<IpEndpoint> m_turnPeer;
};

} // namespace isb

#endif
