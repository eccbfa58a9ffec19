// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_READ_IMPAIRMENT_H
#define ISB_LAB_READ_IMPAIRMENT_H

#include "model/core/impair/impairment-settings.h"
#include "model/lab/table-reader.h"

#include <optional>
#include <string>
#include <string_view>

namespace isb
{

/// A whole table about what one direction of a link does to packets; keys that are not there leave
/// what is in `settings`. Contradictions are faults.
/// @param where how errors call the table: "[impair.inside]"
void ReadImpairment(const toml::table& table,
                    const std::string& where,
                    LabFaults& faults,
                    ImpairmentSettings& settings);

/// Two keys of a wire's section: what it does to packets both ways, and, where the other way
/// differs, that. A direction without key is left as it is.
/// @param impair the first direction, the other one
void ReadImpairments(TableReader& section,
                     std::string_view key,
                     std::string_view otherKey,
                     std::optional<ImpairmentSettings> (&impair)[2]);

} // namespace isb

#endif
