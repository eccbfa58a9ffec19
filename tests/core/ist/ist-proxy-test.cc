// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-proxy.h"

#include "model/wire/registration.h"
#include "tests/core/ist/recorded-trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Ipv4 HOST_A{0x0a000101};
constexpr Ipv4 HOST_B{0x0a000201};
constexpr Endpoint USER_A{HOST_A, 1111};
constexpr Endpoint USER_B{HOST_B, 2222};
const std::vector<uint8_t> DATA{1, 2, 3};
const std::vector<uint8_t> REGISTRATION(REGISTRATION_DATAGRAM.begin(), REGISTRATION_DATAGRAM.end());

/// Outputs as words, so that a test reads as the conversation.
std::string
Word(const IstProxy::Output& output)
{
    struct Writer
    {
        std::string
        operator()(const IstProxy::Listen& o) const
        {
            return "listen " + std::string(ToString(o.protocol)) + " " + std::to_string(o.port);
        }

        std::string
        operator()(const IstProxy::StopListening&) const
        {
            return "stop";
        }

        std::string
        operator()(const IstProxy::Join& o) const
        {
            return "join " + std::to_string(o.a) + " " + std::to_string(o.b);
        }

        std::string
        operator()(const IstProxy::Shutdown& o) const
        {
            return "shutdown " + std::to_string(o.connection);
        }

        std::string
        operator()(const IstProxy::Close& o) const
        {
            return (o.reset ? "reset " : "close ") + std::to_string(o.connection);
        }
    };

    return std::visit(Writer{}, output);
}

class IstProxyTest : public testing::Test
{
  protected:
    std::vector<std::string>
    Outputs()
    {
        std::vector<std::string> words;
        for (const IstProxy::Output& output : proxy.TakeOutputs())
        {
            if (const auto* listen = std::get_if<IstProxy::Listen>(&output))
            {
                (listen->port == 5001 ? atA : atB) = listen->listener;
            }
            words.push_back(Word(output));
        }
        return words;
    }

    uint64_t
    Open(Protocol protocol, std::optional<Ipv4> allowedA = std::nullopt)
    {
        const auto id = proxy.Add(now, {protocol, 5001, 5002, allowedA, std::nullopt});
        EXPECT_TRUE(id);
        const std::string name(ToString(protocol));
        EXPECT_THAT(Outputs(), ElementsAre("listen " + name + " 5001", "listen " + name + " 5002"));
        return *id;
    }

    void
    Joined()
    {
        Open(Protocol::Tcp);
        proxy.Accepted(now, atA, 1, USER_A);
        proxy.Accepted(now, atB, 2, USER_B);
        EXPECT_THAT(Outputs(), ElementsAre("stop", "stop", "join 1 2"));
    }

    void
    RegisterBoth()
    {
        Open(Protocol::Udp);
        EXPECT_EQ(Give(atA, USER_A, REGISTRATION).action, IstProxy::DatagramVerdict::Consumed);
        EXPECT_EQ(Give(atB, USER_B, REGISTRATION).action, IstProxy::DatagramVerdict::Consumed);
    }

    IstProxy::DatagramVerdict
    Give(uint64_t socket, Endpoint from, const std::vector<uint8_t>& data)
    {
        return proxy.Datagram(now, socket, from, data);
    }

    RecordedTrace trace;
    IstProxy proxy{ProxySettings{}, &trace};
    TimePoint now{1s};
    uint64_t atA = 0;
    uint64_t atB = 0;
};

TEST_F(IstProxyTest, JoinsTheTwoConnectionsOfAPairInEitherOrder)
{
    for (const bool aFirst : {true, false})
    {
        SCOPED_TRACE(aFirst);
        Open(Protocol::Tcp);
        proxy.Accepted(now, aFirst ? atA : atB, aFirst ? 1 : 2, aFirst ? USER_A : USER_B);
        EXPECT_THAT(Outputs(), IsEmpty()); // held: the driver does not read from it
        proxy.Accepted(now, aFirst ? atB : atA, aFirst ? 2 : 1, aFirst ? USER_B : USER_A);
        EXPECT_THAT(Outputs(), ElementsAre("stop", "stop", "join 1 2"));
        proxy.Failed(now, 1);
        EXPECT_THAT(Outputs(), ElementsAre("reset 2"));
        EXPECT_EQ(proxy.Size(), 0U);
    }
    EXPECT_EQ(trace.Count(TraceKind::ProxyPaired), 2U);
}

TEST_F(IstProxyTest, ConnectionsOfDifferentPairsAreNotJoined)
{
    Open(Protocol::Tcp);
    ASSERT_TRUE(proxy.Add(now, {Protocol::Tcp, 6001, 6002, std::nullopt, std::nullopt}));
    const auto outputs = proxy.TakeOutputs();
    ASSERT_EQ(outputs.size(), 2U);
    proxy.Accepted(now, atA, 1, USER_A);
    proxy.Accepted(now, std::get<IstProxy::Listen>(outputs[1]).listener, 2, USER_B);
    EXPECT_THAT(Outputs(), IsEmpty());
}

TEST_F(IstProxyTest, TwoUsersBehindOneAddressAreJoined)
{
    Open(Protocol::Tcp);
    proxy.Accepted(now, atA, 1, {HOST_A, 1000});
    proxy.Accepted(now, atB, 2, {HOST_A, 1000}); // even one port: two hosts, symmetric NATs
    EXPECT_THAT(Outputs(), ElementsAre("stop", "stop", "join 1 2"));
}

TEST_F(IstProxyTest, HalfCloseIsPassedOnAndTheOtherDirectionStaysOpen)
{
    Joined();
    proxy.EndOfStream(now, 1);
    EXPECT_THAT(Outputs(), ElementsAre("shutdown 2"));
    EXPECT_EQ(proxy.Size(), 1U);
    proxy.EndOfStream(now, 1); // said twice
    EXPECT_THAT(Outputs(), IsEmpty());
    proxy.EndOfStream(now, 2);
    EXPECT_THAT(Outputs(), ElementsAre("shutdown 1", "close 1", "close 2"));
    EXPECT_EQ(proxy.Size(), 0U);
    EXPECT_EQ(proxy.NextTimeout(), TIME_NEVER);
}

TEST_F(IstProxyTest, ResetOfOneSideResetsTheOther)
{
    Joined();
    proxy.Failed(now, 2);
    EXPECT_THAT(Outputs(), ElementsAre("reset 1"));
    proxy.Failed(now, 1); // the driver's echo
    EXPECT_THAT(Outputs(), IsEmpty());
    EXPECT_EQ(proxy.Size(), 0U);
}

TEST_F(IstProxyTest, SideThatFailsBeforePairingMakesRoomForAnother)
{
    Open(Protocol::Tcp);
    proxy.Accepted(now, atA, 1, USER_A);
    proxy.Failed(now, 1);
    EXPECT_THAT(Outputs(), IsEmpty());
    proxy.Accepted(now, atB, 2, USER_B);
    EXPECT_THAT(Outputs(), IsEmpty());
    proxy.Accepted(now, atA, 3, USER_A);
    EXPECT_THAT(Outputs(), ElementsAre("stop", "stop", "join 3 2"));
}

TEST_F(IstProxyTest, RefusesSecondConnectionOnTakenSide)
{
    Open(Protocol::Tcp);
    proxy.Accepted(now, atA, 1, USER_A);
    proxy.Accepted(now, atA, 9, {HOST_B, 666});
    EXPECT_THAT(Outputs(), ElementsAre("reset 9"));
    EXPECT_EQ(trace.LastDrop(), "ist.side-taken");
    proxy.Accepted(now, atB, 2, USER_B);
    EXPECT_THAT(Outputs(), ElementsAre("stop", "stop", "join 1 2"));
}

TEST_F(IstProxyTest, RefusesConnectionAcceptedAfterThePortReturned)
{
    Joined();
    proxy.Accepted(now, atA, 9, USER_A);
    EXPECT_THAT(Outputs(), ElementsAre("reset 9"));
    EXPECT_EQ(trace.LastDrop(), "ist.port-closed");
}

TEST_F(IstProxyTest, AdmitsOnlyTheAllowedSource)
{
    Open(Protocol::Tcp, HOST_A);
    proxy.Accepted(now, atA, 1, {HOST_B, 1});
    EXPECT_THAT(Outputs(), ElementsAre("reset 1"));
    EXPECT_EQ(trace.LastDrop(), "ist.source-refused");
    proxy.Accepted(now, atA, 2, USER_A);
    EXPECT_THAT(Outputs(), IsEmpty());
    EXPECT_EQ(proxy.GetCounters().drops.at("ist.source-refused"), 1U);
}

TEST_F(IstProxyTest, UnmatchedSideIsResetWhenItsTimeIsOver)
{
    Open(Protocol::Tcp);
    proxy.Accepted(now + 10s, atA, 1, USER_A);
    EXPECT_LE(proxy.NextTimeout(), now + 40s);
    proxy.Timeout(now + 30s); // refreshed by the connection
    EXPECT_THAT(Outputs(), IsEmpty());
    EXPECT_EQ(proxy.NextTimeout(), now + 40s);
    proxy.Timeout(now + 40s);
    EXPECT_THAT(Outputs(), ElementsAre("stop", "reset 1", "stop"));
    EXPECT_EQ(proxy.Size(), 0U);
    EXPECT_EQ(proxy.NextTimeout(), TIME_NEVER);
}

TEST_F(IstProxyTest, JoinedPairEndsWhenIdleAndForwardingKeepsItAlive)
{
    Joined();
    const Duration idle = ProxySettings{}.idleTimeout;
    proxy.Forwarded(now + 60min, 1, 1000);
    proxy.Timeout(now + idle);
    EXPECT_THAT(Outputs(), IsEmpty());
    proxy.Timeout(now + 60min + idle);
    EXPECT_THAT(Outputs(), ElementsAre("reset 1", "reset 2"));
    EXPECT_EQ(proxy.GetCounters().bytes, 1000U);
}

TEST_F(IstProxyTest, RefusesImpossiblePairs)
{
    const struct
    {
        const char* name;
        ProxyPair pair;
        const char* why;
    } cases[] = {
        {"port 0", {Protocol::Tcp, 0, 5002, {}, {}}, "port 0 cannot be opened"},
        {"one port", {Protocol::Tcp, 5005, 5005, {}, {}}, "port 5005 is given to both sides"},
        {"taken", {Protocol::Tcp, 5002, 5003, {}, {}}, "tcp port 5002 is taken"},
        {"icmp", {Protocol::Icmp, 5003, 5004, {}, {}}, "not icmp"},
    };

    Open(Protocol::Tcp);
    for (const auto& c : cases)
    {
        SCOPED_TRACE(c.name);
        const auto id = proxy.Add(now, c.pair);
        ASSERT_FALSE(id);
        EXPECT_THAT(id.Why(), HasSubstr(c.why));
        EXPECT_THAT(Outputs(), IsEmpty());
    }
    EXPECT_TRUE(proxy.Add(now, {Protocol::Udp, 5001, 5002, {}, {}})); // another protocol's ports
}

TEST_F(IstProxyTest, RefusesMorePairsThanItsLimit)
{
    IstProxy small({1}, nullptr);
    ASSERT_TRUE(small.Add(now, {Protocol::Tcp, 1, 2, {}, {}}));
    const auto id = small.Add(now, {Protocol::Tcp, 3, 4, {}, {}});
    ASSERT_FALSE(id);
    EXPECT_EQ(id.Why(), "all 1 pairs are in use");
}

TEST_F(IstProxyTest, PortsReturnOnceJoined)
{
    Joined();
    Open(Protocol::Tcp);
    EXPECT_EQ(proxy.Size(), 2U);
}

TEST_F(IstProxyTest, RemoveAndListenFailureEndThePair)
{
    const uint64_t id = Open(Protocol::Tcp);
    EXPECT_TRUE(proxy.Remove(now, id));
    EXPECT_FALSE(proxy.Remove(now, id));
    EXPECT_THAT(Outputs(), ElementsAre("stop", "stop"));
    Open(Protocol::Tcp);
    proxy.Accepted(now, atA, 1, USER_A);
    proxy.ListenFailed(now, atB);
    EXPECT_THAT(Outputs(), ElementsAre("stop", "reset 1", "stop"));
    EXPECT_EQ(proxy.Size(), 0U);
    EXPECT_EQ(trace.events.back().reason, "ist.listen-failed");
}

TEST_F(IstProxyTest, ForwardsDatagramsBetweenRegisteredUsers)
{
    RegisterBoth();
    const auto toB = Give(atA, USER_A, DATA);
    EXPECT_EQ(toB.action, IstProxy::DatagramVerdict::Forward);
    EXPECT_EQ(toB.through, atB);
    EXPECT_EQ(toB.to, USER_B);
    const auto toA = Give(atB, USER_B, DATA);
    EXPECT_EQ(toA.through, atA);
    EXPECT_EQ(toA.to, USER_A);
    EXPECT_EQ(proxy.GetCounters().forwarded, 2U);
}

TEST_F(IstProxyTest, DropsDatagramsThatHaveNoPlace)
{
    Open(Protocol::Udp, HOST_A);
    EXPECT_EQ(Give(atA, USER_A, DATA).reason, "ist.unpaired");
    EXPECT_EQ(Give(atA, {HOST_B, 1}, REGISTRATION).reason, "ist.source-refused");
    EXPECT_EQ(Give(atA, USER_A, REGISTRATION).action, IstProxy::DatagramVerdict::Consumed);
    EXPECT_EQ(Give(atA, USER_A, DATA).reason, "ist.unpaired");
    EXPECT_EQ(Give(atA, {HOST_A, 9}, REGISTRATION).reason, "ist.side-taken");
    EXPECT_EQ(Give(atB, USER_B, REGISTRATION).action, IstProxy::DatagramVerdict::Consumed);
    EXPECT_EQ(Give(atA, {HOST_A, 9}, DATA).reason, "ist.side-taken");
    EXPECT_EQ(Give(99, USER_A, DATA).reason, "ist.port-closed");
    EXPECT_EQ(Give(atA, USER_A, DATA).action, IstProxy::DatagramVerdict::Forward);
    EXPECT_EQ(proxy.GetCounters().drops.at("ist.unpaired"), 2U);
}

TEST_F(IstProxyTest, KeepaliveIsConsumedAndKeepsThePairAlive)
{
    RegisterBoth();
    const Duration idle = ProxySettings{}.udpIdleTimeout;
    now += idle - 1s;
    EXPECT_EQ(Give(atA, USER_A, REGISTRATION).action, IstProxy::DatagramVerdict::Consumed);
    proxy.Timeout(now + idle - 1ns);
    EXPECT_EQ(proxy.Size(), 1U);
    proxy.Timeout(now + idle);
    EXPECT_EQ(proxy.Size(), 0U);
    EXPECT_THAT(Outputs(), ElementsAre("stop", "stop"));
}

TEST_F(IstProxyTest, OneSidedKeepaliveCannotHoldThePortsForEver)
{
    Open(Protocol::Udp);
    const TimePoint limit = now + ProxySettings{}.unmatchedLimit;
    while (now < limit)
    {
        ASSERT_EQ(proxy.Size(), 1U);
        EXPECT_EQ(Give(atA, USER_A, REGISTRATION).action, IstProxy::DatagramVerdict::Consumed);
        now += 20s;
        proxy.Timeout(now);
    }
    EXPECT_EQ(proxy.Size(), 0U);
}

} // namespace
} // namespace isb
