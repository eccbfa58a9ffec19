// SPDX-License-Identifier: GPL-2.0-or-later
// TCP state tracking, alone and inside the box (RFC 5382).
#include "model/core/nat/nat-tcp-state.h"

#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>
#include <initializer_list>

namespace isb::test
{
namespace
{

constexpr uint8_t SYN_ACK = TCP_SYN | TCP_ACK;
constexpr uint8_t FIN_ACK = TCP_FIN | TCP_ACK;

/// One segment seen by the NAT.
struct Segment
{
    NatSide from;
    uint8_t flags;
};

constexpr NatSide IN = NatSide::Inside;
constexpr NatSide OUT = NatSide::Outside;

TEST(NatTcpState, KnowsEstablishedFromTransitory)
{
    struct Case
    {
        const char* name;
        std::vector<Segment> segments;
        bool established;
    };

    const Case cases[] = {
        {"nothing yet", {}, false},
        {"SYN", {{IN, TCP_SYN}}, false},
        {"SYN and its retransmission", {{IN, TCP_SYN}, {IN, TCP_SYN}}, false},
        {"handshake from inside", {{IN, TCP_SYN}, {OUT, SYN_ACK}}, true},
        {"handshake from outside", {{OUT, TCP_SYN}, {IN, SYN_ACK}}, true},
        {"simultaneous open", {{IN, TCP_SYN}, {OUT, TCP_SYN}}, true},
        {"half closed", {{IN, TCP_SYN}, {OUT, SYN_ACK}, {IN, FIN_ACK}, {OUT, TCP_ACK}}, true},
        {"closed", {{IN, TCP_SYN}, {OUT, SYN_ACK}, {IN, FIN_ACK}, {OUT, FIN_ACK}}, false},
        {"last ACK",
         {{IN, TCP_SYN}, {OUT, SYN_ACK}, {IN, FIN_ACK}, {OUT, FIN_ACK}, {IN, TCP_ACK}},
         false},
        {"reset", {{IN, TCP_SYN}, {OUT, SYN_ACK}, {OUT, TCP_RST}}, false},
        {"a reset that was not believed",
         {{IN, TCP_SYN}, {OUT, SYN_ACK}, {OUT, TCP_RST}, {IN, TCP_ACK}},
         true},
        {"same ports again after a close",
         {{IN, TCP_SYN}, {OUT, SYN_ACK}, {IN, FIN_ACK}, {OUT, FIN_ACK}, {IN, TCP_SYN}},
         false},
        {"and established anew",
         {{IN, TCP_SYN},
          {OUT, SYN_ACK},
          {IN, FIN_ACK},
          {OUT, FIN_ACK},
          {IN, TCP_SYN},
          {OUT, SYN_ACK}},
         true},
    };
    for (const Case& test : cases)
    {
        NatTcpState state;
        for (const Segment& segment : test.segments)
        {
            state.Step(segment.flags, segment.from);
        }
        EXPECT_EQ(state.IsEstablished(), test.established) << test.name;
    }
}

TEST(NatTcpState, TellsWhichSegmentsRestartTheTimer) // RFC 6146 section 3.5.2.2, RFC 7857 section 2
{
    struct Case
    {
        const char* name;
        std::vector<Segment> before;
        Segment last;
        bool restarts;
    };

    const std::vector<Segment> open{{IN, TCP_SYN}, {OUT, SYN_ACK}};
    const std::vector<Segment> closed{{IN, TCP_SYN}, {OUT, SYN_ACK}, {IN, FIN_ACK}, {OUT, FIN_ACK}};
    const std::vector<Segment> reset{{IN, TCP_SYN}, {OUT, SYN_ACK}, {OUT, TCP_RST}};
    const Case cases[] = {
        {"first SYN", {}, {IN, TCP_SYN}, true},
        {"repeated SYN", {{IN, TCP_SYN}}, {IN, TCP_SYN}, true},
        {"ACK of a connection that is not open", {{IN, TCP_SYN}}, {IN, TCP_ACK}, false},
        {"RST that refuses a SYN", {{IN, TCP_SYN}}, {OUT, TCP_RST | TCP_ACK}, false},
        {"SYN-ACK", {{IN, TCP_SYN}}, {OUT, SYN_ACK}, true},
        {"data", open, {OUT, TCP_ACK}, true},
        {"first FIN", open, {OUT, FIN_ACK}, true},
        {"RST of an open connection", open, {OUT, TCP_RST}, true},
        {"second RST", reset, {IN, TCP_RST}, false},
        {"data after an RST", reset, {IN, TCP_ACK}, true},
        {"last ACK", closed, {IN, TCP_ACK}, false},
        {"late data", closed, {OUT, TCP_ACK}, false},
        {"RST after both FINs", closed, {IN, TCP_RST}, false},
        {"the same ports anew", closed, {IN, TCP_SYN}, true},
    };
    for (const Case& test : cases)
    {
        NatTcpState state;
        for (const Segment& segment : test.before)
        {
            state.Step(segment.flags, segment.from);
        }
        EXPECT_EQ(state.Step(test.last.flags, test.last.from), test.restarts) << test.name;
    }
}

TEST(NatTcpState, OnlyAPureSynOpens)
{
    EXPECT_TRUE(NatTcpState::Opens(TCP_SYN));
    EXPECT_TRUE(NatTcpState::Opens(TCP_SYN | 0xc0)) << "ECN set-up";
    for (const int flags : std::initializer_list<int>{0,
                                                      TCP_ACK,
                                                      TCP_RST,
                                                      TCP_FIN,
                                                      SYN_ACK,
                                                      TCP_SYN | TCP_RST,
                                                      TCP_SYN | TCP_FIN})
    {
        EXPECT_FALSE(NatTcpState::Opens(static_cast<uint8_t>(flags))) << flags;
    }
}

/// The verdict's reason for one segment between ALICE and SERVER; "" when it passes.
std::string
Step(NatUnderTest& nat, NatSide from, uint8_t flags)
{
    const Endpoint external{EXTERNAL, ALICE.port};
    Packet packet = from == IN ? Tcp(ALICE, SERVER, flags) : Tcp(SERVER, external, flags);
    const NatVerdict verdict = nat.Send(from, packet);
    return std::string(verdict.reason);
}

TEST(NatBoxTcp, EstablishedConnectionOutlivesAnOpeningOne)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    EXPECT_EQ(Step(nat, IN, TCP_SYN), "");
    EXPECT_EQ(nat.box.NextTimeout(), minutes(4));
    EXPECT_EQ(Step(nat, OUT, SYN_ACK), "");
    EXPECT_EQ(nat.box.NextTimeout(), minutes(124));
    nat.now = minutes(123);
    EXPECT_EQ(Step(nat, OUT, TCP_ACK), "");
    nat.now += minutes(123);
    EXPECT_EQ(Step(nat, IN, TCP_ACK), "") << "inbound data keeps an established connection";
    nat.now += minutes(124);
    EXPECT_EQ(Step(nat, OUT, TCP_ACK), "nat.no-mapping");
}

TEST(NatBoxTcp, ClosedConnectionLeavesAfterTheTransitoryTimer)
{
    for (const uint8_t last : {TCP_RST, FIN_ACK})
    {
        NatUnderTest nat(Preset("symmetric"));
        EXPECT_EQ(Step(nat, IN, TCP_SYN), "");
        EXPECT_EQ(Step(nat, OUT, SYN_ACK), "");
        EXPECT_EQ(Step(nat, IN, FIN_ACK), "");
        EXPECT_EQ(Step(nat, OUT, last), "");
        EXPECT_EQ(Step(nat, IN, last == TCP_RST ? TCP_RST : TCP_ACK), "") << "late segments pass";
        EXPECT_EQ(nat.box.NextTimeout(), minutes(4));
        nat.now = minutes(4);
        EXPECT_EQ(Step(nat, OUT, TCP_ACK), "nat.no-mapping");
        EXPECT_EQ(nat.box.MappingCount(), 0U);
    }
}

TEST(NatBoxTcp, LateSegmentsKeepNoClosedConnection) // RFC 7857 section 2
{
    NatSettings settings = Preset("symmetric");
    settings.timers.tcpClosing = minutes(2);
    NatUnderTest nat(settings);
    EXPECT_EQ(Step(nat, IN, TCP_SYN), "");
    EXPECT_EQ(Step(nat, OUT, SYN_ACK), "");
    EXPECT_EQ(Step(nat, IN, FIN_ACK), "");
    EXPECT_EQ(Step(nat, OUT, FIN_ACK), "");
    nat.now = minutes(1);
    EXPECT_EQ(Step(nat, IN, TCP_ACK), "");
    EXPECT_EQ(Step(nat, OUT, TCP_ACK), "");
    nat.now = minutes(2);
    EXPECT_EQ(Step(nat, OUT, TCP_ACK), "nat.no-mapping");
}

TEST(NatBoxTcp, RepeatedResetsDoNotKeepAMappingAndTrafficUndoesOne) // RFC 7857 section 8.1
{
    NatUnderTest nat(Preset("symmetric"));
    EXPECT_EQ(Step(nat, IN, TCP_SYN), "");
    EXPECT_EQ(Step(nat, OUT, SYN_ACK), "");
    EXPECT_EQ(Step(nat, OUT, TCP_RST), ""); // forged: the connection lives on
    nat.now = minutes(3);
    EXPECT_EQ(Step(nat, IN, TCP_ACK), "");
    nat.now = minutes(60);
    EXPECT_EQ(Step(nat, OUT, TCP_RST), "") << "established for 124 min again";
    nat.now = minutes(63);
    EXPECT_EQ(Step(nat, IN, TCP_RST), "");
    nat.now = minutes(64);
    EXPECT_EQ(Step(nat, IN, TCP_RST), "nat.no-connection");
}

TEST(NatBoxTcp, SimultaneousOpenIsAdmitted) // RFC 5382 REQ-2
{
    NatUnderTest nat(Preset("symmetric"));
    EXPECT_EQ(Step(nat, IN, TCP_SYN), "");
    EXPECT_EQ(Step(nat, OUT, TCP_SYN), "");
    EXPECT_EQ(Step(nat, IN, SYN_ACK), "");
    EXPECT_EQ(Step(nat, OUT, SYN_ACK), "");
    EXPECT_EQ(nat.box.NextTimeout(), minutes(124));
}

TEST(NatBoxTcp, SegmentsWithoutConnectionMakeNoState)
{
    for (const int flags :
         std::initializer_list<int>{TCP_ACK, TCP_RST, TCP_FIN | TCP_ACK, SYN_ACK, 0})
    {
        NatUnderTest nat(Preset("full-cone"));
        EXPECT_EQ(Step(nat, IN, static_cast<uint8_t>(flags)), "nat.no-connection");
        EXPECT_EQ(nat.box.MappingCount(), 0U);
    }
}

TEST(NatBoxTcp, FullConeAdmitsANewSynButNoStraySegment)
{
    NatUnderTest nat(Preset("full-cone"));
    EXPECT_EQ(Step(nat, IN, TCP_SYN), "");
    const Endpoint external{EXTERNAL, ALICE.port};
    Packet stray = Tcp(STRANGER, external, TCP_ACK);
    EXPECT_EQ(nat.Send(OUT, stray).reason, "nat.no-connection");
    Packet test = Tcp(STRANGER, external, TCP_SYN);
    EXPECT_EQ(nat.Send(OUT, test).action, Action::Forward);
    Packet answer = Tcp(ALICE, STRANGER, SYN_ACK);
    EXPECT_EQ(nat.Send(IN, answer).action, Action::Forward);
    EXPECT_EQ(SourceOf(answer), external);
    EXPECT_EQ(nat.box.Mappings().at(0).sessions, 2U);
}

TEST(NatBoxTcp, RestrictedConeForgetsAnAddressWithItsLastConnection)
{
    NatUnderTest nat(Preset("restricted-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    nat.now = minutes(2);
    ASSERT_TRUE(ExternalOf(nat, Protocol::Tcp, ALICE, STRANGER));
    const Endpoint other{SERVER.address, 999};
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, other, external, ALICE), "");
    nat.now = minutes(5); // the insider's connection to SERVER has ended, the outsider's lives
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, {SERVER.address, 998}, external, ALICE),
              "nat.filtered");
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, other, external, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, SERVER_OTHER_PORT, external, ALICE),
              "nat.filtered");
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, {STRANGER.address, 7}, external, ALICE), "");
}

} // namespace
} // namespace isb::test
