// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/stateful-filter.h"

#include "tests/core/nat/nat-harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>

namespace isb::test
{
namespace
{

using FilterAction = FilterVerdict::Action;

constexpr NatSide IN = NatSide::Inside;
constexpr NatSide OUT = NatSide::Outside;
constexpr Ipv4 ROUTER{0xc0a80001};

inline FilterSettings
Rules()
{
    FilterSettings settings;
    settings.internal = {Subnet{Ipv4{0x0a000000}, 24}};
    settings.own = {ROUTER};
    return settings;
}

inline FilterSettings
OnlyServer()
{
    FilterSettings settings = Rules();
    settings.allowedDestinations = {SERVER.address};
    return settings;
}

/// A StatefulFilter with a clock, and the words in which tests speak to it.
struct FilterUnderTest
{
    explicit FilterUnderTest(const FilterSettings& settings = Rules(), uint64_t seed = 1)
        : rng(seed),
          filter(settings, rng, &log)
    {
    }

    FilterVerdict
    Give(NatSide from, const Packet& packet)
    {
        return filter.Process(now, from, packet, packet.size());
    }

    /// "" when it passes, "held" or the reason when it does not.
    std::string
    Result(NatSide from, const Packet& packet)
    {
        const FilterVerdict verdict = Give(from, packet);
        EXPECT_EQ(verdict.action == FilterAction::Drop, !verdict.rule.empty());
        return verdict.action == FilterAction::Hold ? "held" : std::string(verdict.reason);
    }

    SeededRng rng;
    EventLog log;
    StatefulFilter filter;
    TimePoint now{seconds(1)};
};

TEST(StatefulFilter, LetsInOnlyWhatAnswers)
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp, Protocol::Icmp})
    {
        FilterUnderTest test;
        const auto outbound = Opening(protocol, IN, ALICE, SERVER);
        const auto answer = protocol == Protocol::Tcp ? Tcp(SERVER, ALICE, TCP_SYN | TCP_ACK)
                                                      : Opening(protocol, OUT, SERVER, ALICE);
        EXPECT_NE(test.Result(OUT, answer), "") << ToString(protocol);
        EXPECT_EQ(test.Result(IN, outbound), "") << ToString(protocol);
        EXPECT_EQ(test.Result(OUT, answer), "") << ToString(protocol);
        const auto stranger = protocol == Protocol::Tcp ? Tcp(STRANGER, ALICE, TCP_SYN | TCP_ACK)
                                                        : Opening(protocol, OUT, STRANGER, ALICE);
        EXPECT_NE(test.Result(OUT, stranger), "") << ToString(protocol);
        const Endpoint bob{BOB.address, ALICE.port};
        const auto toBob = protocol == Protocol::Tcp ? Tcp(SERVER, bob, TCP_SYN | TCP_ACK)
                                                     : Opening(protocol, OUT, SERVER, bob);
        EXPECT_NE(test.Result(OUT, toBob), "") << ToString(protocol);
        EXPECT_EQ(test.filter.FlowCount(), 1U);
    }
}

TEST(StatefulFilter, AnswersComeFromTheSamePortToTheSamePort)
{
    FilterUnderTest test;
    EXPECT_EQ(test.Result(IN, Udp(ALICE, SERVER)), "");
    EXPECT_EQ(test.Result(OUT, Udp(SERVER, ALICE)), "");
    EXPECT_EQ(test.Result(OUT, Udp(SERVER_OTHER_PORT, ALICE)), "firewall.unsolicited");
    EXPECT_EQ(test.Result(OUT, Udp(SERVER, {ALICE.address, 5001})), "firewall.unsolicited");
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_SYN)), "firewall.unsolicited");
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_ACK)), "firewall.no-connection");
}

TEST(StatefulFilter, InsidersReachOnlyTheAddressesOfTheList)
{
    FilterUnderTest test(OnlyServer());
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp, Protocol::Icmp})
    {
        EXPECT_EQ(test.Result(IN, Opening(protocol, IN, ALICE, SERVER)), "");
        EXPECT_EQ(test.Result(IN, Opening(protocol, IN, ALICE, STRANGER)), "firewall.not-allowed");
    }
    EXPECT_EQ(test.filter.FlowCount(), 3U);
    EXPECT_EQ(test.Result(IN, Udp(ALICE, SERVER_OTHER_PORT)), "") << "the list has no ports";
    EXPECT_EQ(test.filter.Counters().drops[static_cast<size_t>(NatDrop::NotAllowed)], 3U);
    EXPECT_THAT(test.log.lines.back(),
                testing::AllOf(testing::HasSubstr("\"event\":\"packet-refused\""),
                               testing::HasSubstr("firewall.not-allowed"),
                               testing::HasSubstr("thesis 3.7.1")));
}

TEST(StatefulFilter, AnEmptyListLetsNobodyOut)
{
    FilterSettings settings = Rules();
    settings.allowedDestinations.emplace();
    FilterUnderTest test(settings);
    EXPECT_EQ(test.Result(IN, Udp(ALICE, SERVER)), "firewall.not-allowed");
    EXPECT_EQ(test.Result(IN, Udp(ALICE, BOB)), "") << "between insiders";
}

TEST(StatefulFilter, FragmentsObeyTheListToo)
{
    FilterUnderTest test(OnlyServer());
    for (const Packet& fragment : FragmentPacket(Udp(ALICE, STRANGER, Packet(3000, 1)), 1500))
    {
        EXPECT_EQ(test.Result(IN, fragment), "firewall.not-allowed");
    }
    EXPECT_EQ(test.filter.StateSize(), 0U);
}

TEST(StatefulFilter, PassesUnfilteredWhatIsForTheBoxForManyOrBetweenInsiders)
{
    FilterUnderTest test(OnlyServer());
    const Endpoint box{ROUTER, 53};
    EXPECT_EQ(test.Result(IN, Udp(ALICE, box)), "");
    EXPECT_EQ(test.Result(OUT, Udp(STRANGER, box)), "");
    EXPECT_EQ(test.Result(IN, Udp(ALICE, BOB)), "");
    EXPECT_EQ(test.Result(IN, Udp(ALICE, {Ipv4{0xe0000005}, 5})), "");
    EXPECT_EQ(test.Result(OUT, Udp(STRANGER, {Ipv4{0xffffffff}, 5})), "");
    EXPECT_EQ(test.filter.Counters().local, 5U);
    EXPECT_EQ(test.filter.FlowCount(), 0U);
}

TEST(StatefulFilter, NeverChangesAPacket)
{
    FilterUnderTest test;
    const Packet packet = Udp(ALICE, SERVER);
    const Packet before = packet;
    (void)test.Give(IN, packet);
    EXPECT_EQ(packet, before);
}

TEST(StatefulFilter, FollowsATcpConnectionFromSynToItsEnd)
{
    FilterUnderTest test;
    EXPECT_EQ(test.Result(IN, Tcp(ALICE, SERVER, TCP_ACK)), "firewall.no-connection");
    EXPECT_EQ(test.Result(IN, Tcp(ALICE, SERVER, TCP_SYN)), "");
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_SYN | TCP_ACK)), "");
    EXPECT_EQ(test.Result(IN, Tcp(ALICE, SERVER, TCP_ACK)), "");
    test.now += minutes(123); // established: 124 min
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_ACK)), "");
    EXPECT_EQ(test.Result(IN, Tcp(ALICE, SERVER, TCP_FIN | TCP_ACK)), "");
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_FIN | TCP_ACK)), "");
    test.now += minutes(4);
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_ACK)), "firewall.no-connection");
    EXPECT_EQ(test.filter.FlowCount(), 0U);
}

TEST(StatefulFilter, AConnectionThatIsNotAnsweredEndsSoon)
{
    FilterUnderTest test;
    EXPECT_EQ(test.Result(IN, Tcp(ALICE, SERVER, TCP_SYN)), "");
    test.now += minutes(4) - milliseconds(1);
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_SYN | TCP_ACK)), "");
    test.now += minutes(124);
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_ACK)), "firewall.no-connection");
}

TEST(StatefulFilter, SimultaneousOpenWorks)
{
    FilterUnderTest test;
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_SYN)), "firewall.unsolicited");
    EXPECT_EQ(test.Result(IN, Tcp(ALICE, SERVER, TCP_SYN)), "");
    EXPECT_EQ(test.Result(OUT, Tcp(SERVER, ALICE, TCP_SYN)), "");
}

TEST(StatefulFilter, ARequestIsNoAnswerToARequest)
{
    FilterUnderTest test;
    const auto echo = [](Ipv4 from, Ipv4 to, uint8_t type)
    { return BuildEcho(from, to, type, 7, 1, Packet{}); };
    EXPECT_EQ(test.Result(IN, echo(ALICE.address, SERVER.address, ICMP_ECHO_REQUEST)), "");
    EXPECT_EQ(test.Result(OUT, echo(SERVER.address, ALICE.address, ICMP_ECHO_REQUEST)),
              "firewall.unsolicited");
    EXPECT_EQ(test.Result(OUT, echo(SERVER.address, ALICE.address, ICMP_ECHO_REPLY)), "");
}

TEST(StatefulFilter, EveryProtocolHasItsTimerAndOnlyInsidersRefreshDatagrams)
{
    struct Case
    {
        Protocol protocol;
        Duration timer;
    };

    for (const Case& one : {Case{Protocol::Udp, minutes(5)}, Case{Protocol::Icmp, seconds(60)}})
    {
        FilterUnderTest test;
        EXPECT_EQ(test.Result(IN, Opening(one.protocol, IN, ALICE, SERVER)), "");
        test.now += one.timer - milliseconds(1);
        EXPECT_EQ(test.Result(IN, Opening(one.protocol, IN, ALICE, SERVER)), "");
        test.now += one.timer - milliseconds(1);
        EXPECT_EQ(test.Result(OUT, Opening(one.protocol, OUT, SERVER, ALICE)), "");
        test.now += milliseconds(1);
        EXPECT_EQ(test.Result(OUT, Opening(one.protocol, OUT, SERVER, ALICE)),
                  "firewall.unsolicited");
        EXPECT_EQ(test.filter.Counters().flowsExpired, 1U);
    }
}

TEST(StatefulFilter, ErrorsAboutKnownFlowsPassAndOthersDoNot)
{
    const Ipv4 hop{0x08080808};
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp, Protocol::Icmp})
    {
        FilterUnderTest test(OnlyServer());
        const Packet sent = Opening(protocol, IN, ALICE, SERVER);
        const auto error = [&](const Packet& quoted, Ipv4 to)
        { return BuildIcmpError(hop, to, ICMP_TIME_EXCEEDED, 0, 0, quoted); };
        EXPECT_EQ(test.Result(OUT, error(sent, ALICE.address)), "firewall.icmp-unknown-flow");
        EXPECT_EQ(test.Result(IN, sent), "");
        EXPECT_EQ(test.Result(OUT, error(sent, ALICE.address)), "") << ToString(protocol);
        EXPECT_EQ(test.Result(OUT, error(sent, BOB.address)), "firewall.icmp-malformed");
        const Packet other = Opening(protocol, IN, BOB, SERVER);
        EXPECT_EQ(test.Result(OUT, error(other, BOB.address)), "firewall.icmp-unknown-flow");
    }
}

TEST(StatefulFilter, InsidersMaySendErrorsAboutWhatTheyGot)
{
    FilterUnderTest test;
    EXPECT_EQ(test.Result(IN, Udp(ALICE, SERVER)), "");
    const auto error = [](const Packet& quoted)
    { return BuildIcmpError(ALICE.address, SERVER.address, ICMP_UNREACHABLE, 3, 0, quoted); };
    EXPECT_EQ(test.Result(IN, error(Udp(SERVER, ALICE))), "");
    EXPECT_EQ(test.Result(IN, error(Udp(SERVER_OTHER_PORT, ALICE))), "firewall.icmp-unknown-flow");
}

TEST(StatefulFilter, ErrorsNeitherRefreshNorOpenAFlow)
{
    FilterUnderTest test;
    const Packet sent = Udp(ALICE, SERVER);
    EXPECT_EQ(test.Result(IN, sent), "");
    test.now += minutes(4);
    EXPECT_EQ(
        test.Result(OUT,
                    BuildIcmpError(SERVER.address, ALICE.address, ICMP_UNREACHABLE, 3, 0, sent)),
        "");
    test.now += minutes(1);
    EXPECT_EQ(test.Result(OUT, Udp(SERVER, ALICE)), "firewall.unsolicited");
}

TEST(StatefulFilter, LaterFragmentsFollowTheirFirst)
{
    FilterUnderTest test;
    EXPECT_EQ(test.Result(IN, Udp(ALICE, SERVER)), "");
    const auto fragments = FragmentPacket(Udp(SERVER, ALICE, Packet(4000, 1)), 1500);
    ASSERT_EQ(fragments.size(), 3U);
    EXPECT_EQ(test.Result(OUT, fragments[0]), "");
    EXPECT_EQ(test.Result(OUT, fragments[1]), "");
    EXPECT_EQ(test.Result(OUT, fragments[2]), "");

    IpFields other;
    other.identification = 7;
    const auto stray = FragmentPacket(BuildUdp(STRANGER, ALICE, Packet(4000, 1), other), 1500);
    EXPECT_EQ(test.Result(OUT, stray[0]), "firewall.unsolicited");
    EXPECT_EQ(test.Result(OUT, stray[1]), "firewall.unsolicited");
}

TEST(StatefulFilter, FragmentsThatOvertakeTheirFirstWaitForIt)
{
    FilterUnderTest test;
    EXPECT_EQ(test.Result(IN, Udp(ALICE, SERVER)), "");
    const auto fragments = FragmentPacket(Udp(SERVER, ALICE, Packet(4000, 1)), 1500);
    const FilterVerdict second = test.Give(OUT, fragments[1]);
    const FilterVerdict third = test.Give(OUT, fragments[2]);
    EXPECT_EQ(second.action, FilterAction::Hold);
    EXPECT_EQ(third.action, FilterAction::Hold);
    EXPECT_TRUE(test.filter.TakeReleased().empty());
    EXPECT_EQ(test.Result(OUT, fragments[0]), "");
    EXPECT_EQ(test.filter.TakeReleased(), (std::vector<uint64_t>{second.ticket, third.ticket}));
    EXPECT_EQ(test.Result(OUT, fragments[1]), "");
}

TEST(StatefulFilter, FragmentsWhoseFirstNeverComesAreGivenUp)
{
    FilterUnderTest test;
    const auto fragments = FragmentPacket(Udp(SERVER, ALICE, Packet(4000, 1)), 1500);
    const FilterVerdict held = test.Give(OUT, fragments[1]);
    ASSERT_EQ(held.action, FilterAction::Hold);
    test.now = test.filter.NextTimeout();
    test.filter.Timeout(test.now);
    EXPECT_EQ(test.filter.TakeAbandoned(), (std::vector<uint64_t>{held.ticket}));
    EXPECT_EQ(test.filter.Counters().drops[static_cast<size_t>(NatDrop::FragmentTimeout)], 1U);
    EXPECT_EQ(test.filter.StateSize(), 0U);
}

TEST(StatefulFilter, RefusesEveryLieWithItsReasonAndWithoutState)
{
    struct Case
    {
        const char* name;
        NatSide from;
        Packet packet;
        const char* reason;
    };

    const auto changed = [](Packet packet, size_t at, uint8_t value)
    {
        packet[at] = value;
        return packet;
    };
    const Endpoint loopback{Ipv4{0x7f000001}, 80};
    const Endpoint multicast{Ipv4{0xe0000001}, 80};
    const auto tinyTcp = [&]
    {
        Packet packet = Tcp(ALICE, SERVER, TCP_SYN);
        packet.resize(28);
        packet[3] = 28;
        packet[6] = 0x20;
        return packet;
    };
    const auto overlapping = [&]
    {
        Packet packet = Tcp(ALICE, SERVER, TCP_SYN);
        packet[7] = 1; // offset 8
        return packet;
    };
    Packet badError =
        BuildIcmpError(SERVER.address, ALICE.address, ICMP_UNREACHABLE, 3, 0, Udp(ALICE, SERVER));
    badError[22] ^= 1;
    const Case cases[] = {
        {"foreign source inside", IN, Udp(STRANGER, SERVER), "firewall.source-not-internal"},
        {"loopback source inside", IN, Udp(loopback, SERVER), "firewall.source-not-internal"},
        {"internal source outside", OUT, Udp(BOB, ALICE), "firewall.source-spoofed"},
        {"loopback source outside", OUT, Udp(loopback, ALICE), "firewall.source-spoofed"},
        {"multicast source outside", OUT, Udp(multicast, ALICE), "firewall.source-spoofed"},
        {"land", IN, Tcp(ALICE, ALICE, TCP_SYN), "firewall.land"},
        {"source port 0", IN, Udp({ALICE.address, 0}, SERVER), "firewall.port-zero"},
        {"destination port 0", IN, Tcp(ALICE, {SERVER.address, 0}, TCP_SYN), "firewall.port-zero"},
        {"GRE out", IN, changed(Udp(ALICE, SERVER), 9, 47), "firewall.protocol-not-tracked"},
        {"GRE in", OUT, changed(Udp(SERVER, ALICE), 9, 47), "firewall.protocol-not-tracked"},
        {"no header", IN, Packet{0x45}, "firewall.malformed"},
        {"header length", IN, changed(Udp(ALICE, SERVER), 0, 0x41), "firewall.malformed"},
        {"tiny fragment", IN, tinyTcp(), "firewall.tiny-fragment"},
        {"overlapping fragment", IN, overlapping(), "firewall.overlapping-fragment"},
        {"timestamp request",
         IN,
         changed(BuildEcho(ALICE.address, SERVER.address, 8, 1, 1, Packet{}), 20, 13),
         "firewall.icmp-type-not-tracked"},
        {"echo request from outside",
         OUT,
         BuildEcho(SERVER.address, ALICE.address, ICMP_ECHO_REQUEST, 1, 1, Packet{}),
         "firewall.unsolicited"},
        {"error with a wrong checksum", OUT, badError, "firewall.icmp-checksum"},
        {"error without a packet",
         OUT,
         BuildIcmpError(SERVER.address, ALICE.address, ICMP_UNREACHABLE, 3, 0, Packet{1, 2, 3}),
         "firewall.icmp-malformed"},
        {"stray segment out", IN, Tcp(ALICE, SERVER, TCP_ACK), "firewall.no-connection"},
        {"stray reset in", OUT, Tcp(SERVER, ALICE, TCP_RST), "firewall.no-connection"},
        {"datagram in", OUT, Udp(SERVER, ALICE), "firewall.unsolicited"},
    };
    for (const Case& one : cases)
    {
        FilterUnderTest test;
        EXPECT_EQ(test.Result(one.from, one.packet), one.reason) << one.name;
        EXPECT_EQ(test.filter.StateSize(), 0U) << one.name;
        EXPECT_EQ(test.log.lines.size(), 1U) << one.name;
    }
}

TEST(StatefulFilter, StateStaysBoundedUnderFloods)
{
    FilterSettings settings = Rules();
    settings.flows = 100;
    settings.fragmentedDatagrams = 20;
    settings.heldFragments = 10;
    FilterUnderTest test(settings);
    EXPECT_EQ(test.Result(IN, Udp(ALICE, SERVER)), "");
    for (uint32_t i = 0; i < 5000; ++i)
    {
        const Endpoint stranger{Ipv4{0xc6340000 + i}, 80};
        const Endpoint insider{Ipv4{0x0a000002 + i % 200}, static_cast<uint16_t>(1 + i)};
        (void)test.Give(IN, Tcp(insider, SERVER, TCP_SYN));
        (void)test.Give(OUT, Tcp(stranger, ALICE, TCP_SYN));
        IpFields ip;
        ip.identification = static_cast<uint16_t>(i);
        const auto fragments = FragmentPacket(BuildUdp(stranger, ALICE, Packet(2000, 1), ip), 1500);
        (void)test.Give(OUT, fragments[1]);
        ASSERT_LE(test.filter.FlowCount(), 100U);
        ASSERT_LE(test.filter.StateSize(), 100U + 2 * (20 + 10));
    }
    EXPECT_GT(test.filter.Counters().drops[static_cast<size_t>(NatDrop::TableFull)], 4000U);
    EXPECT_GT(test.filter.Counters().drops[static_cast<size_t>(NatDrop::FragmentLimit)], 4000U);
    EXPECT_EQ(test.Result(OUT, Udp(SERVER, ALICE)), "") << "who was there before goes on";
    test.filter.Timeout(test.now + minutes(125));
    EXPECT_EQ(test.filter.StateSize(), 0U);
    EXPECT_EQ(test.filter.NextTimeout(), TIME_NEVER);
}

/// The words of the class comment, by looking through every packet that ever came.
class NaiveFilter
{
  public:
    /// Whether a datagram passes.
    bool
    Passes(TimePoint now, NatSide from, Endpoint source, Endpoint destination)
    {
        if (from == IN)
        {
            m_sent.push_back({now, source, destination});
            return true;
        }
        return std::any_of(m_sent.begin(),
                           m_sent.end(),
                           [&](const Sent& sent)
                           {
                               return now < sent.when + minutes(5) && sent.source == destination &&
                                      sent.destination == source;
                           });
    }

  private:
    struct Sent
    {
        TimePoint when;
        Endpoint source;
        Endpoint destination;
    };

    std::list<Sent> m_sent;
};

TEST(StatefulFilterProperty, AgreesWithANaiveFilterOverRandomTraffic)
{
    for (uint64_t seed = 1; seed <= 20; ++seed)
    {
        FilterUnderTest punctual(Rules(), seed);
        FilterUnderTest late(Rules(), seed + 100);
        NaiveFilter naive;
        SeededRng dice(seed);
        for (int step = 0; step < 2000; ++step)
        {
            const TimePoint now = late.now + seconds(static_cast<int64_t>(dice.Below(40)));
            while (punctual.filter.NextTimeout() <= now)
            {
                punctual.filter.Timeout(punctual.filter.NextTimeout());
            }
            punctual.now = late.now = now;
            const Endpoint insider{Ipv4{0x0a000002 + static_cast<uint32_t>(dice.Below(3))},
                                   static_cast<uint16_t>(1 + dice.Below(3))};
            const Endpoint outsider{Ipv4{0xc6336401 + static_cast<uint32_t>(dice.Below(3))},
                                    static_cast<uint16_t>(1 + dice.Below(3))};
            const NatSide from = dice.Below(3) == 0 ? IN : OUT;
            const Endpoint source = from == IN ? insider : outsider;
            const Endpoint destination = from == IN ? outsider : insider;
            const bool expected = naive.Passes(now, from, source, destination);
            const Packet packet = Udp(source, destination);
            ASSERT_EQ(punctual.Result(from, packet) == "", expected) << seed << " step " << step;
            ASSERT_EQ(late.Result(from, packet) == "", expected) << seed << " step " << step;
        }
        punctual.filter.Timeout(punctual.now + minutes(5));
        EXPECT_EQ(punctual.filter.StateSize(), 0U);
        const FilterCounters counters = punctual.filter.Counters();
        EXPECT_EQ(counters.flowsOpened, counters.flowsExpired);
    }
}

TEST(StatefulFilterProperty, TheSameInputsGiveTheSameEventsWhateverTheSeed)
{
    const auto run = [](uint64_t seed)
    {
        FilterUnderTest test(OnlyServer(), seed);
        SeededRng dice(5);
        for (int step = 0; step < 2000; ++step)
        {
            test.now += seconds(1);
            const auto port = static_cast<uint16_t>(1 + dice.Below(5));
            const Endpoint remote{dice.Below(2) == 0 ? SERVER.address : STRANGER.address, port};
            (void)test.Result(IN, Tcp(ALICE, remote, static_cast<uint8_t>(dice.Below(32))));
            (void)test.Result(OUT, Tcp(remote, ALICE, static_cast<uint8_t>(dice.Below(32))));
        }
        return test.log.lines;
    };
    EXPECT_EQ(run(1), run(2));
    EXPECT_GT(run(1).size(), 1000U);
}

// A NAT with a firewall in it.

TEST(NatFirewall, InsidersReachOnlyTheAddressesOfTheList)
{
    NatSettings settings = Preset("full-cone");
    settings.allowedDestinations = {SERVER.address};
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp, Protocol::Icmp})
    {
        NatUnderTest nat(settings);
        EXPECT_TRUE(ExternalOf(nat, protocol, ALICE, SERVER));
        Packet packet = Opening(protocol, IN, ALICE, STRANGER);
        const NatVerdict verdict = nat.Send(IN, packet);
        EXPECT_EQ(verdict.action, Action::Drop);
        EXPECT_EQ(verdict.reason, "firewall.not-allowed");
        EXPECT_EQ(nat.box.MappingCount(), 1U);
        EXPECT_THAT(nat.log.lines.back(), testing::HasSubstr("packet-refused"));
    }
}

TEST(NatFirewall, OnlyAnswersComeInEvenThroughAFullCone)
{
    NatSettings open = Preset("full-cone");
    NatSettings walled = open;
    walled.allowedDestinations = {SERVER.address};
    for (const bool hasWall : {false, true})
    {
        NatUnderTest nat(hasWall ? walled : open);
        const auto external = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
        ASSERT_TRUE(external);
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *external, ALICE), "");
        for (const Endpoint& other : {STRANGER, SERVER_OTHER_PORT})
        {
            EXPECT_EQ(InboundResult(nat, Protocol::Udp, other, *external, ALICE),
                      hasWall ? "nat.filtered" : "");
        }
    }
}

TEST(NatFirewall, InsidersStillCallOneAnother)
{
    NatSettings settings = Preset("full-cone");
    settings.allowedDestinations = {SERVER.address};
    NatUnderTest nat(settings);
    const auto alice = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    ASSERT_TRUE(alice);
    Packet direct = Udp(BOB, ALICE);
    EXPECT_EQ(nat.Send(IN, direct).action, Action::NotForUs);
    Packet hairpin = Udp(BOB, *alice);
    EXPECT_NE(nat.Send(IN, hairpin).reason, "firewall.not-allowed");
}

} // namespace
} // namespace isb::test
