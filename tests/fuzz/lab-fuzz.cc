// SPDX-License-Identifier: GPL-2.0-or-later
// Any text is either a lab that holds its promises, or errors of one line each with their place.
#include "model/lab/lab-routes.h"
#include "model/lab/parse-lab.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace
{

void
Require(bool condition)
{
    if (!condition)
    {
        std::abort();
    }
}

void
CheckLab(const isb::Lab& lab)
{
    Require(lab.hosts.size() >= 2 && !lab.traffic.empty());
    const isb::LabRoutes routes = isb::ComputeLabRoutes(lab);
    for (const isb::Traffic& traffic : lab.traffic)
    {
        const isb::Ipv4 target =
            traffic.via ? traffic.via->fromAddress : lab.hosts.at(traffic.to).port.address;
        Require(isb::FindLabPath(lab, routes, {isb::LabNode::IsHost, traffic.from}, target)
                    .has_value());
        Require(traffic.from != traffic.to && traffic.start < traffic.stop &&
                traffic.stop <= lab.duration && traffic.connections > 0);
    }
    for (const isb::Expectation& expectation : lab.expectations)
    {
        Require(expectation.traffic < lab.traffic.size());
        Require(expectation.atLeast || expectation.atMost);
    }
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const isb::ParsedLab parsed = isb::ParseLab(text, "fuzz.toml");
    Require(parsed.lab.has_value() == parsed.errors.empty());
    for (const isb::LabError& error : parsed.errors)
    {
        Require(error.line >= 1 && !error.what.empty());
        for (const char c : error.ToString())
        {
            Require(static_cast<unsigned char>(c) >= 0x20);
        }
    }
    if (parsed.lab)
    {
        CheckLab(*parsed.lab);
    }
    return 0;
}
