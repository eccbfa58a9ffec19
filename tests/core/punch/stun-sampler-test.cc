// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/stun-sampler.h"

#include "model/core/stun/stun-responder.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

constexpr Endpoint FIRST{Ipv4{0xc0000201}, 3478};
constexpr Endpoint SECOND{Ipv4{0xc0000201}, 3479};
constexpr Endpoint SEEN{Ipv4{0xcb007101}, 5000};

class StunSamplerTest : public testing::Test
{
  protected:
    std::vector<uint8_t>
    Answer(Endpoint mapped, StunClass kind = StunClass::Success) const
    {
        StunMessage message;
        EXPECT_EQ(DecodeStun(sampler.Request(), message), StunFault::None);
        message.kind = kind;
        StunAttribute attribute;
        attribute.type = StunType::MappedAddress;
        const uint32_t a = mapped.address.value;
        attribute.value = {0,
                           1,
                           static_cast<uint8_t>(mapped.port >> 8),
                           static_cast<uint8_t>(mapped.port),
                           static_cast<uint8_t>(a >> 24),
                           static_cast<uint8_t>(a >> 16),
                           static_cast<uint8_t>(a >> 8),
                           static_cast<uint8_t>(a)};
        message.attributes = {attribute};
        return EncodeStun(message);
    }

    SeededRng random{1};
    StunSampler sampler{random};
};

TEST_F(StunSamplerTest, AsksOneServerAfterTheOther)
{
    sampler.Begin({FIRST, SECOND}, 40'000);
    ASSERT_FALSE(sampler.IsDone());
    EXPECT_EQ(sampler.Server(), FIRST);
    EXPECT_TRUE(sampler.Take(1s, Answer(SEEN)));
    EXPECT_EQ(sampler.Server(), SECOND);
    EXPECT_TRUE(sampler.Take(2s, Answer({SEEN.address, 5001})));
    EXPECT_TRUE(sampler.IsDone());
    ASSERT_EQ(sampler.Samples().size(), 2U);
    const PortSample& last = sampler.Samples().back();
    EXPECT_EQ(last.local, 40'000);
    EXPECT_EQ(last.server, SECOND);
    EXPECT_EQ(last.external, (Endpoint{SEEN.address, 5001}));
    EXPECT_EQ(last.when, TimePoint(2s));
}

TEST_F(StunSamplerTest, AQuestionIsAsLongAsItsAnswer)
{
    sampler.Begin({FIRST}, 40'000);
    StunServerSettings settings;
    settings.primary = FIRST.address;
    settings.alternate = Ipv4{FIRST.address.value + 1};
    const std::vector<uint8_t> bytes = sampler.Request();
    StunMessage request;
    ASSERT_EQ(DecodeStun(bytes, request), StunFault::None);
    const StunAnswer answer = AnswerStun({request, Protocol::Udp, FIRST, SEEN, bytes.size()},
                                         StunEndpoints(settings),
                                         settings.software);
    ASSERT_FALSE(answer.bytes.empty());
    EXPECT_GE(bytes.size(), answer.bytes.size()) << "it needs nothing of the server's allowance";
}

TEST_F(StunSamplerTest, TakesOnlyTheAnswerToItsQuestion)
{
    sampler.Begin({FIRST, SECOND}, 40'000);
    const auto old = Answer(SEEN);
    const auto error = Answer(SEEN, StunClass::Error);
    EXPECT_FALSE(sampler.Take(1s, error));
    EXPECT_FALSE(sampler.Take(1s, std::vector<uint8_t>{1, 2, 3}));
    EXPECT_FALSE(sampler.Take(1s, sampler.Request()));
    EXPECT_TRUE(sampler.Take(1s, old));
    EXPECT_FALSE(sampler.Take(1s, old)) << "it is the answer to the first question";
    EXPECT_EQ(sampler.Samples().size(), 1U);
}

TEST_F(StunSamplerTest, GoesOnWithoutAnAnswer)
{
    sampler.Begin({FIRST, SECOND}, 40'000);
    sampler.Skip();
    EXPECT_EQ(sampler.Server(), SECOND);
    sampler.Skip();
    EXPECT_TRUE(sampler.IsDone());
    EXPECT_TRUE(sampler.Samples().empty());
}

TEST_F(StunSamplerTest, IsDoneWithoutServers)
{
    sampler.Begin({}, 40'000);
    EXPECT_TRUE(sampler.IsDone());
    EXPECT_FALSE(sampler.Take(1s, std::vector<uint8_t>(20)));
}

} // namespace
} // namespace isb
