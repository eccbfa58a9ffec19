// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/toml-text.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace isb
{

namespace
{

/// Largest text that is read.
constexpr size_t MOST_BYTES = 256 * 1024;
/// Most dots in one line. Dotted keys nest tables, and the depth of a document costs stack.
constexpr std::ptrdiff_t MOST_DOTS = 64;

/// What the TOML parser shall not even see.
bool
CheckText(std::string_view text, LabFaults& faults)
{
    if (text.size() > MOST_BYTES)
    {
        faults.Add(1, "larger than 256 KiB; split it up");
        return false;
    }
    size_t line = 1;
    for (size_t at = 0; at < text.size(); ++line)
    {
        const size_t end = std::min(text.find('\n', at), text.size());
        if (std::count(text.begin() + static_cast<std::ptrdiff_t>(at),
                       text.begin() + static_cast<std::ptrdiff_t>(end),
                       '.') > MOST_DOTS)
        {
            faults.Add(line, "more than 64 dots in one line; split the line");
            return false;
        }
        at = end + 1;
    }
    return true;
}

} // namespace

std::optional<toml::table>
ParseToml(std::string_view text, LabFaults& faults)
{
    if (!CheckText(text, faults))
    {
        return std::nullopt;
    }
    toml::parse_result document = toml::parse(text);
    if (!document)
    {
        const toml::parse_error& error = document.error();
        faults.Add(std::max<size_t>(1, error.source().begin.line),
                   "no TOML: " + OneLine(error.description()));
        return std::nullopt;
    }
    return std::move(document).table();
}

} // namespace isb
