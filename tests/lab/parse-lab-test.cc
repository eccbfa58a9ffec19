// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ParseLab,
    FaultTable,
    testing::Values(
        FaultCase{"MalformedToml",
                  {{9, "machine = "}},
                  {R"(9: no TOML: Error while parsing key-value pair: expected value, saw '\n')"}},
        FaultCase{"UnclosedText",
                  {{8, R"(name = "A)"}},
                  {"8: no TOML: Error while parsing string: unescaped control characters other "
                   "than TAB (U+0009) are explicitly prohibited"}},
        FaultCase{"DuplicateKey",
                  {{12, R"(name = "B"
name = "C")"}},
                  {"13: no TOML: Error while parsing key-value pair: cannot redefine existing "
                   "string 'name'"}},
        FaultCase{"NoSchema", {{1, ""}}, {"1: the scenario has no 'schema'; write: schema = 1"}},
        FaultCase{"SchemaOfTheFuture",
                  {{1, "schema = 2"}},
                  {"1: 'schema' in the scenario is 2, unknown here; nearest valid: 1"}},
        FaultCase{"SchemaAsText",
                  {{1, R"(schema = "1")"}},
                  {"1: 'schema' in the scenario is a text; write: schema = 1"}},
        FaultCase{"NoName", {{2, ""}}, {R"(1: the scenario has no 'name'; write: name = "first")"}},
        FaultCase{
            "NameWithBlank",
            {{2, R"(name = "my lab")"}},
            {R"(2: 'name' in the scenario: 'my lab' is no name; use letters, digits, '-', '_', '.', '/' as in "five-phases/nat")"}},
        FaultCase{
            "NameOutOfTheFolder",
            {{2, R"(name = "../etc")"}},
            {R"(2: 'name' in the scenario: '../etc' is no name; use letters, digits, '-', '_', '.', '/' as in "five-phases/nat")"}},
        FaultCase{
            "TitleOfTwoLines",
            {{3, R"(title = "a\nb")"}},
            {"3: 'title' in the scenario has line breaks or control characters; write one line"}},
        FaultCase{"NoDuration",
                  {{4, ""}},
                  {R"(1: the scenario has no 'duration'; write: duration = "2 s")"}},
        FaultCase{
            "DurationWithoutUnit",
            {{4, "duration = 2"}},
            {R"(4: 'duration' in the scenario is a number without unit; write it as: duration = "2 s")"}},
        FaultCase{
            "DurationInBits",
            {{4, R"(duration = "2 Mb/s")"}},
            {R"(4: 'duration' in the scenario: "2 Mb/s" is not a duration: unknown unit (write it as "10 us"; units: ns, us, ms, s, min, h))"}},
        FaultCase{
            "DurationZero",
            {{4, R"(duration = "0 s")"}},
            {R"(4: 'duration' in the scenario is zero: nothing would happen; write for instance: duration = "2 s")"}},
        FaultCase{
            "DurationNegative",
            {{4, R"(duration = "-1 s")"}},
            {R"(4: 'duration' in the scenario: "-1 s" is not a duration: negative (write it as "10 us"; units: ns, us, ms, s, min, h))"}},
        FaultCase{"DurationOfAYear",
                  {{4, R"(duration = "8760 h")"}},
                  {R"(4: 'duration' in the scenario is longer than a day; nearest valid: "24 h")"}},
        FaultCase{"SeedZero",
                  {{5, "seed = 0"}},
                  {"5: 'seed' in the scenario is 0; nearest valid: 1"}},
        FaultCase{"SeedNegative",
                  {{5, "seed = -4"}},
                  {"5: 'seed' in the scenario is -4; nearest valid: 1"}},
        FaultCase{"ChecksumsAsText",
                  {{5, R"(checksums = "yes")"}},
                  {"5: 'checksums' in the scenario is a text; write: checksums = true"}},
        FaultCase{"UnknownTopKey",
                  {{5, "sede = 7"}},
                  {"5: unknown key 'sede' in the scenario; nearest valid: 'seed'"}},
        FaultCase{"UnknownTopTable",
                  {{6, R"([[hosts]]
name = "C")"}},
                  {"6: unknown key 'hosts' in the scenario; nearest valid: 'host'"}}),
    FaultName);

Lab
SmallLab(const std::map<int, std::string>& changes = {})
{
    const ParsedLab parsed = ParseLab(SmallLabWith(changes), "t.toml");
    EXPECT_TRUE(parsed) << parsed.errors.front().ToString();
    return parsed.lab.value_or(Lab{});
}

TEST(ParseLab, ReadsTheHead)
{
    const Lab lab = SmallLab({{6, "checksums = true"}});
    EXPECT_EQ(lab.name, "small");
    EXPECT_EQ(lab.title, "Small");
    EXPECT_EQ(lab.duration, std::chrono::seconds(2));
    EXPECT_EQ(lab.seed, 7U);
    EXPECT_TRUE(lab.checksums);
}

TEST(ParseLab, HasDefaultsForTheHead)
{
    const Lab lab = SmallLab({{3, ""}, {5, ""}});
    EXPECT_EQ(lab.title, "");
    EXPECT_EQ(lab.seed, 1U);
    EXPECT_FALSE(lab.checksums);
}

TEST(ParseLab, ReportsFaultsOfAllSectionsAtOnceByLine)
{
    const auto lines = ErrorLines(SmallLabWith({{5, "sede = 7"},
                                                {17, "role = \"natt\""},
                                                {26, "rate = 100"},
                                                {45, "at-moost = \"1 ms\""}}));
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_EQ(lines[0].rfind("t.toml:5: ", 0), 0U) << lines[0];
    EXPECT_EQ(lines[1].rfind("t.toml:17: ", 0), 0U) << lines[1];
    EXPECT_EQ(lines[2].rfind("t.toml:26: ", 0), 0U) << lines[2];
    EXPECT_EQ(lines[3].rfind("t.toml:42: ", 0), 0U) << lines[3];
    EXPECT_EQ(lines[4].rfind("t.toml:45: ", 0), 0U) << lines[4];
}

TEST(ParseLab, StopsCountingAfterTwentyFaults)
{
    std::string keys;
    for (int i = 0; i < 30; ++i)
    {
        keys += "key" + std::to_string(i) + " = 1\n";
    }
    const auto lines = ErrorLines(SmallLabWith({{6, keys}}));
    ASSERT_EQ(lines.size(), 21U);
    EXPECT_EQ(lines.back(), "t.toml:25: and 10 more faults below");
}

TEST(ParseLab, DoesNotJudgeAnotherSchema)
{
    EXPECT_EQ(ErrorLines("schema = 2\nlinks = 4\n").size(), 1U);
}

TEST(ParseLab, RefusesAnEmptyText)
{
    EXPECT_EQ(ErrorLines("").front(), "t.toml:1: the scenario has no 'schema'; write: schema = 1");
}

TEST(ParseLab, RefusesAFloodUnread)
{
    const std::string flood(300 * 1024, '\n');
    EXPECT_EQ(ErrorLines(flood),
              std::vector<std::string>{"t.toml:1: larger than 256 KiB; split it up"});
}

TEST(ParseLab, RefusesKeysNestedWithoutEnd)
{
    std::string deep = "schema = 1\na";
    for (int i = 0; i < 1000; ++i)
    {
        deep += ".a";
    }
    EXPECT_EQ(ErrorLines(deep + " = 1\n"),
              std::vector<std::string>{"t.toml:2: more than 64 dots in one line; split the line"});
}

TEST(ParseLab, SurvivesThreeBrackets)
{
    EXPECT_EQ(ErrorLines("[[[host]]]\n").size(), 1U);
}

TEST(ParseLab, RefusesLettersBeyondAsciiOutsideOfTexts)
{
    EXPECT_EQ(ErrorLines("\xc3\xa4 = 1\n").size(), 1U);
    EXPECT_EQ(ErrorLines("a\xd0\x92 = 1\n").size(), 1U);
    EXPECT_EQ(ErrorLines(SmallLabWith({{3, "title = \"W\xc3\xa4nde\" # \xd0\x92"}})),
              std::vector<std::string>{});
}

TEST(ParseLab, KeepsErrorsOnOneLineWhateverTheTextHolds)
{
    const auto lines = ErrorLines(SmallLabWith({{5, R"("a\nb" = 1)"}}));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].rfind(R"(t.toml:5: unknown key 'a\x0ab' in the scenario; )", 0), 0U)
        << lines[0];
}

} // namespace

} // namespace isb
