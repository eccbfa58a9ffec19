// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_UDP_CHANNEL_H
#define ISB_CORE_DAEMON_UDP_CHANNEL_H

#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/service-channel.h"

#include <cstdint>
#include <string_view>

namespace isb
{

/// A service connection over UDP. Who connects repeats its preface (through an IST: behind a
/// registration datagram, which the IST consumes) until the other's is in; who awaits learns the
/// peer's endpoint from its preface. Afterwards the same serves as keepalive of NATs, and tells
/// that the other end lives: without a connection, nobody else would.
class UdpChannel : public ServiceChannel, public SocketOwner
{
  public:
    UdpChannel(DaemonHost& host, ChannelOwner& owner);
    ~UdpChannel() override;

    void Open(TimePoint now) override;
    void Begin(TimePoint now, const InstructMessage& instruct) override;
    void Abandon() override;
    void Close(bool reset) override;
    [[nodiscard]] SocketId Socket() const override;
    [[nodiscard]] Endpoint Peer() const override;
    [[nodiscard]] uint16_t Port() const override;

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;

  private:
    void OnPreface(TimePoint now, Endpoint from, const Token& token, size_t bytes);
    void SendPreface(TimePoint now);
    /// Registers at an IST, and shows the preface to the peer.
    void Solicit(TimePoint now);
    void KeepAlive(TimePoint now);
    void Drop(TimePoint now, Endpoint from, size_t bytes, std::string_view reason);

    DaemonHost& m_host;
    ChannelOwner& m_owner;
    InstructMessage m_instruct;
    SocketId m_socket = 0;
    Endpoint m_local;
    Endpoint m_peer;
    bool m_active = false; ///< an attempt runs or is proven
    bool m_proven = false;
    uint32_t m_answers = 0;     ///< repeated prefaces that were answered
    TimePoint m_lastSent{0};    ///< own preface
    TimePoint m_lastHeard{0};   ///< the peer's preface, once proven
    TimePoint m_answerUntil{0}; ///< then the peer has given up if it is not proven
    DaemonTimer m_patience;
    DaemonTimer m_repeat; ///< before proven: solicit; after: keepalive
};

} // namespace isb

#endif
