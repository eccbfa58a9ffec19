// SPDX-License-Identifier: GPL-2.0-or-later
// Clients of the control socket that do what they should not.
#include "emulation/io/unix-request.h"
#include "emulation/ist/remote-carrier.h"
#include "emulation/sys/system-error.h"
#include "tests/emulation/ist/control-rig.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace isb
{
namespace
{

using testing::HasSubstr;

std::string
Ask(const std::string& text)
{
    return AskUnix(ControlRig::Path(), text, 1U << 20);
}

/// It still serves.
void
ExpectAlive()
{
    EXPECT_EQ(RemoteCarrier(ControlRig::Path()).Counters().ended, 0U);
}

/// What comes until the other end hangs up.
std::string
ReadToEnd(const Descriptor& socket)
{
    std::string all;
    std::array<char, 4096> chunk{};
    for (;;)
    {
        const ssize_t got = recv(socket.Get(), chunk.data(), chunk.size(), 0);
        if (got <= 0)
        {
            return all;
        }
        all.append(chunk.data(), static_cast<size_t>(got));
    }
}

TEST(ControlHostile, FaultsAreAnsweredInWords)
{
    const ControlRig rig;
    EXPECT_THAT(Ask("\n"), HasSubstr("fault"));
    EXPECT_THAT(Ask("hello\n"), HasSubstr("the order is no JSON object"));
    EXPECT_THAT(Ask("[1]\n"), HasSubstr("the order is no JSON object"));
    EXPECT_THAT(Ask("{}\n"), HasSubstr("there is no order ''"));
    EXPECT_THAT(Ask("{\"order\":\"explode\"}\n"), HasSubstr("there is no order 'explode'"));
    EXPECT_THAT(Ask("{\"order\":[]}\n"), HasSubstr("'order' of the order is no text"));
    EXPECT_THAT(Ask("{\"order\":\"add\"}\n"), HasSubstr("pair is no JSON object"));
    EXPECT_THAT(Ask("{\"order\":\"add\",\"pair\":{\"method\":\"udp\",\"portA\":99999}}\n"),
                HasSubstr("'portA' of pair"));
    EXPECT_THAT(Ask("{\"order\":\"remove\",\"id\":-1}\n"), HasSubstr("'id' of the order"));
    EXPECT_THAT(Ask("{\"order\":\"list\",\"after\":{}}\n"), HasSubstr("'after' of the order"));
    EXPECT_THAT(Ask("{\"order\":\"list\"}\n{\"order\":\"list\"}\n"), HasSubstr("fault"));
    EXPECT_THAT(Ask("{\"order\":\"\xff\xfe\"}\n"), HasSubstr("fault"));
    EXPECT_THAT(Ask(std::string("{\"order\":\"a\0b\"}\n", 16)), HasSubstr("fault"));
    ExpectAlive();
}

TEST(ControlHostile, DeepAndLongOrdersAreBounded)
{
    const ControlRig rig;
    EXPECT_THAT(Ask(std::string(30'000, '[') + "\n"), HasSubstr("fault"));
    EXPECT_THAT(Ask(std::string(30'000, '[') + std::string(30'000, ']') + "\n"),
                HasSubstr("fault"));
    EXPECT_THAT(Ask(std::string(ControlServer::LARGEST_ORDER, ' ')), HasSubstr("longer than"));
    ExpectAlive();
}

TEST(ControlHostile, WhoSendsNothingIsHungUpOn)
{
    const ControlRig rig(std::chrono::milliseconds(1));
    EXPECT_EQ(Ask(""), "");
    EXPECT_EQ(Ask("{\"order\":\"counters\""), "");
}

TEST(ControlHostile, WhoLeavesEarlyHurtsNobody)
{
    const ControlRig rig;
    for (int i = 0; i < 200; ++i)
    {
        (void)SendUnix(ControlRig::Path(), i % 2 == 0 ? "" : "{\"order\":\"list\"}\n");
    }
    ExpectAlive();
}

TEST(ControlHostile, SilentClientsAreBoundedInNumber)
{
    const ControlRig rig;
    std::vector<Descriptor> silent;
    for (size_t i = 0; i < ControlServer::MOST_CLIENTS; ++i)
    {
        silent.push_back(SendUnix(ControlRig::Path(), ""));
    }
    EXPECT_THROW(RemoteCarrier(ControlRig::Path()).Counters(), SystemError);
    silent.clear();
    for (bool served = false; !served;) // until the server has seen that they left
    {
        try
        {
            ExpectAlive();
            served = true;
        }
        catch (const SystemError&)
        {
            served = false;
        }
    }
}

TEST(ControlHostile, WatchersAreBoundedInNumberAndLeaveSeatsForOthers)
{
    const ControlRig rig;
    std::vector<std::unique_ptr<RemoteCarrier>> watchers;
    for (size_t i = 0; i < ControlServer::MOST_WATCHERS; ++i)
    {
        watchers.push_back(std::make_unique<RemoteCarrier>(ControlRig::Path()));
        EXPECT_TRUE(watchers.back()->TakeNews().empty());
    }
    RemoteCarrier more(ControlRig::Path());
    EXPECT_THROW((void)more.TakeNews(), std::runtime_error);
    ExpectAlive();
}

TEST(ControlHostile, AWatcherWhoDoesNotReadIsHungUpOn)
{
    ControlRig rig;
    const Descriptor deaf = SendUnix(ControlRig::Path(), "{\"order\":\"watch\"}\n");
    IstPair pair;
    pair.portA = 4001;
    pair.portB = 4002;
    pair.label = 1;
    // One news is about 130 bytes: more than what waits for a watcher and what its socket holds.
    for (int round = 0; round < 20; ++round)
    {
        rig.Do(
            [&rig, &pair]
            {
                for (int i = 0; i < 1000; ++i)
                {
                    const auto id = rig.carrier.Add(pair);
                    ASSERT_TRUE(id) << id.Why();
                    rig.carrier.Remove(*id);
                }
            });
        rig.Do([] {}); // the news is told after what was posted
    }
    const std::string heard = ReadToEnd(deaf);
    EXPECT_THAT(heard.substr(0, 30), HasSubstr("watching"));
    EXPECT_LT(heard.size(), 2 * ControlServer::LARGEST_BACKLOG);
}

TEST(ControlHostile, AWatcherWhoTalksIsHungUpOn)
{
    const ControlRig rig;
    const Descriptor chatty = SendUnix(ControlRig::Path(), "{\"order\":\"watch\"}\n");
    const std::string more = "{\"order\":\"list\"}\n";
    ASSERT_EQ(send(chatty.Get(), more.data(), more.size(), 0), static_cast<ssize_t>(more.size()));
    EXPECT_THAT(ReadToEnd(chatty), testing::AnyOf(HasSubstr("watching"), HasSubstr("fault")));
    ExpectAlive();
}

/// A server that is not ours: its answers are judged too.
class FalseServer
{
  public:
    explicit FalseServer(std::string answer)
        : m_listener(m_io,
                     {Path(), "lies", 16, {}},
                     [answer](UnixListener::Socket socket, const UnixListener::Seat&)
                     {
                         socket.non_blocking(false);
                         std::array<char, 512> order{}; // unread, it would reset the connection
                         (void)!::read(socket.native_handle(), order.data(), order.size());
                         (void)!::write(socket.native_handle(), answer.data(), answer.size());
                     }),
          m_thread([this] { m_io.run(); })
    {
    }

    ~FalseServer()
    {
        m_io.stop();
        m_thread.join();
    }

    FalseServer(const FalseServer&) = delete;
    FalseServer& operator=(const FalseServer&) = delete;

    [[nodiscard]] static std::string
    Path()
    {
        return ControlRig::Path() + "-false";
    }

  private:
    asio::io_context m_io{1};
    UnixListener m_listener;
    std::thread m_thread;
};

TEST(RemoteCarrier, BelievesNoAnswerThatIsNone)
{
    for (const char* answer : {"", "x\n", "[]\n", "{", "{\"fault\":\"go away\"}\n"})
    {
        const FalseServer server(answer);
        EXPECT_ANY_THROW(RemoteCarrier(FalseServer::Path())) << answer;
    }
    for (const char* answer : {"{}",
                               R"({"splices":[{}],"more":true})",
                               R"({"splices":[null]})",
                               R"({"splices":[{"id":"1"}]})"})
    {
        const FalseServer server(answer);
        RemoteCarrier remote(FalseServer::Path());
        EXPECT_ANY_THROW((void)remote.Counters()) << answer;
        if (std::string(answer) != "{}")
        {
            EXPECT_ANY_THROW((void)remote.List()) << answer;
        }
    }
}

} // namespace
} // namespace isb
