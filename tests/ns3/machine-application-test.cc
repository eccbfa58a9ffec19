// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/machine-application.h"

#include "model/wire/registration.h"
#include "model/wire/service-preface.h"
#include "tests/ns3/script-machine.h"
#include "tests/ns3/two-hosts.h"

#include "ns3/udp-socket-factory.h"

#include <string>
#include <vector>

namespace ns3test
{
namespace
{

constexpr isb::SocketId LISTENER = 1;
constexpr isb::SocketId CALLER = 2;
constexpr isb::SocketId FIRST = 1000; ///< the first connection that a ScriptMachine accepts
const isb::Endpoint ON_A{*isb::Ipv4::Parse("10.0.1.1"), 7000};
const isb::Endpoint LOCALHOST{*isb::Ipv4::Parse("127.0.0.1"), 7000};

std::vector<uint8_t>
Bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

/// `size` bytes in which every place can be told from the others.
std::string
Pattern(size_t size)
{
    std::string text(size, 0);
    isb::SeededRng rng(size);
    std::generate(text.begin(), text.end(), [&] { return static_cast<char>(rng.Next()); });
    return text;
}

/// Machines on a (10.0.1.1, listens on 7000) and b (10.0.1.2, connects to it at 10 ms).
class MachineApplication : public Simulation
{
  protected:
    void
    SetUp() override
    {
        Simulation::SetUp();
        hosts = std::make_unique<TwoHosts>();
        a = ScriptApplication::On(hosts->a, 1);
        b = ScriptApplication::On(hosts->b, 2);
        a->onMake = [](ScriptMachine& machine, isb::Rng&) {
            machine.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, {{}, 7000}});
        };
        At(10, [this] { b->Do(isb::ConnectOrder{CALLER, {}, target}); });
    }

    void
    TearDown() override
    {
        a = nullptr;
        b = nullptr;
        hosts.reset();
        Simulation::TearDown();
    }

    static void
    At(int64_t milliseconds, std::function<void()> what)
    {
        Simulator::Schedule(MilliSeconds(milliseconds), std::move(what));
    }

    std::unique_ptr<TwoHosts> hosts;
    Ptr<ScriptApplication> a;
    Ptr<ScriptApplication> b;
    isb::Endpoint target = ON_A;
};

TEST_F(MachineApplication, TellsBothEndsOfAConnection)
{
    RunFor(Seconds(1));
    EXPECT_TRUE(a->machine->Has("listening 1"));
    EXPECT_TRUE(a->machine->Has("accepted 1 10.0.1.2"));
    EXPECT_TRUE(b->machine->Has("connected 2"));
    EXPECT_EQ(a->machine->locals[FIRST], ON_A);
    EXPECT_EQ(b->machine->locals[CALLER].address.ToString(), "10.0.1.2");
    EXPECT_NE(b->machine->locals[CALLER].port, 0);
}

TEST_F(MachineApplication, ARefusedConnectionFails)
{
    target.port = 7001;
    RunFor(Seconds(1));
    EXPECT_TRUE(b->machine->Has("failed 2 connection refused"));
    EXPECT_FALSE(b->machine->Has("connected 2"));
}

TEST_F(MachineApplication, AConnectionWithoutRouteFails)
{
    target.address = *isb::Ipv4::Parse("192.0.2.1");
    RunFor(Seconds(1));
    EXPECT_TRUE(b->machine->Has("failed 2 no route to host"));
}

TEST_F(MachineApplication, AConnectionThatNobodyAnswersIsClosedByTheMachineUnheard)
{
    At(5, [this] { hosts->a->GetObject<BoxDriver>()->SetDown(true); });
    At(2000, [this] { b->Do(isb::CloseOrder{CALLER, false}); });
    At(3000, [this] { hosts->a->GetObject<BoxDriver>()->SetDown(false); });
    RunFor(Seconds(60));
    EXPECT_EQ(b->machine->log, std::vector<std::string>{"start"});
    EXPECT_TRUE(a->machine->accepted.empty());
}

TEST_F(MachineApplication, AConnectionThatNobodyAnswersTimesOutAtLast)
{
    At(5, [this] { hosts->a->GetObject<BoxDriver>()->SetDown(true); });
    RunFor(Seconds(300));
    EXPECT_TRUE(b->machine->Has("failed 2 connection timed out"));
}

TEST_F(MachineApplication, ReadsNoMoreThanOrdered)
{
    const std::string all = Pattern(400'000);
    At(20, [&] { b->Do(isb::SendOrder{CALLER, Bytes(all)}); });
    At(30, [this] { a->Do(isb::ReadOrder{FIRST, 24}); });
    RunFor(Seconds(2));
    EXPECT_EQ(a->machine->bytes[FIRST], all.substr(0, 24));
    EXPECT_LT(b->machine->sent[CALLER], all.size()) << "the window did not push back";
    At(0, [this] { a->Do(isb::ReadOrder{FIRST, isb::READ_ALL}); });
    RunFor(Seconds(2));
    EXPECT_EQ(a->machine->bytes[FIRST], all);
    EXPECT_EQ(b->machine->sent[CALLER], all.size());
}

TEST_F(MachineApplication, TellsTheEndOfAStreamAfterItsLastByteOnly)
{
    At(20, [this] { b->Do(isb::SendOrder{CALLER, Bytes("question")}); });
    At(21, [this] { b->Do(isb::ShutdownOrder{CALLER}); });
    At(200, [this] { EXPECT_FALSE(a->machine->Has("end 1000")); });
    At(300, [this] { a->Do(isb::ReadOrder{FIRST, isb::READ_ALL}); });
    RunFor(Seconds(1));
    EXPECT_EQ(a->machine->log.back(), "end 1000");
    EXPECT_EQ(a->machine->bytes[FIRST], "question");
    // The other direction is open still.
    At(0, [this] { a->Do(isb::SendOrder{FIRST, Bytes("answer")}); });
    At(1, [this] { a->Do(isb::CloseOrder{FIRST, false}); });
    At(2, [this] { b->Do(isb::ReadOrder{CALLER, isb::READ_ALL}); });
    RunFor(Seconds(1));
    EXPECT_EQ(b->machine->bytes[CALLER], "answer");
    EXPECT_EQ(b->machine->log.back(), "end 2");
}

TEST_F(MachineApplication, ClosingInGoodOrderDeliversWhatIsQueued)
{
    const std::string all = Pattern(500'000);
    a->onMake = [](ScriptMachine& machine, isb::Rng&)
    {
        machine.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, {{}, 7000}});
        machine.onAccepted = [&machine](isb::SocketId id) {
            machine.Do(isb::ReadOrder{id, isb::READ_ALL});
        };
    };
    At(20,
       [&]
       {
           b->Do(isb::SendOrder{CALLER, Bytes(all)});
           b->Do(isb::CloseOrder{CALLER, false});
       });
    RunFor(Seconds(5));
    EXPECT_EQ(a->machine->bytes[FIRST], all);
    EXPECT_EQ(a->machine->log.back(), "end 1000");
    EXPECT_LT(b->machine->sent[CALLER], all.size()) << "a closed socket is not heard of";
}

TEST_F(MachineApplication, ClosingByResetIsAFailureAtTheOtherEnd)
{
    At(20, [this] { b->Do(isb::CloseOrder{CALLER, true}); });
    RunFor(Seconds(1));
    EXPECT_EQ(a->machine->log.back(), "failed 1000 connection reset");
}

TEST_F(MachineApplication, AResetAfterTheFinIsAFailureToo)
{
    At(20, [this] { b->Do(isb::ShutdownOrder{CALLER}); });
    At(200, [this] { b->Do(isb::CloseOrder{CALLER, true}); });
    RunFor(Seconds(1));
    EXPECT_TRUE(a->machine->Has("end 1000"));
    EXPECT_EQ(a->machine->log.back(), "failed 1000 connection reset");
}

TEST_F(MachineApplication, BytesToAClosedConnectionAreAnsweredByAReset)
{
    At(20, [this] { b->Do(isb::CloseOrder{CALLER, false}); });
    At(200, [this] { a->Do(isb::SendOrder{FIRST, Bytes("too late")}); });
    RunFor(Seconds(1));
    EXPECT_EQ(a->machine->log.back(), "failed 1000 connection reset");
}

TEST_F(MachineApplication, ConnectsFromAPortThatAListenerUses)
{
    const auto onB = [](uint16_t port) { return isb::Endpoint{{}, port}; };
    b->onMake = [&](ScriptMachine& machine, isb::Rng&) {
        machine.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, onB(7471)});
    };
    At(20, [&] { b->Do(isb::ConnectOrder{3, onB(7471), ON_A}); });
    At(30, [&] { b->Do(isb::ConnectOrder{4, onB(7471), {ON_A.address, 7001}}); });
    At(40, [&] { b->Do(isb::ConnectOrder{5, onB(7471), ON_A}); }); // the same four-tuple
    At(50, [&] { a->Do(isb::ConnectOrder{6, {}, {*isb::Ipv4::Parse("10.0.1.2"), 7471}}); });
    RunFor(Seconds(1));
    EXPECT_TRUE(b->machine->Has("connected 3"));
    EXPECT_EQ(b->machine->locals[3].port, 7471);
    EXPECT_TRUE(b->machine->Has("failed 4 connection refused"));
    EXPECT_TRUE(b->machine->Has("failed 5 address already in use"));
    EXPECT_TRUE(a->machine->Has("connected 6")) << "the listener must still listen";
}

TEST_F(MachineApplication, ASecondListenerOnAPortFails)
{
    At(20, [this] { a->Do(isb::ListenOrder{8, isb::Protocol::Tcp, {{}, 7000}}); });
    At(21, [this] { a->Do(isb::ListenOrder{9, isb::Protocol::Udp, {{}, 7000}}); });
    At(22, [this] { a->Do(isb::ListenOrder{10, isb::Protocol::Udp, {{}, 7000}}); });
    RunFor(Seconds(1));
    EXPECT_TRUE(a->machine->Has("failed 8 address already in use"));
    EXPECT_TRUE(a->machine->Has("listening 9")) << "UDP's ports are others";
    EXPECT_TRUE(a->machine->Has("failed 10 address already in use"));
}

TEST_F(MachineApplication, AClosedListenerRefuses)
{
    At(5, [this] { a->Do(isb::CloseOrder{LISTENER, false}); });
    RunFor(Seconds(1));
    EXPECT_TRUE(b->machine->Has("failed 2 connection refused"));
}

TEST_F(MachineApplication, ALoopbackListenerServesItsHostOnly)
{
    a->onMake = [](ScriptMachine& machine, isb::Rng&) {
        machine.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, LOCALHOST});
    };
    At(20, [this] { a->Do(isb::ConnectOrder{3, {}, LOCALHOST}); });
    RunFor(Seconds(1));
    EXPECT_TRUE(a->machine->Has("connected 3"));
    EXPECT_TRUE(a->machine->Has("accepted 1 127.0.0.1"));
    EXPECT_TRUE(b->machine->Has("failed 2 connection refused"));
}

TEST_F(MachineApplication, ATimeoutComesWhenItIsDue)
{
    a->onMake = [](ScriptMachine& machine, isb::Rng&)
    { machine.next = std::chrono::milliseconds(70); };
    At(69, [this] { EXPECT_FALSE(a->machine->Has("timeout")); });
    RunFor(MilliSeconds(71));
    EXPECT_EQ(a->machine->log.back(), "timeout");
}

/// A program on a connects to b through a machine in between: c -- a (join) -- b.
class MachineJoin : public MachineApplication
{
  protected:
    void
    SetUp() override
    {
        MachineApplication::SetUp();
        // What a accepts is joined with a connection of its own to b's port 80.
        a->onMake = [](ScriptMachine& machine, isb::Rng&)
        {
            machine.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, {{}, 7000}});
            machine.onAccepted = [&machine](isb::SocketId id)
            {
                machine.Do(isb::ConnectOrder{OUTER, {}, {*isb::Ipv4::Parse("10.0.1.2"), 80}});
                machine.Do(isb::SendOrder{OUTER, Bytes("preface")});
                machine.Do(isb::JoinOrder{id, OUTER});
            };
        };
        b->onMake = [](ScriptMachine& machine, isb::Rng&) {
            machine.Do(isb::ListenOrder{LISTENER, isb::Protocol::Tcp, {{}, 80}});
        };
    }

    static constexpr isb::SocketId OUTER = 50;
};

TEST_F(MachineJoin, CarriesBytesBothWaysAndEachFin)
{
    const std::string question = Pattern(300'000);
    const std::string answer = Pattern(200'001);
    At(20,
       [&]
       {
           b->Do(isb::SendOrder{CALLER, Bytes(question)});
           b->Do(isb::ShutdownOrder{CALLER});
           b->Do(isb::ReadOrder{CALLER, isb::READ_ALL});
       });
    At(50, [this] { b->Do(isb::ReadOrder{FIRST, isb::READ_ALL}); });
    At(1000,
       [&]
       {
           EXPECT_TRUE(b->machine->Has("end 1000")) << "the question's FIN";
           b->Do(isb::SendOrder{FIRST, Bytes(answer)});
           b->Do(isb::ShutdownOrder{FIRST});
       });
    RunFor(Seconds(3));
    EXPECT_EQ(b->machine->bytes[FIRST], "preface" + question);
    EXPECT_EQ(b->machine->bytes[CALLER], answer);
    EXPECT_TRUE(b->machine->Has("end 2"));
    EXPECT_TRUE(a->machine->Has("join-ended 1000 50 300000 200001"));
}

TEST_F(MachineJoin, AReaderThatDoesNotReadStopsTheWriter)
{
    const std::string all = Pattern(2'000'000);
    At(20, [&] { b->Do(isb::SendOrder{CALLER, Bytes(all)}); });
    At(50, [this] { b->Do(isb::ReadOrder{FIRST, 1000}); });
    RunFor(Seconds(5));
    EXPECT_EQ(b->machine->bytes[FIRST].size(), 1000U);
    EXPECT_LT(b->machine->sent[CALLER], 600'000U);
    At(0, [this] { b->Do(isb::ReadOrder{FIRST, isb::READ_ALL}); });
    RunFor(Seconds(5));
    EXPECT_EQ(b->machine->bytes[FIRST], "preface" + all);
}

TEST_F(MachineJoin, CarriesAReset)
{
    At(20, [this] { b->Do(isb::SendOrder{CALLER, Bytes("x")}); });
    At(300, [this] { b->Do(isb::CloseOrder{CALLER, true}); });
    RunFor(Seconds(1));
    EXPECT_TRUE(a->machine->Has("join-ended 1000 50 1 0 reset"));
    EXPECT_TRUE(b->machine->Has("failed 1000 connection reset"));
}

TEST_F(MachineJoin, EndsWhenTheOtherConnectionCannotBeMade)
{
    b->onMake = nullptr; // nobody listens on 80
    RunFor(Seconds(1));
    EXPECT_TRUE(a->machine->Has("join-ended 1000 50 0 0 reset"));
    EXPECT_TRUE(b->machine->Has("failed 2 connection reset"));
}

TEST_F(MachineJoin, IsDissolvedByAClose)
{
    At(20, [this] { b->Do(isb::SendOrder{CALLER, Bytes("x")}); });
    At(100,
       [this]
       {
           a->Do(isb::CloseOrder{FIRST, true});
           a->Do(isb::CloseOrder{OUTER, true});
       });
    RunFor(Seconds(1));
    EXPECT_TRUE(b->machine->Has("failed 2 connection reset"));
    EXPECT_TRUE(b->machine->Has("failed 1000 connection reset"));
    EXPECT_EQ(a->machine->log.back(), "sent") << "nothing more is heard of either";
}

/// a relays between a client on its own host (inner, port 5000) and b's port 6000 (outer).
class MachineRelay : public MachineApplication
{
  protected:
    static constexpr isb::SocketId INNER = 10;
    static constexpr isb::SocketId OUTER = 11;

    void
    SetUp() override
    {
        MachineApplication::SetUp();
        a->onMake = [](ScriptMachine& machine, isb::Rng&)
        {
            machine.Do(isb::ListenOrder{INNER,
                                        isb::Protocol::Udp,
                                        {*isb::Ipv4::Parse("127.0.0.1"), 5000}});
            machine.Do(isb::ListenOrder{OUTER, isb::Protocol::Udp, {}});
        };
        client = Udp(hosts->a, 4000);
        server = Udp(hosts->b, 6000);
        At(5,
           [this]
           {
               a->Do(isb::RelayOrder{77,
                                     INNER,
                                     {*isb::Ipv4::Parse("127.0.0.1"), 4000},
                                     OUTER,
                                     {*isb::Ipv4::Parse("10.0.1.2"), 6000}});
           });
    }

    void
    TearDown() override
    {
        client = nullptr;
        server = nullptr;
        MachineApplication::TearDown();
    }

    static Ptr<Socket>
    Udp(Ptr<Node> node, uint16_t port)
    {
        Ptr<Socket> socket = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
        socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
        return socket;
    }

    void
    SendFromClient(Ptr<Packet> packet)
    {
        client->SendTo(packet, 0, InetSocketAddress("127.0.0.1", 5000));
    }

    Ptr<Socket> client;
    Ptr<Socket> server;
};

TEST_F(MachineRelay, MovesTaggedPacketsBothWays)
{
    Ptr<FlowMeter> meter = CreateObject<FlowMeter>(5);
    At(20,
       [&]
       {
           Ptr<Packet> packet = Create<Packet>(333);
           packet->AddPacketTag(meter->DatagramSent(333));
           SendFromClient(packet);
       });
    Address from;
    Ptr<Packet> came;
    At(40,
       [&]
       {
           came = server->RecvFrom(from);
           server->SendTo(Create<Packet>(44), 0, from);
       });
    RunFor(Seconds(1));
    ASSERT_TRUE(came);
    FlowTag tag;
    EXPECT_EQ(came->GetSize(), 333U);
    EXPECT_TRUE(came->PeekPacketTag(tag));
    EXPECT_EQ(tag.flow, 5U);
    const Ptr<Packet> answer = client->RecvFrom(from);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->GetSize(), 44U);
    EXPECT_EQ(InetSocketAddress::ConvertFrom(from).GetPort(), 5000);
    EXPECT_TRUE(a->machine->Has("relayed-out"));
    EXPECT_TRUE(a->machine->Has("relayed-in"));
}

TEST_F(MachineRelay, LeavesSignalsAndStrangersToTheMachine)
{
    const auto preface = isb::MakeServicePreface(isb::Token{1, 2, 3});
    const auto& registration = isb::REGISTRATION_DATAGRAM;
    At(20, [&] { SendFromClient(Create<Packet>(preface.data(), preface.size())); });
    At(30, [&] { SendFromClient(Create<Packet>(registration.data(), registration.size())); });
    Ptr<Socket> stranger = Udp(hosts->a, 4001);
    At(40, [&] { stranger->SendTo(Create<Packet>(50), 0, InetSocketAddress("127.0.0.1", 5000)); });
    RunFor(Seconds(1));
    EXPECT_EQ(a->machine->bytes[INNER].size(), preface.size() + registration.size() + 50);
    EXPECT_TRUE(a->machine->relayed.empty());
    EXPECT_EQ(server->GetRxAvailable(), 0U);
}

TEST_F(MachineRelay, EndsByOrderAndWithItsSocket)
{
    At(20, [this] { a->Do(isb::UnrelayOrder{77}); });
    At(30, [this] { SendFromClient(Create<Packet>(60)); });
    RunFor(Seconds(1));
    EXPECT_TRUE(a->machine->Has("datagram 10"));
    EXPECT_EQ(server->GetRxAvailable(), 0U);
}

TEST_F(MachineApplication, ACrashedNodeIsSilentAndComesBackWithNothing)
{
    At(100, [this] { a->Crash(); });
    At(110, [this] { EXPECT_FALSE(a->IsAlive()); });
    RunFor(Seconds(1));
    EXPECT_EQ(b->machine->log.back(), "connected 2") << "no FIN, no reset";
    At(0, [this] { a->Restart(); });
    At(10, [this] { b->Do(isb::SendOrder{CALLER, Bytes("still there?")}); });
    RunFor(Seconds(1));
    EXPECT_EQ(b->machine->log.back(), "failed 2 connection reset");
    EXPECT_EQ(a->lives, 2);
    EXPECT_TRUE(a->machine->accepted.empty());
    At(0, [this] { b->Do(isb::ConnectOrder{3, {}, ON_A}); });
    RunFor(Seconds(1));
    EXPECT_TRUE(b->machine->Has("connected 3"));
}

TEST_F(MachineApplication, ACrashLosesWhatIsUnderWayToTheNode)
{
    At(20, [this] { a->Do(isb::ReadOrder{FIRST, isb::READ_ALL}); });
    At(100, [this] { b->Do(isb::SendOrder{CALLER, Bytes("on the wire")}); });
    Simulator::Schedule(MicroSeconds(100'500), [this] { a->Crash(); });
    RunFor(MilliSeconds(102));
    EXPECT_EQ(hosts->a->GetObject<BoxDriver>()->Drops()["node.down"], 1U);
}

TEST_F(MachineApplication, ARestartDrawsNewRandomNumbers)
{
    std::vector<uint64_t> drawn;
    a->onMake = [&](ScriptMachine&, isb::Rng& random) { drawn.push_back(random.Next()); };
    At(20, [this] { a->Crash(); });
    At(30, [this] { a->Restart(); });
    RunFor(Seconds(1));
    ASSERT_EQ(drawn.size(), 2U);
    EXPECT_NE(drawn[0], drawn[1]);
}

TEST_F(MachineApplication, ALogoutEndsWhenTheMachineIsIdleAndALoginBeginsAnew)
{
    std::vector<std::string> states;
    a->TraceConnectWithoutContext(
        "Events",
        Callback<void, const isb::TraceEvent&>([&](const isb::TraceEvent& event)
                                               { states.emplace_back(event.to); }));
    At(50,
       [this]
       {
           a->machine->idle = false;
           a->Logout();
           EXPECT_EQ(a->machine->log.back(), "stop");
           EXPECT_TRUE(a->IsAlive());
       });
    At(60,
       [this]
       {
           a->machine->idle = true;
           a->Do(isb::CloseOrder{FIRST, false});
           EXPECT_FALSE(a->IsAlive());
       });
    At(100, [this] { a->Login(); });
    At(200, [this] { b->Do(isb::ConnectOrder{3, {}, ON_A}); });
    RunFor(Seconds(1));
    EXPECT_EQ(states, (std::vector<std::string>{"logged-out", "logged-in"}));
    EXPECT_TRUE(b->machine->Has("end 2"));
    EXPECT_TRUE(b->machine->Has("connected 3"));
    EXPECT_EQ(a->lives, 2);
}

} // namespace
} // namespace ns3test
