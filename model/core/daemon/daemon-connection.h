// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_DAEMON_CONNECTION_H
#define ISB_CORE_DAEMON_DAEMON_CONNECTION_H

#include "model/core/daemon/broker-link.h"
#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/listen-port.h"
#include "model/core/daemon/service-channel.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace isb
{

/// One service connection, as both sides have it: attempts as the ISB instructs, each over a
/// ServiceChannel; then carrying between it and the local client or server.
///
///     waiting --> asked --> connecting --> proving --> established --> carrying --> closed
///        ^          ^            |            |             |              |
///        |          +--- next ---+------------+             +--> failed <--+
///        |              attempt
///        +-- session or IST lost (subscriber's side, while the client waits)
class DaemonConnection : public ChannelOwner, public SocketOwner
{
  public:
    enum class Phase : uint8_t
    {
        Waiting,     ///< subscriber's side: nothing is asked of the ISB yet
        Asked,       ///< the ISB is to instruct
        Connecting,  ///< TCP: to the peer or IST, or awaiting it
        Proving,     ///< prefaces are exchanged
        Established, ///< the other end is proven; no local end yet
        Carrying,    ///< joined with the local end
        Over,
    };

    DaemonConnection(DaemonHost& host,
                     BrokerLink& link,
                     ListenPort& listenPort,
                     ConnectionFacts facts);
    ~DaemonConnection() override;

    [[nodiscard]] const ConnectionFacts& Facts() const;
    [[nodiscard]] Phase GetPhase() const;
    /// True when it stood, and a reset ended it.
    [[nodiscard]] bool WasReset() const;

    /// The ISB's instruction; one of an older attempt is ignored.
    void Instruct(TimePoint now, const InstructMessage& message);
    /// Finds out where it is seen outside; asked for an older attempt: ignored.
    void Gather(TimePoint now, const GatherMessage& message);
    /// The ISB says that it is over.
    virtual void EndByBroker(TimePoint now, IsbCode code) = 0;
    /// The session in which it was asked for is over. What is instructed goes on (promise T7).
    virtual void OnSessionOver(TimePoint now) = 0;
    /// Ends it without a word to the ISB.
    void Cut(TimePoint now, std::string_view reason, bool reset);

    void OnChannelGathered(TimePoint now, const PunchCandidates& found, IsbCode code) override;
    void OnChannelProving(TimePoint now) override;
    void OnChannelProven(TimePoint now) override;
    void OnChannelFailed(TimePoint now, IsbCode code) override;

    void OnJoinEnded(TimePoint now,
                     SocketId a,
                     uint64_t bytesFromA,
                     uint64_t bytesFromB,
                     bool reset) override;
    void OnRelayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards) override;

  protected:
    [[nodiscard]] bool IsUdp() const;
    /// True while the session in which it was asked for lasts.
    [[nodiscard]] bool IsOfThisSession() const;
    void Enter(TimePoint now, Phase phase, std::string_view reason);
    /// Tells the ISB, when it knows this connection.
    void Tell(TimePoint now,
              ConnectionPhase phase,
              IsbCode code,
              uint64_t sentBytes = 0,
              uint64_t receivedBytes = 0);
    /// Hands the bytes to the driver. `localPeer`: UDP only.
    void Carry(TimePoint now, SocketId local, Endpoint localPeer);
    /// UDP: ends the relay, if there is one.
    void StopRelay();
    /// UDP: from now on it ends when nothing is relayed for long.
    void WatchIdleness(TimePoint now);
    /// Closes both sides; it is over then. `to`: "closed" or "failed".
    void End(TimePoint now, std::string_view to, std::string_view reason, bool reset);
    /// UDP: nothing is heard of the other end any more.
    void EndSilent(TimePoint now);
    /// Forgets what the ISB instructed.
    void ForgetAttempts();

    /// The other end is proven.
    virtual void OnEstablished(TimePoint now) = 0;
    /// The attempt failed; the ISB is told. Another may follow.
    virtual void OnAttemptFailed(TimePoint now, IsbCode code) = 0;
    /// The attempt's instruction is here, and is about to be followed.
    virtual void OnInstructed(TimePoint now) = 0;
    /// UDP: its socket is gone.
    virtual void OnChannelLost(TimePoint now) = 0;
    virtual void CloseLocal(bool reset) = 0;
    /// The end was traced, all is closed: the owner may forget it.
    virtual void OnOver(TimePoint now) = 0;

    DaemonHost& m_host;
    BrokerLink& m_link;
    ConnectionFacts m_facts;
    std::unique_ptr<ServiceChannel> m_channel;

  private:
    void OnIdleTimer(TimePoint now);
    /// It carries, but the other side believes that it never stood: what went in is lost.
    void EndUnproven(TimePoint now);

    Phase m_phase = Phase::Waiting;
    bool m_begun = false;        ///< the first phase was entered
    uint32_t m_lastInstruct = 0; ///< attempt
    uint32_t m_lastGather = 0;   ///< attempt
    bool m_wasReset = false;
    uint64_t m_relay = 0;
    uint64_t m_sent = 0; ///< UDP: relayed bytes
    uint64_t m_received = 0;
    TimePoint m_lastRelayed{0};
    DaemonTimer m_idle;
};

/// "waiting", "asked", ...
[[nodiscard]] std::string_view ToString(DaemonConnection::Phase phase);

} // namespace isb

#endif
