// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_READ_IMPAIRMENT_H
#define ISB_LAB_READ_IMPAIRMENT_H

#include "model/core/impair/impairment-settings.h"
#include "model/lab/table-reader.h"

#include <string>

namespace isb
{

/// A whole table about what one direction of a link does to packets; keys that are not there leave
/// what is in `settings`. Contradictions are faults.
/// @param where how errors call the table: "[impair.inside]"
void ReadImpairment(const toml::table& table,
                    const std::string& where,
                    LabFaults& faults,
                    ImpairmentSettings& settings);

} // namespace isb

#endif
