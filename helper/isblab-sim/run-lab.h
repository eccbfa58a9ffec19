// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_ISBLAB_SIM_RUN_LAB_H
#define ISB_HELPER_ISBLAB_SIM_RUN_LAB_H

#include "model/lab/lab-result.h"
#include "model/lab/lab.h"
#include "model/wire/result.h"

#include <cstdint>
#include <ostream>
#include <string>

/// How one scenario is run.
struct RunOptions
{
    uint64_t seed = 1;
    bool events = true;    ///< print every event, not only the result
    std::string pcapDir;   ///< one pcapng file for each port of each box; empty: none
    bool progress = false; ///< JSON lines on stderr, about five a second
};

/// What came out besides the lines printed.
struct RunOutcome
{
    std::string refusal; ///< why ns-3 cannot build the lab: nothing was started or printed
    isb::LabResult result;
    uint64_t simulatorEvents = 0;
    double wallSeconds = 0;  ///< all of it
    double setupSeconds = 0; ///< of these, until the simulation started
};

/// Runs a lab in ns-3 and prints its events and its result as JSON lines. The error is an output
/// that cannot be written.
isb::Result<RunOutcome> RunLab(const isb::Lab& lab, const RunOptions& options, std::ostream& out);

/// Builds a lab in ns-3 without running it: why it cannot be built, or nothing.
std::string FindRefusal(const isb::Lab& lab);

#endif
