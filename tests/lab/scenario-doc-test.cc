// SPDX-License-Identifier: GPL-2.0-or-later
// doc/scenario.md: its scenarios are valid, and it names every word that a scenario may use.
#include "tests/lab/lab-text.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace isb
{

namespace
{

std::string
DocText()
{
    std::ifstream file(std::string(ISB_SOURCE_DIR) + "/doc/scenario.md");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string>
TomlBlocks(const std::string& text)
{
    const std::string opening = "```toml\n";
    std::vector<std::string> blocks;
    for (size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at))
    {
        at += opening.size();
        const size_t end = text.find("```", at);
        blocks.push_back(text.substr(at, end - at));
    }
    return blocks;
}

TEST(ScenarioDoc, ShowsValidScenarios)
{
    const std::vector<std::string> blocks = TomlBlocks(DocText());
    ASSERT_EQ(blocks.size(), 3U);
    for (const std::string& block : blocks)
    {
        EXPECT_EQ(ErrorLines(block), std::vector<std::string>{}) << block;
    }
}

TEST(ScenarioDoc, NamesEveryPresetAndWord)
{
    const std::string text = DocText();
    std::vector<std::string_view> words(NAT_PRESETS.begin(), NAT_PRESETS.end());
    words.insert(words.end(), MachinePresetNames().begin(), MachinePresetNames().end());
    for (const BoxRole role :
         {BoxRole::Forwarder, BoxRole::Nat, BoxRole::IstApp, BoxRole::IstKernel})
    {
        words.push_back(ToString(role));
    }
    for (const TrafficKind kind : {TrafficKind::TcpBulk,
                                   TrafficKind::UdpRate,
                                   TrafficKind::UdpPingPong,
                                   TrafficKind::RequestResponse,
                                   TrafficKind::TcpPingPong})
    {
        words.push_back(ToString(kind));
    }
    for (const Measure measure : {Measure::Throughput,
                                  Measure::Loss,
                                  Measure::Rtt,
                                  Measure::Connections,
                                  Measure::FirstByte,
                                  Measure::Failures,
                                  Measure::Completed})
    {
        words.push_back(ToString(measure));
    }
    for (const SubscriptionCount count : {SubscriptionCount::Asked,
                                          SubscriptionCount::Established,
                                          SubscriptionCount::Failed,
                                          SubscriptionCount::FromPrepared})
    {
        words.push_back(ToString(count));
    }
    for (uint8_t kind = 0; kind <= static_cast<uint8_t>(IncidentKind::Announce); ++kind)
    {
        words.push_back(ToString(static_cast<IncidentKind>(kind)));
    }
    for (const std::string_view word : words)
    {
        const std::string name(word);
        EXPECT_TRUE(text.find("`" + name + "`") != std::string::npos ||
                    text.find("`\"" + name + "\"`") != std::string::npos)
            << name;
    }
}

/// The corpus files have each key once, most of them on a line of its own.
class ScenarioDocKeys : public testing::TestWithParam<const char*>
{
};

TEST_P(ScenarioDocKeys, AreNamed)
{
    const std::string text = DocText();
    std::ifstream file(std::string(ISB_SOURCE_DIR) + "/tests/fuzz/corpus/lab/" + GetParam());
    ASSERT_TRUE(file);
    EXPECT_EQ(ErrorLines(std::string(std::istreambuf_iterator<char>(file), {})),
              std::vector<std::string>{});
    file.seekg(0);
    size_t keys = 0;
    for (std::string line; std::getline(file, line);)
    {
        const size_t equals = line.find(" = ");
        const std::string key = line.substr(0, equals);
        const bool machine = key == "nat-cost" || key == "backlog";
        if (equals == std::string::npos || line.front() == '#' || machine ||
            key.find('.') != std::string::npos)
        {
            continue;
        }
        ++keys;
        const bool section = text.find("[[" + key + "]]") != std::string::npos;
        const bool ofCrowdTraffic = text.find("`traffic." + key + "`") != std::string::npos;
        EXPECT_TRUE(section || ofCrowdTraffic || text.find("`" + key + "`") != std::string::npos)
            << key;
    }
    EXPECT_GT(keys, 50U);
}

INSTANTIATE_TEST_SUITE_P(Corpus,
                         ScenarioDocKeys,
                         testing::Values("all-keys.toml", "world-keys.toml"),
                         [](const auto& item)
                         { return std::string(item.param, std::string(item.param).find('-')); });

} // namespace

} // namespace isb
