// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_TABLE_READER_H
#define ISB_LAB_TABLE_READER_H

#include "model/lab/parse-lab.h"
#include "model/lab/toml-library.h"
#include "model/wire/nearest-word.h"
#include "model/wire/result.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isb
{

/// The faults found in one text so far.
class LabFaults
{
  public:
    /// `what` names things from the text only through Quoted(): it stays one line.
    void Add(size_t line, std::string what);

    [[nodiscard]] size_t
    Count() const
    {
        return m_faults.size();
    }

    /// All faults by line, those of one line in the order found. Of many, the first 20 and a count.
    [[nodiscard]] std::vector<LabError> Take(std::string_view source);

  private:
    std::vector<LabError> m_faults;
};

/// A key of a table, and the right side of a line that is right; every error about it shows that.
struct LabKey
{
    std::string_view name;    ///< "rate"
    std::string_view example; ///< "\"100 Mb/s\""
};

enum class Need : uint8_t
{
    Required,
    Optional,
};

/// Reads a TOML table key by key and finds its faults: missing, of wrong type, out of range; keys
/// that nobody asked for are unknown (Finish()). A getter returns nothing when the key is not there
/// or faulty; a fault is then recorded, so a caller goes on and finds more.
///
/// The table and the faults must outlive the reader.
class TableReader
{
  public:
    /// @param where how errors call the table: "[[host]]"
    TableReader(const toml::table& table, std::string where, LabFaults& faults);

    [[nodiscard]] bool Has(std::string_view key) const;
    [[nodiscard]] bool IsTable(std::string_view key) const;
    [[nodiscard]] bool IsText(std::string_view key) const;
    /// The text that stands there, unchecked; empty when the key has none.
    [[nodiscard]] std::string_view TextOf(std::string_view key) const;
    /// Line of the key; of the table when the key is not there.
    [[nodiscard]] size_t LineOf(std::string_view key) const;
    [[nodiscard]] size_t Line() const;

    [[nodiscard]] const std::string&
    Where() const
    {
        return m_where;
    }

    [[nodiscard]] LabFaults&
    Faults() const
    {
        return *m_faults;
    }

    std::optional<std::string> Text(LabKey key, Need need);
    /// A name that others refer to: letters, digits, '-', '_'; at most 32, no '-' in front.
    std::optional<std::string> Name(LabKey key, Need need);
    std::optional<bool> Boolean(LabKey key, Need need);
    std::optional<uint64_t> Integer(LabKey key, Need need, uint64_t least, uint64_t most);
    std::optional<Duration> Time(LabKey key, Need need);
    std::optional<DataRate> Rate(LabKey key, Need need); ///< not zero
    std::optional<uint64_t> Bytes(LabKey key, Need need);
    std::optional<Ratio> Share(LabKey key, Need need);
    /// Text of a quantity that the caller reads: has a unit, is short and printable.
    std::optional<std::string> QuantityText(LabKey key, Need need);
    std::optional<std::vector<std::string>> Texts(LabKey key, Need need);
    const toml::table* Table(LabKey key, Need need);
    const toml::array* Array(LabKey key, Need need);

    /// One of the words, as its index into `words`.
    std::optional<size_t> Word(LabKey key, Need need, const std::vector<std::string_view>& words);

    /// Calls `each` for the tables of [[key]]. False when something else stands there.
    bool EachTable(std::string_view key, const std::function<void(const toml::table&)>& each);

    /// Says why the key does not belong here, when it is there: "only with kind = \"udp-rate\"".
    void Refuse(std::string_view key, std::string_view why);

    /// A fault of the key's value: "'rate' in [[link]]: <what>".
    void Fault(LabKey key, std::string_view what);

    /// The keys that were not asked for are unknown. Call once, last.
    void Finish();

  private:
    const toml::node* Find(LabKey key, Need need);
    void WrongType(LabKey key, const toml::node& node);

    template <typename T>
    std::optional<T> Quantity(LabKey key, Need need, Result<T> (*parse)(std::string_view));

    const toml::table* m_table;
    std::string m_where;
    LabFaults* m_faults;
    std::vector<std::string_view> m_known;
};

/// Line of a node, from 1.
[[nodiscard]] size_t LineOf(const toml::node& node);

/// True for letters, digits, '-' and '_', 1 to 32 of them, no '-' in front.
[[nodiscard]] bool IsLabName(std::string_view name);

} // namespace isb

#endif
