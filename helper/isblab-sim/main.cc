// SPDX-License-Identifier: GPL-2.0-or-later
// isblab-sim: runs one scenario in ns-3 and prints what happens as JSON lines.
#include "helper/isblab-sim/run-lab.h"

#include "model/box/machine-parameters.h"
#include "model/lab/parse-lab.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

namespace
{

enum ExitCode
{
    EXIT_HOLDS = 0,       ///< ran, and all expectations hold
    EXIT_FAILS = 1,       ///< ran, and an expectation does not
    EXIT_BAD_INPUT = 2,   ///< nothing was started
    EXIT_ENVIRONMENT = 3, ///< cannot read, cannot write
};

struct Arguments
{
    std::string file = "-";
    std::string machine;
    std::optional<uint64_t> seed;
    std::string events = "all";
    RunOptions run;
    bool stats = false;
};

std::string
SourceName(const std::string& file)
{
    return file == "-" ? "<stdin>" : file;
}

/// Says that the scenario as a whole cannot be built.
int
Refuse(const std::string& file, const std::string& why)
{
    std::cerr << SourceName(file) << ":1: " << why << '\n';
    return EXIT_BAD_INPUT;
}

/// The scenario's text, or nothing after saying why.
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

/// The lab, or the exit code after saying why there is none.
int
Load(const std::string& file, std::optional<isb::Lab>& lab)
{
    const auto text = ReadScenario(file);
    if (!text)
    {
        return EXIT_ENVIRONMENT;
    }
    isb::ParsedLab parsed = isb::ParseLab(*text, SourceName(file));
    for (const isb::LabError& error : parsed.errors)
    {
        std::cerr << error.ToString() << '\n';
    }
    lab = std::move(parsed.lab);
    return lab ? EXIT_HOLDS : EXIT_BAD_INPUT;
}

void
PrintStats(const isb::Lab& lab, const RunOutcome& outcome)
{
    const double wall = std::max(outcome.wallSeconds, 1e-9);
    struct rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    std::fprintf(stderr,
                 "{\"events\":%llu,\"wallSeconds\":%.3f,\"eventsPerSecond\":%.0f,"
                 "\"simulatedPerWall\":%.3f,\"setupSeconds\":%.3f,\"hosts\":%zu,"
                 "\"peakBytes\":%lld}\n",
                 static_cast<unsigned long long>(outcome.simulatorEvents),
                 wall,
                 static_cast<double>(outcome.simulatorEvents) / wall,
                 static_cast<double>(lab.duration.count()) / 1e9 / wall,
                 outcome.setupSeconds,
                 lab.hosts.size(),
                 static_cast<long long>(usage.ru_maxrss) * 1024);
}

int
Run(const Arguments& arguments)
{
    std::optional<isb::Lab> lab;
    if (const int code = Load(arguments.file, lab); code != EXIT_HOLDS)
    {
        return code;
    }
    RunOptions options = arguments.run;
    options.seed = arguments.seed.value_or(lab->seed);
    options.events = arguments.events == "all";
    const auto outcome = RunLab(*lab, options, std::cout);
    if (!outcome)
    {
        std::cerr << outcome.Why() << '\n';
        return EXIT_ENVIRONMENT;
    }
    if (!outcome->refusal.empty())
    {
        return Refuse(arguments.file, outcome->refusal);
    }
    if (arguments.stats)
    {
        PrintStats(*lab, *outcome);
    }
    const auto& expectations = outcome->result.expectations;
    const bool holds = std::all_of(expectations.begin(),
                                   expectations.end(),
                                   [](const auto& item) { return item.holds; });
    return holds ? EXIT_HOLDS : EXIT_FAILS;
}

int
Check(const Arguments& arguments)
{
    std::optional<isb::Lab> lab;
    if (const int code = Load(arguments.file, lab); code != EXIT_HOLDS)
    {
        return code;
    }
    const std::string refusal = FindRefusal(*lab);
    return refusal.empty() ? EXIT_HOLDS : Refuse(arguments.file, refusal);
}

int
Parameters(const Arguments& arguments)
{
    bool found = arguments.machine.empty();
    for (const std::string_view machine : isb::MachinePresetNames())
    {
        if (!arguments.machine.empty() && machine != arguments.machine)
        {
            continue;
        }
        found = true;
        const isb::MachineParameters values = *isb::MachinePreset(machine);
        for (const isb::MachineParameter& parameter : isb::MachineParameterTable())
        {
            const isb::ParameterReason reason = isb::MachinePresetReason(machine, parameter);
            nlohmann::ordered_json line = {{"machine", machine},
                                           {"name", parameter.name},
                                           {"value", parameter.Get(values)},
                                           {"unit", parameter.unit},
                                           {"origin", ToString(reason.origin)},
                                           {"meaning", parameter.meaning},
                                           {"sentence", reason.sentence}};
            if (reason.claim != 0)
            {
                line["claim"] = reason.claim;
            }
            std::cout << line.dump() << '\n';
        }
    }
    if (!found)
    {
        std::cerr << "parameters: no machine '" << arguments.machine << "'; there are:";
        for (const std::string_view machine : isb::MachinePresetNames())
        {
            std::cerr << ' ' << machine;
        }
        std::cerr << '\n';
        return EXIT_BAD_INPUT;
    }
    return EXIT_HOLDS;
}

} // namespace

int
main(int argc, char** argv)
{
    std::ios::sync_with_stdio(false);
    Arguments arguments;
    CLI::App app("Runs isblab scenarios in ns-3.", "isblab-sim");
    app.set_version_flag("--version", "isblab-sim " ISB_VERSION " (ns-3 3.37, " ISB_BUILD_TYPE ")");
    app.require_subcommand(1);

    CLI::App* run = app.add_subcommand("run", "Run a scenario; events and result as JSON lines");
    run->add_option("file", arguments.file, "Scenario (TOML), - for standard input")
        ->capture_default_str();
    run->add_option("--seed", arguments.seed, "Seed; default: the scenario's");
    run->add_option("--events", arguments.events, "all: every event; none: only the result")
        ->check(CLI::IsMember({"all", "none"}))
        ->capture_default_str();
    run->add_option("--pcap", arguments.run.pcapDir, "Write pcapng files of the boxes' ports here");
    run->add_flag("--progress", arguments.run.progress, "Progress as JSON lines on stderr");
    run->add_flag("--stats", arguments.stats, "Speed of the simulation on stderr at the end");

    CLI::App* check = app.add_subcommand("check", "Read a scenario and say what is wrong with it");
    check->add_option("file", arguments.file, "Scenario (TOML), - for standard input")
        ->capture_default_str();

    CLI::App* parameters = app.add_subcommand("parameters", "Machine parameters as JSON lines");
    parameters->add_option("machine", arguments.machine, "Preset; default: all");

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
    return *check ? Check(arguments) : Parameters(arguments);
}
