// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_LISTEN_PORT_H
#define ISB_CORE_DAEMON_LISTEN_PORT_H

#include "model/core/daemon/daemon-host.h"
#include "model/wire/service-preface.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace isb
{

/// Waits for a connection that shows a token.
class TokenAwaiter
{
  public:
    virtual ~TokenAwaiter() = default;
    /// It came: the socket is the awaiter's now; its preface with this token is read. Nothing more
    /// is expected.
    virtual void OnArrived(TimePoint now, SocketId socket, const Token& token) = 0;
};

/// The TCP port that others connect to: the ISB's probes, direct and reversed service connections,
/// ISTs with Active splices. All are told apart by the token of their preface. A connection may
/// come before the message that names its token, so an unknown token waits a moment
/// (strangerPatience), in bounded number; then it is reset.
class ListenPort : public SocketOwner
{
  public:
    /// `settled` is called once the port is open, or cannot be.
    ListenPort(DaemonHost& host, std::function<void(TimePoint)> settled);

    void Start(TimePoint now);
    void Stop();

    /// 0: not open.
    [[nodiscard]] uint16_t Port() const;
    /// Calls `awaiter`, at once when the connection is here already. `token`: that it shows, or
    /// ToldHalf() of it.
    void Expect(TimePoint now, const Token& token, TokenAwaiter* awaiter);
    void Forget(const Token& token);
    /// A connection that came elsewhere, to be told apart like those to the port.
    void Receive(TimePoint now, SocketId socket, Endpoint peer);
    [[nodiscard]] size_t StateSize() const;

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnAccepted(TimePoint now, SocketId listener, SocketId socket, Endpoint peer) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnReceived(TimePoint now, SocketId socket, ByteView bytes) override;
    void OnEndOfStream(TimePoint now, SocketId socket) override;

  private:
    struct Stranger
    {
        Stranger(DaemonTimers& timers, DaemonTimer::Action expired)
            : timer(timers, std::move(expired))
        {
        }

        Endpoint peer;
        std::vector<uint8_t> preface; ///< as far as it has come
        DaemonTimer timer;
    };

    void TurnAway(TimePoint now, SocketId socket, std::string_view reason);
    void HandOver(TimePoint now, SocketId socket, TokenAwaiter* awaiter, const Token& token);

    DaemonHost& m_host;
    std::function<void(TimePoint)> m_settled;
    SocketId m_listener = 0;
    uint16_t m_port = 0;
    std::map<SocketId, std::unique_ptr<Stranger>> m_strangers; ///< oldest first
    std::map<Token, TokenAwaiter*> m_expected;
};

} // namespace isb

#endif
