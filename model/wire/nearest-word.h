// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_NEAREST_WORD_H
#define ISB_WIRE_NEAREST_WORD_H

#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// Quotes a word that somebody wrote for an error line: single quotes, control characters as \xNN,
/// at most 60 characters, so that the line stays one line whatever the text holds.
[[nodiscard]] std::string Quoted(std::string_view word);

/// The text with control characters as \xNN and cut at 200 characters: one line.
[[nodiscard]] std::string OneLine(std::string_view text);

/// The candidate with the least edit distance (insert, delete, replace, swap neighbours; upper and
/// lower case alike); the first one on a tie; empty when there are no candidates.
[[nodiscard]] std::string_view NearestWord(std::string_view word,
                                           const std::vector<std::string_view>& candidates);

/// How an error line goes on after an unknown word: "nearest valid: 'nat'", and when nothing is
/// near, all of them: "valid: 'forwarder', 'nat'". "none is defined" without candidates.
[[nodiscard]] std::string SuggestWord(std::string_view word,
                                      const std::vector<std::string_view>& candidates);

} // namespace isb

#endif
