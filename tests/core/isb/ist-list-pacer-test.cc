// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/ist-list-pacer.h"

#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

using IstListPacerTest = BrokerFixture;

TEST_F(IstListPacerTest, IstsThatComeTogetherAreToldOnce)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    Ist("far", "203.0.113.8");
    Ist("near", "203.0.113.9");
    Advance(IstListPacer::COLLECT - 1ns);
    EXPECT_EQ(Count<IstListMessage>(ann), 0U);
    Advance(1ns);
    EXPECT_EQ(Take<IstListMessage>(ann).entries.size(), 2U);
    EXPECT_EQ(Count<IstListMessage>(ann), 0U);
}

TEST_F(IstListPacerTest, AnIstThatComesAndGoesIsToldOnceASecondAtMost)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    for (int i = 0; i < 100; ++i)
    {
        Bye(Ist("ist", "203.0.113.9"));
        Advance(50ms);
    }
    EXPECT_GE(Count<IstListMessage>(ann), 4U);
    EXPECT_LE(Count<IstListMessage>(ann), 6U);
}

TEST_F(IstListPacerTest, ManyUsersAreToldInBatchesAndEachOnce)
{
    for (int i = 0; i < 300; ++i)
    {
        const std::string name = "user" + std::to_string(i);
        settings.profiles[name].secret = "secret of " + name;
    }
    Restart();
    for (int i = 0; i < 300; ++i)
    {
        User("user" + std::to_string(i), "203.0.113.1");
    }
    Ist("ist", "203.0.113.9");
    Advance(IstListPacer::COLLECT);
    const auto told = [this]
    {
        size_t count = 0;
        for (const auto& [socket, peer] : peers)
        {
            count += Count<IstListMessage>(*peer);
        }
        return count;
    };
    EXPECT_EQ(told(), IstListPacer::BATCH);
    Advance(IstListPacer::STEP);
    EXPECT_EQ(told(), 2 * IstListPacer::BATCH);
    Advance(100ms);
    EXPECT_EQ(told(), 300U);
}

TEST_F(IstListPacerTest, WhoLogsInDuringARoundIsNotToldTwice)
{
    User("ann", "203.0.113.1");
    Ist("ist", "203.0.113.9");
    BrokerPeer& bob = User("bob", "203.0.113.2"); // takes the list of its login
    Advance(1s);
    EXPECT_EQ(Count<IstListMessage>(bob), 0U);
}

TEST_F(IstListPacerTest, AnIstInItsGraceIsNotListed)
{
    BrokerPeer& ist = Ist("ist", "203.0.113.9");
    BrokerPeer& ann = User("ann", "203.0.113.1");
    Vanish(ist);
    Advance(IstListPacer::COLLECT);
    EXPECT_TRUE(Take<IstListMessage>(ann).entries.empty());
}

} // namespace
} // namespace isb
