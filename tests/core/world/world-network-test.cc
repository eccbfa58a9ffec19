// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/world-network.h"

#include "tests/core/world/world-client.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

constexpr Ipv4 A{0xcb007101};
constexpr Ipv4 B{0xcb007102};
constexpr Ipv4 NAT{0xcb007103};
constexpr Ipv4 INSIDE{0x0a000002};

/// Keeps what it is told; reads only when asked to.
class Lazy : public WorldProgram
{
  public:
    using WorldProgram::WorldProgram;

    void
    OnAccepted(NetId /*listener*/, NetId end, Endpoint /*local*/, Endpoint peer) override
    {
        ends.push_back(end);
        peers.push_back(peer);
    }

    void
    OnHeld(NetId /*listener*/, NetId syn, Endpoint peer) override
    {
        ends.push_back(syn);
        peers.push_back(peer);
    }

    void
    OnSent(NetId /*end*/, size_t bytes) override
    {
        sent += bytes;
    }

    void
    OnFailed(NetId /*end*/, std::string_view why) override
    {
        failed = why;
    }

    std::vector<NetId> ends;
    std::vector<Endpoint> peers;
    size_t sent = 0;
    std::string_view failed;
};

class WorldNetworkTest : public testing::Test
{
  protected:
    HostId
    Add(Ipv4 address, Ipv4 outside = {}, bool firewall = false)
    {
        NetHost host;
        host.address = address;
        host.outside = outside;
        host.firewall = firewall;
        host.site = outside == Ipv4{} ? "" : outside.ToString();
        return network.AddHost(host);
    }

    WorldClock clock;
    SeededRng random{1};
    WorldNetwork network{clock, random};
    HostId a = Add(A);
    HostId b = Add(B);
    HostId inside = Add(INSIDE, NAT);
};

TEST_F(WorldNetworkTest, CarriesAStreamInOrderAndEndsIt)
{
    WorldServer server(network, b, Protocol::Tcp, {Ipv4{}, 80});
    WorldClient client(network, a, Protocol::Tcp, {B, 80});
    client.Says("one ");
    clock.Run(15ms);
    EXPECT_EQ(client.State(), "connecting");
    clock.Run(5ms);
    EXPECT_EQ(client.State(), "connected");
    client.Says("two");
    client.Finishes();
    clock.Run(1s);
    EXPECT_EQ(client.Heard(), "one two");
    EXPECT_EQ(client.State(), "ended");
    EXPECT_EQ(server.Connections(), 0U);
}

TEST_F(WorldNetworkTest, RefusesWhereNobodyListens)
{
    WorldClient client(network, a, Protocol::Tcp, {B, 81});
    clock.Run(1s);
    EXPECT_EQ(client.State(), "connection refused");
    EXPECT_EQ(network.Sockets(), 0U);
}

TEST_F(WorldNetworkTest, LetsNothingInThroughANatThatWasNotAskedFor)
{
    WorldServer server(network, inside, Protocol::Tcp, {Ipv4{}, 80});
    WorldClient client(network, a, Protocol::Tcp, {NAT, 80});
    clock.Run(30s);
    EXPECT_EQ(client.State(), "timed out");
    EXPECT_EQ(server.Clients(), 0U);
}

TEST_F(WorldNetworkTest, ShowsANatsAddressOutside)
{
    Lazy lazy(network);
    ASSERT_TRUE(network.Listen(b, lazy, {Ipv4{}, 80}));
    WorldClient client(network, inside, Protocol::Tcp, {B, 80});
    clock.Run(1s);
    ASSERT_EQ(lazy.peers.size(), 1U);
    EXPECT_EQ(lazy.peers[0].address, NAT);
}

TEST_F(WorldNetworkTest, AWindowHoldsBackWhoSendsToWhoDoesNotRead)
{
    Lazy reader(network);
    Lazy writer(network);
    ASSERT_TRUE(network.Listen(b, reader, {Ipv4{}, 80}));
    const NetId end = network.Connect(a, writer, Endpoint{}, {B, 80});
    network.Send(end, std::vector<uint8_t>(200'000));
    clock.Run(1s);
    EXPECT_EQ(writer.sent, 65536U);
    EXPECT_EQ(network.Take(reader.ends.at(0), 1000).size(), 1000U);
    clock.Run(1s);
    EXPECT_EQ(writer.sent, 66536U);
}

TEST_F(WorldNetworkTest, AKilledProcessResetsItsConnections)
{
    WorldServer server(network, b, Protocol::Tcp, {Ipv4{}, 80});
    WorldClient client(network, a, Protocol::Tcp, {B, 80});
    clock.Run(1s);
    network.Kill(server);
    clock.Run(1s);
    EXPECT_EQ(client.State(), "connection reset");
    EXPECT_EQ(network.Sockets(), 0U);
}

TEST_F(WorldNetworkTest, ACrashedHostIsNotHeardOf)
{
    WorldServer server(network, b, Protocol::Tcp, {Ipv4{}, 80});
    WorldClient client(network, a, Protocol::Tcp, {B, 80});
    clock.Run(1s);
    network.Crash(b);
    client.Says("hello?");
    clock.Run(60s);
    EXPECT_EQ(client.State(), "connected");
    clock.Run(61s);
    EXPECT_EQ(client.State(), "timed out");
}

TEST_F(WorldNetworkTest, TwoHeldConnectionsBecomeOne)
{
    Lazy ist(network);
    ASSERT_TRUE(network.Listen(b, ist, {Ipv4{}, 1000}, true));
    ASSERT_TRUE(network.Listen(b, ist, {Ipv4{}, 2000}, true));
    Lazy far(network);
    WorldClient near(network, a, Protocol::Tcp, {B, 1000});
    const NetId end = network.Connect(inside, far, Endpoint{}, {B, 2000});
    clock.Run(1s);
    ASSERT_EQ(ist.ends.size(), 2U);
    EXPECT_EQ(near.State(), "connecting");
    const uint64_t splice = network.Splice(ist.ends[0], ist.ends[1]);
    near.Says("through");
    clock.Run(1s);
    EXPECT_EQ(near.State(), "connected");
    EXPECT_EQ(network.Take(end, 100).size(), 7U);
    EXPECT_EQ(network.SplicedBytes(splice), 7U);
    network.EndSplice(splice, false);
    clock.Run(1s);
    EXPECT_EQ(near.State(), "connection reset");
    EXPECT_EQ(far.failed, "connection reset");
}

TEST_F(WorldNetworkTest, ANatLetsAnswersToDatagramsInAndNobodyElses)
{
    WorldServer server(network, b, Protocol::Udp, {Ipv4{}, 53});
    WorldClient client(network, inside, Protocol::Udp, {B, 53});
    client.Says("hello");
    clock.Run(1s);
    EXPECT_EQ(client.Heard(), "hello");
    WorldClient stranger(network, a, Protocol::Udp, {NAT, 49152});
    stranger.Says("unasked");
    clock.Run(1s);
    EXPECT_EQ(client.Heard(), "hello");
}

} // namespace
} // namespace isb::test
