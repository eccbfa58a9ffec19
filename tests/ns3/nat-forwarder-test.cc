// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/nat-helper.h"
#include "tests/ns3/two-hosts.h"

#include "model/ns3/nat-forwarder.h"

#include "ns3/enum.h"
#include "ns3/ipv4-route.h"
#include "ns3/ipv4-routing-protocol.h"
#include "ns3/string.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/udp-header.h"
#include "ns3/udp-socket-factory.h"

#include <array>
#include <functional>
#include <memory>
#include <vector>

namespace ns3test
{
namespace
{

/// a (10.0.0.1) -- 10.0.0.2 nat 192.0.2.1 -- 192.0.2.2 router 203.0.113.1 -- (203.0.113.2) b
struct NattedHosts
{
    explicit NattedHosts(const NatHelper& natHelper = NatHelper())
    {
        const BoxHelper helper;
        const DataRate rate("100Mb/s");
        a = helper.CreateNode();
        b = helper.CreateNode();
        router = helper.CreateNode();
        natNode = helper.CreateNode();
        helper.Link({a, "eth0", "10.0.0.1"},
                    {natNode, "in", "10.0.0.2"},
                    24,
                    rate,
                    MilliSeconds(1));
        helper.Link({natNode, "out", "192.0.2.1"},
                    {router, "left", "192.0.2.2"},
                    24,
                    rate,
                    MilliSeconds(1));
        helper.Link({router, "right", "203.0.113.1"},
                    {b, "eth0", "203.0.113.2"},
                    24,
                    rate,
                    MilliSeconds(1));
        helper.AddRoute(a, "0.0.0.0", 0, "10.0.0.2");
        helper.AddRoute(natNode, "0.0.0.0", 0, "192.0.2.2");
        helper.AddRoute(b, "0.0.0.0", 0, "203.0.113.1");
        for (const auto& node : {a, b, router, natNode})
        {
            helper.Start(node);
        }
        Ptr<Ipv4> ipv4 = natNode->GetObject<Ipv4>();
        const int32_t outside = ipv4->GetInterfaceForAddress("192.0.2.1");
        nat = natHelper.Install(natNode, ipv4->GetNetDevice(static_cast<uint32_t>(outside)), 1);
        nat->TraceConnectWithoutContext(
            "Events",
            Callback<void, const isb::TraceEvent&>([this](const isb::TraceEvent& event)
                                                   { events.push_back(event); }));
    }

    static Ptr<Socket>
    Udp(Ptr<Node> node, uint16_t port)
    {
        Ptr<Socket> socket = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
        socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
        return socket;
    }

    Ptr<Node> a;
    Ptr<Node> b;
    Ptr<Node> router;
    Ptr<Node> natNode;
    Ptr<NatForwarder> nat;
    std::vector<isb::TraceEvent> events;
};

const InetSocketAddress B_SERVER(Ipv4Address("203.0.113.2"), 9);

using NatForwarderTest = Simulation;

TEST_F(NatForwarderTest, OutsideSeesTheExternalAddressAndAnswersComeBack)
{
    NattedHosts net;
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    Ptr<Socket> server = NattedHosts::Udp(net.b, 9);
    client->SendTo(Create<Packet>(100), 0, B_SERVER);
    RunFor(MilliSeconds(50));
    Address from;
    ASSERT_TRUE(server->RecvFrom(from));
    EXPECT_EQ(InetSocketAddress::ConvertFrom(from), InetSocketAddress("192.0.2.1", 5000));
    server->SendTo(Create<Packet>(200), 0, from);
    RunFor(MilliSeconds(50));
    Ptr<Packet> answer = client->RecvFrom(from);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->GetSize(), 200U);
    EXPECT_EQ(InetSocketAddress::ConvertFrom(from), B_SERVER);
}

TEST_F(NatForwarderTest, UnsolicitedDatagramsAreDroppedWithReason)
{
    NattedHosts net;
    Ptr<Socket> inside = NattedHosts::Udp(net.a, 5000);
    Ptr<Socket> stranger = NattedHosts::Udp(net.b, 9);
    stranger->SendTo(Create<Packet>(10), 0, InetSocketAddress(Ipv4Address("192.0.2.1"), 5000));
    RunFor(MilliSeconds(50));
    Address from;
    EXPECT_FALSE(inside->RecvFrom(from));
    ASSERT_EQ(net.events.size(), 1U);
    EXPECT_EQ(net.events[0].kind, isb::TraceKind::PacketDropped);
    EXPECT_EQ(net.events[0].reason, "nat.no-mapping");
}

struct PresetCase
{
    const char* preset;
    bool otherPortPasses;
};

class NatPresetTest : public Simulation, public ::testing::WithParamInterface<PresetCase>
{
};

TEST_P(NatPresetTest, FiltersAsThePresetSays)
{
    NatHelper helper;
    helper.SetAttribute("Preset", StringValue(GetParam().preset));
    NattedHosts net(helper);
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    Ptr<Socket> other = NattedHosts::Udp(net.b, 10);
    client->SendTo(Create<Packet>(100), 0, B_SERVER);
    RunFor(MilliSeconds(50));
    other->SendTo(Create<Packet>(10), 0, InetSocketAddress(Ipv4Address("192.0.2.1"), 5000));
    RunFor(MilliSeconds(50));
    Address from;
    // The ICMP error about port 9 is no datagram; only the other port's would be.
    EXPECT_EQ(client->RecvFrom(from) != nullptr, GetParam().otherPortPasses);
}

INSTANTIATE_TEST_SUITE_P(Presets,
                         NatPresetTest,
                         ::testing::Values(PresetCase{"full-cone", true},
                                           PresetCase{"restricted-cone", true},
                                           PresetCase{"port-restricted-cone", false},
                                           PresetCase{"symmetric", false}),
                         [](const auto& test)
                         {
                             std::string name = test.param.preset;
                             name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
                             return name;
                         });

TEST_F(NatForwarderTest, IcmpErrorsComeBackToTheSender)
{
    NattedHosts net;
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    int type = -1;
    client->SetAttribute(
        "IcmpCallback",
        CallbackValue(Callback<void, Ipv4Address, uint8_t, uint8_t, uint8_t, uint32_t>(
            [&](Ipv4Address, uint8_t, uint8_t icmpType, uint8_t, uint32_t) { type = icmpType; })));
    client->SendTo(Create<Packet>(100), 0, B_SERVER); // nobody there
    RunFor(MilliSeconds(50));
    EXPECT_EQ(type, 3); // destination unreachable
}

TEST_F(NatForwarderTest, TracerouteSeesNatAndRouter)
{
    for (const auto& [ttl, hop] : {std::pair(1, "10.0.0.2"), {2, "192.0.2.2"}})
    {
        NattedHosts net;
        Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
        client->SetIpTtl(static_cast<uint8_t>(ttl));
        Ipv4Address source;
        int type = -1;
        client->SetAttribute(
            "IcmpCallback",
            CallbackValue(Callback<void, Ipv4Address, uint8_t, uint8_t, uint8_t, uint32_t>(
                [&](Ipv4Address from, uint8_t, uint8_t icmpType, uint8_t, uint32_t)
                {
                    source = from;
                    type = icmpType;
                })));
        client->SendTo(Create<Packet>(100), 0, B_SERVER);
        RunFor(MilliSeconds(50));
        EXPECT_EQ(type, 11) << "ttl " << ttl; // time exceeded
        EXPECT_EQ(source, Ipv4Address(hop)) << "ttl " << ttl;
        Simulator::Destroy();
    }
}

/// A UDP datagram from a to b with checksum, as two fragments of the IP payload.
std::array<std::pair<Ptr<Packet>, Ipv4Header>, 2>
MakeFragments(Ipv4Address from, uint16_t fromPort, Ipv4Address to, uint16_t toPort)
{
    Ptr<Packet> whole = Create<Packet>(2000);
    UdpHeader udp;
    udp.EnableChecksums();
    udp.InitializeChecksum(from, to, 17);
    udp.SetSourcePort(fromPort);
    udp.SetDestinationPort(toPort);
    whole->AddHeader(udp);
    std::array<std::pair<Ptr<Packet>, Ipv4Header>, 2> fragments;
    for (const size_t i : {0, 1})
    {
        const uint32_t offset = i == 0 ? 0 : 1480;
        const uint32_t size = i == 0 ? 1480 : whole->GetSize() - 1480;
        Ipv4Header& ip = fragments[i].second;
        fragments[i].first = whole->CreateFragment(offset, size);
        ip.SetSource(from);
        ip.SetDestination(to);
        ip.SetProtocol(17);
        ip.SetTtl(64);
        ip.SetIdentification(77);
        ip.SetFragmentOffset(static_cast<uint16_t>(offset));
        ip.SetPayloadSize(static_cast<uint16_t>(size));
        i == 0 ? ip.SetMoreFragments() : ip.SetLastFragment();
    }
    return fragments;
}

void
SendFragment(Ptr<Node> node, const std::pair<Ptr<Packet>, Ipv4Header>& fragment)
{
    Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
    Socket::SocketErrno error = Socket::ERROR_NOTERROR;
    Ptr<Ipv4Route> route =
        ipv4->GetRoutingProtocol()->RouteOutput(fragment.first, fragment.second, nullptr, error);
    ipv4->SendWithHeader(fragment.first->Copy(), fragment.second, route);
}

TEST_F(NatForwarderTest, FragmentsBeforeTheirFirstOneAreHeldBothWays)
{
    NattedHosts net;
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    Ptr<Socket> server = NattedHosts::Udp(net.b, 9);
    const auto out = MakeFragments("10.0.0.1", 5000, "203.0.113.2", 9);
    SendFragment(net.a, out[1]);
    RunFor(MilliSeconds(20));
    EXPECT_EQ(net.nat->Box().Counters().held, 1U);
    SendFragment(net.a, out[0]);
    RunFor(MilliSeconds(20));
    Address from;
    Ptr<Packet> packet = server->RecvFrom(from);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->GetSize(), 2000U);
    EXPECT_EQ(InetSocketAddress::ConvertFrom(from), InetSocketAddress("192.0.2.1", 5000));

    const auto back = MakeFragments("203.0.113.2", 9, "192.0.2.1", 5000);
    SendFragment(net.b, back[1]);
    SendFragment(net.b, back[0]);
    RunFor(MilliSeconds(20));
    packet = client->RecvFrom(from);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->GetSize(), 2000U);
    EXPECT_EQ(net.nat->Box().Counters().held, 2U);
}

TEST_F(NatForwarderTest, HeldFragmentWithoutFirstOneIsForgotten)
{
    NattedHosts net;
    const auto fragments = MakeFragments("10.0.0.1", 5000, "203.0.113.2", 9);
    SendFragment(net.a, fragments[1]);
    RunFor(Seconds(10));
    ASSERT_EQ(net.events.size(), 1U);
    EXPECT_EQ(net.events[0].reason, "nat.fragment-timeout");
}

TEST_F(NatForwarderTest, MappingsEndWhenTheirTimeHasCome)
{
    NatHelper helper;
    helper.SetAttribute("UdpTimeout", TimeValue(Seconds(30)));
    NattedHosts net(helper);
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    client->SendTo(Create<Packet>(100), 0, B_SERVER);
    RunFor(Seconds(29));
    EXPECT_EQ(net.nat->Box().MappingCount(), 1U);
    RunFor(Seconds(3));
    EXPECT_EQ(net.nat->Box().MappingCount(), 0U);
    EXPECT_EQ(net.events.back().kind, isb::TraceKind::MappingExpired);
}

TEST_F(NatForwarderTest, TrafficThatStaysInsideIsNotTranslated)
{
    NattedHosts net;
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    Ptr<Socket> box = NattedHosts::Udp(net.natNode, 53); // a service on the box' inside address
    client->SendTo(Create<Packet>(10), 0, InetSocketAddress(Ipv4Address("10.0.0.2"), 53));
    RunFor(MilliSeconds(50));
    Address from;
    ASSERT_TRUE(box->RecvFrom(from));
    EXPECT_EQ(InetSocketAddress::ConvertFrom(from), InetSocketAddress("10.0.0.1", 5000));
    EXPECT_EQ(net.nat->Box().MappingCount(), 0U);
}

TEST_F(NatForwarderTest, RestartedNatHasForgottenItsMappings)
{
    for (const bool restarts : {false, true})
    {
        NatHelper helper;
        helper.SetAttribute("Preset", StringValue("full-cone"));
        NattedHosts net(helper);
        Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
        Ptr<Socket> server = NattedHosts::Udp(net.b, 9);
        client->SendTo(Create<Packet>(100), 0, B_SERVER);
        RunFor(MilliSeconds(50));
        if (restarts)
        {
            net.nat->Reboot();
            EXPECT_EQ(net.events.back().kind, isb::TraceKind::NatState);
            EXPECT_EQ(net.events.back().to, "rebooted");
        }
        server->SendTo(Create<Packet>(10), 0, InetSocketAddress(Ipv4Address("192.0.2.1"), 5000));
        RunFor(MilliSeconds(50));
        Address from;
        EXPECT_EQ(client->RecvFrom(from) != nullptr, !restarts);
        Simulator::Destroy();
    }
}

TEST_F(NatForwarderTest, RestartedNatTakesAnotherAddressOfItsInterface)
{
    NattedHosts net;
    Ptr<Ipv4> ipv4 = net.natNode->GetObject<Ipv4>();
    const auto outside = static_cast<uint32_t>(ipv4->GetInterfaceForAddress("192.0.2.1"));
    ipv4->AddAddress(outside, Ipv4InterfaceAddress("192.0.2.9", "255.255.255.0"));
    net.nat->Reboot(Ipv4Address("192.0.2.9"));
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    Ptr<Socket> server = NattedHosts::Udp(net.b, 9);
    client->SendTo(Create<Packet>(100), 0, B_SERVER);
    RunFor(MilliSeconds(50));
    Address from;
    ASSERT_TRUE(server->RecvFrom(from));
    EXPECT_EQ(InetSocketAddress::ConvertFrom(from), InetSocketAddress("192.0.2.9", 5000));
    server->SendTo(Create<Packet>(10), 0, from);
    RunFor(MilliSeconds(50));
    EXPECT_TRUE(client->RecvFrom(from));
}

TEST_F(NatForwarderTest, ReboundNatLetsAnswersToTheOldPortNoLongerIn)
{
    NattedHosts net;
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    Ptr<Socket> server = NattedHosts::Udp(net.b, 9);
    client->SendTo(Create<Packet>(100), 0, B_SERVER);
    RunFor(MilliSeconds(50));
    net.nat->Rebind();
    Address from;
    ASSERT_TRUE(server->RecvFrom(from));
    server->SendTo(Create<Packet>(10), 0, from);
    RunFor(MilliSeconds(50));
    EXPECT_FALSE(client->RecvFrom(from));
    client->SendTo(Create<Packet>(100), 0, B_SERVER);
    RunFor(MilliSeconds(50));
    ASSERT_TRUE(server->RecvFrom(from));
    EXPECT_NE(InetSocketAddress::ConvertFrom(from).GetPort(), 5000);
    server->SendTo(Create<Packet>(10), 0, from);
    RunFor(MilliSeconds(50));
    EXPECT_TRUE(client->RecvFrom(from));
}

/// Type and code of the ICMP errors that a socket gets, as type * 256 + code.
std::vector<int>
ErrorsOf(Ptr<Socket> socket, const std::function<void()>& send)
{
    auto errors = std::make_shared<std::vector<int>>();
    socket->SetAttribute(
        "IcmpCallback",
        CallbackValue(Callback<void, Ipv4Address, uint8_t, uint8_t, uint8_t, uint32_t>(
            [errors](Ipv4Address, uint8_t, uint8_t type, uint8_t code, uint32_t)
            { errors->push_back(type * 256 + code); })));
    send();
    Simulator::Stop(MilliSeconds(50));
    Simulator::Run();
    return *errors;
}

TEST_F(NatForwarderTest, FullNatTellsTheInsider) // RFC 5508 REQ-8
{
    NattedHosts net;
    Ptr<Socket> server = NattedHosts::Udp(net.b, 9);
    net.nat->SetFull(true);
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    const auto send = [&] { client->SendTo(Create<Packet>(100), 0, B_SERVER); };
    EXPECT_EQ(ErrorsOf(client, send), std::vector<int>{3 * 256 + 13});
    EXPECT_EQ(net.events.back().reason, "nat.table-full");
    net.nat->SetFull(false);
    EXPECT_TRUE(ErrorsOf(client, send).empty());
    Address from;
    EXPECT_TRUE(server->RecvFrom(from));
}

TEST_F(NatForwarderTest, PacketTooBigIsAnsweredWhenItMayNotBeFragmented) // RFC 4787 REQ-13
{
    NatHelper helper;
    helper.SetAttribute("OutsideMtu", UintegerValue(1000));
    NattedHosts net(helper);
    Ptr<Socket> server = NattedHosts::Udp(net.b, 9);
    Ptr<Socket> client = NattedHosts::Udp(net.a, 5000);
    Ipv4Header header = MakeFragments("10.0.0.1", 5000, "203.0.113.2", 9)[0].second;
    UdpHeader udp;
    udp.SetSourcePort(5000);
    udp.SetDestinationPort(9);
    Ptr<Packet> packet = Create<Packet>(1200);
    packet->AddHeader(udp);
    header.SetLastFragment();
    header.SetPayloadSize(1208);
    const auto send = [&] { SendFragment(net.a, {packet, header}); };
    EXPECT_TRUE(ErrorsOf(client, send).empty());
    EXPECT_EQ(net.nat->Box().Counters().outbound, 1U);
    header.SetDontFragment();
    EXPECT_EQ(ErrorsOf(client, send), std::vector<int>{3 * 256 + 4});
    EXPECT_EQ(net.nat->Box().Counters().outbound, 1U);
}

TEST_F(NatForwarderTest, MtusAreThoseOfTheDevicesUnlessSet)
{
    NattedHosts net;
    EXPECT_EQ(net.nat->Box().Settings().outsideMtu, 1500);
    EXPECT_EQ(net.nat->Box().Settings().insideMtu, 1500);
}

TEST_F(NatForwarderTest, UnsolicitedSynIsAnsweredAsSet) // RFC 5382 REQ-4
{
    for (const bool answers : {false, true})
    {
        NatHelper helper;
        helper.SetAttribute("UnsolicitedSyn", StringValue(answers ? "reset" : "drop"));
        NattedHosts net(helper);
        Ptr<Socket> caller = Socket::CreateSocket(net.b, TcpSocketFactory::GetTypeId());
        caller->Connect(InetSocketAddress(Ipv4Address("192.0.2.1"), 5000));
        RunFor(MilliSeconds(100));
        EXPECT_EQ(net.nat->Box().Counters().emitted, answers ? 1U : 0U);
        EXPECT_EQ(net.events.back().reason, "nat.no-mapping");
        Simulator::Destroy();
    }
}

TEST_F(NatForwarderTest, ReconfigureTakesNewSettingsAndRefusesContradictions)
{
    NattedHosts net;
    isb::NatSettings settings = net.nat->GetSettings();
    settings.hairpin = isb::NatHairpin::None;
    EXPECT_FALSE(net.nat->Reconfigure(settings));
    EXPECT_EQ(net.nat->Box().Settings().hairpin, isb::NatHairpin::None);
    settings.firstPort = 9;
    settings.lastPort = 8;
    EXPECT_TRUE(net.nat->Reconfigure(settings));
    EXPECT_EQ(net.nat->GetSettings().firstPort, 1024);
}

TEST_F(NatForwarderTest, AttributesReadWhatWasSet)
{
    Ptr<NatForwarder> nat = CreateObject<NatForwarder>();
    for (const char* preset : {"full-cone", "restricted-cone", "port-restricted-cone", "symmetric"})
    {
        nat->SetAttribute("Preset", StringValue(preset));
        StringValue read;
        nat->GetAttribute("Preset", read);
        EXPECT_EQ(read.Get(), preset);
    }
    for (const auto& [name, text] : {std::pair("Hairpin", "internal"),
                                     {"UnsolicitedSyn", "hold"},
                                     {"Eviction", "oldest-idle"},
                                     {"Pooling", "arbitrary"}})
    {
        EXPECT_TRUE(nat->SetAttributeFailSafe(name, StringValue(text)));
        StringValue read;
        nat->GetAttribute(name, read);
        EXPECT_EQ(read.Get(), text);
        EXPECT_FALSE(nat->SetAttributeFailSafe(name, StringValue("nothing")));
    }
    nat->SetAttribute("TcpClosingTimeout", TimeValue(Seconds(9)));
    EXPECT_EQ(nat->GetSettings().timers.tcpClosing, std::chrono::seconds(9));
    nat->SetAttribute("MappingsPerSubscriber", UintegerValue(3));
    EXPECT_EQ(nat->GetSettings().limits.mappingsPerSubscriber, 3U);
    nat->SetAttribute("KillOnReset", BooleanValue(true));
    EXPECT_TRUE(nat->GetSettings().faults.killOnReset);
    EXPECT_FALSE(nat->SetAttributeFailSafe("FirstPort", UintegerValue(0)));
    EXPECT_FALSE(nat->SetAttributeFailSafe("UdpTimeout", TimeValue(Time(0))));
}

} // namespace
} // namespace ns3test
