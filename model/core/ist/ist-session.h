// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_SESSION_H
#define ISB_CORE_IST_IST_SESSION_H

#include "model/core/ist/ist-server-settings.h"
#include "model/core/machine/credential.h"
#include "model/core/machine/isb-channel.h"
#include "model/core/machine/machine.h"
#include "model/core/random/rng.h"
#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// The orders of an IstServer that wait to be taken, and the number of its last socket.
struct IstOutbox
{
    std::vector<MachineOrder> orders;
    SocketId lastSocket = 0;
};

/// The session of an IstServer at its ISB: connects, logs in with a proof of the shared secret, and
/// after any end connects again, later each time. Alive as long as the ISB answers within three
/// hello intervals.
///
///     closed -> connecting -> connected (Hello, Login) -> logged-in -> closed ...
class IstSession
{
  public:
    /// All must outlive the session; `trace` may be null.
    IstSession(const IstServerSettings& settings,
               const Mac& mac,
               Rng& random,
               TraceSink* trace,
               IstOutbox& outbox);

    void Start(TimePoint now);
    /// Says Bye; never again connects.
    void Stop(TimePoint now);

    [[nodiscard]] bool Owns(SocketId socket) const;
    void Connected(TimePoint now, const Endpoint& local);
    void Received(ByteView bytes);
    /// The next message that is not the session's own business.
    [[nodiscard]] std::optional<IsbMessage> Next(TimePoint now);
    void Sent(size_t bytes);
    /// The connection is gone; `reason` static and dotted.
    void Lost(TimePoint now, std::string_view reason);
    /// The ISB has closed its end.
    void Ended(TimePoint now);
    /// Ends it with a Bye, as what came does not belong here.
    void Refuse(TimePoint now, IsbCode code);

    /// Only when registered.
    void Send(TimePoint now, IsbMessage message);
    [[nodiscard]] bool IsRegistered() const;
    /// Hello and load are to be said now; once each interval.
    [[nodiscard]] bool TakeHelloDue(TimePoint now);

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout(TimePoint now);
    /// True when it has no socket.
    [[nodiscard]] bool IsClosed() const;

    /// The own address as the ISB sees it; 0.0.0.0 before its first Hello.
    [[nodiscard]] Ipv4 Observed() const;
    /// The own end of the connection; 0.0.0.0:0 when there is none.
    [[nodiscard]] const Endpoint& Local() const;
    /// What a login says of nearness echoes; 0: there are none.
    void SetPingPort(uint16_t port);

  private:
    enum class State : uint8_t
    {
        Closed,
        Connecting,
        Greeting,  ///< connected: the ISB's Hello is awaited
        LoggingIn, ///< the ISB's LoggedIn is awaited
        LoggedIn,
    };

    void Connect(TimePoint now);
    void OnHello(TimePoint now, const HelloMessage& hello);
    void OnLoggedIn(TimePoint now, const LoggedInMessage& loggedIn);
    /// False when the message is not the session's.
    [[nodiscard]] bool Handle(TimePoint now, const IsbMessage& message);
    void SendAny(TimePoint now, IsbMessage message);
    void Close(TimePoint now, std::string_view reason, std::string_view detail);
    void Enter(TimePoint now, State state, std::string_view reason, std::string_view detail);
    [[nodiscard]] Duration NextWait();

    const IstServerSettings& m_settings;
    const Mac& m_mac;
    Rng& m_random;
    TraceSink* m_trace;
    IstOutbox& m_outbox;

    State m_state = State::Closed;
    bool m_stopped = false;
    uint64_t m_bootId;
    uint64_t m_number = 0; ///< the ISB's, of this session
    std::optional<IsbChannel> m_channel;
    Endpoint m_local;
    Ipv4 m_observed;
    uint16_t m_pingPort;
    Duration m_wait;                     ///< before the next attempt
    Duration m_helloInterval{0};         ///< asked by the ISB
    TimePoint m_deadline{TIME_NEVER};    ///< closed: connect; before the login: give up
    TimePoint m_nextHello{TIME_NEVER};   ///< logged in
    TimePoint m_silentUntil{TIME_NEVER}; ///< logged in: lost when nothing came by then
};

} // namespace isb

#endif
