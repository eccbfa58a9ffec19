// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/punch/port-predictor.h"

#include "model/core/nat/nat-box.h"
#include "model/core/punch/punch-candidates.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using Ports = std::vector<uint16_t>;

constexpr Ipv4 EXTERNAL{0xcb007101};
constexpr Ipv4 HOST{0x0a000002};
constexpr Ipv4 NEIGHBOUR{0x0a000003};
constexpr Endpoint PEER{Ipv4{0xc6336407}, 7000};
constexpr uint16_t LOCAL = 40'000;

/// Samples of these ports, 20 ms apart, each of another server.
std::vector<PortSample>
Seen(const Ports& ports, uint16_t local = LOCAL)
{
    std::vector<PortSample> samples;
    for (size_t at = 0; at < ports.size(); ++at)
    {
        samples.push_back({local,
                           {Ipv4{0xc0000201}, static_cast<uint16_t>(3478 + at)},
                           {EXTERNAL, ports[at]},
                           20ms * static_cast<int>(at)});
    }
    return samples;
}

struct EstimateCase
{
    const char* name;
    Ports ports;
    PortAssignment assignment;
    int32_t step;
};

class EstimateTest : public testing::TestWithParam<EstimateCase>
{
};

TEST_P(EstimateTest, NamesWhatTheSamplesShow)
{
    const EstimateCase& c = GetParam();
    const PortEstimate estimate = EstimatePorts(Seen(c.ports));
    EXPECT_EQ(ToString(estimate.assignment), ToString(c.assignment));
    EXPECT_EQ(estimate.step, c.step);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    EstimateTest,
    testing::Values(
        EstimateCase{"NoSample", {}, PortAssignment::Unknown, 0},
        EstimateCase{"OneSample", {5000}, PortAssignment::Unknown, 0},
        EstimateCase{"OneMapping", {5000, 5000, 5000}, PortAssignment::Independent, 0},
        EstimateCase{"TheLocalPort", {LOCAL, LOCAL}, PortAssignment::Independent, 0},
        EstimateCase{"StepOne", {5000, 5001, 5002, 5003}, PortAssignment::Sequential, 1},
        EstimateCase{"StepTwo", {5000, 5002, 5004}, PortAssignment::Sequential, 2},
        EstimateCase{"Downwards", {5000, 4999, 4998}, PortAssignment::Sequential, -1},
        EstimateCase{"StepOneWithStrangers",
                     {5000, 5003, 5004, 5009},
                     PortAssignment::Sequential,
                     1},
        EstimateCase{"StepFourWithStrangers", {5000, 5012, 5016}, PortAssignment::Sequential, 4},
        EstimateCase{"OverTheEnd", {65534, 65535, 1024, 1025}, PortAssignment::Sequential, 1},
        EstimateCase{"TwoPerAddress", {5000, 5000, 5001, 5001}, PortAssignment::Sequential, 1},
        EstimateCase{"PreservedThenInOrder",
                     {LOCAL, 5001, 5002, 5003},
                     PortAssignment::Sequential,
                     1},
        EstimateCase{"Scattered", {5000, 41'000, 12'345, 60'001}, PortAssignment::Scattered, 0}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(PortEstimate, CountsTheMappingsThatOthersMake)
{
    // Two of others in 60 ms.
    EXPECT_NEAR(EstimatePorts(Seen({5000, 5002, 5003, 5005})).strangers, 2 / 0.06, 0.01);
    EXPECT_EQ(EstimatePorts(Seen({5000, 5001, 5002})).strangers, 0);
}

TEST(PortEstimate, IsSureOfWhatAllSamplesShowOnly)
{
    EXPECT_EQ(EstimatePorts(Seen({5000, 5001, 5002, 5003, 5004})).confidence, 1);
    const PortEstimate disturbed = EstimatePorts(Seen({5000, 5001, 5002, 30'000, 30'001}));
    EXPECT_EQ(disturbed.assignment, PortAssignment::Sequential);
    EXPECT_DOUBLE_EQ(disturbed.confidence, 0.75);
}

TEST(PortEstimate, DistancesGoTheShortWayRound)
{
    EXPECT_EQ(PortDistance(5000, 5003), 3);
    EXPECT_EQ(PortDistance(65535, 1024), 1);
    EXPECT_EQ(PortDistance(1024, 65535), -1);
    EXPECT_EQ(PortAfter(65535, 1), 1024);
    EXPECT_EQ(PortAfter(1024, -1), 65535);
    EXPECT_EQ(PortAfter(5000, 64512), 5000);
}

struct PredictCase
{
    const char* name;
    const char* predictor;
    Ports seen;
    size_t most;
    Ports expected;
};

class PredictTest : public testing::TestWithParam<PredictCase>
{
};

TEST_P(PredictTest, GivesCandidatesInOrder)
{
    const PredictCase& c = GetParam();
    const auto predictor = MakePortPredictor(c.predictor);
    ASSERT_TRUE(predictor);
    EXPECT_EQ(predictor->Name(), c.predictor);
    const auto samples = Seen(c.seen);
    const TimePoint when = samples.empty() ? TimePoint(0) : samples.back().when + 30ms;
    EXPECT_EQ(predictor->Predict(samples, {LOCAL, when, c.most}), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    PredictTest,
    testing::Values(
        PredictCase{"NoneWithoutSamples", "none", {}, 4, {}},
        PredictCase{"NoneIsTheLast", "none", {5000, 5001}, 4, {5001}},
        PredictCase{"PreservingWithoutSamples", "preserving", {}, 4, {}},
        PredictCase{"Preserving", "preserving", {5000, 5001}, 4, {LOCAL, 5001}},
        PredictCase{"PreservingOnce", "preserving", {LOCAL}, 4, {LOCAL}},
        PredictCase{"SequentialOverTheEnd", "sequential", {65534}, 3, {65535, 1024, 1025}},
        PredictCase{"SequentialWithoutSamples", "sequential", {}, 3, {}},
        PredictCase{"LearnedWithoutSamples", "learned", {}, 3, {}},
        PredictCase{"LearnedOne", "learned", {5000}, 3, {5000, 5001, 5002}},
        PredictCase{"LearnedIndependent", "learned", {5000, 5000}, 3, {5000}},
        PredictCase{"LearnedStepTwo", "learned", {5000, 5002, 5004}, 2, {5006, 5008}},
        PredictCase{"LearnedDownwards", "learned", {5000, 4999, 4998}, 2, {4997, 4996}},
        PredictCase{"LearnedScattered", "learned", {5000, 41'000, 12'345}, 3, {12'345}},
        // 100 strangers a second, 30 ms ahead: three more is likeliest, then two or four.
        PredictCase{"LearnedWithStrangers", "learned", {5000, 5003, 5006, 5009}, 1, {5012}}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(PortPredictor, OthersHaveNoName)
{
    EXPECT_EQ(MakePortPredictor("magic"), nullptr);
    EXPECT_EQ(MakePortPredictor(""), nullptr);
}

TEST(PortPredictor, CandidatesAreAsManyAsWantedAndEachOnce)
{
    for (const char* name : {"none", "preserving", "sequential", "learned"})
    {
        for (const Ports& seen : {Ports{5000}, Ports{5000, 5003, 5004, 5009}, Ports{1, 60'000, 9}})
        {
            const auto samples = Seen(seen);
            Ports ports =
                MakePortPredictor(name)->Predict(samples, {LOCAL, samples.back().when + 1s, 16});
            EXPECT_LE(ports.size(), 16U) << name;
            EXPECT_GE(ports.size(), 1U) << name;
            std::sort(ports.begin(), ports.end());
            EXPECT_EQ(std::unique(ports.begin(), ports.end()), ports.end()) << name;
        }
    }
}

TEST(PunchCandidates, OfOneMappingAreTheOneEndpoint)
{
    const PunchCandidates found = FindCandidates(Seen({5000, 5000}), true, 1s, 16);
    EXPECT_FALSE(found.dependent);
    EXPECT_EQ(found.endpoints, (std::vector<Endpoint>{{EXTERNAL, 5000}}));
}

TEST(PunchCandidates, AreOnlyPredictedWhenWanted)
{
    const PunchCandidates seen = FindCandidates(Seen({5000, 5001}), false, 1s, 16);
    EXPECT_TRUE(seen.dependent);
    EXPECT_EQ(seen.endpoints, (std::vector<Endpoint>{{EXTERNAL, 5001}}));
    const PunchCandidates predicted = FindCandidates(Seen({5000, 5001}), true, 1s, 16);
    EXPECT_EQ(predicted.endpoints.size(), 16U);
    EXPECT_EQ(predicted.endpoints.front(), (Endpoint{EXTERNAL, 5002}));
    EXPECT_EQ(predicted.endpoints.back(), (Endpoint{EXTERNAL, 5001}));
}

TEST(PunchCandidates, OfNothingAreNone)
{
    EXPECT_TRUE(FindCandidates({}, true, 1s, 16).endpoints.empty());
    EXPECT_TRUE(FindCandidates(Seen({5000}), true, 1s, 0).endpoints.empty());
}

struct AssignmentCase
{
    const char* name;
    NatPortAssignment assignment;
    uint16_t step;
    uint16_t blocks;
    const char* predictor;
    bool right;
};

class AssignmentTest : public testing::TestWithParam<AssignmentCase>
{
};

/// As whom the NAT shows a datagram.
Endpoint
Send(NatBox& box, TimePoint now, Endpoint from, Endpoint to)
{
    std::vector<uint8_t> packet = BuildUdp(from, to, {});
    EXPECT_EQ(
        box.Process(now, NatSide::Inside, {packet.data(), packet.size()}, packet.size()).action,
        NatVerdict::Action::Forward);
    PacketView view;
    EXPECT_TRUE(view.Read(packet, packet.size()));
    return view.SourceEndpoint();
}

/// A real NAT, a neighbour behind it who makes a mapping before each sample.
TEST_P(AssignmentTest, ThePredictorFindsTheNextPortOfTheNatOrDoesNot)
{
    const AssignmentCase& c = GetParam();
    NatSettings settings;
    settings.external = EXTERNAL;
    settings.udp.mapping = NatBehaviour::AddressAndPortDependent;
    settings.udp.assignment = c.assignment;
    settings.udp.step = c.step;
    settings.blocks.size = c.blocks;
    ASSERT_FALSE(FindContradiction(settings));
    SeededRng random(7);
    NatBox box(settings, random, nullptr);
    std::vector<PortSample> samples;
    TimePoint now{0};
    for (uint16_t at = 0; at < 4; ++at)
    {
        now += 20ms;
        (void)Send(box, now, {NEIGHBOUR, static_cast<uint16_t>(2000 + at)}, PEER);
        const Endpoint server{Ipv4{0xc0000201}, static_cast<uint16_t>(3478 + at)};
        samples.push_back({LOCAL, server, Send(box, now, {HOST, LOCAL}, server), now});
    }
    now += 20ms;
    const Ports ports = MakePortPredictor(c.predictor)->Predict(samples, {LOCAL, now, 16});
    const uint16_t next = Send(box, now, {HOST, LOCAL}, PEER).port;
    EXPECT_EQ(std::find(ports.begin(), ports.end(), next) != ports.end(), c.right) << next;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    AssignmentTest,
    testing::Values(
        AssignmentCase{"SequenceNone", NatPortAssignment::Sequential, 1, 0, "none", false},
        AssignmentCase{"SequencePreserving",
                       NatPortAssignment::Sequential,
                       1,
                       0,
                       "preserving",
                       false},
        AssignmentCase{"Sequence", NatPortAssignment::Sequential, 1, 0, "sequential", true},
        AssignmentCase{"SequenceLearned", NatPortAssignment::Sequential, 1, 0, "learned", true},
        AssignmentCase{"StepsLearned", NatPortAssignment::Sequential, 4, 0, "learned", true},
        AssignmentCase{"PreservingLearned", NatPortAssignment::Preserving, 1, 0, "learned", true},
        AssignmentCase{"Overloading", NatPortAssignment::Overloading, 1, 0, "preserving", true},
        AssignmentCase{"OverloadingLearned", NatPortAssignment::Overloading, 1, 0, "learned", true},
        AssignmentCase{"OverloadingNone", NatPortAssignment::Overloading, 1, 0, "none", true},
        AssignmentCase{"RandomLearned", NatPortAssignment::Random, 1, 0, "learned", false},
        AssignmentCase{"RandomSequential", NatPortAssignment::Random, 1, 0, "sequential", false},
        AssignmentCase{"BlockInSequence", NatPortAssignment::Sequential, 1, 256, "learned", true}),
    [](const auto& c) { return std::string(c.param.name); });

} // namespace
} // namespace isb
