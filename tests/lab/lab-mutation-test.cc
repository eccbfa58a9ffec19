// SPDX-License-Identifier: GPL-2.0-or-later
// Valid scenarios changed at random: whatever comes out, it is a lab or it is errors with a place.
#include "model/core/random/rng.h"
#include "tests/lab/lab-text.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

namespace isb
{

namespace
{

std::vector<std::string>
SplitLines(const std::string& text)
{
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
    {
        lines.push_back(line);
    }
    return lines;
}

std::string
JoinLines(const std::vector<std::string>& lines)
{
    std::string text;
    for (const std::string& line : lines)
    {
        text += line + "\n";
    }
    return text;
}

/// Exchanges the right sides of two lines: valid TOML, values of the wrong kind.
void
SwapValues(std::vector<std::string>& lines, size_t a, size_t b)
{
    const size_t left = lines[a].find(" = ");
    const size_t right = lines[b].find(" = ");
    if (a == b || left == std::string::npos || right == std::string::npos)
    {
        return;
    }
    const std::string value = lines[a].substr(left);
    lines[a].replace(left, std::string::npos, lines[b].substr(right));
    lines[b].replace(right, std::string::npos, value);
}

/// One edit of whole lines or of a character.
void
Mutate(std::vector<std::string>& lines, Rng& random)
{
    const size_t at = random.Below(lines.size());
    const size_t other = random.Below(lines.size());
    switch (random.Below(6))
    {
    case 0:
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
        break;
    case 1:
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), lines[other]);
        break;
    case 2:
        std::swap(lines[at], lines[other]);
        break;
    case 3:
        SwapValues(lines, at, other);
        break;
    case 4:
        if (!lines[at].empty())
        {
            lines[at][random.Below(lines[at].size())] = static_cast<char>(random.Below(256));
        }
        break;
    default:
        if (!lines[at].empty())
        {
            lines[at].erase(random.Below(lines[at].size()), 1 + random.Below(3));
        }
        break;
    }
}

TEST(LabMutation, GivesALabOrErrorsWithTheirPlace)
{
    constexpr int ROUNDS = 1000;
    SeededRng random(20040907);
    size_t labs = 0;
    size_t refusals = 0;
    for (const auto& [name, original] : ExampleTexts())
    {
        for (int round = 0; round < ROUNDS; ++round)
        {
            std::vector<std::string> lines = SplitLines(original);
            for (uint64_t edits = 1 + random.Below(4); edits > 0 && !lines.empty(); --edits)
            {
                Mutate(lines, random);
            }
            const std::string text = JoinLines(lines);
            const ParsedLab parsed = ParseLab(text, name);
            ASSERT_EQ(parsed.lab.has_value(), parsed.errors.empty()) << text;
            ++(parsed ? labs : refusals);
            for (const LabError& error : parsed.errors)
            {
                ASSERT_GE(error.line, 1U) << text;
                ASSERT_LE(error.line, lines.size() + 1) << text;
                ASSERT_EQ(error.ToString().find('\n'), std::string::npos) << text;
                ASSERT_EQ(error.ToString().rfind(name + ":", 0), 0U) << text;
            }
        }
    }
    // The round is worth something: both outcomes are frequent.
    EXPECT_GT(labs, 1000U);
    EXPECT_GT(refusals, 1000U);
}

TEST(LabMutation, EveryPrefixOfATextIsRefusedOrALab)
{
    const std::string text(SMALL_LAB);
    for (size_t length = 0; length < text.size(); ++length)
    {
        const ParsedLab parsed = ParseLab(text.substr(0, length), "prefix.toml");
        ASSERT_EQ(parsed.lab.has_value(), parsed.errors.empty()) << length;
    }
}

} // namespace

} // namespace isb
