// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_NETNS_OPTIONS_H
#define ISB_EMULATION_LAB_NETNS_OPTIONS_H

namespace isb
{

/// Exit statuses, as those of isblab-sim.
enum NetnsExit
{
    EXIT_HOLDS = 0,       ///< ran, and all expectations hold
    EXIT_FAILS = 1,       ///< ran, and an expectation does not
    EXIT_BAD_INPUT = 2,   ///< nothing was started
    EXIT_ENVIRONMENT = 3, ///< cannot read, cannot write, no namespaces
};

/// Reads the command line and does what it says. Throws when the environment does not let us.
int RunNetnsCommand(int argc, char** argv);

} // namespace isb

#endif
