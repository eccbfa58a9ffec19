// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadExpectations,
    FaultTable,
    testing::Values(
        FaultCase{
            "ExpectUnknownTraffic",
            {{43, R"(traffic = "pin")"}},
            {"43: 'traffic' in [[expect]]: there is no traffic 'pin'; nearest valid: 'ping'"}},
        FaultCase{"ExpectUnknownMeasure",
                  {{44, R"(measure = "round-trip")"}},
                  {"44: 'measure' in [[expect]] cannot be 'round-trip'; valid: 'throughput', "
                   "'loss', 'rtt', 'connections', 'first-byte', 'failures', 'completed'"}},
        FaultCase{
            "ExpectMeasureOfOtherKind",
            {{44, R"(measure = "throughput")"}, {45, R"(at-least = "1 Mb/s")"}},
            {R"(44: 'measure' in [[expect]]: traffic of kind "udp-ping-pong" has no throughput; valid: 'rtt', 'loss')"}},
        FaultCase{"ExpectWithoutLimit",
                  {{45, ""}},
                  {"42: [[expect]] has no limit; write at-least, at-most or equals"}},
        FaultCase{
            "ExpectWrongUnit",
            {{45, R"(at-most = "1 Mb/s")"}},
            {R"(45: 'at-most' in [[expect]]: "1 Mb/s" is not a duration: unknown unit (write it as "10 us"; units: ns, us, ms, s, min, h))"}},
        FaultCase{
            "ExpectWithoutUnit",
            {{45, "at-most = 1"}},
            {R"(45: 'at-most' in [[expect]] is a number without unit; write it as: at-most = "500 us")"}},
        FaultCase{
            "ExpectEqualsOfRtt",
            {{45, R"(equals = "1 ms")"}},
            {R"(45: 'equals' in [[expect]] goes only with whole numbers and measure "loss"; write at-least and at-most)"}},
        FaultCase{"ExpectEqualsAndAtMost",
                  {{44, R"(measure = "loss")"}, {45, R"(equals = "1 %"
at-most = "2 %")"}},
                  {"45: 'equals' in [[expect]] goes alone, without at-least and at-most"}},
        FaultCase{"ExpectNothingBetween",
                  {{45, R"(at-most = "1 ms"
at-least = "2 ms")"}},
                  {"46: 'at-least' in [[expect]] is above at-most: nothing can hold both"}},
        FaultCase{"ExpectConnectionsWithUnit",
                  {{36, R"(kind = "tcp-bulk")"},
                   {39, ""},
                   {44, R"(measure = "connections")"},
                   {45, R"(equals = "10")"}},
                  {"45: 'equals' in [[expect]] is a text; write: equals = 10"}},
        FaultCase{"ExpectUnknownKey",
                  {{45, R"(at-moost = "1 ms")"}},
                  {"42: [[expect]] has no limit; write at-least, at-most or equals",
                   "45: unknown key 'at-moost' in [[expect]]; nearest valid: 'at-most'"}}),
    FaultName);

TEST(ReadExpectations, GiveLimitsInTheUnitsOfTheResult)
{
    const ParsedLab parsed =
        ParseLab(SmallLabWith({{45,
                                "at-least = \"0.5 ms\"\nat-most = \"1 ms\"\n[[expect]]\n"
                                "traffic = \"ping\"\nmeasure = \"loss\"\nequals = \"3 %\""}}),
                 "t.toml");
    ASSERT_TRUE(parsed) << parsed.errors.front().ToString();
    ASSERT_EQ(parsed.lab->expectations.size(), 2U);
    const Expectation& rtt = parsed.lab->expectations[0];
    EXPECT_EQ(rtt.measure, Measure::Rtt);
    EXPECT_EQ(rtt.atLeast, 500'000.0);
    EXPECT_EQ(rtt.atMost, 1'000'000.0);
    EXPECT_EQ(rtt.text, "ping: rtt at-least 0.5 ms at-most 1 ms");
    const Expectation& loss = parsed.lab->expectations[1];
    EXPECT_EQ(loss.measure, Measure::Loss);
    EXPECT_EQ(loss.atLeast, 0.03);
    EXPECT_EQ(loss.atMost, 0.03);
    EXPECT_EQ(loss.text, "ping: loss equals 3 %");
}

TEST(ReadExpectations, MayBeNone)
{
    EXPECT_EQ(ErrorLines(SmallLabWith({{42, ""}, {43, ""}, {44, ""}, {45, ""}})),
              std::vector<std::string>{});
    EXPECT_EQ(
        ErrorLines(SmallLabWith({{6, "expect = []"}, {42, ""}, {43, ""}, {44, ""}, {45, ""}})),
        std::vector<std::string>{});
}

} // namespace

} // namespace isb
