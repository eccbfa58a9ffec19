// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_BROKER_LINK_H
#define ISB_CORE_DAEMON_BROKER_LINK_H

#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/retry-backoff.h"
#include "model/core/machine/credential.h"
#include "model/core/machine/isb-channel.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

namespace isb
{

/// Hears of the session with the ISB.
class BrokerLinkOwner
{
  public:
    virtual ~BrokerLinkOwner() = default;
    virtual void OnLoggedIn(TimePoint now) = 0;
    virtual void OnSessionOver(TimePoint now) = 0;
    /// What is not about the session itself.
    virtual void OnMessage(TimePoint now, const IsbMessage& message) = 0;
    /// Somebody connected to the login port.
    virtual void OnLoginStranger(TimePoint now, SocketId socket, Endpoint peer) = 0;
};

/// The persistent connection to the ISB (thesis 3.3): connects, proves the shared secret, sends
/// hello messages, notices when the ISB is gone, and logs in again, later each time. If wanted it
/// listens on the same local port before it connects, so that whoever is let in by the NAT to where
/// the ISB sees this connection finds somebody (thesis 3.6.3, decided).
class BrokerLink : public SocketOwner
{
  public:
    BrokerLink(DaemonHost& host, const Mac& mac, BrokerLinkOwner& owner);

    /// Connects. `listenPort` is told to the ISB; 0: none.
    void Start(TimePoint now, uint16_t listenPort);
    /// Says Bye and closes; nothing more is tried.
    void Stop(TimePoint now);

    [[nodiscard]] bool IsLoggedIn() const;
    /// The number that the ISB gave this session; 0: none.
    [[nodiscard]] uint64_t Session() const;
    /// Own address towards the ISB; 0.0.0.0 before the first connection.
    [[nodiscard]] Ipv4 LocalAddress() const;
    /// Where the ISB's STUN server answers; empty: nowhere.
    [[nodiscard]] const std::vector<Endpoint>& StunServers() const;
    /// Hellos are said at least so often from now on; 0: as before.
    void SetHelloInterval(TimePoint now, Duration interval);
    /// A new number for a request.
    [[nodiscard]] uint64_t NewRequest();
    /// Sends it when logged in, else forgets it.
    void Send(TimePoint now, IsbMessage message);
    /// Sends it when logged in. What ends a connection is else kept for the next login: an ISB that
    /// was only out of reach still counts that connection; another does not know it.
    void Report(TimePoint now, const StatusMessage& status);

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnAccepted(TimePoint now, SocketId listener, SocketId socket, Endpoint peer) override;
    void OnConnected(TimePoint now, SocketId socket, Endpoint local) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnReceived(TimePoint now, SocketId socket, ByteView bytes) override;
    void OnEndOfStream(TimePoint now, SocketId socket) override;
    void OnSent(TimePoint now, SocketId socket, size_t bytes) override;

  private:
    enum class State : uint8_t
    {
        Off,
        Waiting, ///< to try again
        Connecting,
        Connected, ///< TCP is up; Hello is awaited
        LoggingIn,
        LoggedIn,
    };

    void Connect(TimePoint now);
    void ConnectFrom(TimePoint now, uint16_t port);
    void Handle(TimePoint now, const IsbMessage& message);
    void Greet(TimePoint now, const HelloMessage& hello);
    void Enter(TimePoint now, const LoggedInMessage& message);
    void OnBye(TimePoint now, IsbCode code);
    /// The session, or the attempt at one, ends here; `say`: the ISB is told.
    void Lose(TimePoint now, IsbCode code, bool say);
    void OnTimer(TimePoint now);
    void OnHello(TimePoint now);

    DaemonHost& m_host;
    const Mac& m_mac;
    BrokerLinkOwner& m_owner;
    State m_state = State::Off;
    uint16_t m_listenPort = 0;
    uint64_t m_bootId;
    uint64_t m_lastRequest = 0;
    uint64_t m_session = 0;
    Endpoint m_local;
    Duration m_helloInterval{0};
    TimePoint m_heard{0}; ///< any message of the ISB
    SocketId m_loginListener = 0;
    std::vector<Endpoint> m_stunServers;
    std::unique_ptr<IsbChannel> m_channel;
    std::deque<StatusMessage> m_unsaid;
    RetryBackoff m_backoff;
    DaemonTimer m_timer; ///< next try; login's time-out; ISB lost
    DaemonTimer m_hello;
};

} // namespace isb

#endif
