// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_METER_PROGRAM_H
#define ISB_EMULATION_METER_METER_PROGRAM_H

#include "model/core/stun/nat-type-test.h"
#include "model/core/stun/stun-server-settings.h"

#include <ostream>

namespace isb
{

/// Serves STUN until SIGINT or SIGTERM; a line that begins with "ready" when all sockets are open.
/// The exit status. Throws SystemError when one cannot be opened.
int RunStunServer(const StunServerSettings& settings, std::ostream& out);

/// Runs one test and prints its report, as a line of text or JSON. The exit status: 0 when the
/// server answered, else 1. The host's own address is found by itself if `settings` has none.
int RunNatType(NatTypeSettings settings, bool json, std::ostream& out);

} // namespace isb

#endif
