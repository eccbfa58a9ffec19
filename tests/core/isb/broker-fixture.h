// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_ISB_BROKER_FIXTURE_H
#define ISB_TESTS_CORE_ISB_BROKER_FIXTURE_H

#include "model/core/isb/isb-broker.h"
#include "model/core/machine/credential.h"
#include "model/core/random/rng.h"
#include "model/wire/isb-codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// A trace event with texts of its own.
struct KeptEvent
{
    TraceKind kind;
    TimePoint when;
    std::string from, to, reason, user, peer, service, path, method, ist, detail;
    uint64_t connection, splice;
};

class KeptTrace : public TraceSink
{
  public:
    void Emit(const TraceEvent& event) override;

    /// "opened>asked>instructed" of one kind, for one connection (0: any).
    [[nodiscard]] std::string StatesOf(TraceKind kind, uint64_t connection = 0) const;
    /// The oldest or newest of this kind; a default one when there is none.
    [[nodiscard]] KeptEvent First(TraceKind kind) const;
    [[nodiscard]] KeptEvent Last(TraceKind kind) const;

    std::vector<KeptEvent> events;
    std::string lines; ///< all of them as JSON
};

/// The far end of a control connection, spoken by the test.
struct BrokerPeer
{
    SocketId socket = 0;
    IsbDeframer deframer;
    uint64_t sent = 0;             ///< frames
    std::vector<IsbMessage> inbox; ///< not yet taken
    bool closed = false;
    bool reset = false;
    bool reads = true; ///< else the transport takes nothing of what the broker sends
    std::string name;
    Endpoint address;
};

struct LoginOptions
{
    bool reachable = false; ///< public: same address, and the probe arrives
    bool canChoosePort = false;
    uint16_t listenPort = 7471;
    uint64_t bootId = 1;
};

struct IstOptions
{
    std::vector<ForwardingMethod> methods{ForwardingMethod::Proxy,
                                          ForwardingMethod::Active,
                                          ForwardingMethod::Passive,
                                          ForwardingMethod::Pure,
                                          ForwardingMethod::Udp};
    uint32_t capacity = 100;
    uint64_t bootId = 1;
};

/// A broker and peers that speak frames with it, in virtual time.
class BrokerFixture : public ::testing::Test
{
  protected:
    explicit BrokerFixture(IsbSettings change = {});

    /// A new broker with the settings as they are now.
    void Restart(uint64_t seed = 1);

    BrokerPeer& Connect(const std::string& address);
    void Say(BrokerPeer& peer, IsbMessage message);
    void SayBytes(BrokerPeer& peer, const std::vector<uint8_t>& bytes);
    /// The connection vanishes without a word.
    void Vanish(BrokerPeer& peer);
    void Bye(BrokerPeer& peer);

    [[nodiscard]] LoginMessage MakeLogin(BrokerPeer& peer,
                                         const std::string& name,
                                         const LoginOptions& options = {});
    BrokerPeer& User(const std::string& name,
                     const std::string& address,
                     const LoginOptions& options = {});
    BrokerPeer& Ist(const std::string& name,
                    const std::string& address,
                    const IstOptions& options = {});

    /// The provider announces it, open to all.
    void Announce(BrokerPeer& provider,
                  const std::string& service,
                  Protocol protocol = Protocol::Tcp);
    /// Subscribes, with the provider's consent; returns the subscription.
    uint64_t Subscribe(BrokerPeer& subscriber, BrokerPeer& provider, const std::string& service);
    /// The provider is ready for the newest Prepare; returns it.
    PrepareMessage AnswerPrepare(BrokerPeer& provider, uint16_t listenPort = 0);
    /// The IST is ready with ports 20000 (subscriber) and 20001 (provider).
    SpliceRequestMessage AnswerSplice(BrokerPeer& ist);
    void Report(BrokerPeer& user,
                const InstructMessage& instruct,
                ConnectionPhase phase,
                IsbCode code = IsbCode::None);

    void Advance(Duration time);
    /// Virtual time goes on; these peers say Ping so often that none is lost.
    void AdvanceAlive(Duration time, const std::vector<BrokerPeer*>& peers);

    /// Takes the first message of this kind; fails the test when there is none.
    template <typename Message>
    Message
    Take(BrokerPeer& peer)
    {
        for (auto place = peer.inbox.begin(); place != peer.inbox.end(); ++place)
        {
            if (const auto* found = std::get_if<Message>(&*place))
            {
                Message message = *found;
                peer.inbox.erase(place);
                return message;
            }
        }
        ADD_FAILURE() << peer.name << " has no such message: " << NameOf(IsbMessage(Message{}));
        return {};
    }

    template <typename Message>
    [[nodiscard]] static size_t
    Count(const BrokerPeer& peer)
    {
        size_t count = 0;
        for (const IsbMessage& message : peer.inbox)
        {
            count += std::holds_alternative<Message>(message) ? 1 : 0;
        }
        return count;
    }

    void Drain();

    IsbSettings settings;
    SimulatedMac mac;
    KeptTrace trace;
    std::unique_ptr<SeededRng> random;
    std::unique_ptr<IsbBroker> broker;
    TimePoint now{0};
    SocketId listener = 0;
    std::map<SocketId, std::unique_ptr<BrokerPeer>> peers;
    std::vector<ConnectOrder> probes;
    std::map<SocketId, std::vector<uint8_t>> probeBytes;
    std::vector<SendToOrder> datagrams;
    uint16_t nextPort = 40'000;
    uint64_t nextRequest = 1;
};

[[nodiscard]] Endpoint At(const std::string& address, uint16_t port);

} // namespace isb

#endif
