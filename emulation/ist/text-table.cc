// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/text-table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace isb
{

TextTable::TextTable(std::vector<Align> columns)
    : m_columns(std::move(columns))
{
}

void
TextTable::Add(std::vector<std::string> cells)
{
    assert(cells.size() == m_columns.size());
    m_rows.push_back(std::move(cells));
}

std::string
TextTable::ToString() const
{
    std::vector<size_t> widths(m_columns.size(), 0);
    for (const auto& row : m_rows)
    {
        for (size_t i = 0; i < row.size(); ++i)
        {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (const auto& row : m_rows)
    {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i)
        {
            const std::string padding(widths[i] - row[i].size(), ' ');
            line += i == 0 ? "" : "  ";
            line += m_columns[i] == Align::Right ? padding + row[i] : row[i] + padding;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

} // namespace isb
