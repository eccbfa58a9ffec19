// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_PROVIDER_CONNECTION_H
#define ISB_CORE_DAEMON_PROVIDER_CONNECTION_H

#include "model/core/daemon/daemon-connection.h"

#include <cstdint>
#include <vector>

namespace isb
{

class ProviderConnection;

/// Hears of the connections to its services.
class ProviderConnectionOwner
{
  public:
    virtual ~ProviderConnectionOwner() = default;
    virtual void OnServed(TimePoint now) = 0;
    virtual void OnConnectionOver(TimePoint now, ProviderConnection& connection) = 0;
};

/// The provider's side of a service connection (thesis 3.4.1): once the subscriber is proven, a
/// connection to the unmodified server, or peripheral, is made and joined with it. A prepared one
/// waits with that for Started or the first bytes, whichever comes first.
class ProviderConnection : public DaemonConnection
{
  public:
    ProviderConnection(DaemonHost& host,
                       BrokerLink& link,
                       ListenPort& listenPort,
                       ConnectionFacts facts,
                       Endpoint server,
                       ProviderConnectionOwner& owner);
    ~ProviderConnection() override;

    /// The next attempt; an older one is ignored.
    void Prepare(TimePoint now, const PrepareMessage& message);
    /// The subscriber uses it now.
    void OnStarted(TimePoint now);
    void EndByBroker(TimePoint now, IsbCode code) override;
    void OnSessionOver(TimePoint now) override;

    void OnChannelOpen(TimePoint now) override;
    void OnChannelBytes(TimePoint now, ByteView bytes) override;
    void OnChannelEnd(TimePoint now, bool lost) override;

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnConnected(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;

  protected:
    void OnEstablished(TimePoint now) override;
    void OnAttemptFailed(TimePoint now, IsbCode code) override;
    void OnInstructed(TimePoint now) override;
    void OnChannelLost(TimePoint now) override;
    void CloseLocal(bool reset) override;
    void OnOver(TimePoint now) override;

  private:
    void SendReady(TimePoint now);
    void ConnectServer(TimePoint now);
    void OnServer(TimePoint now);
    void OnEarlyDatagram(TimePoint now, ByteView bytes);
    void Fail(TimePoint now, IsbCode code);
    void OnTimer(TimePoint now);

    ProviderConnectionOwner& m_owner;
    ListenPort& m_listenPort;
    Endpoint m_server;
    SocketId m_local = 0; ///< connection, UDP: socket, towards the server
    bool m_open = false;  ///< the channel is
    bool m_started = false;
    uint16_t m_chosenPort = 0;
    std::vector<uint8_t> m_early;             ///< bytes that came before the server was connected
    std::vector<std::vector<uint8_t>> m_held; ///< the same over UDP, by datagram
    DaemonTimer m_timer;                      ///< no instruction; the server does not answer
};

} // namespace isb

#endif
