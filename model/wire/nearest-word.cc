// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/nearest-word.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace isb
{

namespace
{

/// Words are compared, and quoted, up to this length.
constexpr size_t MOST_CHARACTERS = 60;

char
ToLower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Optimal string alignment distance (Damerau 1964, without edits inside a swap).
size_t
EditDistance(std::string_view a, std::string_view b)
{
    std::vector<size_t> twoUp(b.size() + 1);
    std::vector<size_t> up(b.size() + 1);
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
    {
        up[j] = j;
    }
    for (size_t i = 1; i <= a.size(); ++i)
    {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j)
        {
            const bool same = ToLower(a[i - 1]) == ToLower(b[j - 1]);
            row[j] = std::min({up[j] + 1, row[j - 1] + 1, up[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && ToLower(a[i - 1]) == ToLower(b[j - 2]) &&
                ToLower(a[i - 2]) == ToLower(b[j - 1]))
            {
                row[j] = std::min(row[j], twoUp[j - 2] + 1);
            }
        }
        std::swap(twoUp, up);
        std::swap(up, row);
    }
    return up[b.size()];
}

/// At most `most` bytes of the text, control characters as \xNN; "..." when there was more.
std::string
Printable(std::string_view text, size_t most)
{
    constexpr char HEX[] = "0123456789abcdef";
    std::string printable;
    size_t end = std::min(text.size(), most);
    // Not in the middle of a UTF-8 sequence.
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    {
        --end;
    }
    for (const char c : text.substr(0, end))
    {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
        {
            printable.append("\\x").append(1, HEX[byte >> 4]).append(1, HEX[byte & 15]);
        }
        else
        {
            printable.push_back(c);
        }
    }
    return printable.append(end < text.size() ? "..." : "");
}

} // namespace

std::string
Quoted(std::string_view word)
{
    return "'" + Printable(word, MOST_CHARACTERS) + "'";
}

std::string
OneLine(std::string_view text)
{
    constexpr size_t MOST = 200;
    return Printable(text, MOST);
}

std::string_view
NearestWord(std::string_view word, const std::vector<std::string_view>& candidates)
{
    word = word.substr(0, MOST_CHARACTERS);
    std::string_view nearest;
    size_t least = 0;
    for (const std::string_view candidate : candidates)
    {
        const size_t distance = EditDistance(word, candidate.substr(0, MOST_CHARACTERS));
        if (nearest.empty() || distance < least)
        {
            nearest = candidate;
            least = distance;
        }
    }
    return nearest;
}

std::string
SuggestWord(std::string_view word, const std::vector<std::string_view>& candidates)
{
    constexpr size_t MOST_LISTED = 12;
    const std::string_view nearest = NearestWord(word, candidates);
    if (nearest.empty())
    {
        return "none is defined";
    }
    word = word.substr(0, MOST_CHARACTERS);
    const bool near = EditDistance(word, nearest) <= std::max<size_t>(1, nearest.size() / 2);
    if (near || candidates.size() == 1 || candidates.size() > MOST_LISTED)
    {
        return "nearest valid: " + Quoted(nearest);
    }
    std::string text = "valid: ";
    for (size_t i = 0; i < candidates.size(); ++i)
    {
        text.append(i == 0 ? "" : ", ").append(Quoted(candidates[i]));
    }
    return text;
}

} // namespace isb
