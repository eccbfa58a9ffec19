// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_UDP_CHANNEL_H
#define ISB_CORE_DAEMON_UDP_CHANNEL_H

#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/punch-notes.h"
#include "model/core/daemon/service-channel.h"
#include "model/core/punch/stun-sampler.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// A service connection over UDP. Who connects repeats its preface (through an IST: behind a
/// registration datagram, which the IST consumes) until the other's is in; who awaits learns the
/// peer's endpoint from its preface. Afterwards the same serves as keepalive of NATs, and tells
/// that the other end lives: without a connection, nobody else would.
///
/// Punched (RFC 5128 section 3.3): both repeat their preface to everywhere where the other may be,
/// and answer each right one with one to wherever it comes from. The subscriber's end takes the
/// first such place and says so there by a preface with the complement of its token; the provider's
/// end takes that one.
class UdpChannel : public ServiceChannel, public SocketOwner
{
  public:
    UdpChannel(DaemonHost& host, ChannelOwner& owner);
    ~UdpChannel() override;

    void Open(TimePoint now) override;
    void Gather(TimePoint now, const std::vector<Endpoint>& stunServers, bool predict) override;
    void Begin(TimePoint now, const InstructMessage& instruct) override;
    void Abandon() override;
    void Close(bool reset) override;
    [[nodiscard]] SocketId Socket() const override;
    [[nodiscard]] Endpoint Peer() const override;
    [[nodiscard]] uint16_t Port() const override;
    [[nodiscard]] std::string Note() const override;

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;

  private:
    void OnPreface(TimePoint now, Endpoint from, const Token& token, size_t bytes);
    void OnPunchPreface(TimePoint now, Endpoint from, const Token& token, size_t bytes);
    void Answer(TimePoint now);
    void Prove(TimePoint now, Endpoint peer);
    void SendPreface(TimePoint now);
    void SendTo(TimePoint now, Endpoint target, const Token& token);
    void Punch(TimePoint now);
    void AskStun(TimePoint now);
    void OnStunTimer(TimePoint now);
    void FinishGathering(TimePoint now);
    [[nodiscard]] bool Leads() const;
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
    StunSampler m_sampler;
    std::vector<Endpoint> m_stunServers;
    bool m_predict = false;
    bool m_gathering = false;        ///< wanted, maybe before the socket is open
    uint32_t m_asked = 0;            ///< times that the current STUN server was asked
    std::vector<Endpoint> m_targets; ///< Punched: where the other end may be
    PunchNotes m_notes;
    std::string m_note;
    DaemonTimer m_stunTimer;
    DaemonTimer m_patience;
    DaemonTimer m_repeat; ///< before proven: solicit; after: keepalive
};

} // namespace isb

#endif
