// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_TYPE_TEST_H
#define ISB_CORE_STUN_NAT_TYPE_TEST_H

#include "model/core/machine/machine.h"
#include "model/core/random/rng.h"
#include "model/core/stun/nat-type-report.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace isb
{

/// What can be set in a NatTypeTest.
struct NatTypeSettings
{
    Protocol protocol = Protocol::Udp; ///< Udp or Tcp
    Endpoint server;
    /// Opposite address and port of the server; port 0: as it says (OTHER-ADDRESS,
    /// CHANGED-ADDRESS).
    Endpoint alternate;
    /// The host's own address: without it nobody can tell whether it is translated (a socket bound
    /// to 0.0.0.0 does not know). Port 0: any; else that of the first test's socket.
    Endpoint local;

    bool classic = true;   ///< RFC 3489's tree; UDP only
    bool mapping = true;   ///< RFC 5780 section 4.3
    bool filtering = true; ///< section 4.4
    bool hairpin = true;   ///< section 4.5
    bool lifetime = false; ///< section 4.6; UDP only, takes several times the lifetime

    /// UDP: sent `transmissions` times, after 1, 2, 4, ... times `firstRto`, and given up as much
    /// later again (RFC 8489 section 6.2.1 has 500 ms and 7: 39.5 s of silence for each "no").
    Duration firstRto = std::chrono::milliseconds(500);
    uint32_t transmissions = 4;
    Duration tcpPatience = std::chrono::seconds(5);       ///< for one connection, and its answer
    Duration lifetimeFirst = std::chrono::seconds(15);    ///< first guess; doubles while alive
    Duration lifetimeMost = std::chrono::minutes(20);     ///< longer ones are not told apart
    Duration lifetimePrecision = std::chrono::seconds(1); ///< between the two bounds found
};

/// Finds out how the NAT between this host and a STUN server behaves. Needs a server with two
/// addresses (RFC 5780) for most of it; the report's notes say what else is missing.
///
/// Each procedure has sockets of its own, so that none profits from what another has opened:
///
///     classic     one socket    I, II, I', III of RFC 3489 section 10.1
///     mapping     one socket    I, II, III of RFC 5780 section 4.3
///     filtering   one socket    II, III of section 4.4; TCP: CONNECT-FROM of our server
///     hairpin     two sockets   each sends to the other's external endpoint
///     lifetime    two sockets   one rests, the other asks for answers to it (RESPONSE-PORT)
///
/// UDP procedures run beside each other, lifetime last. Over TCP one local port is used for several
/// connections and a listener (SO_REUSEADDR).
class NatTypeTest : public Machine
{
  public:
    /// `random` must outlive the test.
    NatTypeTest(NatTypeSettings settings, Rng& random);
    ~NatTypeTest() override;

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

    /// What was found; nothing while it runs. Then all sockets are closed.
    [[nodiscard]] std::optional<NatTypeReport> Report() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
