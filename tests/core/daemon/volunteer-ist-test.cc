// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/volunteer-ist.h"

#include "model/wire/registration.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

const Token FIRST{1};
const Token SECOND{2};
const Endpoint ANN{*Ipv4::Parse("203.0.113.1"), 1000};
const Endpoint BOB{*Ipv4::Parse("203.0.113.2"), 2000};
const Endpoint EVE{*Ipv4::Parse("203.0.113.3"), 3000};
constexpr SocketId SOCKET = 77;

class NoOwner : public BrokerLinkOwner
{
  public:
    void
    OnLoggedIn(TimePoint) override
    {
    }

    void
    OnSessionOver(TimePoint) override
    {
    }

    void
    OnMessage(TimePoint, const IsbMessage&) override
    {
    }

    void
    OnLoginStranger(TimePoint, SocketId, Endpoint) override
    {
    }
};

/// A volunteer that the ISB has asked to serve; the datagrams of a splice are the test's.
class VolunteerIstTest : public testing::Test
{
  protected:
    static DaemonSettings
    Settings()
    {
        DaemonSettings settings;
        settings.volunteer = true;
        settings.volunteerRate = DataRate{80'000};
        settings.volunteerConnections = 2;
        return settings;
    }

    VolunteerIstTest()
    {
        ist.OnOffer(now, {0, 8, 500ms});
    }

    VolunteerSpliceMessage
    Order(uint64_t splice, const Token& subscriber, const Token& provider)
    {
        VolunteerSpliceMessage order;
        order.splice = splice;
        order.protocol = Protocol::Udp;
        order.subscriber = subscriber;
        order.provider = provider;
        order.patience = 10s;
        return order;
    }

    struct Sent
    {
        Endpoint to;
        std::vector<uint8_t> bytes;
    };

    /// What it sends on for a datagram.
    std::vector<Sent>
    Give(Endpoint from, const std::vector<uint8_t>& bytes)
    {
        ist.OnDatagram(now, SOCKET, from, bytes);
        std::vector<Sent> sent;
        for (const MachineOrder& order : host.sockets.TakeOrders())
        {
            if (const auto* send = std::get_if<SendToOrder>(&order))
            {
                EXPECT_EQ(send->socket, SOCKET);
                sent.push_back({send->to, send->bytes});
            }
        }
        return sent;
    }

    static std::vector<uint8_t>
    Preface(const Token& token)
    {
        const auto preface = MakeServicePreface(token);
        return {preface.begin(), preface.end()};
    }

    void
    Pair()
    {
        ist.OnSplice(now, Order(1, FIRST, SECOND));
        EXPECT_TRUE(Give(ANN, Preface(FIRST)).empty());
        EXPECT_EQ(Give(BOB, Preface(SECOND)).size(), 1U);
    }

    void
    Pass(Duration time)
    {
        now += time;
        host.timers.Run(now);
        host.over.clear();
    }

    uint64_t
    Drops(std::string_view reason) const
    {
        const auto found = host.journal.counters.drops.find(reason);
        return found == host.journal.counters.drops.end() ? 0 : found->second;
    }

    TimePoint now{1s};
    SeededRng random{1};
    SimulatedMac mac;
    NoOwner owner;
    DaemonHost host{Settings(), random, nullptr};
    BrokerLink link{host, mac, owner};
    ListenPort listenPort{host, [](TimePoint) {}};
    VolunteerIst ist{host, link, listenPort};
};

TEST_F(VolunteerIstTest, EachSideGetsTheOthersPrefaceAndDatagrams)
{
    Pair();
    const auto preface = Give(ANN, Preface(FIRST));
    ASSERT_EQ(preface.size(), 1U);
    EXPECT_EQ(preface[0].to, BOB);
    EXPECT_EQ(preface[0].bytes, Preface(FIRST));
    const auto there = Give(ANN, {1, 2, 3});
    ASSERT_EQ(there.size(), 1U);
    EXPECT_EQ(there[0].to, BOB);
    EXPECT_EQ(there[0].bytes, (std::vector<uint8_t>{1, 2, 3}));
    EXPECT_EQ(Give(BOB, {4}).at(0).to, ANN);
}

TEST_F(VolunteerIstTest, NobodyHearsOfItWithoutAToken)
{
    ist.OnSplice(now, Order(1, FIRST, SECOND));
    const std::vector<uint8_t> registration(REGISTRATION_DATAGRAM.begin(),
                                            REGISTRATION_DATAGRAM.end());
    EXPECT_TRUE(Give(EVE, registration).empty());
    EXPECT_TRUE(Give(EVE, Preface(Token{9})).empty());
    EXPECT_TRUE(Give(EVE, {1}).empty());
    EXPECT_EQ(Drops("volunteer.bad-token"), 1U);
    EXPECT_EQ(Drops("volunteer.unknown-peer"), 1U);
}

TEST_F(VolunteerIstTest, ASideThatIsTakenIsNobodyElses)
{
    Pair();
    EXPECT_TRUE(Give(EVE, Preface(FIRST)).empty());
    EXPECT_TRUE(Give(ANN, Preface(SECOND)).empty());
    EXPECT_EQ(Drops("volunteer.side-taken"), 2U);
    EXPECT_EQ(Give(BOB, {4}).at(0).to, ANN);
}

TEST_F(VolunteerIstTest, NothingPassesBeforeBothCame)
{
    ist.OnSplice(now, Order(1, FIRST, SECOND));
    EXPECT_TRUE(Give(ANN, Preface(FIRST)).empty());
    EXPECT_TRUE(Give(ANN, {1}).empty());
    EXPECT_EQ(Drops("volunteer.unpaired"), 1U);
}

TEST_F(VolunteerIstTest, DatagramsOverTheRateAreDropped)
{
    Pair();
    size_t passed = 0;
    for (int i = 0; i < 1000; ++i, Pass(10ms)) // 10 s, ten times the rate
    {
        passed += Give(ANN, std::vector<uint8_t>(1000)).size() * 1000;
    }
    EXPECT_LE(passed, 100'000U + 2000);
    EXPECT_GE(passed, 100'000U - 2000);
    EXPECT_GT(Drops("volunteer.rate-limit"), 0U);
}

TEST_F(VolunteerIstTest, PrefacesCostOfTheRateToo)
{
    Pair();
    size_t passed = 0;
    for (int i = 0; i < 10'000; ++i, Pass(1ms)) // 10 s, 2.4 times the rate
    {
        passed += Give(ANN, Preface(FIRST)).size() * SERVICE_PREFACE_SIZE;
    }
    EXPECT_LE(passed, 100'000U + 2000);
    EXPECT_GE(passed, 100'000U - 2000);
    EXPECT_GT(Drops("volunteer.rate-limit"), 0U);
}

TEST_F(VolunteerIstTest, ATcpSpliceWithoutBytesEnds)
{
    VolunteerSpliceMessage order = Order(1, FIRST, SECOND);
    order.protocol = Protocol::Tcp;
    ist.OnSplice(now, order);
    const SocketId sockets[] = {host.sockets.Connect(nullptr, {}, ANN),
                                host.sockets.Connect(nullptr, {}, BOB)};
    for (const SocketId socket : sockets)
    {
        listenPort.Receive(now, socket, ANN);
        const auto preface = Preface(socket == sockets[0] ? FIRST : SECOND);
        host.sockets.OwnerOf(socket)->OnReceived(now, socket, preface);
    }
    const Duration idle = host.settings.volunteerIdle;
    EXPECT_GE(idle, 124min) << "RFC 5382 REQ-5";
    Pass(idle - 1s);
    host.sockets.OwnerOf(sockets[0])->OnReceived(now, sockets[0], std::vector<uint8_t>(5));
    Pass(idle - 1s);
    EXPECT_EQ(ist.StateSize(), 1U);
    Pass(1s);
    EXPECT_EQ(ist.StateSize(), 0U) << "promise T5: its place is free";
    EXPECT_TRUE(host.sockets.IsEmpty());
    EXPECT_EQ(host.timers.Next(), TIME_NEVER);
}

TEST_F(VolunteerIstTest, LimitsOfASpliceEndIt)
{
    VolunteerSpliceMessage order = Order(1, FIRST, SECOND);
    order.limits.bytes = 100;
    ist.OnSplice(now, order);
    (void)Give(ANN, Preface(FIRST));
    (void)Give(BOB, Preface(SECOND));
    EXPECT_EQ(Give(ANN, std::vector<uint8_t>(100)).size(), 1U);
    EXPECT_EQ(Give(ANN, {1}).size(), 0U);
    EXPECT_EQ(ist.StateSize(), 0U);

    order = Order(2, FIRST, SECOND);
    order.limits.lifetime = 30s;
    ist.OnSplice(now, order);
    (void)Give(ANN, Preface(FIRST));
    (void)Give(BOB, Preface(SECOND));
    for (int second = 0; second < 40; ++second)
    {
        Pass(1s);
        (void)Give(ANN, {1});
    }
    EXPECT_EQ(ist.StateSize(), 0U);
}

TEST_F(VolunteerIstTest, WhoDoesNotComeOrFallsSilentIsForgotten)
{
    ist.OnSplice(now, Order(1, FIRST, SECOND));
    (void)Give(ANN, Preface(FIRST));
    Pass(10s);
    EXPECT_EQ(ist.StateSize(), 0U);
    Pair();
    Pass(host.settings.udpIdle);
    EXPECT_EQ(ist.StateSize(), 0U);
    EXPECT_EQ(host.timers.Next(), TIME_NEVER);
}

TEST_F(VolunteerIstTest, TakesNoMoreThanItSaidAndNoneTwice)
{
    ist.OnSplice(now, Order(1, FIRST, SECOND));
    ist.OnSplice(now, Order(1, Token{3}, Token{4}));
    EXPECT_EQ(ist.StateSize(), 1U);
    ist.OnSplice(now, Order(2, Token{3}, Token{4}));
    ist.OnSplice(now, Order(3, Token{5}, Token{6}));
    EXPECT_EQ(ist.StateSize(), 2U);
    ist.OnCancel(now, {1});
    EXPECT_EQ(ist.StateSize(), 1U);
}

TEST_F(VolunteerIstTest, WithoutASessionItTakesNothingNewAndKeepsWhatRuns)
{
    Pair();
    ist.OnSessionOver();
    ist.OnSplice(now, Order(2, Token{3}, Token{4}));
    EXPECT_EQ(ist.StateSize(), 1U);
    EXPECT_EQ(Give(BOB, {4}).size(), 1U) << "promise T7";
    ist.Stop();
    EXPECT_EQ(ist.StateSize(), 0U);
    EXPECT_EQ(host.timers.Next(), TIME_NEVER);
}

TEST_F(VolunteerIstTest, TheLostSocketEndsItsSplices)
{
    Pair();
    ist.OnSocketLost(now);
    EXPECT_EQ(ist.StateSize(), 0U);
}

} // namespace
} // namespace isb
