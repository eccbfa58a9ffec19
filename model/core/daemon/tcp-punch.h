// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_TCP_PUNCH_H
#define ISB_CORE_DAEMON_TCP_PUNCH_H

#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/punch-notes.h"
#include "model/core/punch/punch-candidates.h"
#include "model/core/punch/stun-sampler.h"
#include "model/wire/isb-message.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace isb
{

/// Hears of a hole that is punched.
class TcpPunchOwner
{
  public:
    virtual ~TcpPunchOwner() = default;
    /// Where the port is seen; code: why it is not.
    virtual void OnPunchGathered(TimePoint now, PunchCandidates found, IsbCode code) = 0;
    /// A connection stands and both ends took it; it is the owner's to Give() and use.
    virtual void OnPunched(TimePoint now, SocketId socket) = 0;
};

/// Hole punching over TCP by simultaneous open (Ford, Srisuresh and Kegel 2005, section 4; RFC 5128
/// section 3.4), for one attempt. From one local port: it listens, asks the broker's STUN servers
/// over TCP how the port is seen, keeps those connections so that their mapping stays, and connects
/// to where the other end is seen, again and again while that is refused.
///
/// A connect and an accept may both succeed, or several connects: the subscriber's end takes the
/// first connection whose preface is right and says so on it by a second preface with the
/// complement of its token; the provider's end takes that one. An end that accepted shows its token
/// only to one who showed the right one. All other connections are reset.
class TcpPunch : public SocketOwner
{
  public:
    /// Pause before a refused connect is tried again.
    static constexpr Duration RETRY = std::chrono::milliseconds(150);
    /// Most connects of one attempt, to all endpoints together (promise T2).
    static constexpr size_t MAX_CONNECTS = 128;
    /// Most accepted connections at once, whether they have shown the token or not.
    static constexpr size_t MAX_STRANGERS = 8;
    /// For one STUN server to answer.
    static constexpr Duration STUN_PATIENCE = std::chrono::milliseconds(700);

    TcpPunch(DaemonHost& host, TcpPunchOwner& owner);
    ~TcpPunch() override;

    /// Opens the port and finds out where it is seen.
    void Gather(TimePoint now, const std::vector<Endpoint>& servers, bool predict);
    /// `leads`: this end says which connection is taken. The owner watches the time.
    void Punch(TimePoint now, const InstructMessage& instruct, bool leads);
    /// Closes all.
    void Close();
    /// True while it has a port.
    [[nodiscard]] bool IsOpen() const;
    /// What has happened, for people: "connects=3 refused=2 accepted=0".
    [[nodiscard]] std::string Describe() const;

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnAccepted(TimePoint now, SocketId listener, SocketId socket, Endpoint peer) override;
    void OnConnected(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnReceived(TimePoint now, SocketId socket, ByteView bytes) override;
    void OnEndOfStream(TimePoint now, SocketId socket) override;

  private:
    /// A connection to or from the other end.
    struct Try
    {
        Endpoint target; ///< connects
        bool accepted = false;
        bool proven = false; ///< its preface was right
        std::vector<uint8_t> bytes;
    };

    void Ask(TimePoint now);
    void TakeStun(TimePoint now, SocketId socket, ByteView bytes);
    void FinishGathering(TimePoint now, IsbCode code);
    void Connect(const Endpoint& target);
    void Retry(TimePoint now);
    void Lose(TimePoint now, SocketId socket, std::string_view why);
    void OnPreface(TimePoint now, SocketId socket, const Token& token);
    void Take(TimePoint now, SocketId socket);
    void SendPreface(SocketId socket, const Token& token);

    DaemonHost& m_host;
    TcpPunchOwner& m_owner;
    StunSampler m_sampler;
    std::vector<Endpoint> m_servers;
    bool m_predict = false;
    bool m_gathering = false;
    bool m_punching = false;
    bool m_leads = false;
    InstructMessage m_instruct;
    SocketId m_listener = 0;
    uint16_t m_port = 0;
    SocketId m_asking = 0;           ///< the STUN server that is asked
    std::vector<uint8_t> m_answer;   ///< of it
    std::vector<SocketId> m_mapping; ///< STUN connections that keep the mapping
    std::map<SocketId, Try> m_tries;
    std::vector<Endpoint> m_again; ///< refused: to be connected to again
    PunchNotes m_notes;
    DaemonTimer m_stunTimer;
    DaemonTimer m_retry;
};

} // namespace isb

#endif
