// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_PARSE_LAB_H
#define ISB_LAB_PARSE_LAB_H

#include "model/lab/lab.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// One fault of a scenario text.
struct LabError
{
    std::string source; ///< file name as given to ParseLab()
    uint32_t line = 1;  ///< from 1
    std::string what;   ///< what is wrong, and what would be right; no newline

    /// "first.toml:12: unknown key 'naem' in [[host]]; nearest valid: 'name'"
    [[nodiscard]] std::string ToString() const;
};

/// A lab, or why there is none: either `lab` has a value or `errors` is not empty, never both.
struct [[nodiscard]] ParsedLab
{
    std::optional<Lab> lab;
    std::vector<LabError> errors; ///< by line

    explicit operator bool() const
    {
        return lab.has_value();
    }
};

/// Reads and checks a scenario (TOML, schema 1; doc/scenario.md). A lab that comes out is complete
/// and consistent: every name resolved, addresses given, every traffic's path exists. Never throws
/// on any text.
ParsedLab ParseLab(std::string_view text, std::string_view sourceName);

} // namespace isb

#endif
