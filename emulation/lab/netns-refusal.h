// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_NETNS_REFUSAL_H
#define ISB_EMULATION_LAB_NETNS_REFUSAL_H

#include "model/lab/lab.h"

#include <string>

namespace isb
{

/// Why this world cannot run the lab, as one line, or nothing: it has no model of machines, no
/// translator in a kernel, no impaired links, and nobody crashes.
[[nodiscard]] std::string FindNetnsRefusal(const Lab& lab);

} // namespace isb

#endif
