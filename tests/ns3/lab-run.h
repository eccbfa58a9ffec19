// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_NS3_LAB_RUN_H
#define ISB_TESTS_NS3_LAB_RUN_H

#include "helper/lab-installer.h"

#include "model/lab/parse-lab.h"
#include "model/ns3/sim-time.h"

#include "ns3/simulator.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace ns3test
{

using namespace ns3;

/// One finished run.
struct Outcome
{
    isb::LabResult result;
    std::string events; ///< as JSON lines
    std::string refusal;
};

/// What a test does to an installed lab before it runs, and after. Both may be empty.
struct LabVisit
{
    std::function<void(isb::Lab& lab)> parsed;
    std::function<void(LabInstaller& installer)> installed;
    std::function<void()> ran; ///< everything still stands
};

/// Parses, installs and runs a scenario. Its faults are failures of the test.
inline Outcome
RunText(const std::string& text, uint64_t seed = 1, const LabVisit& visit = {})
{
    Outcome outcome;
    isb::ParsedLab parsed = isb::ParseLab(text, "test");
    for (const isb::LabError& error : parsed.errors)
    {
        ADD_FAILURE() << error.ToString();
    }
    if (!parsed.lab)
    {
        return outcome;
    }
    if (visit.parsed)
    {
        visit.parsed(*parsed.lab);
    }
    {
        LabInstaller installer(*parsed.lab, seed);
        installer.SetEventCallback([&](const isb::TraceEvent& event, const std::string& node)
                                   { outcome.events += ToJson(event, node) + '\n'; });
        if (const auto refusal = installer.Install())
        {
            outcome.refusal = *refusal;
        }
        else
        {
            if (visit.installed)
            {
                visit.installed(installer);
            }
            Simulator::Stop(ToTime(parsed.lab->duration + LabInstaller::DrainTime()));
            Simulator::Run();
            outcome.result = installer.Result();
            if (visit.ran)
            {
                visit.ran();
            }
        }
    }
    Simulator::Destroy();
    return outcome;
}

} // namespace ns3test

#endif
