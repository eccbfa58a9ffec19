// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/units.h"

#include <clocale>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace isb
{
namespace
{

using testing::HasSubstr;

TEST(Units, ReadDurationsExactly)
{
    struct Case
    {
        const char* text;
        int64_t nanoseconds;
    };

    for (const Case& test : {Case{"10 us", 10'000},
                             Case{"1.5 ms", 1'500'000},
                             Case{"2 s", 2'000'000'000},
                             Case{"0.000000001 s", 1},
                             Case{"0.1 us", 100},
                             Case{"1.10 us", 1'100},
                             Case{"5 min", 300'000'000'000},
                             Case{"2h", 7'200'000'000'000},
                             Case{" 7 ns ", 7},
                             Case{"0 s", 0},
                             Case{"9223372036854775807 ns", std::numeric_limits<int64_t>::max()}})
    {
        const Result<Duration> result = ParseDuration(test.text);
        ASSERT_TRUE(result) << test.text << ": " << result.Why();
        EXPECT_EQ(result->count(), test.nanoseconds) << test.text;
    }
}

TEST(Units, RefusalsSayWhatWouldBeRight)
{
    struct Case
    {
        const char* text;
        const char* why;
    };

    for (const Case& test : {Case{"10", "no unit"},
                             Case{"", "no number"},
                             Case{"us", "no number"},
                             Case{".5 us", "no number"},
                             Case{"1. us", "no digit after the decimal point"},
                             Case{"-1 us", "negative"},
                             Case{"1e3 us", "unknown unit"},
                             Case{"1,5 us", "unknown unit"},
                             Case{"10 sec", "unknown unit"},
                             Case{"10 US", "unknown unit"},
                             Case{"10 us us", "unknown unit"},
                             Case{"0.5 ns", "finer than the smallest step"},
                             Case{"0.00000000000000000001 s", "finer than the smallest step"},
                             Case{"9223372036854775808 ns", "too large"},
                             Case{"99999999999999999999 ns", "too large"},
                             Case{"9223372036.854775808 s", "too large"},
                             Case{"10 Mb/s", "unknown unit"}})
    {
        const Result<Duration> result = ParseDuration(test.text);
        ASSERT_FALSE(result) << test.text;
        EXPECT_THAT(result.Why(),
                    HasSubstr("\"" + std::string(test.text) + "\" is not a duration"));
        EXPECT_THAT(result.Why(), HasSubstr(test.why));
        EXPECT_THAT(result.Why(), HasSubstr("write it as \"10 us\"; units: ns, us, ms, s, min, h"));
    }
}

TEST(Units, ReadDataRatesWithDecimalPrefixes)
{
    EXPECT_EQ(ParseDataRate("100 Mb/s")->bitsPerSecond, 100'000'000U);
    EXPECT_EQ(ParseDataRate("9.6 kb/s")->bitsPerSecond, 9'600U);
    EXPECT_EQ(ParseDataRate("1 Gb/s")->bitsPerSecond, 1'000'000'000U);
    EXPECT_EQ(ParseDataRate("18446744073709551615 b/s")->bitsPerSecond, UINT64_MAX);
    for (const char* text : {"100 mb/s", "100 Mbps", "100 MB/s", "0.5 b/s", "100", "18.5e18 b/s"})
    {
        EXPECT_FALSE(ParseDataRate(text)) << text;
    }
}

TEST(Units, TellDecimalFromBinarySizes)
{
    EXPECT_EQ(*ParseByteCount("64 B"), 64U);
    EXPECT_EQ(*ParseByteCount("1 kB"), 1'000U);
    EXPECT_EQ(*ParseByteCount("1 KiB"), 1'024U);
    EXPECT_EQ(*ParseByteCount("1.5 KiB"), 1'536U);
    EXPECT_EQ(*ParseByteCount("256 MiB"), 268'435'456U);
    for (const char* text : {"1 KB", "1 kiB", "1 k", "0.3 KiB", "1.5 B", "1 b"})
    {
        EXPECT_FALSE(ParseByteCount(text)) << text;
    }
}

TEST(Units, ReadRatiosUpToTheWhole)
{
    EXPECT_EQ(ParseRatio("3 %")->partsPerMillion, 30'000U);
    EXPECT_EQ(ParseRatio("0.0001 %")->partsPerMillion, 1U);
    EXPECT_EQ(ParseRatio("100 %")->partsPerMillion, 1'000'000U);
    EXPECT_DOUBLE_EQ(ParseRatio("25 %")->AsDouble(), 0.25);
    for (const char* text : {"100.0001 %", "0.00001 %", "0.03", "3"})
    {
        EXPECT_FALSE(ParseRatio(text)) << text;
    }
}

TEST(Units, AreWrittenInTheShortestExactForm)
{
    EXPECT_EQ(FormatDuration(Duration(0)), "0 ns");
    EXPECT_EQ(FormatDuration(Duration(1'500'000)), "1.5 ms");
    EXPECT_EQ(FormatDuration(Duration(10'000)), "10 us");
    EXPECT_EQ(FormatDuration(Duration(2'000'000'000)), "2 s");
    EXPECT_EQ(FormatDuration(Duration(90'000'000'000)), "90 s");
    EXPECT_EQ(FormatDuration(Duration(300'000'000'000)), "5 min");
    EXPECT_EQ(FormatDataRate({100'000'000}), "100 Mb/s");
    EXPECT_EQ(FormatDataRate({9'600}), "9.6 kb/s");
    EXPECT_EQ(FormatByteCount(1'024), "1 KiB");
    EXPECT_EQ(FormatByteCount(1'000), "1 kB");
    EXPECT_EQ(FormatByteCount(1'472), "1472 B");
    EXPECT_EQ(FormatRatio({30'000}), "3 %");
    EXPECT_EQ(FormatRatio({5}), "0.0005 %");
}

TEST(Units, WhatIsWrittenReadsBackAsTheSameValue)
{
    // A linear congruential sequence over all magnitudes.
    uint64_t state = 1;
    for (int i = 0; i < 20'000; ++i)
    {
        state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
        const uint64_t value = state >> (1 + i % 62);
        const auto duration = Duration(static_cast<int64_t>(value));
        ASSERT_EQ(*ParseDuration(FormatDuration(duration)), duration);
        ASSERT_EQ(*ParseDataRate(FormatDataRate({value})), DataRate{value});
        ASSERT_EQ(*ParseByteCount(FormatByteCount(value)), value);
        const Ratio ratio{static_cast<uint32_t>(value % 1'000'001)};
        ASSERT_EQ(*ParseRatio(FormatRatio(ratio)), ratio);
    }
}

TEST(Units, IgnoreTheLocale)
{
    const std::string before = std::setlocale(LC_ALL, nullptr);
    for (const char* locale : {"de_DE.UTF-8", "C.UTF-8", "C"})
    {
        std::setlocale(LC_ALL, locale);
        EXPECT_EQ(*ParseDuration("1.5 ms"), Duration(1'500'000));
        EXPECT_FALSE(ParseDuration("1,5 ms"));
        EXPECT_EQ(FormatDuration(Duration(1'500'000)), "1.5 ms");
    }
    std::setlocale(LC_ALL, before.c_str());
}

TEST(DataRate, TimeForIsRoundedUp)
{
    EXPECT_EQ((DataRate{100'000'000}.TimeFor(1'500)), Duration(120'000));
    EXPECT_EQ((DataRate{3}.TimeFor(1)), Duration(2'666'666'667));
    EXPECT_EQ((DataRate{1'000'000'000}.TimeFor(0)), Duration(0));
}

} // namespace
} // namespace isb
