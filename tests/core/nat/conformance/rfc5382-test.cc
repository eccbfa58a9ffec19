// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 5382: what a NAT does to TCP, whole segments in and out.
#include "tests/core/nat/conformance/conformance-harness.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace isb::test
{
namespace
{

constexpr Protocol TCP = Protocol::Tcp;

TEST(Rfc5382, Req1OneMappingForEveryDestination)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
    for (const Endpoint remote : OTHER_REMOTES)
    {
        EXPECT_EQ(ExternalOf(nat, TCP, ALICE, remote), external) << remote.ToString();
    }
}

TEST(Rfc5382, Req1NotWhenTheMappingDependsOnTheDestination)
{
    NatUnderTest nat(WithMapping(NatBehaviour::AddressAndPortDependent));
    const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
    for (const Endpoint remote : OTHER_REMOTES)
    {
        EXPECT_NE(ExternalOf(nat, TCP, ALICE, remote), external) << remote.ToString();
    }
}

/// A segment of a script, by side and flags.
struct Segment
{
    NatSide from;
    uint8_t flags;
    bool data = false;
};

struct Script
{
    const char* name;
    std::vector<Segment> segments;
};

/// Plays the script between ALICE and SERVER; the number of the first segment that is refused, or
/// how many there are.
size_t
Play(NatUnderTest& nat, const Script& script)
{
    const Endpoint external{EXTERNAL, ALICE.port};
    for (size_t i = 0; i < script.segments.size(); ++i)
    {
        const Segment& segment = script.segments[i];
        const Packet data = segment.data ? Packet(100, 1) : Packet{};
        const Packet packet = segment.from == IN ? Tcp(ALICE, SERVER, segment.flags, data)
                                                 : Tcp(SERVER, external, segment.flags, data);
        Wait(nat, milliseconds(200));
        if (!Passes(nat, segment.from, packet))
        {
            return i;
        }
    }
    return script.segments.size();
}

std::vector<Script>
ValidScripts()
{
    constexpr uint8_t PSH_ACK = TCP_PSH | TCP_ACK;
    constexpr uint8_t URG_ACK = 0x20 | TCP_ACK;
    const std::vector<Segment> open = {{IN, TCP_SYN}, {OUT, SYN_ACK}, {IN, TCP_ACK}};
    const auto after = [&](const std::vector<Segment>& more)
    {
        std::vector<Segment> all = open;
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    return {
        {"data both ways",
         after({{IN, PSH_ACK, true}, {OUT, TCP_ACK}, {OUT, PSH_ACK, true}, {IN, TCP_ACK}})},
        {"retransmitted handshake",
         {{IN, TCP_SYN}, {IN, TCP_SYN}, {OUT, SYN_ACK}, {OUT, SYN_ACK}, {IN, TCP_ACK}}},
        {"urgent data", after({{IN, URG_ACK, true}, {OUT, URG_ACK, true}})},
        {"close from inside",
         after({{IN, FIN_ACK}, {OUT, TCP_ACK}, {OUT, FIN_ACK}, {IN, TCP_ACK}})},
        {"close from outside",
         after({{OUT, FIN_ACK}, {IN, TCP_ACK}, {IN, FIN_ACK}, {OUT, TCP_ACK}})},
        {"both at once", after({{IN, FIN_ACK}, {OUT, FIN_ACK}, {IN, TCP_ACK}, {OUT, TCP_ACK}})},
        {"half closed, data goes on",
         after({{IN, FIN_ACK},
                {OUT, TCP_ACK},
                {OUT, PSH_ACK, true},
                {IN, TCP_ACK},
                {OUT, FIN_ACK},
                {IN, TCP_ACK}})},
        {"FIN with data", after({{IN, FIN_ACK | TCP_PSH, true}, {OUT, FIN_ACK, true}})},
        {"retransmitted FIN",
         after({{IN, FIN_ACK}, {OUT, FIN_ACK}, {OUT, FIN_ACK}, {IN, TCP_ACK}, {IN, TCP_ACK}})},
        {"reset from inside", after({{IN, TCP_RST | TCP_ACK}})},
        {"reset from outside", after({{OUT, TCP_RST}})},
        {"refused", {{IN, TCP_SYN}, {OUT, TCP_RST | TCP_ACK}}},
        {"same ports again",
         after({{IN, FIN_ACK},
                {OUT, FIN_ACK},
                {IN, TCP_ACK},
                {IN, TCP_SYN},
                {OUT, SYN_ACK},
                {IN, TCP_ACK},
                {OUT, PSH_ACK, true}})},
        {"ECN set-up", {{IN, TCP_SYN | 0xc0}, {OUT, SYN_ACK | 0x40}, {IN, TCP_ACK}}},
    };
}

TEST(Rfc5382, Req2EveryValidSequencePasses)
{
    for (const Script& script : ValidScripts())
    {
        NatUnderTest nat(TestSettings());
        EXPECT_EQ(Play(nat, script), script.segments.size()) << script.name;
    }
}

TEST(Rfc5382, Req2ConnectionsFromOutsidePassWhereTheFilterLetsThem)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_TRUE(Passes(nat, OUT, Tcp(STRANGER, external, TCP_SYN)));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, STRANGER, SYN_ACK)));
    EXPECT_TRUE(Passes(nat, OUT, Tcp(STRANGER, external, TCP_ACK)));
    EXPECT_TRUE(Passes(nat, OUT, Tcp(STRANGER, external, TCP_ACK, {1, 2, 3})));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, STRANGER, FIN_ACK)));
    EXPECT_TRUE(Passes(nat, OUT, Tcp(STRANGER, external, FIN_ACK)));
}

TEST(Rfc5382, Req2NotSegmentsOfNoConnection)
{
    for (const uint8_t flags : {uint8_t{TCP_ACK}, SYN_ACK, FIN_ACK, uint8_t{TCP_RST}, uint8_t{0}})
    {
        NatUnderTest nat(Preset("full-cone"));
        EXPECT_FALSE(Passes(nat, IN, Tcp(ALICE, SERVER, flags))) << int{flags};
        EXPECT_EQ(nat.box.MappingCount(), 0U);
        const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
        EXPECT_FALSE(Passes(nat, OUT, Tcp(STRANGER, external, flags))) << int{flags};
    }
}

TEST(Rfc5382, Req2aSimultaneousOpenWorks)
{
    const Script crossing = {"SYNs cross",
                             {{IN, TCP_SYN},
                              {OUT, TCP_SYN},
                              {IN, SYN_ACK},
                              {OUT, SYN_ACK},
                              {IN, TCP_ACK},
                              {OUT, TCP_ACK, true}}};
    for (const std::string_view preset : NAT_PRESETS)
    {
        NatUnderTest nat(Preset(preset));
        EXPECT_EQ(Play(nat, crossing), crossing.segments.size()) << preset;
        Wait(nat, minutes(123));
        EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, SERVER, TCP_ACK))) << "it is established";
    }
}

TEST(Rfc5382, Req2aNotWithSomebodyElse)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_FALSE(Enters(nat, TCP, STRANGER, external));
    EXPECT_TRUE(Enters(nat, TCP, SERVER, external));
}

TEST(Rfc5382, Req3TransparentOrByAddress)
{
    NatUnderTest transparent(WithFiltering(NatBehaviour::EndpointIndependent));
    const Endpoint open = *ExternalOf(transparent, TCP, ALICE, SERVER);
    EXPECT_TRUE(Enters(transparent, TCP, STRANGER, open));

    NatUnderTest strict(WithFiltering(NatBehaviour::AddressDependent));
    const Endpoint closed = *ExternalOf(strict, TCP, ALICE, SERVER);
    EXPECT_TRUE(Enters(strict, TCP, SERVER_OTHER_PORT, closed));
    EXPECT_FALSE(Enters(strict, TCP, STRANGER, closed));
}

TEST(Rfc5382, Req3NotByAddressAndPort)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_FALSE(Enters(nat, TCP, SERVER_OTHER_PORT, external));
}

TEST(Rfc5382, Req3aFilteringIsASettingOfItsOwn)
{
    for (const NatBehaviour mapping :
         {NatBehaviour::EndpointIndependent, NatBehaviour::AddressAndPortDependent})
    {
        NatUnderTest nat(TestSettings({mapping, NatBehaviour::EndpointIndependent}));
        const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
        EXPECT_TRUE(Enters(nat, TCP, STRANGER, external));
    }
}

TEST(Rfc5382, Req3aNotWithAnotherSetting)
{
    NatUnderTest nat(WithFiltering(NatBehaviour::AddressAndPortDependent));
    const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_FALSE(Enters(nat, TCP, STRANGER, external));
}

TEST(Rfc5382, Req3bFilteringIsIndependentOfUdps)
{
    NatSettings settings = TestSettings();
    settings.udp = *NatPreset("full-cone");
    NatUnderTest nat(settings);
    const Endpoint udp = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    const Endpoint tcp = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_TRUE(Enters(nat, Protocol::Udp, STRANGER, udp));
    EXPECT_FALSE(Enters(nat, TCP, STRANGER, tcp));
}

TEST(Rfc5382, Req3bNotWhenBothAreSetAlike)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint udp = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    const Endpoint tcp = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_EQ(Enters(nat, Protocol::Udp, STRANGER, udp), Enters(nat, TCP, STRANGER, tcp));
}

NatSettings
WithSynAnswer(NatSynAnswer answer)
{
    NatSettings settings = TestSettings();
    settings.unsolicitedSyn = answer;
    return settings;
}

/// SERVER's SYN that nobody asked for.
Packet
Unsolicited()
{
    return Tcp(SERVER, {EXTERNAL, ALICE.port}, TCP_SYN);
}

TEST(Rfc5382, Req4UnsolicitedSynIsAnsweredAfterSixSeconds)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    EXPECT_FALSE(Passes(nat, OUT, Unsolicited()));
    Wait(nat, seconds(6) - milliseconds(1));
    EXPECT_FALSE(Emitted(nat));
    Wait(nat, milliseconds(1));
    const auto answer = Emitted(nat);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->to, OUT);
    const PacketView view = View(answer->packet);
    EXPECT_EQ(view.Source(), EXTERNAL);
    EXPECT_EQ(view.Destination(), SERVER.address);
    EXPECT_EQ(view.IcmpType(), ICMP_UNREACHABLE);
    EXPECT_EQ(view.IcmpCode(), 3);
    EXPECT_TRUE(ChecksumsAreRight(answer->packet));
    const Packet syn = Unsolicited();
    const auto quoted = answer->packet.begin() + static_cast<std::ptrdiff_t>(view.PayloadOffset());
    EXPECT_TRUE(std::equal(syn.begin(), syn.begin() + 28, quoted));
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
}

TEST(Rfc5382, Req4NotWhenASynFromInsideComesBefore)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    EXPECT_FALSE(Passes(nat, OUT, Unsolicited()));
    Wait(nat, seconds(5));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, SERVER, TCP_SYN)));
    Wait(nat, seconds(5));
    EXPECT_FALSE(Emitted(nat)) << "the SYN is dropped in silence";
    EXPECT_TRUE(Passes(nat, OUT, Unsolicited())) << "its retransmission is a simultaneous open";
}

TEST(Rfc5382, Req4NotWhenAnAnswerAtOnceIsAskedFor)
{
    for (const NatSynAnswer setting : {NatSynAnswer::Reset, NatSynAnswer::Unreachable})
    {
        NatUnderTest nat(WithSynAnswer(setting));
        EXPECT_FALSE(Passes(nat, OUT, Unsolicited()));
        const auto answer = Emitted(nat);
        ASSERT_TRUE(answer);
        const PacketView view = View(answer->packet);
        EXPECT_EQ(view.Destination(), SERVER.address);
        EXPECT_TRUE(ChecksumsAreRight(answer->packet));
        const bool isReset = view.Protocol() == TCP && (view.TcpFlags() & TCP_RST) != 0;
        EXPECT_EQ(isReset, setting == NatSynAnswer::Reset);
    }
}

TEST(Rfc5382, Req4aDroppedInSilence)
{
    NatUnderTest nat(TestSettings());
    EXPECT_FALSE(Passes(nat, OUT, Unsolicited()));
    Wait(nat, minutes(1));
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc5382, Req4aNotWhenPolicyHolds)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    EXPECT_FALSE(Passes(nat, OUT, Unsolicited()));
    Wait(nat, minutes(1));
    EXPECT_TRUE(Emitted(nat));
}

TEST(Rfc5382, Req5EstablishedLivesForTwoHoursFourTransitoryForFourMinutes)
{
    NatUnderTest established(TestSettings());
    const Endpoint external = Establish(established);
    Wait(established, minutes(124) - milliseconds(1));
    EXPECT_TRUE(Passes(established, OUT, Tcp(SERVER, external, TCP_ACK)));

    NatUnderTest opening(TestSettings());
    const Endpoint first = *ExternalOf(opening, TCP, ALICE, SERVER);
    Wait(opening, minutes(4) - milliseconds(1));
    EXPECT_TRUE(Passes(opening, OUT, Tcp(SERVER, first, SYN_ACK)));

    NatUnderTest closing(TestSettings());
    const Endpoint last = Establish(closing);
    EXPECT_TRUE(Passes(closing, IN, Tcp(ALICE, SERVER, FIN_ACK)));
    EXPECT_TRUE(Passes(closing, OUT, Tcp(SERVER, last, FIN_ACK)));
    Wait(closing, minutes(4) - milliseconds(1));
    EXPECT_TRUE(Passes(closing, IN, Tcp(ALICE, SERVER, TCP_ACK)));
}

TEST(Rfc5382, Req5NotForever)
{
    NatUnderTest established(TestSettings());
    const Endpoint external = Establish(established);
    Wait(established, minutes(124));
    EXPECT_FALSE(Passes(established, OUT, Tcp(SERVER, external, TCP_ACK)));

    NatUnderTest opening(TestSettings());
    const Endpoint first = *ExternalOf(opening, TCP, ALICE, SERVER);
    Wait(opening, minutes(4));
    EXPECT_FALSE(Passes(opening, OUT, Tcp(SERVER, first, SYN_ACK)));
}

TEST(Rfc5382, Req5aTimersAreConfigurable)
{
    NatSettings settings = TestSettings();
    settings.timers.tcpEstablished = minutes(300);
    settings.timers.tcpTransitory = minutes(10);
    NatUnderTest nat(settings);
    const Endpoint first = *ExternalOf(nat, TCP, ALICE, SERVER);
    Wait(nat, minutes(9));
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, first, SYN_ACK)));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, SERVER, TCP_ACK)));
    Wait(nat, minutes(299));
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, first, TCP_ACK)));
}

TEST(Rfc5382, Req5aNotOneByTheOther)
{
    NatSettings settings = TestSettings();
    settings.timers.tcpEstablished = minutes(300);
    NatUnderTest nat(settings);
    const Endpoint first = *ExternalOf(nat, TCP, ALICE, SERVER);
    Wait(nat, minutes(4));
    EXPECT_FALSE(Passes(nat, OUT, Tcp(SERVER, first, SYN_ACK)));
}

/// FTP's PORT command with ALICE's address in binary.
Packet
NamesAlice()
{
    return {'P', 'O', 'R', 'T', 10, 0, 0, 2};
}

TEST(Rfc5382, Req6PayloadsAreNotTouched)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = Establish(nat);
    Packet packet = Tcp(ALICE, SERVER, TCP_ACK, NamesAlice());
    ASSERT_EQ(nat.Send(IN, packet).action, Action::Forward);
    EXPECT_EQ(packet, Tcp(external, SERVER, TCP_ACK, NamesAlice()));
}

TEST(Rfc5382, Req6NotWhenTheFaultIsOn)
{
    NatSettings settings = TestSettings();
    settings.faults.rewritePayload = true;
    NatUnderTest nat(settings);
    const Endpoint external = Establish(nat);
    Packet packet = Tcp(ALICE, SERVER, TCP_ACK, NamesAlice());
    ASSERT_EQ(nat.Send(IN, packet).action, Action::Forward);
    EXPECT_EQ(packet, Tcp(external, SERVER, TCP_ACK, {'P', 'O', 'R', 'T', 203, 0, 113, 1}));
}

TEST(Rfc5382, Req7ExternalPortsAreNeverShared)
{
    NatUnderTest nat(TestSettings());
    std::set<uint16_t> ports;
    for (uint32_t host = 2; host < 102; ++host)
    {
        const Endpoint internal{Ipv4{0x0a000000 + host}, ALICE.port};
        const Endpoint remote = host % 2 == 0 ? SERVER : STRANGER;
        EXPECT_TRUE(ports.insert(ExternalOf(nat, TCP, internal, remote)->port).second);
    }
}

TEST(Rfc5382, Req7NotWhenOverloadingIsAskedFor)
{
    NatSettings settings = Preset("symmetric");
    settings.SetAssignment(NatPortAssignment::Overloading);
    NatUnderTest nat(settings);
    EXPECT_EQ(ExternalOf(nat, TCP, ALICE, SERVER), (Endpoint{EXTERNAL, ALICE.port}));
    EXPECT_EQ(ExternalOf(nat, TCP, BOB, STRANGER), (Endpoint{EXTERNAL, ALICE.port}));
}

/// BOB's SYN to ALICE's external endpoint.
NatVerdict
Hairpin(NatUnderTest& nat, Packet& packet)
{
    const Endpoint alice = *ExternalOf(nat, TCP, ALICE, SERVER);
    packet = Tcp(BOB, alice, TCP_SYN);
    return nat.Send(IN, packet);
}

TEST(Rfc5382, Req8InsidersReachOneAnother)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint bob = *ExternalOf(nat, TCP, BOB, SERVER);
    const Endpoint alice = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_TRUE(Passes(nat, IN, Tcp(BOB, alice, TCP_SYN)));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, bob, SYN_ACK)));
    EXPECT_TRUE(Passes(nat, IN, Tcp(BOB, alice, TCP_ACK)));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, bob, TCP_ACK, {1, 2, 3})));
    EXPECT_EQ(nat.box.Counters().hairpinned, 4U);
}

TEST(Rfc5382, Req8NotWhenHairpinningIsOff)
{
    NatSettings settings = Preset("full-cone");
    settings.hairpin = NatHairpin::None;
    NatUnderTest nat(settings);
    Packet packet;
    EXPECT_EQ(Hairpin(nat, packet).reason, "nat.hairpin-off");
}

TEST(Rfc5382, Req8aTheSourceIsTheSendersExternalEndpoint)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint bob = *ExternalOf(nat, TCP, BOB, SERVER);
    Packet packet;
    ASSERT_EQ(Hairpin(nat, packet).action, Action::Hairpin);
    EXPECT_EQ(SourceOf(packet), bob);
    EXPECT_EQ(DestinationOf(packet), ALICE);
}

TEST(Rfc5382, Req8aNotWhenTheInternalSourceIsAskedFor)
{
    NatSettings settings = Preset("full-cone");
    settings.hairpin = NatHairpin::InternalSource;
    NatUnderTest nat(settings);
    Packet packet;
    ASSERT_EQ(Hairpin(nat, packet).action, Action::Hairpin);
    EXPECT_EQ(SourceOf(packet), BOB);
}

TEST(Rfc5382, Req9UnreachableIsTranslatedWithWhatItQuotes)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, TCP);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 4, 1400, sent);
    ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
    EXPECT_EQ(error,
              BuildIcmpError(ROUTER,
                             ALICE.address,
                             ICMP_UNREACHABLE,
                             4,
                             1400,
                             Tcp(ALICE, SERVER, TCP_SYN)));
}

TEST(Rfc5382, Req9NotAboutConnectionsThatNobodyHas)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, TCP);
    const Packet forged = Tcp(SourceOf(sent), STRANGER, TCP_SYN);
    EXPECT_FALSE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, forged)));
}

TEST(Rfc5382, Req10IcmpErrorsEndNoConnection)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = Establish(nat);
    const Packet sent = Tcp(external, SERVER, TCP_ACK);
    for (const uint8_t type : {ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM})
    {
        for (uint8_t code = 0; code < 16; ++code)
        {
            EXPECT_TRUE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, type, code, 0, sent)));
        }
    }
    Wait(nat, minutes(123));
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, external, TCP_ACK)));
}

TEST(Rfc5382, Req10NotWhenTheFaultIsOn)
{
    NatSettings settings = TestSettings();
    settings.faults.killOnIcmp = true;
    NatUnderTest nat(settings);
    const Endpoint external = Establish(nat);
    const Packet sent = Tcp(external, SERVER, TCP_ACK);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, sent);
    nat.Send(OUT, error);
    EXPECT_FALSE(Passes(nat, OUT, Tcp(SERVER, external, TCP_ACK)));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

} // namespace
} // namespace isb::test
