// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_TEXT_TABLE_H
#define ISB_EMULATION_IST_TEXT_TABLE_H

#include <cstdint>
#include <string>
#include <vector>

namespace isb
{

/// Lines of text whose columns are aligned, two blanks apart; nothing trails a line.
class TextTable
{
  public:
    enum class Align : uint8_t
    {
        Left,
        Right,
    };

    /// \param columns how each column is aligned
    explicit TextTable(std::vector<Align> columns);

    /// \param cells one a column
    void Add(std::vector<std::string> cells);

    [[nodiscard]] std::string ToString() const;

  private:
    std::vector<Align> m_columns;
    std::vector<std::vector<std::string>> m_rows;
};

} // namespace isb

#endif
