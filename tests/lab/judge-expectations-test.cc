// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include <gtest/gtest.h>

namespace isb
{

namespace
{

TrafficResult
Throughput(double bitsPerSecond)
{
    TrafficResult result;
    result.sentBytes = 1;
    result.throughputBps = bitsPerSecond;
    return result;
}

TrafficResult
Loss(double ratio)
{
    TrafficResult result;
    result.sentPackets = 100;
    result.lossRatio = ratio;
    return result;
}

TrafficResult
Rtt(double meanNs)
{
    TrafficResult result;
    result.rtt.count = 1;
    result.rtt.meanNs = meanNs;
    return result;
}

TrafficResult
Established(uint64_t connections)
{
    TrafficResult result;
    result.established = connections;
    return result;
}

LabResult
ResultOf(std::vector<TrafficResult> traffic)
{
    LabResult result;
    result.traffic = std::move(traffic);
    return result;
}

struct JudgeCase
{
    const char* name;
    Measure measure;
    std::optional<double> atLeast;
    std::optional<double> atMost;
    TrafficResult result;
    const char* measured;
    bool holds;
};

class JudgeTable : public testing::TestWithParam<JudgeCase>
{
};

TEST_P(JudgeTable, HoldsWithinItsLimits)
{
    const JudgeCase& item = GetParam();
    Lab lab;
    lab.traffic.resize(1);
    lab.expectations.push_back({0, item.measure, item.atLeast, item.atMost, "as written"});
    const std::vector<ExpectationResult> judged = JudgeExpectations(lab, ResultOf({item.result}));
    ASSERT_EQ(judged.size(), 1U);
    EXPECT_EQ(judged[0].text, "as written");
    EXPECT_EQ(judged[0].measured, item.measured);
    EXPECT_EQ(judged[0].holds, item.holds);
}

constexpr std::nullopt_t NONE = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    Limits,
    JudgeTable,
    testing::Values(
        JudgeCase{"Above",
                  Measure::Throughput,
                  80e6,
                  NONE,
                  Throughput(93.9412e6),
                  "93.94 Mb/s",
                  true},
        JudgeCase{"AtTheLimit",
                  Measure::Throughput,
                  80e6,
                  NONE,
                  Throughput(80e6),
                  "80.00 Mb/s",
                  true},
        JudgeCase{"Below",
                  Measure::Throughput,
                  80e6,
                  NONE,
                  Throughput(79.9e6),
                  "79.90 Mb/s",
                  false},
        JudgeCase{"SlowUnits", Measure::Throughput, NONE, 1e3, Throughput(512), "512.00 b/s", true},
        JudgeCase{"OverMost", Measure::Throughput, NONE, 1e3, Throughput(1024), "1.02 kb/s", false},
        JudgeCase{"NothingSent", Measure::Throughput, NONE, 1e3, {}, "nothing measured", false},
        JudgeCase{"LossNone", Measure::Loss, 0.0, 0.0, Loss(0), "0.00 %", true},
        JudgeCase{"LossSome", Measure::Loss, 0.0, 0.0, Loss(0.0312), "3.12 %", false},
        JudgeCase{"LossInRange", Measure::Loss, 0.03, 0.04, Loss(0.0312), "3.12 %", true},
        JudgeCase{"LossOfNothing", Measure::Loss, NONE, 1.0, {}, "nothing measured", false},
        JudgeCase{"Rtt", Measure::Rtt, 400e3, 450e3, Rtt(423'104), "423.10 us", true},
        JudgeCase{"RttTooLong", Measure::Rtt, NONE, 450e3, Rtt(1.5e9), "1.50 s", false},
        JudgeCase{"RttWithoutSample", Measure::Rtt, NONE, 450e3, {}, "nothing measured", false},
        JudgeCase{"AllConnections", Measure::Connections, 10.0, 10.0, Established(10), "10", true},
        JudgeCase{"OneMissing", Measure::Connections, 10.0, 10.0, Established(9), "9", false},
        JudgeCase{"NoConnection", Measure::Connections, 0.0, 0.0, Established(0), "0", true}),
    [](const auto& item) { return std::string(item.param.name); });

TEST(JudgeExpectations, LooksAtTheTrafficThatIsMeant)
{
    Lab lab;
    lab.traffic.resize(2);
    lab.expectations.push_back({1, Measure::Rtt, {}, 100.0, "second"});
    lab.expectations.push_back({0, Measure::Rtt, {}, 100.0, "first"});
    const std::vector<ExpectationResult> judged =
        JudgeExpectations(lab, ResultOf({Rtt(50), Rtt(200)}));
    ASSERT_EQ(judged.size(), 2U);
    EXPECT_FALSE(judged[0].holds);
    EXPECT_TRUE(judged[1].holds);
}

TEST(JudgeExpectations, HoldsNothingWhenTheResultIsMissing)
{
    Lab lab;
    lab.traffic.resize(1);
    lab.expectations.push_back({0, Measure::Connections, 0.0, {}, "t"});
    const std::vector<ExpectationResult> judged = JudgeExpectations(lab, ResultOf({}));
    ASSERT_EQ(judged.size(), 1U);
    EXPECT_FALSE(judged[0].holds);
    EXPECT_EQ(judged[0].measured, "nothing measured");
}

TEST(JudgeExpectations, IsEmptyWithoutExpectations)
{
    EXPECT_TRUE(JudgeExpectations(Lab{}, LabResult{}).empty());
}

} // namespace

} // namespace isb
