// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_NETNS_RUN_H
#define ISB_EMULATION_LAB_NETNS_RUN_H

#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include <cstdint>
#include <ostream>

namespace isb
{

/// How one scenario is run.
struct NetnsOptions
{
    uint64_t seed = 1;
    bool events = true;    ///< print every event, not only the result
    bool progress = false; ///< JSON lines on stderr, about five a second
};

/// What came out besides the lines printed.
struct NetnsOutcome
{
    LabResult result;
    uint64_t events = 0;
    double wallSeconds = 0;  ///< all of it
    double setupSeconds = 0; ///< of these, until the lab started
};

/// Runs a lab in network namespaces, in real time, and prints its events and its result as JSON
/// lines. It ends when no client has anything more to do before its stop and all expectations hold,
/// at the latest with the lab's duration. The lab must be one that FindNetnsRefusal() lets pass.
/// Throws when the environment does not let us, or a signal ended it.
NetnsOutcome RunNetns(const Lab& lab, const NetnsOptions& options, std::ostream& out);

} // namespace isb

#endif
