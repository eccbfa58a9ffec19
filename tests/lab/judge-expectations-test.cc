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

/// ann wants bob/web; judged is what the subscription came to.
ExpectationResult
JudgeWeb(const SubscriptionExpectation& what,
         const SubscriptionResult& came,
         std::optional<double> atLeast = {},
         std::optional<double> atMost = {})
{
    Lab lab;
    lab.users.resize(1);
    lab.users[0].settings.user = "ann";
    lab.users[0].settings.wants.resize(1);
    lab.users[0].settings.wants[0].provider = "bob";
    lab.users[0].settings.wants[0].service = "web";
    Expectation expectation;
    expectation.subscription = what;
    expectation.atLeast = atLeast;
    expectation.atMost = atMost;
    lab.expectations.push_back(expectation);
    LabResult result;
    SubscriptionResult other;
    other.user = "ann";
    other.provider = "bob";
    other.service = "print";
    result.subscriptions = {other, came};
    return JudgeExpectations(lab, result).at(0);
}

SubscriptionResult
Web()
{
    SubscriptionResult result;
    result.user = "ann";
    result.provider = "bob";
    result.service = "web";
    result.asked = 4;
    result.established = 3;
    result.failed = 1;
    result.fromPrepared = 2;
    result.paths = {{"translated", 3}, {"direct", 0}};
    result.methods = {{"passive", 2}, {"pure", 1}};
    result.ists = {{"near", 3}};
    result.codes = {{"not-allowed", 1}, {"timed-out", 0}};
    return result;
}

SubscriptionExpectation
Wanting(std::string SubscriptionExpectation::*field, const char* value)
{
    SubscriptionExpectation what;
    what.*field = value;
    return what;
}

TEST(JudgeSubscription, HoldsWhenAllConnectionsCameThatWay)
{
    using What = SubscriptionExpectation;
    const ExpectationResult path = JudgeWeb(Wanting(&What::path, "translated"), Web());
    EXPECT_TRUE(path.holds);
    EXPECT_EQ(path.measured, "path translated");
    EXPECT_FALSE(JudgeWeb(Wanting(&What::path, "direct"), Web()).holds);
    const ExpectationResult method = JudgeWeb(Wanting(&What::method, "passive"), Web());
    EXPECT_FALSE(method.holds);
    EXPECT_EQ(method.measured, "method passive 2, pure 1");
    EXPECT_TRUE(JudgeWeb(Wanting(&What::ist, "near"), Web()).holds);
    EXPECT_FALSE(JudgeWeb(Wanting(&What::ist, "far"), Web()).holds);
}

TEST(JudgeSubscription, WantsEveryPartToHold)
{
    SubscriptionExpectation what = Wanting(&SubscriptionExpectation::path, "translated");
    what.ist = "far";
    const ExpectationResult judged = JudgeWeb(what, Web());
    EXPECT_FALSE(judged.holds);
    EXPECT_EQ(judged.measured, "path translated; ist near");
}

TEST(JudgeSubscription, KnowsTheCodesThatOccurred)
{
    using What = SubscriptionExpectation;
    EXPECT_TRUE(JudgeWeb(Wanting(&What::code, "not-allowed"), Web()).holds);
    EXPECT_FALSE(JudgeWeb(Wanting(&What::code, "timed-out"), Web()).holds);
    EXPECT_FALSE(JudgeWeb(Wanting(&What::code, "no-ist"), Web()).holds);
}

TEST(JudgeSubscription, HoldsNoWayWithoutConnection)
{
    SubscriptionResult none = Web();
    none.paths.clear();
    const ExpectationResult judged =
        JudgeWeb(Wanting(&SubscriptionExpectation::path, "translated"), none);
    EXPECT_FALSE(judged.holds);
    EXPECT_EQ(judged.measured, "path none");
    none.service = "another";
    EXPECT_EQ(JudgeWeb(Wanting(&SubscriptionExpectation::path, "direct"), none).measured,
              "nothing measured");
}

TEST(JudgeSubscription, CountsWithinLimits)
{
    SubscriptionExpectation what;
    const std::pair<SubscriptionCount, double> counts[] = {{SubscriptionCount::Asked, 4},
                                                           {SubscriptionCount::Established, 3},
                                                           {SubscriptionCount::Failed, 1},
                                                           {SubscriptionCount::FromPrepared, 2}};
    for (const auto& [count, value] : counts)
    {
        what.count = count;
        EXPECT_TRUE(JudgeWeb(what, Web(), value, value).holds) << ToString(count);
        EXPECT_FALSE(JudgeWeb(what, Web(), value + 1, {}).holds) << ToString(count);
        EXPECT_FALSE(JudgeWeb(what, Web(), {}, value - 1).holds) << ToString(count);
    }
}

ExpectationResult
JudgeCounterOf(const char* who, const char* counter, double atLeast, double atMost)
{
    Lab lab;
    Expectation expectation;
    expectation.counter = CounterExpectation{who, counter};
    expectation.atLeast = atLeast;
    expectation.atMost = atMost;
    lab.expectations.push_back(expectation);
    LabResult result;
    result.brokers = {{"isb", {{"logins", 3}, {"ended.bad-frame", 1}}}};
    result.translators = {{"ist", {{"paired", 7}}}, {"isb", {{"paired", 2}}}};
    return JudgeExpectations(lab, result).at(0);
}

TEST(JudgeCounter, HoldsWithinItsLimits)
{
    EXPECT_TRUE(JudgeCounterOf("isb", "logins", 3, 3).holds);
    EXPECT_FALSE(JudgeCounterOf("isb", "logins", 4, 9).holds);
    EXPECT_EQ(JudgeCounterOf("ist", "paired", 0, 9).measured, "7");
    EXPECT_TRUE(JudgeCounterOf("isb", "paired", 2, 2).holds); // a broker that forwards
}

TEST(JudgeCounter, TakesAMissingOneOfAFamilyForZeroAndNoOther)
{
    EXPECT_TRUE(JudgeCounterOf("isb", "ended.bad-frame", 1, 1).holds);
    EXPECT_TRUE(JudgeCounterOf("isb", "ended.timed-out", 0, 0).holds);
    EXPECT_FALSE(JudgeCounterOf("isb", "lgoins", 0, 0).holds);
    EXPECT_EQ(JudgeCounterOf("ism", "logins", 0, 9).measured, "nothing measured");
}

TEST(JudgeCrowd, TakesItsTrafficTogether)
{
    Lab lab;
    lab.traffic.resize(4);
    Expectation expectation;
    expectation.traffic = 1;
    expectation.trafficCount = 3;
    LabResult result = ResultOf({Rtt(9000), Rtt(100), Rtt(0), Rtt(400)});
    result.traffic[1].rtt.count = 3;
    result.traffic[2].rtt.count = 0;
    for (size_t i = 0; i < 4; ++i)
    {
        result.traffic[i].established = i;
        result.traffic[i].failed = 1;
        result.traffic[i].completed = 10;
        result.traffic[i].sentBytes = i < 3 ? 1 : 0;
        result.traffic[i].throughputBps = 1e6;
    }
    const std::pair<Measure, const char*> cases[] = {{Measure::Rtt, "175.00 ns"},
                                                     {Measure::Connections, "6"},
                                                     {Measure::Failures, "3"},
                                                     {Measure::Completed, "30"},
                                                     {Measure::Throughput, "2.00 Mb/s"},
                                                     {Measure::FirstByte, "nothing measured"}};
    for (const auto& [measure, measured] : cases)
    {
        expectation.measure = measure;
        lab.expectations = {expectation};
        EXPECT_EQ(JudgeExpectations(lab, result).at(0).measured, measured);
    }
    expectation.trafficCount = 4; // more than there is
    lab.expectations = {expectation};
    EXPECT_EQ(JudgeExpectations(lab, result).at(0).measured, "nothing measured");
}

} // namespace

} // namespace isb
