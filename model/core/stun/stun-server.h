// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_STUN_SERVER_H
#define ISB_CORE_STUN_STUN_SERVER_H

#include "model/core/machine/machine.h"
#include "model/core/stun/stun-server-settings.h"
#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

namespace isb
{

struct StunServerCounters
{
    uint64_t requests = 0; ///< well-formed Binding requests
    uint64_t answered = 0; ///< with success
    uint64_t refused = 0;  ///< with an error response
    uint64_t receivedBytes = 0;
    uint64_t sentBytes = 0;
    uint64_t calls = 0;                         ///< CONNECT-FROM: connections ordered
    std::map<std::string_view, uint64_t> drops; ///< not answered, by reason: "stun.rate"
};

/// A STUN server for NAT behaviour discovery (RFC 8489, RFC 5780), that clients of RFC 3489
/// understand too. UDP and TCP on up to two addresses and two ports.
///
///     primary:port      primary:otherPort        CHANGE-REQUEST moves a response among these;
///     alternate:port    alternate:otherPort      OTHER-ADDRESS is opposite to where one asks
///
/// Not modelled: authentication, TLS, DTLS, RESPONSE-ADDRESS and shared secrets of RFC 3489 (a
/// reflector and a service that later RFCs took back), ALTERNATE-SERVER.
class StunServer : public Machine
{
  public:
    /// `trace` may be null and must outlive the server.
    StunServer(StunServerSettings settings, TraceSink* trace);
    ~StunServer() override;

    void Start(TimePoint now) override;
    void Stop(TimePoint now) override;
    void Listening(TimePoint now, SocketId socket, Endpoint local) override;
    [[nodiscard]] SocketId Accepted(TimePoint now,
                                    SocketId listener,
                                    Endpoint local,
                                    Endpoint peer) override;
    void Connected(TimePoint now, SocketId socket, Endpoint local) override;
    void Failed(TimePoint now, SocketId socket, std::string_view why) override;
    void Received(TimePoint now, SocketId socket, ByteView bytes) override;
    void EndOfStream(TimePoint now, SocketId socket) override;
    void Sent(TimePoint now, SocketId socket, size_t bytes) override;
    void Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;
    void JoinEnded(TimePoint now,
                   SocketId a,
                   SocketId b,
                   uint64_t bytesFromA,
                   uint64_t bytesFromB,
                   bool reset) override;
    void Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards) override;
    [[nodiscard]] std::vector<MachineOrder> TakeOrders() override;
    [[nodiscard]] TimePoint NextTimeout() const override;
    void Timeout(TimePoint now) override;
    [[nodiscard]] bool IsIdle() const override;

    [[nodiscard]] const StunServerCounters& Counters() const;
    /// Why an endpoint could not be opened; empty when all are open or none failed.
    [[nodiscard]] const std::string& ListenFault() const;
    /// Connections, calls and sources that are kept.
    [[nodiscard]] size_t StateSize() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
