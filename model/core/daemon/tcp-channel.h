// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_TCP_CHANNEL_H
#define ISB_CORE_DAEMON_TCP_CHANNEL_H

#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/listen-port.h"
#include "model/core/daemon/service-channel.h"
#include "model/core/daemon/tcp-punch.h"

#include <string>
#include <vector>

namespace isb
{

/// A service connection over TCP: opened to the peer or an IST, from a given source port if need be
/// (Pure, thesis 4.4), awaited at the listen port, or punched.
class TcpChannel : public ServiceChannel,
                   public SocketOwner,
                   public TokenAwaiter,
                   public TcpPunchOwner
{
  public:
    TcpChannel(DaemonHost& host, ListenPort& listenPort, ChannelOwner& owner);
    ~TcpChannel() override;

    void Open(TimePoint now) override;
    void Gather(TimePoint now, const std::vector<Endpoint>& stunServers, bool predict) override;
    void Begin(TimePoint now, const InstructMessage& instruct) override;
    void Abandon() override;
    void Close(bool reset) override;
    [[nodiscard]] SocketId Socket() const override;
    [[nodiscard]] Endpoint Peer() const override;
    [[nodiscard]] uint16_t Port() const override;
    [[nodiscard]] std::string Note() const override;

    void OnPunchGathered(TimePoint now, PunchCandidates found, IsbCode code) override;
    void OnPunched(TimePoint now, SocketId socket) override;

    void OnArrived(TimePoint now, SocketId socket, const Token& token) override;

    void OnConnected(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnReceived(TimePoint now, SocketId socket, ByteView bytes) override;
    void OnEndOfStream(TimePoint now, SocketId socket) override;

  private:
    void Release(bool reset);
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
    TcpPunch m_punch;
    std::string m_note;
    DaemonTimer m_patience;
};

} // namespace isb

#endif
