// SPDX-License-Identifier: GPL-2.0-or-later
// Nearness of ISTs (thesis 3.6.1), measured by UDP echoes.
#include "tests/core/daemon/daemon-fixture.h"

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

const Endpoint NEAR{Ipv4{0xc6336414}, 7472};
const Endpoint FAR{Ipv4{0xc6336415}, 7472};

class NearnessProberTest : public DaemonFixture
{
  protected:
    void
    StartWith(std::vector<IstListEntry> entries)
    {
        Start();
        LogIn();
        HeardNames();
        Tell(IstListMessage{std::move(entries)});
    }

    /// Returns what was sent to this endpoint since the last call of TakeDatagrams().
    static std::vector<SentDatagram>
    To(const Endpoint& to, const std::vector<SentDatagram>& all)
    {
        std::vector<SentDatagram> some;
        for (const SentDatagram& datagram : all)
        {
            if (datagram.to == to)
            {
                some.push_back(datagram);
            }
        }
        return some;
    }
};

TEST_F(NearnessProberTest, TellsTheLeastOfThreeEchoes)
{
    StartWith({{"near", NEAR}, {"far", FAR}});
    const Duration nearTrips[] = {7ms, 5ms, 6ms};
    for (const Duration trip : nearTrips)
    {
        const auto sent = TakeDatagrams();
        ASSERT_EQ(sent.size(), 2U);
        const SentDatagram echo = To(NEAR, sent).at(0);
        EXPECT_EQ(echo.bytes.size(), 16U);
        EXPECT_EQ(std::string(echo.bytes.begin(), echo.bytes.begin() + 8), "ISBECHO1");
        Advance(trip);
        Datagram(echo.socket, NEAR, echo.bytes);
        Advance(30ms);
        Datagram(echo.socket, FAR, To(FAR, sent).at(0).bytes);
    }
    const auto nearness = Heard<NearnessMessage>();
    ASSERT_EQ(nearness.entries.size(), 2U);
    EXPECT_EQ(nearness.entries[0].ist, "near");
    EXPECT_EQ(nearness.entries[0].roundTrip, 5ms);
    EXPECT_EQ(nearness.entries[1].ist, "far");
    EXPECT_EQ(nearness.entries[1].roundTrip, 35ms);
    ExpectNothingLeft();
}

TEST_F(NearnessProberTest, LeavesOutThoseThatDoNotAnswer)
{
    StartWith({{"near", NEAR}, {"dead", FAR}, {"mute", Endpoint{FAR.address, 0}}});
    for (int round = 0; round < 3; ++round)
    {
        const auto sent = TakeDatagrams();
        EXPECT_EQ(sent.size(), 2U);
        Datagram(sent[0].socket, NEAR, sent[0].bytes);
        Advance(settings.echoTimeout);
    }
    const auto nearness = Heard<NearnessMessage>();
    ASSERT_EQ(nearness.entries.size(), 1U);
    EXPECT_EQ(nearness.entries[0].ist, "near");
    ExpectNothingLeft();
}

TEST_F(NearnessProberTest, SaysNothingWhenNobodyAnswers)
{
    StartWith({{"dead", FAR}});
    Advance(10s);
    EXPECT_FALSE(HasHeard<NearnessMessage>());
    EXPECT_TRUE(daemon->NextTimeout() == TIME_NEVER);
    ExpectNothingLeft();
}

TEST_F(NearnessProberTest, BelievesNoEchoOfAnotherNonceOrSource)
{
    StartWith({{"near", NEAR}});
    const SentDatagram echo = TakeDatagrams().at(0);
    std::vector<uint8_t> forged = echo.bytes;
    forged.back() ^= 1;
    Datagram(echo.socket, NEAR, forged);
    Datagram(echo.socket, FAR, echo.bytes);
    Datagram(echo.socket, NEAR, {echo.bytes.begin(), echo.bytes.end() - 1});
    EXPECT_EQ(daemon->Counters().drops.at("daemon.strange-echo"), 3U);
    Advance(10s);
    EXPECT_FALSE(HasHeard<NearnessMessage>());
}

TEST_F(NearnessProberTest, CountsAnEchoOnce)
{
    StartWith({{"near", NEAR}, {"far", FAR}});
    const auto sent = TakeDatagrams();
    Datagram(sent[0].socket, NEAR, sent[0].bytes);
    Datagram(sent[0].socket, NEAR, sent[0].bytes);
    EXPECT_EQ(daemon->Counters().drops.at("daemon.strange-echo"), 1U);
    EXPECT_TRUE(TakeDatagrams().empty()) << "the other one is still awaited";
}

TEST_F(NearnessProberTest, BeginsAnewWithANewList)
{
    StartWith({{"far", FAR}});
    TakeDatagrams();
    Tell(IstListMessage{{{"near", NEAR}}});
    const auto sent = TakeDatagrams();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].to, NEAR);
}

TEST_F(NearnessProberTest, StopsWithTheSession)
{
    StartWith({{"near", NEAR}});
    Failed(IsbSocket());
    EXPECT_EQ(ListenerAt(Protocol::Udp, 0), 0U);
}

TEST_F(NearnessProberTest, DoesWithoutASocket)
{
    refused.insert({Protocol::Udp, 0});
    StartWith({{"near", NEAR}});
    EXPECT_TRUE(TakeDatagrams().empty());
    EXPECT_TRUE(daemon->IsLoggedIn());
    ExpectNothingLeft();
}

} // namespace
} // namespace isb::test
