// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_DAEMON_DAEMON_FIXTURE_H
#define ISB_TESTS_CORE_DAEMON_DAEMON_FIXTURE_H

#include "model/core/daemon/user-daemon.h"
#include "model/wire/isb-codec.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace isb::test
{

/// A trace event with texts of its own.
struct DaemonEvent
{
    TimePoint when{0};
    TraceKind kind = TraceKind::PacketDropped;
    std::string from;
    std::string to;
    std::string reason;
    std::string user;
    std::string peer;
    std::string service;
    std::string path;
    std::string method;
    std::string ist;
    uint64_t id = 0;
    uint64_t connection = 0;
};

class DaemonTrace : public TraceSink
{
  public:
    void Emit(const TraceEvent& event) override;
    /// "waiting asked connecting:daemon.pure-fell-back ...": the states entered, with reasons.
    [[nodiscard]] std::string Story(TraceKind kind) const;

    std::vector<DaemonEvent> events;
};

/// What the test knows of a socket of the daemon.
struct DaemonSocket
{
    bool listener = false;
    Protocol protocol = Protocol::Tcp;
    Endpoint from;  ///< as ordered
    Endpoint to;    ///< of connections that the daemon opens
    Endpoint local; ///< as the test gave it
    bool up = false;
    bool closed = false;
    bool reset = false;
    uint64_t read = 0;         ///< newest order
    std::vector<uint8_t> sent; ///< bytes
    SocketId joined = 0;
};

struct SentDatagram
{
    SocketId socket = 0;
    Endpoint to;
    std::vector<uint8_t> bytes;
};

/// A user daemon of which the test plays the ISB, the peers, clients and servers, and the clock.
class DaemonFixture : public testing::Test
{
  protected:
    DaemonFixture();

    /// Makes and starts the daemon; listeners open at once unless refused.
    void Start();
    /// The ISB accepts, says Hello, and takes the login.
    void LogIn(Duration helloInterval = Duration(0));
    /// LogIn and, for wanted services, the subscription (number 1000 + position).
    void LogInAndSubscribe();
    void StartStanding();
    void Tell(IsbMessage message);
    /// The oldest message of this type that was not taken yet.
    template <typename T>
    T Heard();
    template <typename T>
    bool HasHeard() const;
    /// The types of all messages that were not taken, "subscribe open"; forgets them.
    std::string HeardNames();

    void Advance(Duration duration);
    /// The ISB's connection as the daemon has it; 0: none.
    [[nodiscard]] SocketId IsbSocket() const;
    /// The newest open socket that goes to this endpoint; 0: none.
    [[nodiscard]] SocketId SocketTo(const Endpoint& to) const;
    /// The newest open listener or UDP socket of this kind that was not there before the previous
    /// call with the same arguments; port 0: any that was ordered with port 0.
    [[nodiscard]] SocketId ListenerAt(Protocol protocol, uint16_t port) const;
    [[nodiscard]] const DaemonSocket& At(SocketId socket) const;
    [[nodiscard]] size_t OpenSockets() const;
    [[nodiscard]] bool IsOpen(SocketId socket) const;

    void Connected(SocketId socket);
    void Failed(SocketId socket);
    void Receive(SocketId socket, const std::vector<uint8_t>& bytes);
    void Receive(SocketId socket, const std::string& text);
    void EndOfStream(SocketId socket);
    void Datagram(SocketId socket, const Endpoint& from, const std::vector<uint8_t>& bytes);
    /// An unmodified client comes to the local port.
    SocketId Client(uint16_t localPort);
    /// Somebody comes to the listen port.
    SocketId Stranger();
    void EndJoin(SocketId a, uint64_t fromA, uint64_t fromB, bool reset);

    /// What was sent by SendTo from this socket since the last call.
    std::vector<SentDatagram> TakeDatagrams();
    std::vector<RelayOrder> TakeRelays();

    [[nodiscard]] std::string Text(SocketId socket) const;
    [[nodiscard]] static std::vector<uint8_t> Preface(const Token& token);
    [[nodiscard]] static Token TokenOf(uint8_t byte);
    /// Translated, Passive, from this side to IST_SIDE; tokens 0x11 to send, 0x22 to expect.
    [[nodiscard]] static InstructMessage Translated(uint64_t request, uint64_t connection = 77);
    [[nodiscard]] WantedReport Report() const;
    /// The daemon's state is all gone: nothing but what a quiet daemon has.
    void ExpectNothingLeft();

    static const Endpoint BROKER;
    static const Endpoint OWN;
    static const Endpoint IST_SIDE;
    static const Endpoint PEER;

    TimePoint now{0};
    DaemonSettings settings;
    SimulatedMac mac;
    SeededRng random{1};
    DaemonTrace trace;
    std::unique_ptr<UserDaemon> daemon;
    std::set<std::pair<Protocol, uint16_t>> refused; ///< cannot be listened at
    bool answerListens = true;

  private:
    void Drain();
    void Do(const MachineOrder& order);
    void Answer(SocketId socket);

    std::map<SocketId, DaemonSocket> m_sockets;
    std::deque<SocketId> m_toAnswer;
    std::vector<SentDatagram> m_datagrams;
    std::vector<RelayOrder> m_relays;
    std::deque<IsbMessage> m_heard;
    std::unique_ptr<IsbDeframer> m_deframer;
    SocketId m_isb = 0;
    uint64_t m_told = 0;
    uint64_t m_session = 50;
    uint16_t m_lastPort = 40000;
};

template <typename T>
T
DaemonFixture::Heard()
{
    for (auto message = m_heard.begin(); message != m_heard.end(); ++message)
    {
        if (std::holds_alternative<T>(*message))
        {
            T found = std::get<T>(*message);
            m_heard.erase(message);
            return found;
        }
    }
    ADD_FAILURE() << "the daemon did not say " << NameOf(T{});
    return T{};
}

template <typename T>
bool
DaemonFixture::HasHeard() const
{
    for (const IsbMessage& message : m_heard)
    {
        if (std::holds_alternative<T>(message))
        {
            return true;
        }
    }
    return false;
}

} // namespace isb::test

#endif
