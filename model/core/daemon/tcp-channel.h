// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_TCP_CHANNEL_H
#define ISB_CORE_DAEMON_TCP_CHANNEL_H

#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/listen-port.h"
#include "model/core/daemon/service-channel.h"

#include <vector>

namespace isb
{

/// A service connection over TCP: opened to the peer or an IST, from a given source port if need be
/// (Pure, thesis 4.4), or awaited at the listen port.
class TcpChannel : public ServiceChannel, public SocketOwner, public TokenAwaiter
{
  public:
    TcpChannel(DaemonHost& host, ListenPort& listenPort, ChannelOwner& owner);
    ~TcpChannel() override;

    void Open(TimePoint now) override;
    void Begin(TimePoint now, const InstructMessage& instruct) override;
    void Abandon() override;
    void Close(bool reset) override;
    [[nodiscard]] SocketId Socket() const override;
    [[nodiscard]] Endpoint Peer() const override;
    [[nodiscard]] uint16_t Port() const override;

    void OnArrived(TimePoint now, SocketId socket) override;

    void OnConnected(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnReceived(TimePoint now, SocketId socket, ByteView bytes) override;
    void OnEndOfStream(TimePoint now, SocketId socket) override;

  private:
    void SendPreface();
    void Prove(TimePoint now);
    void Fail(TimePoint now, IsbCode code);

    DaemonHost& m_host;
    ListenPort& m_listenPort;
    ChannelOwner& m_owner;
    InstructMessage m_instruct;
    SocketId m_socket = 0;
    bool m_awaiting = false;
    bool m_proven = false;
    std::vector<uint8_t> m_preface; ///< the peer's, as far as it has come
    DaemonTimer m_patience;
};

} // namespace isb

#endif
