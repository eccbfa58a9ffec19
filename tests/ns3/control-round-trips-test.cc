// SPDX-License-Identifier: GPL-2.0-or-later
// How many round trips over the broker a client waits for, from connect() to its first byte. The
// broker's wire is made longer: by how many of its round trips does the first byte come later?
#include "tests/ns3/lab-run.h"
#include "tests/ns3/two-hosts.h"
#include "tests/ns3/ways-to-provider.h"

#include <cmath>
#include <string>

namespace ns3test
{
namespace
{

const std::string ASK = "[[traffic]]\nname = \"ask\"\nkind = \"request-response\"\n"
                        "from = \"ann\"\nservice = \"bob/web\"\nstart = \"5 s\"\n"
                        "pause = \"1 s\"\n";

class ControlRoundTrips : public Simulation, public ::testing::WithParamInterface<WayToProvider>
{
  protected:
    /// Nanoseconds from connect() to the first byte, by the broker's delay.
    static double
    FirstByte(int brokerDelayMs)
    {
        const WayToProvider& way = GetParam();
        const Outcome outcome = RunText(ScenarioOf(way, brokerDelayMs, ASK));
        EXPECT_EQ(outcome.refusal, "");
        const auto& subscription = outcome.result.subscriptions.at(0);
        EXPECT_EQ(subscription.established,
                  subscription.paths.count(way.path) != 0 ? subscription.paths.at(way.path) : 0);
        if (*way.method != '\0')
        {
            EXPECT_EQ(subscription.methods.count(way.method), 1U);
            EXPECT_EQ(subscription.methods.size(), 1U);
        }
        EXPECT_EQ(outcome.result.traffic.at(0).failed, 0U);
        EXPECT_EQ(outcome.result.traffic.at(0).firstByte.count, 1U);
        return outcome.result.traffic.at(0).firstByte.meanNs;
    }
};

TEST_P(ControlRoundTrips, AreAsFewAsPromised)
{
    constexpr int NEAR_MS = 10;
    constexpr int FAR_MS = 60;
    constexpr double MORE_ROUND_TRIP_NS = 2e6 * (FAR_MS - NEAR_MS);
    const double roundTrips = (FirstByte(FAR_MS) - FirstByte(NEAR_MS)) / MORE_ROUND_TRIP_NS;
    EXPECT_LE(roundTrips, GetParam().mostRoundTrips + 0.05);
    // Exactly so many, not some fraction: nothing waits for a timer.
    EXPECT_NEAR(roundTrips, std::round(roundTrips), 0.05);
    RecordProperty("round_trips", std::to_string(roundTrips));
}

INSTANTIATE_TEST_SUITE_P(Ways,
                         ControlRoundTrips,
                         ::testing::ValuesIn(WaysToProvider()),
                         [](const auto& way) { return std::string(way.param.name); });

} // namespace
} // namespace ns3test
