// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/netns-options.h"

#include "emulation/lab/netns-refusal.h"
#include "emulation/lab/netns-run.h"
#include "model/lab/parse-lab.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <sys/resource.h>

namespace isb
{

namespace
{

struct Arguments
{
    std::string file = "-";
    std::optional<uint64_t> seed;
    std::string events = "all";
    bool progress = false;
    bool stats = false;
};

std::string
SourceName(const std::string& file)
{
    return file == "-" ? "<stdin>" : file;
}

/// The scenario's text; nothing after saying why.
std::optional<std::string>
ReadScenario(const std::string& file)
{
    if (file == "-")
    {
        return std::string(std::istreambuf_iterator<char>(std::cin), {});
    }
    std::ifstream stream(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    if (!stream)
    {
        std::cerr << "read " << file << ": cannot be opened or read\n";
        return std::nullopt;
    }
    return text;
}

/// The lab, or the exit status after saying why there is none or why it cannot be run here.
int
Load(const std::string& file, std::optional<Lab>& lab)
{
    const auto text = ReadScenario(file);
    if (!text)
    {
        return EXIT_ENVIRONMENT;
    }
    ParsedLab parsed = ParseLab(*text, SourceName(file));
    for (const LabError& error : parsed.errors)
    {
        std::cerr << error.ToString() << '\n';
    }
    if (!parsed.lab)
    {
        return EXIT_BAD_INPUT;
    }
    const std::string refusal = FindNetnsRefusal(*parsed.lab);
    if (!refusal.empty())
    {
        std::cerr << SourceName(file) << ":1: " << refusal << '\n';
        return EXIT_BAD_INPUT;
    }
    lab = std::move(parsed.lab);
    return EXIT_HOLDS;
}

void
PrintStats(const Lab& lab, const NetnsOutcome& outcome)
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double wall = std::max(outcome.wallSeconds, 1e-6);
    std::fprintf(stderr,
                 "{\"events\":%llu,\"wallSeconds\":%.3f,\"eventsPerSecond\":%.0f,"
                 "\"simulatedPerWall\":%.3f,\"setupSeconds\":%.3f,\"hosts\":%zu,"
                 "\"peakBytes\":%lld}\n",
                 static_cast<unsigned long long>(outcome.events),
                 wall,
                 static_cast<double>(outcome.events) / wall,
                 static_cast<double>(outcome.result.end.count()) / 1e9 / wall,
                 outcome.setupSeconds,
                 lab.hosts.size(),
                 static_cast<long long>(usage.ru_maxrss) * 1024);
}

int
Run(const Arguments& arguments)
{
    std::optional<Lab> lab;
    if (const int status = Load(arguments.file, lab); status != EXIT_HOLDS)
    {
        return status;
    }
    NetnsOptions options;
    options.seed = arguments.seed.value_or(lab->seed);
    options.events = arguments.events == "all";
    options.progress = arguments.progress;
    const NetnsOutcome outcome = RunNetns(*lab, options, std::cout);
    if (arguments.stats)
    {
        PrintStats(*lab, outcome);
    }
    const auto& expectations = outcome.result.expectations;
    const bool holds = std::all_of(expectations.begin(),
                                   expectations.end(),
                                   [](const auto& item) { return item.holds; });
    return holds ? EXIT_HOLDS : EXIT_FAILS;
}

} // namespace

int
RunNetnsCommand(int argc, char** argv)
{
    Arguments arguments;
    CLI::App app("Runs isblab scenarios in network namespaces, with real sockets and packets.",
                 "isblab-netns");
    app.set_version_flag("--version", "isblab-netns " ISB_VERSION);
    app.require_subcommand(1);
    CLI::App* run = app.add_subcommand("run", "Run a scenario; events and result as JSON lines");
    run->add_option("--seed", arguments.seed, "Seed; default: the scenario's");
    run->add_option("--events", arguments.events, "all: every event; none: only the result")
        ->check(CLI::IsMember({"all", "none"}))
        ->capture_default_str();
    run->add_flag("--progress", arguments.progress, "Progress as JSON lines on stderr");
    run->add_flag("--stats", arguments.stats, "Speed of the run on stderr at the end");
    CLI::App* check =
        app.add_subcommand("check", "Say why a scenario is wrong, or cannot be run in namespaces");
    for (CLI::App* command : {run, check})
    {
        command->add_option("file", arguments.file, "Scenario (TOML), - for standard input")
            ->capture_default_str();
    }
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return app.exit(error) == 0 ? EXIT_HOLDS : EXIT_BAD_INPUT;
    }
    if (*run)
    {
        return Run(arguments);
    }
    std::optional<Lab> lab;
    return Load(arguments.file, lab);
}

} // namespace isb
