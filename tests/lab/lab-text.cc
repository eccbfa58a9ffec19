// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/lab-text.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace isb
{

const std::string_view SMALL_LAB = R"(schema = 1
name = "small"
title = "Small"
duration = "2 s"
seed = 7

[[host]]
name = "A"
machine = "pc-568"

[[host]]
name = "B"

[[box]]
name = "box"
machine = "ixp425"
role = "nat"
nat = "symmetric"
lookup = "list"
outside = "right"
ports = [{ name = "left", nic = "on-chip" }, { name = "right", nic = "pci" }]

[[link]]
between = ["A", "box:left"]
subnet = "10.0.1.0/24"
rate = "100 Mb/s"
delay = "0.5 us"

[[link]]
between = ["box:right", "B"]
subnet = "10.0.2.0/24"
rate = "10 Mb/s"

[[traffic]]
name = "ping"
kind = "udp-ping-pong"
from = "A"
to = "B"
payload = "64 B"
start = "10 ms"

[[expect]]
traffic = "ping"
measure = "rtt"
at-most = "1 ms"
)";

std::string
SmallLabWith(const std::map<int, std::string>& changes)
{
    return WithLines(SMALL_LAB, changes);
}

std::string
WithLines(std::string_view original, const std::map<int, std::string>& changes)
{
    std::istringstream lines{std::string(original)};
    std::string text;
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number)
    {
        const auto change = changes.find(number);
        text += (change == changes.end() ? line : change->second) + "\n";
    }
    return text;
}

std::map<std::string, std::string>
ExampleTexts()
{
    const std::filesystem::path root = std::filesystem::path(ISB_SOURCE_DIR) / "examples";
    std::map<std::string, std::string> texts;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    {
        const bool isNatbox = entry.path().parent_path().filename() == "natbox"; // no scenarios
        if (entry.path().extension() == ".toml" && !isNatbox)
        {
            std::ifstream file(entry.path());
            texts[entry.path().lexically_relative(root).string()] =
                std::string(std::istreambuf_iterator<char>(file), {});
        }
    }
    return texts;
}

std::vector<std::string>
ErrorLines(std::string_view text)
{
    std::vector<std::string> lines;
    for (const LabError& error : ParseLab(text, "t.toml").errors)
    {
        lines.push_back(error.ToString());
    }
    return lines;
}

} // namespace isb
