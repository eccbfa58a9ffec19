// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_TOML_TEXT_H
#define ISB_LAB_TOML_TEXT_H

#include "model/lab/table-reader.h"

#include <optional>
#include <string_view>

namespace isb
{

/// The document that a text is, or a fault. Never throws on any text, and needs bounded stack:
/// what is too large or too deeply nested is refused.
[[nodiscard]] std::optional<toml::table> ParseToml(std::string_view text, LabFaults& faults);

} // namespace isb

#endif
