// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_ISBLAB_SIM_RESULT_JSON_H
#define ISB_HELPER_ISBLAB_SIM_RESULT_JSON_H

#include "model/lab/lab-result.h"

#include <string>

/// The last line of a run's events: {"event":"result","t":...}, without newline.
std::string ResultLine(const isb::LabResult& result);

#endif
