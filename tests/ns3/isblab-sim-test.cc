// SPDX-License-Identifier: GPL-2.0-or-later
// The worker as its users call it: a process, its lines, its exit code.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace
{

namespace fs = std::filesystem;

struct Finished
{
    int code = -1;
    std::string output; ///< stdout, or both with 2>&1
};

Finished
Call(const std::string& arguments)
{
    Finished finished;
    const std::string command = ISB_BINARY_DIR "/bin/isblab-sim " + arguments;
    FILE* pipe = popen(command.c_str(), "r");
    std::array<char, 65536> chunk{};
    size_t got = 0;
    while ((got = fread(chunk.data(), 1, chunk.size(), pipe)) > 0)
    {
        finished.output.append(chunk.data(), got);
    }
    const int status = pclose(pipe);
    finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return finished;
}

std::vector<std::string>
ShippedScenarios()
{
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(ISB_SOURCE_DIR "/examples"))
    {
        const bool isNatbox = entry.path().parent_path().filename() == "natbox"; // no scenarios
        if (entry.path().extension() == ".toml" && !isNatbox)
        {
            found.push_back(entry.path().string());
        }
    }
    return found;
}

/// A file of the test's own, gone at the end.
class Scratch
{
  public:
    Scratch()
        : path(fs::path(ISB_BINARY_DIR) / "test-results" /
               ("isblab-sim-" +
                std::string(::testing::UnitTest::GetInstance()->current_test_info()->name())))
    {
        fs::remove_all(path);
        fs::create_directories(path);
    }

    ~Scratch()
    {
        fs::remove_all(path);
    }

    std::string
    Write(const std::string& name, const std::string& text) const
    {
        std::ofstream(path / name) << text;
        return (path / name).string();
    }

    fs::path path;
};

TEST(IsblabSim, ShippedScenariosHoldAndRepeatByteForByte)
{
    ASSERT_GE(ShippedScenarios().size(), 6U);
    for (const std::string& scenario : ShippedScenarios())
    {
        const Finished first = Call("run " + scenario);
        EXPECT_EQ(first.code, 0) << scenario;
        EXPECT_EQ(first.output, Call("run " + scenario).output) << scenario;
        EXPECT_EQ(Call("check " + scenario).code, 0) << scenario;
    }
}

TEST(IsblabSim, EveryLineIsJsonInOrderOfTimeAndTheLastIsTheResult)
{
    const Finished run = Call("run " ISB_SOURCE_DIR "/examples/five-phases/ist-kernel.toml");
    std::istringstream lines(run.output);
    std::string line;
    int64_t last = 0;
    std::string event;
    size_t results = 0;
    while (std::getline(lines, line))
    {
        const auto json = nlohmann::json::parse(line);
        event = json.at("event");
        results += event == "result" ? 1 : 0;
        if (event != "result")
        {
            EXPECT_GE(json.at("t").get<int64_t>(), last);
            last = json.at("t");
            EXPECT_TRUE(json.contains("node"));
        }
    }
    EXPECT_EQ(event, "result");
    EXPECT_EQ(results, 1U);
}

TEST(IsblabSim, ResultHasTheFieldsThatItsReadersNeed)
{
    const Finished run = Call("run --events none " ISB_SOURCE_DIR "/examples/five-phases/nat.toml");
    const auto result = nlohmann::json::parse(run.output);
    for (const char* key : {"t", "scenario", "seed", "traffic", "boxes", "expectations"})
    {
        EXPECT_TRUE(result.contains(key)) << key;
    }
    for (const char* key : {"name",
                            "kind",
                            "from",
                            "to",
                            "connections",
                            "established",
                            "sentBytes",
                            "receivedBytes",
                            "sentPackets",
                            "receivedPackets",
                            "sentRateBps",
                            "receivedRateBps",
                            "throughputBps",
                            "lossRatio",
                            "rttNs"})
    {
        EXPECT_TRUE(result["traffic"][0].contains(key)) << key;
    }
    for (const char* key : {"name", "role", "cpu", "drops", "forwarded", "splices", "mappings"})
    {
        EXPECT_TRUE(result["boxes"][0].contains(key)) << key;
    }
}

TEST(IsblabSim, SeedReplacesTheScenarios)
{
    const Finished run = Call("run --events none --seed 42 " ISB_SOURCE_DIR "/examples/first.toml");
    EXPECT_EQ(nlohmann::json::parse(run.output).at("seed"), 42);
}

TEST(IsblabSim, FailedExpectationIsExitCode1)
{
    const Scratch scratch;
    std::ifstream file(ISB_SOURCE_DIR "/examples/first.toml");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::string scenario =
        scratch.Write("fails.toml",
                      text + "\n[[expect]]\ntraffic = \"ping\"\nmeasure = \"rtt\"\n"
                             "at-most = \"1 us\"\n");
    EXPECT_EQ(Call("run --events none " + scenario).code, 1);
}

TEST(IsblabSim, BadScenarioIsExitCode2WithFileAndLineAndNoOutput)
{
    const Scratch scratch;
    const std::string scenario = scratch.Write("bad.toml", "schema = 1\nnaem = \"x\"\n");
    const Finished quiet = Call("run " + scenario + " 2>/dev/null");
    EXPECT_EQ(quiet.code, 2);
    EXPECT_EQ(quiet.output, "");
    const Finished loud = Call("check " + scenario + " 2>&1");
    EXPECT_EQ(loud.code, 2);
    EXPECT_NE(loud.output.find("bad.toml:2: "), std::string::npos) << loud.output;
    EXPECT_NE(loud.output.find("name"), std::string::npos) << loud.output;
}

TEST(IsblabSim, MissingFileIsExitCode3)
{
    EXPECT_EQ(Call("run /nonexistent.toml 2>/dev/null").code, 3);
}

TEST(IsblabSim, UnwritableCaptureIsExitCode3)
{
    EXPECT_EQ(Call("run --events none --pcap /nonexistent " ISB_SOURCE_DIR
                   "/examples/first.toml 2>/dev/null")
                  .code,
              3);
}

TEST(IsblabSim, UnknownOptionIsExitCode2)
{
    EXPECT_EQ(Call("run --evnets none 2>/dev/null").code, 2);
}

TEST(IsblabSim, CapturesEachPortOfABox)
{
    const Scratch scratch;
    const Finished run = Call("run --events none --pcap " + scratch.path.string() + " " +
                              ISB_SOURCE_DIR "/examples/first.toml");
    EXPECT_EQ(run.code, 0);
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator(scratch.path))
    {
        EXPECT_EQ(entry.path().extension(), ".pcapng");
        EXPECT_GT(entry.file_size(), 1000U);
        ++files;
    }
    EXPECT_EQ(files, 2U);
}

TEST(IsblabSim, StandardInputIsAScenarioToo)
{
    const Finished piped = Call("run --events none - < " ISB_SOURCE_DIR "/examples/first.toml");
    EXPECT_EQ(piped.code, 0);
    EXPECT_EQ(piped.output,
              Call("run --events none " ISB_SOURCE_DIR "/examples/first.toml").output);
}

TEST(IsblabSim, ParametersAreJsonLinesWithOrigin)
{
    const Finished listing = Call("parameters ixp425");
    EXPECT_EQ(listing.code, 0);
    std::istringstream lines(listing.output);
    std::string line;
    size_t count = 0;
    while (std::getline(lines, line))
    {
        const auto json = nlohmann::json::parse(line);
        EXPECT_EQ(json.at("machine"), "ixp425");
        EXPECT_FALSE(json.at("origin").get<std::string>().empty());
        EXPECT_FALSE(json.at("sentence").get<std::string>().empty());
        ++count;
    }
    EXPECT_GT(count, 20U);
    EXPECT_EQ(Call("parameters ixp425x 2>/dev/null").code, 2);
}

TEST(IsblabSim, StatsSayHowFastItRan)
{
    const Finished run =
        Call("run --events none --stats " ISB_SOURCE_DIR "/examples/first.toml 2>&1 >/dev/null");
    const auto stats = nlohmann::json::parse(run.output);
    for (const char* key : {"events",
                            "wallSeconds",
                            "eventsPerSecond",
                            "simulatedPerWall",
                            "setupSeconds",
                            "hosts",
                            "peakBytes"})
    {
        EXPECT_GT(stats.at(key).get<double>(), 0) << key;
    }
}

TEST(IsblabSim, SaysItsVersion)
{
    EXPECT_EQ(Call("--version").output.find("isblab-sim "), 0U);
}

} // namespace
