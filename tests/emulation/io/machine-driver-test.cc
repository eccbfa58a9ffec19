// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/machine-driver.h"

#include "emulation/sys/descriptor.h"
#include "tests/emulation/io/scripted-machine.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace isbtest
{
namespace
{

constexpr isb::SocketId LISTENER = 1;
constexpr isb::SocketId CALLER = 2;
constexpr isb::SocketId FIRST = 1000; ///< the first connection that a ScriptedMachine accepts
constexpr isb::Endpoint ANY_LOCAL{{0x7f000001}, 0};
constexpr size_t MORE_THAN_BUFFERS = 64U << 20U; ///< more than two sockets hold

isb::ListenOrder
ListenTcp(isb::SocketId id, isb::Endpoint local = ANY_LOCAL)
{
    return {id, isb::Protocol::Tcp, local};
}

/// `a` listens on a loopback port, `b` connects to it.
class MachineDriver : public LoopTest
{
  protected:
    MachineDriver()
    {
        a.Do(ListenTcp(LISTENER));
    }

    isb::Endpoint
    Target()
    {
        return a.machine.locals.at(LISTENER);
    }

    void
    Connect()
    {
        b.Do(isb::ConnectOrder{CALLER, {}, Target()});
        Until([this] { return b.machine.Has("connected 2") && !a.machine.accepted.empty(); });
    }

    ScriptedHost a{context, clock};
    ScriptedHost b{context, clock};
};

TEST_F(MachineDriver, TellsBothEndsOfAConnection)
{
    Connect();
    EXPECT_TRUE(a.machine.Has("listening 1"));
    EXPECT_TRUE(a.machine.Has("accepted 1"));
    EXPECT_EQ(a.machine.locals[FIRST], Target());
    EXPECT_EQ(a.machine.peers[FIRST], b.machine.locals[CALLER]);
    EXPECT_NE(b.machine.locals[CALLER].port, 0);
}

TEST_F(MachineDriver, ARefusedConnectionFails)
{
    const isb::Endpoint target = Target();
    a.Do(isb::CloseOrder{LISTENER, false});
    b.Do(isb::ConnectOrder{CALLER, {}, target});
    Until([this] { return b.machine.log.size() > 1; });
    EXPECT_EQ(b.machine.log.back(), "failed 2 connection refused");
}

TEST_F(MachineDriver, ReadsNoMoreThanOrdered)
{
    const std::string all = Pattern(MORE_THAN_BUFFERS);
    Connect();
    b.Do(isb::SendOrder{CALLER, Bytes(all)});
    a.Do(isb::ReadOrder{FIRST, 24});
    Until([this] { return a.machine.bytes[FIRST].size() >= 24; });
    ExpectRest();
    EXPECT_EQ(a.machine.bytes[FIRST], all.substr(0, 24));
    EXPECT_LT(b.machine.sent[CALLER], all.size()) << "the window did not push back";
    a.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([&] { return a.machine.bytes[FIRST].size() >= all.size(); });
    EXPECT_TRUE(a.machine.bytes[FIRST] == all);
    EXPECT_EQ(b.machine.sent[CALLER], all.size());
}

TEST_F(MachineDriver, TheNewestReadOrderCounts)
{
    Connect();
    a.Do(isb::ReadOrder{FIRST, isb::READ_ALL}, isb::ReadOrder{FIRST, 3});
    b.Do(isb::SendOrder{CALLER, Bytes("abcdef")});
    Until([this] { return a.machine.bytes[FIRST].size() >= 3; });
    ExpectRest();
    EXPECT_EQ(a.machine.bytes[FIRST], "abc");
}

TEST_F(MachineDriver, WhatIsSentBeforeTheConnectionIsThereWaits)
{
    b.Do(isb::ConnectOrder{CALLER, {}, Target()}, isb::SendOrder{CALLER, Bytes("early")});
    a.machine.onAccepted = [this](isb::SocketId id) {
        a.machine.orders.emplace_back(isb::ReadOrder{id, isb::READ_ALL});
    };
    Until([this] { return a.machine.bytes[FIRST] == "early"; });
    EXPECT_EQ(b.machine.sent[CALLER], 5U);
}

TEST_F(MachineDriver, TellsTheEndOfAStreamAfterItsLastByteOnly)
{
    Connect();
    b.Do(isb::SendOrder{CALLER, Bytes("question")}, isb::ShutdownOrder{CALLER});
    ExpectRest();
    EXPECT_FALSE(a.machine.Has("end 1000"));
    a.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([this] { return a.machine.Has("end 1000"); });
    EXPECT_EQ(a.machine.bytes[FIRST], "question");
    // The other direction is open still.
    a.Do(isb::SendOrder{FIRST, Bytes("answer")}, isb::CloseOrder{FIRST, false});
    b.Do(isb::ReadOrder{CALLER, isb::READ_ALL});
    Until([this] { return b.machine.Has("end 2"); });
    EXPECT_EQ(b.machine.bytes[CALLER], "answer");
    ExpectRest();
}

TEST_F(MachineDriver, TellsTheEndOfAnEmptyStreamUnordered)
{
    Connect();
    b.Do(isb::ShutdownOrder{CALLER});
    Until([this] { return a.machine.Has("end 1000"); });
    a.Do(isb::ShutdownOrder{FIRST});
    Until([this] { return b.machine.Has("end 2"); });
    ExpectRest();
}

TEST_F(MachineDriver, ClosingInGoodOrderDeliversWhatIsQueued)
{
    const std::string all = Pattern(MORE_THAN_BUFFERS);
    Connect();
    b.Do(isb::SendOrder{CALLER, Bytes(all)}, isb::CloseOrder{CALLER, false});
    EXPECT_EQ(b.driver.OpenSockets(), 0U);
    EXPECT_EQ(b.driver.Descriptors(), 1U);
    const size_t heard = b.machine.log.size();
    a.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([this] { return a.machine.Has("end 1000"); });
    EXPECT_TRUE(a.machine.bytes[FIRST] == all);
    EXPECT_EQ(b.machine.log.size(), heard) << "a closed socket is not heard of";
    EXPECT_EQ(b.driver.Descriptors(), 0U);
}

TEST_F(MachineDriver, ClosingWithUnreadBytesSaysFinAndNotReset)
{
    Connect();
    b.Do(isb::SendOrder{CALLER, Bytes("nobody reads this")});
    ExpectRest();
    a.Do(isb::CloseOrder{FIRST, false});
    Until([this] { return b.machine.log.size() > 3; });
    EXPECT_EQ(b.machine.log.back(), "end 2");
}

TEST_F(MachineDriver, ClosingByResetIsAFailureAtTheOtherEnd)
{
    Connect();
    b.Do(isb::CloseOrder{CALLER, true});
    Until([this] { return a.machine.log.back() == "failed 1000 connection reset"; });
}

TEST_F(MachineDriver, WhatCameBeforeAResetIsRead)
{
    Connect();
    b.Do(isb::SendOrder{CALLER, Bytes("last words")});
    ExpectRest();
    b.Do(isb::CloseOrder{CALLER, true});
    a.Do(isb::ReadOrder{FIRST, isb::READ_ALL});
    Until([this] { return a.machine.log.back() == "failed 1000 connection reset"; });
    EXPECT_EQ(a.machine.bytes[FIRST], "last words");
}

TEST_F(MachineDriver, AResetIsToldToAMachineThatDoesNotRead)
{
    Connect();
    b.Do(isb::SendOrder{CALLER, Bytes("unread")});
    ExpectRest();
    b.Do(isb::CloseOrder{CALLER, true});
    Until([this] { return a.machine.log.back() == "failed 1000 connection reset"; });
}

TEST_F(MachineDriver, AResetAfterTheFinIsAFailureToo)
{
    Connect();
    b.Do(isb::ShutdownOrder{CALLER});
    Until([this] { return a.machine.Has("end 1000"); });
    b.Do(isb::CloseOrder{CALLER, true});
    Until([this] { return a.machine.log.back() == "failed 1000 connection reset"; });
}

TEST_F(MachineDriver, BytesToAClosedConnectionAreAnsweredByAReset)
{
    Connect();
    b.Do(isb::CloseOrder{CALLER, false});
    Until([this] { return a.machine.Has("end 1000"); });
    a.Do(isb::SendOrder{FIRST, Bytes("too late")});
    Until([this] { return a.machine.log.back() == "failed 1000 connection reset"; });
}

TEST_F(MachineDriver, ConnectsFromAPortThatAListenerUses)
{
    b.Do(ListenTcp(LISTENER));
    const isb::Endpoint shared = b.machine.locals.at(LISTENER);
    b.Do(isb::ConnectOrder{3, shared, Target()});
    Until([this] { return b.machine.Has("connected 3"); });
    EXPECT_EQ(b.machine.locals[3], shared);
    b.Do(isb::ConnectOrder{4, shared, Target()}); // the same four-tuple
    EXPECT_EQ(b.machine.log.back(), "failed 4 address already in use");
    a.Do(isb::ConnectOrder{5, {}, shared});
    Until([this] { return a.machine.Has("connected 5"); });
    Until([this] { return b.machine.Has("accepted 1"); });
}

TEST_F(MachineDriver, ListensOnAPortFromWhichItConnected)
{
    b.Do(ListenTcp(LISTENER));
    const isb::Endpoint shared = b.machine.locals.at(LISTENER);
    b.Do(isb::CloseOrder{LISTENER, false}, isb::ConnectOrder{3, shared, Target()});
    Until([this] { return b.machine.Has("connected 3"); });
    b.Do(ListenTcp(6, shared), ListenTcp(7, shared));
    EXPECT_TRUE(b.machine.Has("listening 6"));
    EXPECT_EQ(b.machine.log.back(), "failed 7 address already in use");
    a.Do(isb::ConnectOrder{5, {}, shared});
    Until([this] { return b.machine.Has("accepted 6"); });
}

TEST_F(MachineDriver, ASocketThatConnectsToItselfOpensSimultaneously)
{
    // RFC 9293 section 3.5: two SYNs that cross; here both are one socket's.
    const isb::Endpoint own = Target();
    a.Do(isb::CloseOrder{LISTENER, false}, isb::ConnectOrder{8, own, own});
    Until([this] { return a.machine.Has("connected 8"); });
    a.Do(isb::SendOrder{8, Bytes("echo")}, isb::ReadOrder{8, isb::READ_ALL});
    Until([this] { return a.machine.bytes[8] == "echo"; });
}

TEST_F(MachineDriver, ASecondListenerOnAPortFails)
{
    a.Do(ListenTcp(8, Target()));
    EXPECT_EQ(a.machine.log.back(), "failed 8 address already in use");
    a.Do(isb::ListenOrder{9, isb::Protocol::Udp, Target()});
    EXPECT_EQ(a.machine.log.back(), "listening 9") << "UDP's ports are others";
    a.Do(isb::ListenOrder{10, isb::Protocol::Udp, Target()});
    EXPECT_EQ(a.machine.log.back(), "failed 10 address already in use");
}

TEST_F(MachineDriver, AnAddressThatTheHostDoesNotHaveIsRefused)
{
    a.Do(ListenTcp(8, {{0xc6336401}, 0}));
    EXPECT_EQ(a.machine.log.back(), "failed 8 no such address on this host");
    a.Do(isb::ConnectOrder{9, {{0xc6336401}, 0}, Target()});
    EXPECT_EQ(a.machine.log.back(), "failed 9 no such address on this host");
}

TEST_F(MachineDriver, OrdersForUnknownSocketsAreIgnored)
{
    const size_t before = a.machine.log.size();
    a.Do(isb::ReadOrder{99, 1},
         isb::SendOrder{99, Bytes("x")},
         isb::SendToOrder{99, Target(), Bytes("x")},
         isb::ShutdownOrder{99},
         isb::UnrelayOrder{99},
         isb::CloseOrder{99, true});
    ExpectRest();
    EXPECT_EQ(a.machine.log.size(), before);
}

TEST_F(MachineDriver, ATimeoutComesWhenItIsDue)
{
    a.machine.next = clock.Now() + std::chrono::hours(1);
    a.Do();
    a.machine.next = clock.Now() + std::chrono::milliseconds(3); // an earlier one replaces it
    a.Do();
    Until([this] { return a.machine.Has("timeout"); });
    ExpectRest();
}

TEST_F(MachineDriver, UrgentDataThatNobodyReadsCostsNothing)
{
    Connect();
    const isb::Descriptor raw(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(Target().port);
    to.sin_addr.s_addr = htonl(Target().address.value);
    ASSERT_EQ(connect(raw.Get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    ASSERT_EQ(send(raw.Get(), "!", 1, MSG_OOB), 1);
    Until([this] { return a.machine.accepted.size() == 2; });
    ExpectRest();
}

TEST_F(MachineDriver, AFloodOfConnectionsLeavesNothing)
{
    constexpr size_t MANY = 500;
    for (isb::SocketId id = 100; id < 100 + MANY; ++id)
    {
        b.Do(isb::ConnectOrder{id, {}, Target()});
    }
    Until([this] { return a.machine.accepted.size() == MANY; });
    for (isb::SocketId id = 100; id < 100 + MANY; ++id)
    {
        b.Do(isb::CloseOrder{id, true});
    }
    const auto failures = [this]
    {
        return std::count_if(a.machine.log.begin(),
                             a.machine.log.end(),
                             [](const std::string& line) { return line.rfind("failed", 0) == 0; });
    };
    Until([&] { return failures() == static_cast<ptrdiff_t>(MANY); });
    EXPECT_EQ(a.driver.Descriptors(), 1U) << "the listener alone";
    EXPECT_EQ(b.driver.Descriptors(), 0U);
}

TEST_F(MachineDriver, WithoutDescriptorsItAcceptsLater)
{
    Connect();
    b.Do(isb::ConnectOrder{3, {}, Target()});
    Until([this] { return b.machine.Has("connected 3") && a.machine.accepted.size() == 2; });
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    b.Do(isb::ConnectOrder{4, {}, Target()});
    const int lowest = dup(0);
    close(lowest);
    const rlimit few{static_cast<rlim_t>(lowest), before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    Until([this] { return b.machine.Has("connected 4"); });
    context.run_for(std::chrono::milliseconds(1));
    const size_t refused = a.machine.accepted.size();
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_LT(refused, 3U);
    Until([this] { return a.machine.accepted.size() == 3; });
}

TEST_F(MachineDriver, StopClosesWhenTheMachineIsIdle)
{
    Connect();
    a.machine.idle = false;
    a.driver.Stop();
    EXPECT_FALSE(a.driver.IsOver());
    a.machine.idle = true;
    a.Do(isb::SendOrder{FIRST, Bytes("bye")});
    EXPECT_TRUE(a.driver.IsOver());
    b.Do(isb::ReadOrder{CALLER, isb::READ_ALL});
    Until([this] { return b.machine.Has("end 2"); });
    EXPECT_EQ(b.machine.bytes[CALLER], "bye");
    EXPECT_EQ(a.driver.Descriptors(), 0U);
}

TEST_F(MachineDriver, NothingIsCalledAfterItsEnd)
{
    auto gone = std::make_unique<ScriptedHost>(context, clock);
    gone->machine.next = clock.Now() + std::chrono::milliseconds(1);
    gone->Do(ListenTcp(LISTENER), isb::ConnectOrder{CALLER, {}, Target()});
    b.Do(isb::ConnectOrder{CALLER, {}, gone->machine.locals.at(LISTENER)});
    gone.reset();
    Until([this] { return b.machine.log.size() > 1; });
    ExpectRest();
}

} // namespace
} // namespace isbtest
