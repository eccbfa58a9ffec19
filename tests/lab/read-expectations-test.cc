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
                   "'loss', 'rtt', 'connections'"}},
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
            {R"(45: 'equals' in [[expect]] goes only with measure "connections" or "loss"; write at-least and at-most)"}},
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

} // namespace

} // namespace isb
