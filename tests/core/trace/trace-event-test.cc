// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/trace/trace-event.h"

#include <gtest/gtest.h>

namespace
{

using isb::TraceEvent;
using isb::TraceKind;

TEST(TraceEvent, PrintsADropWithItsReasonAndRule)
{
    TraceEvent event;
    event.when = isb::TimePoint(1'500);
    event.kind = TraceKind::PacketDropped;
    event.flow = {isb::Protocol::Tcp, {{0x0a000001}, 80}, {{0xc0000201}, 4000}};
    event.reason = "nat.filtered";
    event.rule = "RFC 4787 REQ-8";
    event.bytes = 60;
    EXPECT_EQ(isb::ToJson(event, "home"),
              R"({"t":1500,"node":"home","event":"packet-dropped","proto":"tcp",)"
              R"("src":"10.0.0.1:80","dst":"192.0.2.1:4000","reason":"nat.filtered",)"
              R"("rule":"RFC 4787 REQ-8","bytes":60})");
}

TEST(TraceEvent, LeavesOutWhatDoesNotApply)
{
    TraceEvent event;
    event.kind = TraceKind::SpliceState;
    event.from = "IST_SYN_RCVD";
    event.to = "ESTABLISHED";
    event.id = 3;
    EXPECT_EQ(isb::ToJson(event, "ist"),
              R"({"t":0,"node":"ist","event":"splice-state","from":"IST_SYN_RCVD",)"
              R"("to":"ESTABLISHED","id":3})");
}

TEST(TraceEvent, PrintsTheBrokersWorld)
{
    TraceEvent event;
    event.when = isb::TimePoint(7);
    event.kind = TraceKind::ConnectionState;
    event.from = "asked";
    event.to = "instructed";
    event.reason = "isb.not-allowed";
    event.user = "ann";
    event.peer = "bob";
    event.service = "web";
    event.message = "instruct";
    event.path = "translated";
    event.method = "passive";
    event.ist = "near";
    event.session = 1;
    event.sequence = 2;
    event.connection = UINT64_MAX;
    event.splice = 4;
    EXPECT_EQ(isb::ToJson(event, "isb"),
              R"({"t":7,"node":"isb","event":"connection-state","from":"asked",)"
              R"("to":"instructed","reason":"isb.not-allowed","user":"ann","peer":"bob",)"
              R"("service":"web","message":"instruct","path":"translated","method":"passive",)"
              R"("ist":"near","session":1,"sequence":2,"connection":18446744073709551615,)"
              R"("splice":4})");
}

TEST(TraceEvent, KeepsHostileTextOnOneLineOfAscii)
{
    std::string hostile;
    for (int byte = 0; byte < 256; ++byte)
    {
        hostile += static_cast<char>(byte);
    }
    TraceEvent event;
    event.user = hostile;
    event.detail = "\"},{\"t\":0,\"event\":\"forged";
    const std::string line = isb::ToJson(event, hostile);
    size_t quotes = 0;
    for (const char c : line)
    {
        ASSERT_GE(c, 0x20);
        ASSERT_LT(c, 0x7f);
        quotes += c == '"' ? 1 : 0;
    }
    EXPECT_EQ(quotes, 2U + 4U * 4U); // t; node, event, detail and user with their values
    EXPECT_NE(line.find(R"(\u0000\u0001)"), std::string::npos);
    EXPECT_NE(line.find(R"(!\u0022#)"), std::string::npos);
    EXPECT_NE(line.find(R"([\u005c])"), std::string::npos);
}

TEST(TraceEvent, NamesEveryKindOnce)
{
    std::string all;
    for (int kind = 0; kind <= static_cast<int>(TraceKind::NatTypeKnown); ++kind)
    {
        const std::string name(isb::ToString(static_cast<TraceKind>(kind)));
        EXPECT_NE(name, "unknown");
        EXPECT_EQ(all.find("|" + name + "|"), std::string::npos) << name;
        all += "|" + name + "|";
    }
}

} // namespace
