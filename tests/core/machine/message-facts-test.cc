// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/message-facts.h"

#include "tests/wire/message-fields.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace isb
{
namespace
{

/// The trace line of a message, without what every line has.
std::string
LineOf(const IsbMessage& message)
{
    TraceEvent event;
    event.kind = TraceKind::MessageSent;
    std::string text;
    DescribeMessage(message, event, text);
    const std::string line = ToJson(event, "");
    const std::string head = R"({"t":0,"event":"message-sent")";
    EXPECT_EQ(line.substr(0, head.size()), head);
    return line.substr(head.size());
}

struct FactCase
{
    const char* name;
    IsbMessage message;
    std::string line;
};

const Endpoint IST_PORT{Ipv4{0x01020304}, 20000};

std::vector<FactCase>
ConnectionCases()
{
    OpenMessage open;
    open.request = 4;
    open.method = ForwardingMethod::Pure;
    open.chosenPort = 40000;
    open.prepared = true;
    PrepareMessage prepare;
    prepare.connection = 8;
    prepare.attempt = 1;
    prepare.method = ForwardingMethod::Pure;
    prepare.peerPort = 40000;
    PrepareMessage direct = prepare;
    direct.path = ServicePath::Direct;
    InstructMessage instruct;
    instruct.request = 4;
    instruct.connection = 8;
    instruct.attempt = 1;
    instruct.target = IST_PORT;
    instruct.localPort = 40000;
    instruct.ist = "near";
    return {
        {"open", open, R"(,"detail":"chosen=40000 prepared","id":4,"method":"pure"})"},
        {"prepare",
         prepare,
         R"(,"detail":"peer-port=40000 attempt=1","path":"translated","method":"pure",)"
         R"("connection":8})"},
        {"prepare direct: no method",
         direct,
         R"(,"detail":"peer-port=40000 attempt=1","path":"direct","connection":8})"},
        {"ready",
         ReadyMessage{8, 2, 7471, 0},
         R"(,"detail":"listen=7471 attempt=2","connection":8})"},
        {"instruct",
         instruct,
         R"(,"detail":"role=connect target=1.2.3.4:20000 from=40000 attempt=1","id":4,)"
         R"("path":"translated","method":"passive","ist":"near","connection":8})"},
        {"status",
         StatusMessage{8, 1, ConnectionPhase::Failed, IsbCode::ConnectFailed, 0, 0},
         R"(,"reason":"connect-failed","detail":"phase=failed attempt=1","connection":8})"},
        {"status of success",
         StatusMessage{8, 1, ConnectionPhase::Established, IsbCode::None, 0, 0},
         R"(,"detail":"phase=established attempt=1","connection":8})"},
    };
}

std::vector<FactCase>
SpliceCases()
{
    SpliceRequestMessage request;
    request.splice = 9;
    request.method = ForwardingMethod::Pure;
    request.portB = 40000;
    request.providerFirst = true;
    return {
        {"splice-request",
         request,
         R"(,"detail":"a=0 b=40000 provider-first","method":"pure","splice":9})"},
        {"splice-ready",
         SpliceReadyMessage{9, ForwardingMethod::Passive, IST_PORT, IST_PORT},
         R"(,"detail":"subscriber=1.2.3.4:20000 provider=1.2.3.4:20000","method":"passive",)"
         R"("splice":9})"},
        {"splice-event",
         SpliceEventMessage{9, SpliceNews::FirstSyn, IsbCode::None, 40001, 0},
         R"(,"detail":"news=first-syn port=40001","splice":9})"},
    };
}

std::vector<FactCase>
SessionCases()
{
    LoginMessage login;
    login.role = IsbRole::Ist;
    login.name = "ist";
    login.canChoosePort = true;
    AnnounceMessage announce;
    announce.request = 2;
    announce.service.name = "web";
    announce.service.open = false;
    announce.service.allowed = {"ann", "cat"};
    NearnessMessage nearness;
    nearness.entries = {{"near", std::chrono::milliseconds(10)},
                        {"far", std::chrono::milliseconds(120)}};
    return {
        {"login", login, R"(,"detail":"role=ist can-choose"})"},
        {"bye", ByeMessage{IsbCode::Replaced}, R"(,"reason":"replaced"})"},
        {"fault",
         FaultMessage{IsbCode::NotAllowed, 7, "not open to \"ann\""},
         R"(,"reason":"not-allowed","detail":"not open to \u0022ann\u0022","id":7})"},
        {"announce",
         announce,
         R"(,"detail":"protocol=tcp allowed=ann,cat","id":2,"service":"web"})"},
        {"offer", OfferMessage{6, "ann", "web"}, R"(,"id":6,"peer":"ann","service":"web"})"},
        {"answer", AnswerMessage{6, true, IsbCode::None}, R"(,"detail":"accepted","id":6})"},
        {"answer no",
         AnswerMessage{6, false, IsbCode::Refused},
         R"(,"reason":"refused","detail":"refused","id":6})"},
        {"nat-status",
         NatStatusMessage{Reachability::Private, IST_PORT},
         R"(,"detail":"reachability=private observed=1.2.3.4:20000"})"},
        {"nearness", nearness, R"(,"detail":"near=10ms,far=120ms"})"},
        {"ping", PingMessage{3}, "}"},
    };
}

TEST(DescribeMessage, TellsTheFactsInAFixedOrder)
{
    for (const auto& cases : {ConnectionCases(), SpliceCases(), SessionCases()})
    {
        for (const FactCase& c : cases)
        {
            EXPECT_EQ(LineOf(c.message), c.line) << c.name;
        }
    }
}

TEST(DescribeMessage, TellsNoSecret)
{
    for (IsbMessage message : test::FullMessages())
    {
        const std::string before = LineOf(message);
        if (auto* login = std::get_if<LoginMessage>(&message))
        {
            login->proof = {7, 7, 7};
        }
        else if (auto* hello = std::get_if<HelloMessage>(&message))
        {
            hello->challenge = {7};
        }
        else if (auto* instruct = std::get_if<InstructMessage>(&message))
        {
            instruct->sendToken = {7};
            instruct->expectToken = {7};
        }
        EXPECT_EQ(LineOf(message), before) << NameOf(message);
    }
}

TEST(DescribeMessage, KeepsHostileTextOnOneLine)
{
    TraceEvent event;
    std::string text;
    const IsbMessage fault = FaultMessage{IsbCode::None, 0, "a\nb\x1b[2J\"}\x80"};
    DescribeMessage(fault, event, text);
    const std::string line = ToJson(event, "n");
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }))
        << line;
}

} // namespace
} // namespace isb
