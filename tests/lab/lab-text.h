// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_LAB_LAB_TEXT_H
#define ISB_TESTS_LAB_LAB_TEXT_H

#include "model/lab/parse-lab.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// A small valid scenario of 45 lines that tests change line by line:
///
///     A --- left [box] right --- B        box: NAT, right is outside; traffic "ping" from A to B
extern const std::string_view SMALL_LAB;

/// SMALL_LAB with some of its lines replaced. Replaced by nothing, a line is blank: the others keep
/// their numbers, which are also those of `changes` (from 1).
[[nodiscard]] std::string SmallLabWith(const std::map<int, std::string>& changes);

/// Any text with some of its lines replaced.
[[nodiscard]] std::string WithLines(std::string_view original,
                                    const std::map<int, std::string>& changes);

/// All example files, path relative to examples/ -> text.
[[nodiscard]] std::map<std::string, std::string> ExampleTexts();

/// The errors as lines, "t.toml:3: ...".
[[nodiscard]] std::vector<std::string> ErrorLines(std::string_view text);

} // namespace isb

#endif
