// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/unix-request.h"
#include "emulation/ist/remote-carrier.h"
#include "emulation/sys/system-error.h"
#include "tests/emulation/ist/control-rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

namespace isb
{
namespace
{

using testing::HasSubstr;

IstPair
PassivePair(uint16_t portA, uint16_t portB)
{
    IstPair pair;
    pair.portA = portA;
    pair.portB = portB;
    pair.label = 5;
    return pair;
}

/// The next news, however long it takes.
std::vector<CarrierNews>
WaitForNews(SpliceCarrier& carrier)
{
    for (;;)
    {
        auto news = carrier.TakeNews();
        if (!news.empty())
        {
            return news;
        }
        pollfd waited{carrier.NewsDescriptor(), POLLIN, 0};
        EXPECT_GT(poll(&waited, 1, 60'000), 0);
    }
}

TEST(ControlSocket, LendsTheCarrierToAnotherProcess)
{
    ControlRig rig;
    RemoteCarrier remote(ControlRig::Path());
    EXPECT_EQ(remote.Name(), "engine");
    EXPECT_EQ(remote.Description().at("devices"), Json({"lo"}));

    const auto id = remote.Add(PassivePair(4001, 4002));
    ASSERT_TRUE(id) << id.Why();
    rig.Do([&rig] { rig.carrier.Syn("198.51.100.7:40000", 4001); });
    const auto splice = remote.Find(*id);
    ASSERT_TRUE(splice);
    EXPECT_EQ(splice->state, "IST_SYN_LOOKUP");
    EXPECT_EQ(splice->side[0].peer.ToString(), "198.51.100.7:40000");
    EXPECT_EQ(splice->label, 5U);
    EXPECT_EQ(remote.List().size(), 1U);
    EXPECT_EQ(remote.Counters().added, 1U);

    EXPECT_TRUE(remote.Remove(*id));
    EXPECT_FALSE(remote.Remove(*id));
    EXPECT_FALSE(remote.Find(*id));
    EXPECT_TRUE(remote.List().empty());
}

TEST(ControlSocket, PassesOnWhyAnOrderIsRefused)
{
    ControlRig rig;
    RemoteCarrier remote(ControlRig::Path());
    ASSERT_TRUE(remote.Add(PassivePair(4001, 4002)));
    const auto again = remote.Add(PassivePair(4001, 4003));
    ASSERT_FALSE(again);
    EXPECT_THAT(again.Why(), HasSubstr("4001 is taken"));
    EXPECT_EQ(remote.Counters().refused, 1U);
}

TEST(ControlSocket, PassesOnThatTheCarrierFails)
{
    ControlRig rig;
    rig.Do([&rig] { rig.carrier.isBroken = true; });
    RemoteCarrier remote(ControlRig::Path());
    EXPECT_THROW((void)remote.Add(PassivePair(4001, 4002)), std::runtime_error);
    rig.Do([&rig] { rig.carrier.isBroken = false; });
    EXPECT_TRUE(remote.Add(PassivePair(4001, 4002))) << "the server goes on";
}

TEST(ControlSocket, ListsMoreThanFitIntoOneAnswer)
{
    ControlRig rig;
    const size_t count = 2 * ControlServer::PAGE + 1;
    rig.Do(
        [&rig]
        {
            for (uint16_t i = 0; i < count; ++i)
            {
                (void)rig.carrier.Add(PassivePair(static_cast<uint16_t>(1000 + i),
                                                  static_cast<uint16_t>(10'000 + i)));
            }
        });
    RemoteCarrier remote(ControlRig::Path());
    const auto all = remote.List();
    ASSERT_EQ(all.size(), count);
    for (size_t i = 0; i < count; ++i)
    {
        EXPECT_EQ(all[i].side[0].local.port, 1000 + i);
    }
}

TEST(ControlSocket, TellsEveryWatcherTheNewsInOrder)
{
    ControlRig rig;
    RemoteCarrier first(ControlRig::Path());
    RemoteCarrier second(ControlRig::Path());
    EXPECT_TRUE(first.TakeNews().empty());
    EXPECT_TRUE(second.TakeNews().empty());
    const auto id = first.Add(PassivePair(4001, 4002));
    ASSERT_TRUE(id);
    rig.Do([&rig] { rig.carrier.Syn("198.51.100.7:40000", 4001); });
    for (RemoteCarrier* remote : {&first, &second})
    {
        const auto news = WaitForNews(*remote);
        ASSERT_EQ(news.size(), 1U);
        EXPECT_EQ(news[0].id, *id);
        EXPECT_EQ(news[0].label, 5U);
        EXPECT_EQ(news[0].kind, CarrierNews::FirstSide);
        EXPECT_EQ(news[0].peer.ToString(), "198.51.100.7:40000");
    }
    rig.Do([&rig, &id] { rig.carrier.Remove(*id); });
    const auto news = WaitForNews(second);
    ASSERT_EQ(news.size(), 1U);
    EXPECT_EQ(news[0].kind, CarrierNews::Ended);
    EXPECT_EQ(news[0].reason, "ist.removed");
}

TEST(ControlSocket, StopsWhenItIsTold)
{
    ControlRig rig;
    RemoteCarrier remote(ControlRig::Path());
    std::thread other([&rig] { rig.Join(); });
    EXPECT_NO_THROW((void)remote.Add(PassivePair(4001, 4002)));
    std::thread stopping(
        []
        {
            // Returns when the process gives up its sockets, which this one does at its end only.
            (void)AskUnix(ControlRig::Path(), "{\"order\":\"stop\"}\n", 1000);
        });
    stopping.join();
    other.join();
}

TEST(ControlSocket, IsForItsOwnerOnly)
{
    const ControlRig rig;

    struct stat status
    {
    };

    ASSERT_EQ(stat(ControlRig::Path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(RemoteCarrier, SaysWhenNobodyIsThere)
{
    try
    {
        const RemoteCarrier remote(ControlRig::Path() + "-nobody");
        FAIL() << "somebody is there";
    }
    catch (const SystemError& error)
    {
        EXPECT_EQ(error.Number(), ENOENT);
        EXPECT_THAT(error.what(), HasSubstr("connect to " + ControlRig::Path()));
    }
}

} // namespace
} // namespace isb
