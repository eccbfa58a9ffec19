// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_RESULT_JSON_H
#define ISB_LAB_LAB_RESULT_JSON_H

#include "model/lab/lab-result.h"

#include <string>

namespace isb
{

/// The last line of a run's events: {"event":"result","t":...}, without newline.
[[nodiscard]] std::string ResultLine(const LabResult& result);

} // namespace isb

#endif
