// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_TCP_TESTS_H
#define ISB_CORE_STUN_NAT_TCP_TESTS_H

#include "model/core/stun/nat-test-bench.h"

#include <set>

namespace isb
{

/// The procedures of a NatTypeTest over TCP, as far as TCP lets one:
///
/// - mapping: connections from one local port to the server's endpoints, RFC 5780 section 4.3;
/// - filtering: our server opens a connection from its other address, or another port, to the
///   listening port of the connection that asks (CONNECT-FROM);
/// - hairpin: two ports, each listening, connect to each other's external endpoint at the same
///   time, so that either's SYN opens the filter for the other's.
///
/// Every stream that comes about shows the id of what asked for it, so a stranger's does not count.
class NatTcpTests
{
  public:
    using OnDone = std::function<void(TimePoint now)>;

    NatTcpTests(NatTestBench& bench, OnDone done);

    void Run(TimePoint now);

    void Listening(TimePoint now, SocketId socket, Endpoint local);
    [[nodiscard]] SocketId Accepted(SocketId listener);
    void Connected(TimePoint now, SocketId socket);
    void Failed(TimePoint now, SocketId socket);
    void Received(TimePoint now, SocketId socket, ByteView bytes);

  private:
    /// `socket` is 0 when it could not be made.
    using OnStream = std::function<void(TimePoint now, SocketId socket)>;
    /// Null when none came.
    using OnMessage = std::function<void(TimePoint now, const StunMessage* message)>;

    struct Stream
    {
        bool connected = false;
        OnStream then;   ///< until it is connected
        StunId asked{};  ///< id of the request that was sent last
        OnMessage reply; ///< until its response is in
        std::vector<uint8_t> buffer;
    };

    void Connect(TimePoint now, uint16_t from, Endpoint to, OnStream then);
    /// Opens a listener, then a connection to the server from the same port.
    void ListenAndConnect(TimePoint now, uint16_t port, OnStream then);
    void Query(TimePoint now,
               SocketId socket,
               std::vector<StunAttribute> attributes,
               OnMessage then);
    void Send(SocketId socket, std::vector<uint8_t> bytes);
    void Give(TimePoint now, const StunMessage& message, Stream& stream);
    void Drop(TimePoint now, SocketId socket);

    void First(TimePoint now, uint32_t tries);
    void Learn(TimePoint now, uint16_t port, const StunMessage& message);
    void MappingII(TimePoint now, uint16_t port);
    void MappingIII(TimePoint now, uint16_t port, Endpoint second);
    void Mapped(TimePoint now,
                uint16_t port,
                Endpoint to,
                std::function<void(TimePoint now, Endpoint mapped)> then);

    void Filtering(TimePoint now);
    void Call(TimePoint now,
              SocketId socket,
              StunChange change,
              std::function<void(TimePoint now, FoundAnswer came)> then);
    void FilteringIII(TimePoint now, SocketId socket);

    void Hairpin(TimePoint now);
    void HairpinMeet(TimePoint now);
    void HairpinSay(SocketId socket);
    void Begin();
    void End(TimePoint now);

    struct HairpinSide
    {
        uint16_t port = 0;
        Endpoint mapped;
    };

    NatTestBench& m_bench;
    OnDone m_done;
    size_t m_running = 0;
    std::map<SocketId, Stream> m_streams;
    std::map<SocketId, OnStream> m_listeners; ///< with what is to be done once they listen
    std::map<StunId, std::function<void(TimePoint now)>> m_calls; ///< CONNECT-FROM
    std::vector<HairpinSide> m_sides;
    std::set<StunId> m_hairpinIds;
    bool m_hairpinHeard = false;
    bool m_hairpinRan = false;
};

} // namespace isb

#endif
