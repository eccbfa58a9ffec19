// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/impair/jitter.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace isb
{
namespace
{

constexpr int DRAWS = 200'000;
constexpr double SIZE = 1e6; // 1 ms

struct Sample
{
    double mean = 0;
    double deviation = 0;
    double least = 0;
    double most = 0;
};

Sample
Draw(JitterShape shape)
{
    SeededRng rng(11);
    std::vector<double> values;
    for (int i = 0; i < DRAWS; ++i)
    {
        values.push_back(
            static_cast<double>(DrawJitter(shape, std::chrono::milliseconds(1), rng).count()) /
            SIZE);
    }
    Sample sample;
    for (const double value : values)
    {
        sample.mean += value / DRAWS;
    }
    for (const double value : values)
    {
        sample.deviation += (value - sample.mean) * (value - sample.mean) / DRAWS;
    }
    sample.deviation = std::sqrt(sample.deviation);
    sample.least = *std::min_element(values.begin(), values.end());
    sample.most = *std::max_element(values.begin(), values.end());
    return sample;
}

TEST(Jitter, UniformStaysWithinItsSizeAndFillsIt)
{
    const Sample sample = Draw(JitterShape::Uniform);
    EXPECT_NEAR(sample.mean, 0, 0.01);
    EXPECT_NEAR(sample.deviation, 1 / std::sqrt(3.0), 0.01);
    EXPECT_GE(sample.least, -1);
    EXPECT_LE(sample.most, 1);
    EXPECT_LT(sample.least, -0.999);
    EXPECT_GT(sample.most, 0.999);
}

TEST(Jitter, NormalHasItsSizeAsStandardDeviation)
{
    const Sample sample = Draw(JitterShape::Normal);
    EXPECT_NEAR(sample.mean, 0, 0.01);
    EXPECT_NEAR(sample.deviation, 1, 0.01);
    EXPECT_GE(sample.least, -6);
    EXPECT_LE(sample.most, 6);
    EXPECT_GT(sample.most, 3.5);
}

TEST(Jitter, ExponentialHasItsSizeAsMeanAndDeviation)
{
    const Sample sample = Draw(JitterShape::Exponential);
    EXPECT_NEAR(sample.mean, 1, 0.01);
    EXPECT_NEAR(sample.deviation, 1, 0.02);
    EXPECT_GE(sample.least, 0);
    EXPECT_GT(sample.most, 9);
}

TEST(Jitter, OfSizeZeroIsZero)
{
    SeededRng rng(1);
    for (const JitterShape shape :
         {JitterShape::Uniform, JitterShape::Normal, JitterShape::Exponential})
    {
        EXPECT_EQ(DrawJitter(shape, Duration(0), rng), Duration(0)) << ToString(shape);
    }
}

} // namespace
} // namespace isb
