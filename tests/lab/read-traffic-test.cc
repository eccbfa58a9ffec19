// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadTraffic,
    FaultTable,
    testing::Values(
        FaultCase{
            "TrafficNameTaken",
            {{34, R"([[traffic]]
name = "ping"
kind = "tcp-bulk"
from = "A"
to = "B"
[[traffic]])"}},
            {"40: 'name' in [[traffic]]: 'ping' is taken already, in line 34",
             R"(49: 'measure' in [[expect]]: traffic of kind "tcp-bulk" has no rtt; valid: 'throughput', 'connections', 'failures')"}},
        FaultCase{"TrafficWithoutKind",
                  {{36, ""}},
                  {R"(34: [[traffic]] has no 'kind'; write: kind = "tcp-bulk")"}},
        FaultCase{
            "TrafficUnknownKind",
            {{36, R"(kind = "udp-pingpong")"}},
            {"36: 'kind' in [[traffic]] cannot be 'udp-pingpong'; nearest valid: 'udp-ping-pong'"}},
        FaultCase{"TrafficFromNobody",
                  {{37, R"(from = "a")"}},
                  {"37: 'from' in [[traffic]]: there is no host 'a'; nearest valid: 'A'"}},
        FaultCase{"TrafficToABox",
                  {{38, R"(to = "box")"}},
                  {"38: 'to' in [[traffic]]: 'box' is a box, traffic runs between hosts; valid: "
                   "'A', 'B'"}},
        FaultCase{
            "TrafficToItself",
            {{38, R"(to = "A")"}},
            {"38: 'to' in [[traffic]]: 'A' is where the traffic comes from; name another host"}},
        FaultCase{"TrafficWithoutPayload",
                  {{39, ""}},
                  {R"(34: [[traffic]] has no 'payload'; write: payload = "1 KiB")"}},
        FaultCase{"PayloadZero",
                  {{39, R"(payload = "0 B")"}},
                  {R"(39: 'payload' in [[traffic]] is 0 B; nearest valid: "1 B")"}},
        FaultCase{
            "PayloadTooLarge",
            {{39, R"(payload = "64 KiB")"}},
            {R"(39: 'payload' in [[traffic]] is 64 KiB; nearest valid: "65507 B", the most in one datagram)"}},
        FaultCase{
            "PayloadWithoutUnit",
            {{39, "payload = 64"}},
            {R"(39: 'payload' in [[traffic]] is a number without unit; write it as: payload = "1 KiB")"}},
        FaultCase{
            "PayloadOfTcp",
            {{36, R"(kind = "tcp-bulk")"}, {43, ""}, {42, ""}, {44, ""}, {45, ""}},
            {R"(39: 'payload' in [[traffic]] goes only with kind = "udp-rate", "udp-ping-pong" or "tcp-ping-pong")"}},
        FaultCase{
            "ConnectionsOfUdp",
            {{39, R"(payload = "64 B"
connections = 2)"}},
            {R"(40: 'connections' in [[traffic]] goes only with TCP: kind = "tcp-bulk" for instance)"}},
        FaultCase{"ConnectionsZero",
                  {{36, R"(kind = "tcp-bulk")"},
                   {39, "connections = 0"},
                   {44, R"(measure = "connections")"},
                   {45, "at-least = 1"}},
                  {"39: 'connections' in [[traffic]] is 0; nearest valid: 1"}},
        FaultCase{"ConnectionsAbsurd",
                  {{36, R"(kind = "tcp-bulk")"},
                   {39, "connections = 1000000"},
                   {44, R"(measure = "connections")"},
                   {45, "at-least = 1"}},
                  {"39: 'connections' in [[traffic]] is 1000000; nearest valid: 10000"}},
        FaultCase{"RateOfPingPong",
                  {{39, R"(payload = "64 B"
rate = "1 Mb/s")"}},
                  {R"(40: 'rate' in [[traffic]] goes only with kind = "udp-rate")"}},
        FaultCase{
            "UdpRateWithoutRate",
            {{36, R"(kind = "udp-rate")"}, {44, R"(measure = "loss")"}, {45, R"(at-most = "1 %")"}},
            {R"(34: [[traffic]] has no 'rate'; write: rate = "63 Mb/s")"}},
        FaultCase{
            "UdpRateOfZero",
            {{36, R"(kind = "udp-rate")"},
             {40, R"(rate = "0 b/s")"},
             {44, R"(measure = "loss")"},
             {45, R"(at-most = "1 %")"}},
            {R"(40: 'rate' in [[traffic]] is zero: nothing would ever pass; write for instance: rate = "63 Mb/s")"}},
        FaultCase{"UdpRateMisspelt",
                  {{36, R"(kind = "udp-rate")"},
                   {40, R"(rate = "fulll")"},
                   {44, R"(measure = "loss")"},
                   {45, R"(at-most = "1 %")"}},
                  {"40: 'rate' in [[traffic]] cannot be 'fulll'; nearest valid: 'full'"}},
        FaultCase{"StartAfterStop",
                  {{40, R"(start = "1 s"
stop = "500 ms")"}},
                  {R"(40: 'start' in [[traffic]]: start "1 s" is not before stop "500 ms")"}},
        FaultCase{"StartIsDuration",
                  {{40, R"(start = "2 s")"}},
                  {R"(40: 'start' in [[traffic]]: start "2 s" is not before stop "2 s")"}},
        FaultCase{
            "StopAfterTheEnd",
            {{40, R"(stop = "3 s")"}},
            {R"(40: 'stop' in [[traffic]] lies after the end of the run; nearest valid: "2 s", the duration)"}},
        FaultCase{
            "StartNegative",
            {{40, R"(start = "-1 ms")"}},
            {R"(40: 'start' in [[traffic]]: "-1 ms" is not a duration: negative (write it as "10 us"; units: ns, us, ms, s, min, h))"}},
        FaultCase{
            "ViaABoxThatIsNoIst",
            {{40, R"(via = "box")"}},
            {R"(40: 'via' in [[traffic]]: box 'box' has role "nat"; via needs one with role "ist-app" or "ist-kernel")"}},
        FaultCase{"ViaNobody",
                  {{40, R"(via = "bx")"}},
                  {"40: 'via' in [[traffic]]: there is no box 'bx'; nearest valid: 'box'"}}),
    FaultName);

Traffic
ReadTrafficOf(const std::map<int, std::string>& changes)
{
    std::map<int, std::string> all{{42, ""}, {43, ""}, {44, ""}, {45, ""}};
    all.insert(changes.begin(), changes.end());
    const ParsedLab parsed = ParseLab(SmallLabWith(all), "t.toml");
    EXPECT_TRUE(parsed) << parsed.errors.front().ToString();
    return parsed ? parsed.lab->traffic.at(0) : Traffic{};
}

TEST(ReadTraffic, ReadsAPingPong)
{
    const Traffic traffic = ReadTrafficOf({});
    EXPECT_EQ(traffic.name, "ping");
    EXPECT_EQ(traffic.kind, TrafficKind::UdpPingPong);
    EXPECT_EQ(traffic.from, 0U);
    EXPECT_EQ(traffic.to, 1U);
    EXPECT_FALSE(traffic.via);
    EXPECT_EQ(traffic.payloadBytes, 64U);
    EXPECT_EQ(traffic.start, std::chrono::milliseconds(10));
    EXPECT_EQ(traffic.stop, std::chrono::seconds(2));
}

TEST(ReadTraffic, RunsFromTheStartToTheEndByDefault)
{
    const Traffic traffic = ReadTrafficOf({{40, ""}});
    EXPECT_EQ(traffic.start, TimePoint(0));
    EXPECT_EQ(traffic.stop, std::chrono::seconds(2));
}

TEST(ReadTraffic, ReadsTcpWithOneConnectionByDefault)
{
    const std::map<int, std::string> tcp{{36, "kind = \"tcp-bulk\""}, {39, ""}};
    EXPECT_EQ(ReadTrafficOf(tcp).kind, TrafficKind::TcpBulk);
    EXPECT_EQ(ReadTrafficOf(tcp).connections, 1U);
    EXPECT_EQ(ReadTrafficOf({{36, "kind = \"tcp-bulk\""}, {39, "connections = 10000"}}).connections,
              10'000U);
}

TEST(ReadTraffic, ReadsARateOfPayload)
{
    const Traffic traffic = ReadTrafficOf(
        {{36, "kind = \"udp-rate\""}, {39, "payload = \"6 KiB\"\nrate = \"63 Mb/s\""}});
    EXPECT_EQ(traffic.payloadBytes, 6144U);
    ASSERT_TRUE(traffic.rate);
    EXPECT_EQ(traffic.rate->bitsPerSecond, 63'000'000U);
}

TEST(ReadTraffic, TakesFullAsNoLimitOfTheRate)
{
    const Traffic traffic = ReadTrafficOf(
        {{36, "kind = \"udp-rate\""}, {39, "payload = \"65507 B\"\nrate = \"full\""}});
    EXPECT_FALSE(traffic.rate);
    EXPECT_EQ(traffic.payloadBytes, 65'507U);
}

} // namespace

} // namespace isb
