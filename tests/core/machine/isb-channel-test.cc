// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/isb-channel.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

/// Keeps what is emitted as lines.
class LineSink : public TraceSink
{
  public:
    void
    Emit(const TraceEvent& event) override
    {
        lines.push_back(ToJson(event, "n"));
    }

    std::vector<std::string> lines;
};

std::vector<uint8_t>
BytesOf(const std::vector<MachineOrder>& orders)
{
    std::vector<uint8_t> bytes;
    for (const MachineOrder& order : orders)
    {
        const auto& send = std::get<SendOrder>(order);
        EXPECT_EQ(send.socket, 5U);
        bytes.insert(bytes.end(), send.bytes.begin(), send.bytes.end());
    }
    return bytes;
}

TEST(IsbChannel, NumbersWhatItSendsAndTheOtherEndReadsIt)
{
    IsbChannel near(5, nullptr);
    IsbChannel far(9, nullptr);
    std::vector<MachineOrder> orders;
    near.Send(TimePoint(0), PingMessage{1}, orders);
    near.Send(TimePoint(0), PingMessage{2}, orders);
    far.Push(BytesOf(orders));
    EXPECT_EQ(std::get<PingMessage>(far.Next(TimePoint(0)).value()).nonce, 1U);
    EXPECT_EQ(std::get<PingMessage>(far.Next(TimePoint(0)).value()).nonce, 2U);
    EXPECT_FALSE(far.Next(TimePoint(0)));
    EXPECT_EQ(far.Fault(), IsbCode::None);
}

TEST(IsbChannel, CountsWhatTheTransportHasNotTaken)
{
    IsbChannel channel(5, nullptr);
    std::vector<MachineOrder> orders;
    channel.Send(TimePoint(0), PingMessage{1}, orders);
    const size_t size = BytesOf(orders).size();
    EXPECT_EQ(channel.Unsent(), size);
    channel.Sent(size - 1);
    EXPECT_EQ(channel.Unsent(), 1U);
    channel.Sent(1);
    EXPECT_EQ(channel.Unsent(), 0U);
    channel.Sent(100);
    EXPECT_EQ(channel.Unsent(), 0U);
}

TEST(IsbChannel, TellsAFaultAndReadsNothingBehindIt)
{
    IsbChannel near(5, nullptr);
    IsbChannel far(9, nullptr);
    std::vector<MachineOrder> orders;
    near.Send(TimePoint(0), PingMessage{1}, orders);
    const auto bytes = BytesOf(orders);
    far.Push(bytes);
    far.Push(bytes); // replayed
    EXPECT_TRUE(far.Next(TimePoint(0)));
    EXPECT_FALSE(far.Next(TimePoint(0)));
    EXPECT_EQ(far.Fault(), IsbCode::BadSequence);
}

TEST(IsbChannel, TracesBothEndsOfAMessage)
{
    LineSink nearLines;
    LineSink farLines;
    IsbChannel near(5, &nearLines);
    IsbChannel far(9, &farLines);
    near.SetIdentity("ann", 77);
    far.SetIdentity("ann", 77);
    std::vector<MachineOrder> orders;
    near.Send(TimePoint(10), SubscribeMessage{3, "bob", "web"}, orders);
    const auto bytes = BytesOf(orders);
    far.Push(bytes);
    EXPECT_TRUE(far.Next(TimePoint(20)));
    const std::string facts =
        R"("id":3,"bytes":)" + std::to_string(bytes.size()) +
        R"(,"user":"ann","peer":"bob","service":"web","message":"subscribe","session":77,)"
        R"("sequence":1})";
    EXPECT_EQ(nearLines.lines,
              std::vector<std::string>{R"({"t":10,"node":"n","event":"message-sent",)" + facts});
    EXPECT_EQ(
        farLines.lines,
        std::vector<std::string>{R"({"t":20,"node":"n","event":"message-received",)" + facts});
}

TEST(IsbChannel, TracesALoginUnderTheNameThatItClaims)
{
    LineSink lines;
    IsbChannel near(5, &lines);
    LoginMessage login;
    login.name = "ann";
    login.proof = {1, 2, 3};
    std::vector<MachineOrder> orders;
    near.Send(TimePoint(0), login, orders);
    EXPECT_NE(lines.lines.at(0).find(R"("user":"ann")"), std::string::npos);
}

} // namespace
} // namespace isb
