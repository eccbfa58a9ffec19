// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/prediction-trial.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

PredictionTrialSettings
SettingsOf(NatPortAssignment assignment, double strangers)
{
    PredictionTrialSettings settings;
    settings.nat.external = Ipv4{0xcb007101};
    settings.nat.udp.mapping = NatBehaviour::AddressAndPortDependent;
    settings.nat.udp.assignment = assignment;
    settings.nat.timers.udp = std::chrono::seconds(30);
    settings.strangersPerSecond = strangers;
    return settings;
}

/// Of 100 trials, those whose port is among 16 candidates.
int
Hits(NatPortAssignment assignment, double strangers, const char* predictor, uint64_t seed = 1)
{
    PredictionTrial trial(SettingsOf(assignment, strangers), seed);
    int hits = 0;
    for (int i = 0; i < 100; ++i)
    {
        const auto outcome = trial.Run();
        hits += PredictionTrial::PlaceOf(outcome, *MakePortPredictor(predictor), 16) < 16 ? 1 : 0;
    }
    return hits;
}

TEST(PredictionTrial, SequencesAreAlwaysPredictedWhenNobodyElseIsThere)
{
    EXPECT_EQ(Hits(NatPortAssignment::Sequential, 0, "learned"), 100);
    EXPECT_EQ(Hits(NatPortAssignment::Sequential, 0, "sequential"), 100);
    EXPECT_EQ(Hits(NatPortAssignment::Sequential, 0, "preserving"), 0);
    EXPECT_EQ(Hits(NatPortAssignment::Sequential, 0, "none"), 0);
}

TEST(PredictionTrial, PortsAtRandomAreHardlyEverPredicted)
{
    for (const char* predictor : {"none", "preserving", "sequential", "learned"})
    {
        EXPECT_LE(Hits(NatPortAssignment::Random, 0, predictor), 2) << predictor;
    }
}

TEST(PredictionTrial, OverloadedPortsArePredictedWhoeverElseIsThere)
{
    for (const char* predictor : {"none", "preserving", "learned"})
    {
        EXPECT_EQ(Hits(NatPortAssignment::Overloading, 100, predictor), 100) << predictor;
    }
}

TEST(PredictionTrial, TrafficOfOthersMakesSequencesHarder)
{
    const int alone = Hits(NatPortAssignment::Sequential, 1, "learned");
    const int crowded = Hits(NatPortAssignment::Sequential, 300, "learned");
    EXPECT_GT(alone, 90);
    EXPECT_LT(crowded, alone);
    EXPECT_GT(crowded, Hits(NatPortAssignment::Sequential, 300, "sequential"))
        << "learning the rate of others helps";
}

TEST(PredictionTrial, TheSameSeedGivesTheSame)
{
    PredictionTrial a(SettingsOf(NatPortAssignment::Random, 50), 9);
    PredictionTrial b(SettingsOf(NatPortAssignment::Random, 50), 9);
    PredictionTrial other(SettingsOf(NatPortAssignment::Random, 50), 10);
    int differences = 0;
    for (int i = 0; i < 20; ++i)
    {
        const uint16_t port = a.Run().port;
        EXPECT_EQ(port, b.Run().port);
        differences += port != other.Run().port ? 1 : 0;
    }
    EXPECT_GT(differences, 15);
}

} // namespace
} // namespace isb
