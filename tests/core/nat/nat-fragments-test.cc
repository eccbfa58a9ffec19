// SPDX-License-Identifier: GPL-2.0-or-later
// Virtual reassembly, in the box (RFC 4787 REQ-14).
#include "model/core/nat/nat-fragments.h"

#include "tests/core/nat/nat-harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

/// A datagram of 6 KB with its own identification, cut for Ethernet.
std::vector<Packet>
Fragments(Endpoint source, Endpoint destination, uint16_t identification)
{
    IpFields ip;
    ip.identification = identification;
    return FragmentPacket(BuildUdp(source, destination, Packet(6144, 0x3c), ip), 1500);
}

TEST(NatBoxFragments, InOrderFollowTheFirst)
{
    for (const NatSide from : {NatSide::Inside, NatSide::Outside})
    {
        NatUnderTest nat(Preset("symmetric"));
        const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
        const bool inside = from == NatSide::Inside;
        auto sent = inside ? Fragments(ALICE, SERVER, 7) : Fragments(SERVER, external, 7);
        const auto expected = inside ? Fragments(external, SERVER, 7) : Fragments(SERVER, ALICE, 7);
        for (size_t i = 0; i < sent.size(); ++i)
        {
            ASSERT_EQ(nat.Send(from, sent[i]).action, Action::Forward);
            EXPECT_EQ(sent[i], expected[i]);
        }
    }
}

TEST(NatBoxFragments, BeforeTheFirstAreHeldAndReleasedInOrder)
{
    NatUnderTest nat(Preset("symmetric"));
    auto sent = Fragments(ALICE, SERVER, 7);
    std::vector<uint64_t> tickets;
    for (size_t i = sent.size() - 1; i > 0; --i)
    {
        const NatVerdict verdict = nat.Send(NatSide::Inside, sent[i]);
        ASSERT_EQ(verdict.action, Action::Hold);
        EXPECT_NE(verdict.ticket, 0U);
        tickets.push_back(verdict.ticket);
    }
    EXPECT_THAT(nat.box.TakeReleased(), IsEmpty());
    ASSERT_EQ(nat.Send(NatSide::Inside, sent[0]).action, Action::Forward);
    EXPECT_EQ(nat.box.TakeReleased(), tickets);
    EXPECT_THAT(nat.box.TakeReleased(), IsEmpty());
    const auto expected = Fragments({EXTERNAL, ALICE.port}, SERVER, 7);
    for (size_t i = 1; i < sent.size(); ++i)
    {
        ASSERT_EQ(nat.Send(NatSide::Inside, sent[i]).action, Action::Forward);
        EXPECT_EQ(sent[i], expected[i]);
    }
    EXPECT_EQ(nat.box.Counters().held, sent.size() - 1);
}

TEST(NatBoxFragments, AShorterTimeAfterAReloadHoldsForThoseThatWait)
{
    NatSettings settings = Preset("symmetric");
    settings.timers.fragments = seconds(30);
    NatUnderTest nat(settings);
    auto early = Fragments(ALICE, SERVER, 7);
    ASSERT_EQ(nat.Send(NatSide::Inside, early[1]).action, Action::Hold);
    settings.timers.fragments = seconds(2);
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    nat.now = seconds(1);
    auto late = Fragments(ALICE, SERVER, 8);
    ASSERT_EQ(nat.Send(NatSide::Inside, late[1]).action, Action::Hold);
    EXPECT_EQ(nat.box.NextTimeout(), seconds(2));
    nat.box.Timeout(seconds(3));
    EXPECT_EQ(nat.box.TakeAbandoned().size(), 2U) << "the later one does not wait for the first";
}

TEST(NatBoxFragments, ShareTheFateOfARefusedFirst)
{
    NatUnderTest nat(Preset("symmetric"));
    auto sent = Fragments(SERVER, {EXTERNAL, 5000}, 7);
    ASSERT_EQ(nat.Send(NatSide::Outside, sent[1]).action, Action::Hold);
    EXPECT_EQ(nat.Send(NatSide::Outside, sent[0]).reason, "nat.no-mapping");
    EXPECT_THAT(nat.box.TakeReleased(), ElementsAre(1));
    EXPECT_EQ(nat.Send(NatSide::Outside, sent[1]).reason, "nat.no-mapping");
    EXPECT_EQ(nat.Send(NatSide::Outside, sent[2]).reason, "nat.no-mapping");
}

TEST(NatBoxFragments, WithoutTheirFirstAreGivenUpInTime)
{
    NatUnderTest nat(Preset("symmetric"));
    auto sent = Fragments(ALICE, SERVER, 7);
    ASSERT_EQ(nat.Send(NatSide::Inside, sent[1]).action, Action::Hold);
    nat.now = seconds(1);
    ASSERT_EQ(nat.Send(NatSide::Inside, sent[2]).action, Action::Hold);
    EXPECT_EQ(nat.box.NextTimeout(), seconds(2));
    nat.box.Timeout(seconds(2) - Duration(1));
    EXPECT_THAT(nat.box.TakeAbandoned(), IsEmpty());
    nat.box.Timeout(seconds(2));
    EXPECT_THAT(nat.box.TakeAbandoned(), ElementsAre(1, 2));
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
    EXPECT_EQ(nat.box.Counters().drops[static_cast<size_t>(NatDrop::FragmentTimeout)], 2U);
}

TEST(NatBoxFragments, OfDifferentDatagramsAreNotMixed)
{
    NatUnderTest nat(Preset("symmetric"));
    auto first = Fragments(ALICE, SERVER, 7);
    auto second = Fragments(ALICE, SERVER, 8);
    auto other = Fragments(BOB, SERVER, 7);
    ASSERT_EQ(nat.Send(NatSide::Inside, first[0]).action, Action::Forward);
    EXPECT_EQ(nat.Send(NatSide::Inside, second[1]).action, Action::Hold);
    EXPECT_EQ(nat.Send(NatSide::Inside, other[1]).action, Action::Hold);
    EXPECT_EQ(nat.Send(NatSide::Inside, first[1]).action, Action::Forward);
}

TEST(NatBoxFragments, FloodWithoutFirstIsBoundedAndHurtsNobodyElse)
{
    NatSettings settings = Preset("symmetric");
    settings.limits.heldFragments = 10;
    settings.limits.fragmentedDatagrams = 20;
    NatUnderTest nat(settings);
    auto legitimate = Fragments(ALICE, SERVER, 1);
    ASSERT_EQ(nat.Send(NatSide::Inside, legitimate[0]).action, Action::Forward);
    for (uint16_t identification = 2; identification < 1000; ++identification)
    {
        auto flood = Fragments(BOB, SERVER, identification);
        const NatVerdict verdict = nat.Send(NatSide::Inside, flood[1]);
        EXPECT_EQ(verdict.reason, identification < 12 ? "" : "nat.fragment-limit");
        auto unsolicited = Fragments(STRANGER, {EXTERNAL, 6000}, identification);
        EXPECT_EQ(nat.Send(NatSide::Outside, unsolicited[0]).action, Action::Drop);
    }
    EXPECT_EQ(nat.Send(NatSide::Inside, legitimate[1]).action, Action::Forward);
    nat.box.Timeout(seconds(2));
    EXPECT_EQ(nat.box.TakeAbandoned().size(), 10U);
}

TEST(NatBoxFragments, TinyAndOverlappingOnesAreRefused)
{
    NatUnderTest nat(Preset("symmetric"));
    TcpFields tcp;
    tcp.flags = TCP_SYN;
    const Packet packet = BuildTcp(ALICE, SERVER, tcp, Packet(100, 1));
    auto tiny = FragmentPacket(packet, 28);
    EXPECT_EQ(nat.Send(NatSide::Inside, tiny[0]).reason, "nat.tiny-fragment");
    EXPECT_EQ(nat.Send(NatSide::Inside, tiny[1]).reason, "nat.overlapping-fragment");
    EXPECT_EQ(nat.Send(NatSide::Inside, tiny[2]).reason, "nat.overlapping-fragment");
    EXPECT_EQ(nat.box.MappingCount(), 0U);
    auto whole = FragmentPacket(packet, 60);
    EXPECT_EQ(nat.Send(NatSide::Inside, whole[0]).action, Action::Forward);
    EXPECT_EQ(nat.Send(NatSide::Inside, whole[1]).action, Action::Forward);
}

TEST(NatFragmentTable, ReleasesEachWaitingFragmentOnceAndMakesRoomForOthers)
{
    NatFragmentTable table(4, 2, seconds(2));
    const NatDatagramKey key{ALICE.address, SERVER.address, 1, Protocol::Udp};
    const NatDatagramKey other{BOB.address, SERVER.address, 1, Protocol::Udp};
    EXPECT_TRUE(table.Hold(TimePoint(0), key, 1, 100));
    EXPECT_TRUE(table.Hold(TimePoint(0), key, 2, 100));
    EXPECT_FALSE(table.Hold(TimePoint(0), other, 3, 100));
    std::vector<uint64_t> released;
    table.Decide(TimePoint(0), key, NatDecision::Left(), 8, released);
    table.Decide(TimePoint(0), key, NatDecision::Left(), 8, released); // the first one, duplicated
    EXPECT_THAT(released, ElementsAre(1, 2));
    EXPECT_EQ(table.HeldCount(), 0U);
    EXPECT_TRUE(table.Hold(TimePoint(0), other, 3, 100));
}

TEST(NatFragmentTable, ForgetsTheOldestDecidedDatagramWhenFull)
{
    NatFragmentTable table(2, 10, seconds(2));
    std::vector<uint64_t> released;
    const auto key = [](uint16_t identification) {
        return NatDatagramKey{ALICE.address, SERVER.address, identification, Protocol::Udp};
    };
    for (uint16_t identification = 1; identification <= 3; ++identification)
    {
        table.Decide(TimePoint(0), key(identification), NatDecision::Left(), 8, released);
    }
    EXPECT_EQ(table.Find(key(1)), nullptr);
    EXPECT_NE(table.Find(key(2)), nullptr);
    EXPECT_NE(table.Find(key(3)), nullptr);
    EXPECT_EQ(table.DatagramCount(), 2U);
    EXPECT_TRUE(table.Hold(TimePoint(1), key(4), 1, 100));
    EXPECT_TRUE(table.Hold(TimePoint(1), key(5), 2, 100));
    EXPECT_FALSE(table.Hold(TimePoint(1), key(6), 3, 100)) << "waiting ones are not pushed out";
    EXPECT_EQ(table.HeldCount(), 2U);
    std::vector<NatFragmentTable::Abandoned> abandoned;
    table.Expire(seconds(3), abandoned);
    EXPECT_EQ(abandoned.size(), 2U);
    EXPECT_EQ(table.DatagramCount() + table.HeldCount(), 0U);
    EXPECT_EQ(table.NextExpiry(), TIME_NEVER);
}

/// Whether a fragment of these bytes passes, of a datagram whose first 8 bytes came.
struct Piece
{
    uint32_t begin;
    uint32_t end;
    bool passes;
};

TEST(NatFragmentTable, RefusesWhatOverlapsAndTakesTheRestInAnyOrder)
{
    struct Case
    {
        const char* name;
        std::vector<Piece> pieces;
    };

    const Case cases[] = {
        {"in order", {{8, 16, true}, {16, 24, true}, {24, 30, true}}},
        {"backwards", {{24, 30, true}, {16, 24, true}, {8, 16, true}}},
        {"repeated", {{8, 16, true}, {8, 16, false}, {16, 24, true}}},
        {"over the first", {{0, 16, false}}},
        {"over the end of one", {{16, 32, true}, {24, 40, false}, {32, 40, true}}},
        {"over the start of one", {{16, 32, true}, {8, 24, false}, {8, 16, true}}},
        {"inside one", {{8, 32, true}, {16, 24, false}}},
        {"around one", {{16, 24, true}, {8, 32, false}, {8, 16, true}, {24, 32, true}}},
        {"into a gap", {{8, 16, true}, {24, 32, true}, {16, 32, false}, {16, 24, true}}},
    };
    for (const Case& test : cases)
    {
        NatFragmentTable table(4, 4, seconds(2));
        const NatDatagramKey key{SERVER.address, EXTERNAL, 7, Protocol::Udp};
        std::vector<uint64_t> released;
        table.Decide(TimePoint(0), key, NatDecision::Left(), 8, released);
        for (const Piece& piece : test.pieces)
        {
            const auto fault = table.Pass(key, piece.begin, piece.end);
            EXPECT_EQ(!fault, piece.passes) << test.name << " " << piece.begin;
            EXPECT_EQ(fault.value_or(NatDrop::OverlappingFragment), NatDrop::OverlappingFragment);
        }
    }
}

TEST(NatFragmentTable, CountsTheGapsOfOneDatagram)
{
    NatFragmentTable table(4, 4, seconds(2));
    const NatDatagramKey key{SERVER.address, EXTERNAL, 7, Protocol::Udp};
    std::vector<uint64_t> released;
    table.Decide(TimePoint(0), key, NatDecision::Left(), 8, released);
    for (uint32_t i = 1; i < 100; ++i)
    {
        const auto fault = table.Pass(key, i * 16, i * 16 + 8);
        EXPECT_EQ(fault.has_value(), i >= 32);
        EXPECT_EQ(fault.value_or(NatDrop::FragmentLimit), NatDrop::FragmentLimit);
    }
    EXPECT_FALSE(table.Pass(key, 8, 16)) << "what fills a gap needs no room";
}

TEST(NatFragments, OverlappingOnesAreDroppedBothWaysAndTheOthersPass)
{
    NatUnderTest nat(Preset("full-cone"));
    for (const NatSide from : {NatSide::Inside, NatSide::Outside})
    {
        const bool inside = from == NatSide::Inside;
        const Packet whole = Udp(inside ? ALICE : SERVER,
                                 inside ? SERVER : Endpoint{EXTERNAL, ALICE.port},
                                 Packet(100));
        std::vector<Packet> fragments = FragmentPacket(whole, 68);
        ASSERT_EQ(fragments.size(), 3U);
        std::vector<Packet> wide = FragmentPacket(whole, 84); // bytes 64 to 108
        for (const size_t i : {0, 1})
        {
            Packet fragment = fragments[i];
            EXPECT_EQ(nat.Send(from, fragment).action, Action::Forward);
        }
        Packet overlapping = wide[1];
        EXPECT_EQ(nat.Send(from, overlapping).reason, "nat.overlapping-fragment");
        EXPECT_EQ(overlapping, wide[1]);
        EXPECT_EQ(nat.Send(from, fragments[2]).action, Action::Forward);
    }
}

} // namespace
} // namespace isb::test
