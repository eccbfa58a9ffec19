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

TEST(TraceEvent, NamesEveryKindOnce)
{
    std::string all;
    for (int kind = 0; kind <= static_cast<int>(TraceKind::TrafficStopped); ++kind)
    {
        const std::string name(isb::ToString(static_cast<TraceKind>(kind)));
        EXPECT_NE(name, "unknown");
        EXPECT_EQ(all.find("|" + name + "|"), std::string::npos) << name;
        all += "|" + name + "|";
    }
}

} // namespace
