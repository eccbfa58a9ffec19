// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/probe-sender.h"

#include "model/wire/service-preface.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

const Endpoint TARGET{*Ipv4::Parse("203.0.113.1"), 40'000};
const Token TOKEN{1, 2, 3};

class ProbeSenderTest : public testing::Test
{
  protected:
    std::vector<uint8_t>
    Preface() const
    {
        const auto preface = MakeServicePreface(TOKEN);
        return {preface.begin(), preface.end()};
    }

    SocketId last = 0;
    std::vector<MachineOrder> orders;
    ProbeSender sender{[this] { return ++last; }, orders};
    TimePoint now{0};
};

TEST_F(ProbeSenderTest, AConnectionShowsTheTokenAndEnds)
{
    const Endpoint from{*Ipv4::Parse("198.51.100.2"), 0};
    ASSERT_TRUE(sender.Send(now, {TARGET, TOKEN, Protocol::Tcp}, from));
    const auto& connect = std::get<ConnectOrder>(orders.at(0));
    EXPECT_EQ(connect.from, from);
    EXPECT_EQ(connect.to, TARGET);
    ASSERT_TRUE(sender.Owns(connect.socket));
    sender.Connected(connect.socket);
    EXPECT_EQ(std::get<SendOrder>(orders.at(1)).bytes, Preface());
    EXPECT_FALSE(std::get<CloseOrder>(orders.at(2)).reset);
    EXPECT_EQ(sender.Size(), 0U);
    EXPECT_EQ(sender.NextTimeout(), TIME_NEVER);
}

TEST_F(ProbeSenderTest, AConnectionThatFindsNobodyIsGivenUp)
{
    ASSERT_TRUE(sender.Send(now, {TARGET, TOKEN, Protocol::Tcp}, {}));
    EXPECT_EQ(sender.NextTimeout(), ProbeSender::PATIENCE);
    sender.Timeout(ProbeSender::PATIENCE);
    EXPECT_TRUE(std::get<CloseOrder>(orders.back()).reset);
    EXPECT_EQ(sender.Size(), 0U);
}

TEST_F(ProbeSenderTest, DatagramsAreFew)
{
    ASSERT_TRUE(sender.Send(now, {TARGET, TOKEN, Protocol::Udp}, {}));
    const SocketId socket = std::get<ListenOrder>(orders.at(0)).socket;
    sender.Listening(now, socket);
    while (sender.NextTimeout() != TIME_NEVER)
    {
        sender.Timeout(sender.NextTimeout());
    }
    int sent = 0;
    for (const MachineOrder& order : orders)
    {
        if (const auto* send = std::get_if<SendToOrder>(&order))
        {
            EXPECT_EQ(send->to, TARGET);
            EXPECT_EQ(send->bytes, Preface());
            ++sent;
        }
    }
    EXPECT_EQ(sent, ProbeSender::DATAGRAMS);
    EXPECT_TRUE(std::holds_alternative<CloseOrder>(orders.back()));
}

TEST_F(ProbeSenderTest, NobodyIsSentWhereNoStrangerMayGo)
{
    for (const char* address :
         {"0.0.0.1", "127.0.0.1", "169.254.169.254", "224.0.0.1", "255.1.1.1"})
    {
        EXPECT_FALSE(sender.Send(now, {{*Ipv4::Parse(address), 80}, TOKEN, Protocol::Tcp}, {}));
    }
    EXPECT_FALSE(sender.Send(now, {{TARGET.address, 0}, TOKEN, Protocol::Tcp}, {}));
    EXPECT_TRUE(orders.empty());
}

TEST_F(ProbeSenderTest, TooManyAtOnceAreNotSent)
{
    for (size_t i = 0; i < ProbeSender::MOST; ++i)
    {
        EXPECT_TRUE(sender.Send(now, {TARGET, TOKEN, Protocol::Tcp}, {}));
    }
    EXPECT_FALSE(sender.Send(now, {TARGET, TOKEN, Protocol::Tcp}, {}));
    sender.Stop();
    EXPECT_EQ(sender.Size(), 0U);
}

} // namespace
} // namespace isb
