// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_METER_OPTIONS_H
#define ISB_EMULATION_METER_METER_OPTIONS_H

#include <ostream>

namespace isb
{

/// Reads the command line and does what it says; the exit status: 0 done, 1 the answer is no,
/// 2 the command line is wrong. Throws when the environment does not let us.
int RunMeter(int argc, char** argv, std::ostream& out);

} // namespace isb

#endif
