// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-json.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr TimePoint NOW = 100h;

IstSpliceInfo
SomeSplice()
{
    IstSpliceInfo splice;
    splice.id = 17;
    splice.method = SpliceMethod::Passive;
    splice.requested = SpliceMethod::Pure;
    splice.state = "IST_CLOSE_WAIT";
    splice.side[0] = {*IpEndpoint::Parse("198.51.100.7:40000"),
                      *IpEndpoint::Parse("203.0.113.1:4001"),
                      12,
                      UINT64_MAX};
    splice.side[1].local.port = 4002;
    splice.label = 7;
    splice.limits = {1000, 2000, 1500ms};
    splice.added = NOW - 90min;
    splice.active = NOW - 1ns;
    return splice;
}

TEST(IstJson, OfASpliceIsWhatTheManualSays)
{
    EXPECT_EQ(SpliceJson(SomeSplice(), NOW),
              Json::parse(R"({"id": 17, "method": "passive", "requested": "pure",
                  "state": "IST_CLOSE_WAIT", "label": 7,
                  "side": [{"peer": "198.51.100.7:40000", "local": "203.0.113.1:4001",
                            "packets": 12, "bytes": 18446744073709551615},
                           {"peer": null, "local": "0.0.0.0:4002", "packets": 0, "bytes": 0}],
                  "limits": {"rateBps": 1000, "bytes": 2000, "lifetime": 1.5},
                  "age": 5400.0, "idle": 1e-9})"));
}

TEST(IstJson, ReadsBackASplice)
{
    WordStore words;
    const Json written = SpliceJson(SomeSplice(), NOW);
    const auto read = ReadSplice(Json::parse(written.dump()), NOW, words);
    ASSERT_TRUE(read) << read.Why();
    EXPECT_EQ(SpliceJson(*read, NOW), written);
    EXPECT_EQ(read->added, NOW - 90min);
    EXPECT_EQ(read->active, NOW - 1ns);
}

TEST(IstJson, ReadsBackAPair)
{
    IstPair pair;
    pair.method = SpliceMethod::Active;
    pair.portA = 4001;
    pair.portB = 4002;
    pair.allowedA = IpAddress::Parse("198.51.100.7");
    pair.activeTarget = *IpEndpoint::Parse("[2001:db8::9]:80");
    pair.activeSource = IpAddress::Parse("2001:db8::1");
    pair.limits = {5, 6, 7s};
    pair.label = UINT64_MAX;
    pair.closedPorts = {22, 80};
    const auto read = ReadPair(Json::parse(PairJson(pair).dump()));
    ASSERT_TRUE(read) << read.Why();
    EXPECT_EQ(PairJson(*read), PairJson(pair));
    EXPECT_EQ(read->method, SpliceMethod::Active);
    EXPECT_EQ(read->allowedA, pair.allowedA);
    EXPECT_FALSE(read->allowedB);
    EXPECT_EQ(read->activeTarget, pair.activeTarget);
    EXPECT_EQ(read->limits.lifetime, 7s);
    EXPECT_EQ(read->label, UINT64_MAX);
    EXPECT_EQ(read->closedPorts, pair.closedPorts);
}

TEST(IstJson, ReadsBackCountersAndNews)
{
    WordStore words;
    IstCounters counters;
    counters.added = 1;
    counters.forwardedBytes = UINT64_MAX;
    counters.drops = {{"ist.unpaired", 3}};
    const auto read = ReadCounters(CountersJson(counters), words);
    ASSERT_TRUE(read) << read.Why();
    EXPECT_EQ(CountersJson(*read), CountersJson(counters));
    EXPECT_EQ(read->drops.at("ist.unpaired"), 3U);

    for (const auto kind :
         {CarrierNews::FirstSide, CarrierNews::Paired, CarrierNews::FellBack, CarrierNews::Ended})
    {
        CarrierNews news;
        news.id = 4;
        news.kind = kind;
        news.peer = *IpEndpoint::Parse("198.51.100.7:40000");
        news.port = 40000;
        news.reason = "ist.removed";
        news.bytes = 9;
        const auto again = ReadNews(NewsJson(news), words);
        ASSERT_TRUE(again) << again.Why();
        EXPECT_EQ(again->kind, kind);
        EXPECT_EQ(NewsJson(*again), NewsJson(news));
    }
}

TEST(IstJson, RefusesAPairThatIsNone)
{
    struct Case
    {
        const char* json;
        const char* why;
    };

    for (const Case& one : {Case{"[]", "pair is no JSON object"},
                            Case{"null", "pair is no JSON object"},
                            Case{R"({"portA": 1})", "'method' of pair"},
                            Case{R"({"method": "udp", "portA": 65536})", "'portA' of pair"},
                            Case{R"({"method": "udp", "portA": -1})", "'portA' of pair"},
                            Case{R"({"method": "udp", "portA": "1"})", "'portA' of pair"},
                            Case{R"({"method": "udp", "portA": 1.5})", "'portA' of pair"},
                            Case{R"({"method": 7})", "'method' of pair is no text"},
                            Case{R"({"method": "udp", "allowedA": "me"})", "no address"},
                            Case{R"({"method": "udp", "target": "192.0.2.1"})", "no ADDRESS:PORT"},
                            Case{R"({"method": "udp", "limits": 5})", "limits is no JSON object"},
                            Case{R"({"method": "udp", "limits": {"lifetime": -1}})", "seconds"},
                            Case{R"({"method": "udp", "limits": {"lifetime": 1e300}})", "seconds"},
                            Case{R"({"method": "udp", "closedPorts": [70000]})", "list of ports"},
                            Case{R"({"method": "udp", "closedPorts": {}})", "list of ports"}})
    {
        const auto read = ReadPair(Json::parse(one.json));
        ASSERT_FALSE(read) << one.json;
        EXPECT_THAT(read.Why(), HasSubstr(one.why)) << one.json;
    }
}

TEST(WordStore, KeepsABoundedNumberOfWords)
{
    WordStore words;
    const std::string_view first = words.Keep("word 0");
    for (size_t i = 0; i < 2 * WordStore::MOST; ++i)
    {
        (void)words.Keep("word " + std::to_string(i));
    }
    EXPECT_EQ(words.Keep("word 0").data(), first.data()) << "a known word stays where it is";
    EXPECT_EQ(words.Keep("one more"), "?");
}

} // namespace
} // namespace isb
