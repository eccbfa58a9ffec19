// SPDX-License-Identifier: GPL-2.0-or-later
// Every socket of the daemon is lost at every step of every set-up: nothing is left behind.
#include "tests/core/daemon/daemon-fixture.h"

#include <functional>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

const Endpoint SERVER{Ipv4{0x7f000001}, 80};
const Endpoint UDP_CLIENT{Ipv4{0x7f000001}, 5555};

/// One story, told up to some step.
struct StepCase
{
    const char* name;
    Protocol protocol;
    ServicePath path;
    bool prepared;
    bool provider;
};

class FailingStepTest : public DaemonFixture, public testing::WithParamInterface<StepCase>
{
  protected:
    FailingStepTest()
    {
        settings.wants.push_back({});
        settings.wants[0].provider = "bob";
        settings.wants[0].service = "web";
        settings.wants[0].protocol = GetParam().protocol;
        settings.wants[0].localPort = 8080;
        settings.wants[0].prepared = GetParam().prepared && !GetParam().provider ? 1 : 0;
        settings.provides.push_back({});
        settings.provides[0].record.name = "mine";
        settings.provides[0].record.protocol = GetParam().protocol;
        settings.provides[0].server = SERVER;
    }

    [[nodiscard]] bool
    IsUdp() const
    {
        return GetParam().protocol == Protocol::Udp;
    }

    [[nodiscard]] InstructMessage
    Instruction(uint64_t request) const
    {
        InstructMessage instruct = Translated(request);
        instruct.path = GetParam().path;
        const ServicePath awaited =
            GetParam().provider ? ServicePath::Direct : ServicePath::Reversed;
        if (instruct.path == awaited)
        {
            instruct.role = ConnectRole::Await;
            instruct.target = Endpoint{};
        }
        return instruct;
    }

    /// Follows the instruction as far as the other end's preface.
    void
    Prove(int& steps, const InstructMessage& instruct)
    {
        if (IsUdp())
        {
            const SocketId socket = ListenerAt(Protocol::Udp, 0);
            if (steps-- > 0 && socket != 0)
            {
                Datagram(socket, IST_SIDE, Preface(instruct.expectToken));
            }
            return;
        }
        SocketId socket = 0;
        if (instruct.role == ConnectRole::Await)
        {
            if (steps-- > 0 && ListenerAt(Protocol::Tcp, settings.listenPort) != 0)
            {
                socket = Stranger();
            }
        }
        else if (steps-- > 0)
        {
            socket = SocketTo(IST_SIDE);
            Connected(socket);
        }
        if (steps-- > 0)
        {
            Receive(socket, Preface(instruct.expectToken));
        }
    }

    void
    Come()
    {
        if (IsUdp())
        {
            Datagram(ListenerAt(Protocol::Udp, 8080), UDP_CLIENT, {'x'});
        }
        else
        {
            Client(8080);
        }
    }

    void
    RunSubscriber(int steps)
    {
        if (steps-- > 0)
        {
            LogInAndSubscribe();
        }
        if (!GetParam().prepared && steps-- > 0)
        {
            Come();
        }
        if (steps-- > 0)
        {
            const InstructMessage instruct = Instruction(Heard<OpenMessage>().request);
            Tell(instruct);
            Prove(steps, instruct);
        }
        if (GetParam().prepared && steps-- > 0)
        {
            Come();
        }
    }

    void
    RunProvider(int steps)
    {
        if (steps-- > 0)
        {
            LogIn();
        }
        if (steps-- > 0)
        {
            Tell(OfferMessage{600, "ann", "mine"});
            Tell(PrepareMessage{77,
                                1,
                                600,
                                GetParam().path,
                                ForwardingMethod::Passive,
                                GetParam().prepared,
                                0});
        }
        if (steps-- > 0)
        {
            const InstructMessage instruct = Instruction(0);
            Tell(instruct);
            Prove(steps, instruct);
        }
        if (GetParam().prepared && steps-- > 0)
        {
            Tell(StatusMessage{77, 1, ConnectionPhase::Started, IsbCode::None, 0, 0});
        }
        if (!IsUdp() && steps-- > 0)
        {
            Connected(SocketTo(SERVER));
        }
    }

    static constexpr int MOST_STEPS = 8;
};

TEST_P(FailingStepTest, LeavesNothingBehind)
{
    for (int steps = 0; steps <= MOST_STEPS; ++steps)
    {
        for (SocketId victim = 1; victim <= 16; ++victim)
        {
            SCOPED_TRACE("after step " + std::to_string(steps) + " socket " +
                         std::to_string(victim));
            now = TimePoint(0);
            Start();
            GetParam().provider ? RunProvider(steps) : RunSubscriber(steps);
            if (!IsOpen(victim))
            {
                continue;
            }
            const SocketId partner = At(victim).joined;
            if (partner != 0)
            {
                EndJoin(victim < partner ? victim : partner, 0, 0, true);
            }
            else
            {
                Failed(victim);
            }
            // Whoever waits gives up; what is asked of the ISB is never answered.
            Advance(10min);
            EXPECT_LE(daemon->StateSize(), 2U);
            daemon->Stop(now);
            Advance(Duration(0));
            EXPECT_EQ(daemon->StateSize(), 0U);
            EXPECT_EQ(OpenSockets(), 0U);
            EXPECT_TRUE(daemon->IsIdle());
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    FailingStepTest,
    testing::Values(
        StepCase{"SubscriberTranslated", Protocol::Tcp, ServicePath::Translated, false, false},
        StepCase{"SubscriberReversed", Protocol::Tcp, ServicePath::Reversed, false, false},
        StepCase{"SubscriberPrepared", Protocol::Tcp, ServicePath::Translated, true, false},
        StepCase{"SubscriberUdp", Protocol::Udp, ServicePath::Translated, false, false},
        StepCase{"SubscriberUdpPrepared", Protocol::Udp, ServicePath::Translated, true, false},
        StepCase{"ProviderTranslated", Protocol::Tcp, ServicePath::Translated, false, true},
        StepCase{"ProviderDirect", Protocol::Tcp, ServicePath::Direct, false, true},
        StepCase{"ProviderPrepared", Protocol::Tcp, ServicePath::Translated, true, true},
        StepCase{"ProviderUdp", Protocol::Udp, ServicePath::Translated, false, true},
        StepCase{"ProviderUdpDirect", Protocol::Udp, ServicePath::Direct, false, true}),
    [](const testing::TestParamInfo<StepCase>& one) { return one.param.name; });

} // namespace
} // namespace isb::test
