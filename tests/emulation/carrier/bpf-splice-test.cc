// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/inet-socket.h"
#include "emulation/sys/subprocess.h"
#include "tests/emulation/carrier/bpf-world.h"

#include <array>
#include <cerrno>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

namespace isb
{
namespace
{

using testing::HasSubstr;

using BpfSplice = BpfWorld;

constexpr int WATCHDOG_MS = 10000;

IstPair
Passive(uint16_t portA, uint16_t portB)
{
    IstPair pair;
    pair.portA = portA;
    pair.portB = portB;
    return pair;
}

TEST_F(BpfSplice, OrdersAreRefusedInTheWordsOfAllCarriers)
{
    BpfAttachOptions options = Options();
    options.settings.maxSplices = 2;
    const auto carrier = BpfCarrier::Attach(options);
    ASSERT_TRUE(carrier) << carrier.Why();
    const auto why = [&](const IstPair& pair)
    {
        const auto id = (*carrier)->Add(pair);
        return id ? std::string("added") : id.Why();
    };
    EXPECT_THAT(why(Passive(0, 5001)), HasSubstr("port 0 cannot be opened"));
    EXPECT_EQ(why(Passive(5000, 5001)), "added");
    EXPECT_THAT(why(Passive(5000, 5002)), HasSubstr("port 5000 is taken by another splice"));
    EXPECT_THAT(why(Passive(5002, 5001)), HasSubstr("port 5001 is taken by another splice"));
    EXPECT_EQ(why(Passive(5002, 5003)), "added");
    EXPECT_EQ(why(Passive(5004, 5005)), "all 2 splices are in use");
}

TEST_F(BpfSplice, WhatIsAddedIsListedUntilItIsRemoved)
{
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    IstPair pair = Passive(5000, 5001);
    pair.label = 77;
    pair.limits.bytes = 1000;
    pair.limits.rateBps = 1234567;
    const auto id = (*carrier)->Add(pair);
    ASSERT_TRUE(id) << id.Why();
    EXPECT_NE(*id, 0);
    const auto found = (*carrier)->Find(*id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->state, "LISTEN");
    EXPECT_EQ(found->label, 77);
    EXPECT_EQ(found->limits.bytes, 1000);
    EXPECT_EQ(found->limits.rateBps, 1234567);
    EXPECT_EQ(found->side[0].local.port, 5000);
    EXPECT_EQ(found->side[1].local.port, 5001);
    EXPECT_EQ(found->side[0].peer.port, 0);
    EXPECT_EQ((*carrier)->List().size(), 1);
    EXPECT_EQ((*carrier)->Counters().added, 1);

    EXPECT_FALSE((*carrier)->Remove(*id + 1));
    EXPECT_TRUE((*carrier)->Remove(*id));
    EXPECT_FALSE((*carrier)->Remove(*id));
    EXPECT_FALSE((*carrier)->Find(*id));
    EXPECT_TRUE((*carrier)->List().empty());
    EXPECT_TRUE((*carrier)->Add(pair)) << "its ports are free again";
}

TEST_F(BpfSplice, TwoUsersThatConnectAreOneConnection)
{
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    IstPair pair = Passive(5000, 5001);
    pair.label = 77;
    const auto id = (*carrier)->Add(pair);
    ASSERT_TRUE(id) << id.Why();
    const auto users = ConnectUsers(pair);
    ASSERT_TRUE(users);
    EXPECT_EQ(Carry(users->a, users->b, "to b"), "to b");
    EXPECT_EQ(Carry(users->b, users->a, "to a"), "to a");
    const auto info = (*carrier)->Find(*id);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->state, "ESTABLISHED");
    EXPECT_EQ(info->side[0].peer.address, IpAddress(Ipv4{0x0a010001}));
    EXPECT_GT(info->side[0].packets, 0);
    EXPECT_GT((*carrier)->Counters().forwarded, 0);

    pollfd waits{(*carrier)->NewsDescriptor(), POLLIN, 0};
    ASSERT_EQ(poll(&waits, 1, WATCHDOG_MS), 1);
    const auto news = (*carrier)->TakeNews();
    ASSERT_EQ(news.size(), 2);
    EXPECT_EQ(news[0].kind, CarrierNews::FirstSide);
    EXPECT_EQ(news[0].label, 77);
    EXPECT_EQ(news[1].kind, CarrierNews::Paired);
    EXPECT_EQ(news[1].id, *id);
}

TEST_F(BpfSplice, AnActiveSpliceConnectsToItsTarget)
{
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    OpenedSocket listener;
    {
        const NamespaceScope scope(*b);
        listener = OpenListener({{0x0a020001}, 80});
    }
    ASSERT_EQ(listener.error, 0);
    IstPair pair;
    pair.method = SpliceMethod::Active;
    pair.portA = 5000;
    pair.activeTarget = Endpoint{{0x0a020001}, 80};
    pair.activeSource = IpAddress(Ipv4{0x0a0200fe});
    const auto id = (*carrier)->Add(pair);
    ASSERT_TRUE(id) << id.Why();

    const Descriptor user = ConnectUser(*a, {{0x0a010001}, 0}, {{0x0a0100fe}, pair.portA});
    pollfd waits{listener.socket.Get(), POLLIN, 0};
    ASSERT_EQ(poll(&waits, 1, WATCHDOG_MS), 1);
    Endpoint peer;
    const OpenedSocket server = AcceptConnection(listener.socket.Get(), peer);
    ASSERT_EQ(server.error, 0);
    EXPECT_EQ(peer.address, (Ipv4{0x0a0200fe}));
    ASSERT_TRUE(HasConnected(user));
    EXPECT_EQ(Carry(user, server.socket, "to the target"), "to the target");
    EXPECT_EQ(Carry(server.socket, user, "and back"), "and back");
    EXPECT_EQ((*carrier)->Find(*id)->method, SpliceMethod::Active);
}

TEST_F(BpfSplice, AnActiveSpliceComesFromAnAddressOfTheIst)
{
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    IstPair pair;
    pair.method = SpliceMethod::Active;
    pair.portA = 5000;
    pair.activeTarget = Endpoint{{0x0a020001}, 80};
    pair.activeSource = IpAddress(Ipv4{0x0a0200fd});
    const auto id = (*carrier)->Add(pair);
    ASSERT_FALSE(id);
    EXPECT_THAT(id.Why(), HasSubstr("10.2.0.253 is no address of this IST"));
}

TEST_F(BpfSplice, RemovingResetsBothUsers)
{
    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    const IstPair pair = Passive(5000, 5001);
    const auto id = (*carrier)->Add(pair);
    const auto users = ConnectUsers(pair);
    ASSERT_TRUE(users);
    ASSERT_EQ(Carry(users->a, users->b, "both proven"), "both proven");
    ASSERT_TRUE((*carrier)->Remove(*id));
    for (const Descriptor* user : {&users->a, &users->b})
    {
        pollfd waits{user->Get(), POLLIN, 0};
        ASSERT_EQ(poll(&waits, 1, WATCHDOG_MS), 1);
        std::array<char, 8> buffer{};
        EXPECT_EQ(recv(user->Get(), buffer.data(), buffer.size(), 0), -1);
        EXPECT_EQ(errno, ECONNRESET);
    }
}

TEST_F(BpfSplice, AKilledProcessLeavesItsSplicesRunning)
{
    const IstPair pair = Passive(5000, 5001);
    InAKilledProcess(
        [&]
        {
            const auto carrier = BpfCarrier::Attach(Options());
            (void)(*carrier)->Add(pair);
        });
    const auto users = ConnectUsers(pair);
    ASSERT_TRUE(users);
    EXPECT_EQ(Carry(users->a, users->b, "nobody is there"), "nobody is there");

    const auto carrier = BpfCarrier::Attach(Options());
    ASSERT_TRUE(carrier) << carrier.Why();
    const auto list = (*carrier)->List();
    ASSERT_EQ(list.size(), 1);
    EXPECT_EQ(list[0].state, "ESTABLISHED");
    EXPECT_EQ(Carry(users->b, users->a, "adopted"), "adopted");
    ASSERT_TRUE(BpfCarrier::Detach(Folder()));
}

/// The two ways of a pair of users whose ends let XDP work: its own checksums, polling.
void
PrepareForXdp(const NetworkNamespace& space, const std::string& device)
{
    (void)RunCommand({{"ethtool", "-K", device, "tx", "off", "gro", "on"}, &space, ""});
}

TEST_F(BpfSplice, OnceEstablishedXdpCarriesItAlone)
{
    PrepareForXdp(*a, "a");
    PrepareForXdp(*b, "b");
    BpfAttachOptions options = Options();
    options.xdp = XdpMode::Native;
    const auto carrier = BpfCarrier::Attach(options);
    ASSERT_TRUE(carrier) << carrier.Why();
    const IstPair pair = Passive(5000, 5001);
    const auto id = (*carrier)->Add(pair);
    const auto users = ConnectUsers(pair);
    ASSERT_TRUE(users);
    ASSERT_EQ(Carry(users->a, users->b, "first"), "first");
    ASSERT_EQ(Carry(users->b, users->a, "first"), "first");
    const Descriptor counted = RunsAreCounted();
    ASSERT_TRUE(counted);
    const uint64_t xdp = Runs("ist_xdp");
    const uint64_t tc = Runs("ist_tc");
    for (int i = 0; i < 20; ++i)
    {
        ASSERT_EQ(Carry(users->a, users->b, "to b"), "to b");
        ASSERT_EQ(Carry(users->b, users->a, "to a"), "to a");
    }
    EXPECT_GE(Runs("ist_xdp") - xdp, 40);
    EXPECT_LE(Runs("ist_tc") - tc, 4) << "a neighbour's ARP or a checksum that looks unfinished";
    const auto info = (*carrier)->Find(*id);
    ASSERT_TRUE(info);
    EXPECT_GE(info->side[0].packets, 20);
}

TEST_F(BpfSplice, PacketsThatXdpMayNotTouchAreLeftToTc)
{
    // Checksums are unfinished here, and the peers do not poll.
    BpfAttachOptions options = Options();
    options.xdp = XdpMode::Native;
    const auto carrier = BpfCarrier::Attach(options);
    ASSERT_TRUE(carrier) << carrier.Why();
    const IstPair pair = Passive(5000, 5001);
    (void)(*carrier)->Add(pair);
    const auto users = ConnectUsers(pair);
    ASSERT_TRUE(users);
    const Descriptor counted = RunsAreCounted();
    const uint64_t tc = Runs("ist_tc");
    for (int i = 0; i < 20; ++i)
    {
        ASSERT_EQ(Carry(users->a, users->b, "to b"), "to b");
        ASSERT_EQ(Carry(users->b, users->a, "to a"), "to a");
    }
    EXPECT_GE(Runs("ist_tc") - tc, 40);
}

} // namespace
} // namespace isb
