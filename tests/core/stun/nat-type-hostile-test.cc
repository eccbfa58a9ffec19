// SPDX-License-Identifier: GPL-2.0-or-later
// Servers that lie, know less, or answer what nobody asked.
#include "model/core/stun/nat-type-test.h"
#include "model/wire/stun-message.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

namespace isb::test
{
namespace
{

const Endpoint SERVER{*Ipv4::Parse("198.51.100.2"), 3478};
const Endpoint OTHER{*Ipv4::Parse("198.51.100.3"), 3479};
const Ipv4 CLIENT = *Ipv4::Parse("10.0.0.2");
const Ipv4 EXTERNAL = *Ipv4::Parse("203.0.113.1");

/// What comes back for a request: from where, and the bytes.
using Reply = std::pair<Endpoint, std::vector<uint8_t>>;
using Answers = std::function<std::vector<Reply>(const StunMessage& request, Endpoint to)>;

StunMessage
SuccessFor(const StunMessage& request)
{
    StunMessage response;
    response.kind = StunClass::Success;
    response.id = request.id;
    response.attributes = {MakeStunXorAddress(StunAddress::From({EXTERNAL, 40'000}), response.id),
                           MakeStunAddress(StunType::OtherAddress, StunAddress::From(OTHER))};
    return response;
}

/// Runs a test over UDP whose datagrams the test answers.
NatTypeReport
Ask(const Answers& answers, NatTypeSettings settings = {})
{
    SeededRng random(1);
    settings.server = SERVER;
    settings.local.address = CLIENT;
    NatTypeTest test(settings, random);
    TimePoint now{0};
    uint16_t port = 40'000;
    test.Start(now);
    for (int rounds = 0; !test.Report() && rounds < 10'000; ++rounds)
    {
        auto orders = test.TakeOrders();
        for (const MachineOrder& order : orders)
        {
            if (const auto* listen = std::get_if<ListenOrder>(&order))
            {
                test.Listening(now, listen->socket, {listen->local.address, port++});
            }
            else if (const auto* send = std::get_if<SendToOrder>(&order))
            {
                StunMessage request;
                EXPECT_EQ(DecodeStun(send->bytes, request), StunFault::None);
                for (const Reply& reply : answers(request, send->to))
                {
                    test.Datagram(now, send->socket, reply.first, reply.second);
                }
            }
        }
        if (orders.empty() && test.NextTimeout() != TIME_NEVER)
        {
            now = std::max(now, test.NextTimeout());
            test.Timeout(now);
        }
    }
    EXPECT_TRUE(test.Report().has_value()) << "it comes to an end";
    EXPECT_TRUE(test.IsIdle());
    return test.Report().value_or(NatTypeReport{});
}

TEST(NatTypeTestAgainst, AServerThatIgnoresChangeRequestClaimsNoFullCone)
{
    const NatTypeReport report = Ask(
        [](const StunMessage& request, Endpoint to) -> std::vector<Reply> {
            return {{to, EncodeStun(SuccessFor(request))}};
        });
    EXPECT_EQ(report.filtering, FoundBehaviour::Unknown);
    EXPECT_EQ(report.classic, ClassicNatType::Unknown);
    EXPECT_EQ(report.mapping, FoundBehaviour::EndpointIndependent);
    EXPECT_THAT(report.notes, testing::Contains("the server does not obey CHANGE-REQUEST"));
}

TEST(NatTypeTestAgainst, AServerThatRefusesChangeRequest)
{
    const NatTypeReport report = Ask(
        [](const StunMessage& request, Endpoint to) -> std::vector<Reply>
        {
            StunMessage response = SuccessFor(request);
            if (request.Find(StunType::ChangeRequest) != nullptr)
            {
                response.kind = StunClass::Error;
                response.attributes = {MakeStunError({420, "Unknown Attribute"})};
            }
            return {{to, EncodeStun(response)}};
        });
    EXPECT_EQ(report.filtering, FoundBehaviour::Unknown);
    EXPECT_THAT(report.notes, testing::Contains("the server refuses CHANGE-REQUEST"));
}

TEST(NatTypeTestAgainst, AnswersToOtherQuestionsDoNotCount)
{
    const NatTypeReport report = Ask(
        [](const StunMessage& request, Endpoint to) -> std::vector<Reply>
        {
            StunMessage other = SuccessFor(request);
            other.id[15] ^= 1;
            StunMessage echo = request;
            return {{to, EncodeStun(other)},
                    {to, EncodeStun(echo)},
                    {to, {}},
                    {to, {1, 1, 0, 0}},
                    {to, std::vector<uint8_t>(1400, 0xff)}};
        });
    EXPECT_EQ(report.classic, ClassicNatType::Blocked);
}

TEST(NatTypeTestAgainst, AnAnswerWithoutAddressIsSaid)
{
    for (const StunClass kind : {StunClass::Success, StunClass::Error})
    {
        const NatTypeReport report = Ask(
            [kind](const StunMessage& request, Endpoint to) -> std::vector<Reply>
            {
                StunMessage response;
                response.kind = kind;
                response.id = request.id;
                return {{to, EncodeStun(response)}};
            });
        EXPECT_EQ(report.classic, ClassicNatType::Unknown);
        EXPECT_THAT(report.notes, testing::Contains("the server's answer has no address"));
    }
}

TEST(NatTypeTestAgainst, AServerOfRfc3489IsEnoughForItsTree)
{
    // MAPPED-ADDRESS and CHANGED-ADDRESS; it obeys CHANGE-REQUEST.
    const NatTypeReport report = Ask(
        [](const StunMessage& request, Endpoint to) -> std::vector<Reply>
        {
            StunMessage response;
            response.kind = StunClass::Success;
            response.id = request.id;
            response.attributes = {
                MakeStunAddress(StunType::MappedAddress, StunAddress::From({EXTERNAL, 40'000})),
                MakeStunAddress(StunType::ChangedAddress, StunAddress::From(OTHER))};
            const StunAttribute* wanted = request.Find(StunType::ChangeRequest);
            const StunChange change = wanted == nullptr ? StunChange{} : *ReadStunChange(*wanted);
            Endpoint from = to;
            from.address = change.address ? OTHER.address : from.address;
            from.port = change.port ? OTHER.port : from.port;
            return {{from, EncodeStun(response)}};
        });
    EXPECT_EQ(report.classic, ClassicNatType::FullCone);
    EXPECT_EQ(report.alternate, OTHER);
}

TEST(NatTypeTestAgainst, AServerThatSendsResponsesElsewhereIsSaidToRefuseResponsePort)
{
    NatTypeSettings settings;
    settings.lifetime = true;
    const NatTypeReport report = Ask(
        [](const StunMessage& request, Endpoint to) -> std::vector<Reply> {
            return {{to, EncodeStun(SuccessFor(request))}};
        },
        settings);
    EXPECT_EQ(report.lifetimeAtLeast, Duration(0));
    EXPECT_THAT(report.notes, testing::Contains("lifetime: the server refuses RESPONSE-PORT"));
}

TEST(NatTypeTestAgainst, RandomBytesComeToAnEnd)
{
    SeededRng noise(9);
    const NatTypeReport report = Ask(
        [&noise](const StunMessage& request, Endpoint to) -> std::vector<Reply>
        {
            std::vector<uint8_t> bytes = EncodeStun(SuccessFor(request));
            for (int i = 0; i < 3; ++i)
            {
                bytes[noise.Below(bytes.size())] = static_cast<uint8_t>(noise.Next());
            }
            return {{to, bytes}};
        });
    EXPECT_FALSE(report.ToJson().empty());
}

} // namespace
} // namespace isb::test
