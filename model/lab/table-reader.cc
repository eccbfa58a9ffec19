// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/table-reader.h"

#include <algorithm>

namespace isb
{

namespace
{

/// Longest text of a quantity; longer ones are refused unread.
constexpr size_t MOST_QUANTITY = 40;

std::string
TypeName(const toml::node& node)
{
    switch (node.type())
    {
    case toml::node_type::table:
        return "a table";
    case toml::node_type::array:
        return "an array";
    case toml::node_type::string:
        return "a text";
    case toml::node_type::integer:
        return "an integer";
    case toml::node_type::floating_point:
        return "a decimal number";
    case toml::node_type::boolean:
        return "true or false";
    default:
        return "a date or time";
    }
}

} // namespace

size_t
LineOf(const toml::node& node)
{
    return std::max<size_t>(1, node.source().begin.line);
}

bool
IsLabName(std::string_view name)
{
    constexpr size_t MOST = 32;
    if (name.empty() || name.size() > MOST || name.front() == '-')
    {
        return false;
    }
    return std::all_of(name.begin(),
                       name.end(),
                       [](char c)
                       {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') || c == '-' || c == '_';
                       });
}

void
LabFaults::Add(size_t line, std::string what)
{
    m_faults.push_back({{}, static_cast<uint32_t>(line), std::move(what)});
}

std::vector<LabError>
LabFaults::Take(std::string_view source)
{
    constexpr size_t MOST = 20;
    std::stable_sort(m_faults.begin(),
                     m_faults.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    if (m_faults.size() > MOST)
    {
        const size_t rest = m_faults.size() - MOST;
        m_faults.resize(MOST);
        m_faults.push_back(
            {{}, m_faults.back().line, "and " + std::to_string(rest) + " more faults below"});
    }
    for (LabError& fault : m_faults)
    {
        fault.source = source;
    }
    return std::exchange(m_faults, {});
}

TableReader::TableReader(const toml::table& table, std::string where, LabFaults& faults)
    : m_table(&table),
      m_where(std::move(where)),
      m_faults(&faults)
{
}

bool
TableReader::Has(std::string_view key) const
{
    return m_table->contains(key);
}

bool
TableReader::IsTable(std::string_view key) const
{
    const toml::node* node = m_table->get(key);
    return node != nullptr && node->is_table();
}

bool
TableReader::IsText(std::string_view key) const
{
    const toml::node* node = m_table->get(key);
    return node != nullptr && node->is_string();
}

std::string_view
TableReader::TextOf(std::string_view key) const
{
    const toml::node* node = m_table->get(key);
    return node != nullptr && node->is_string() ? std::string_view(node->as_string()->get())
                                                : std::string_view();
}

size_t
TableReader::Line() const
{
    return isb::LineOf(*m_table);
}

size_t
TableReader::LineOf(std::string_view key) const
{
    const auto found = m_table->find(key);
    return found == m_table->cend() ? Line()
                                    : std::max<size_t>(1, found->first.source().begin.line);
}

const toml::node*
TableReader::Find(LabKey key, Need need)
{
    m_known.push_back(key.name);
    const toml::node* node = m_table->get(key.name);
    if (node == nullptr && need == Need::Required)
    {
        std::string what = m_where + " has no " + Quoted(key.name) + "; write: ";
        m_faults->Add(Line(), what.append(key.name).append(" = ").append(key.example));
    }
    return node;
}

void
TableReader::Fault(LabKey key, std::string_view what)
{
    std::string line = Quoted(key.name) + " in " + m_where;
    m_faults->Add(LineOf(key.name), line.append(what));
}

void
TableReader::WrongType(LabKey key, const toml::node& node)
{
    std::string what = " is " + TypeName(node) + "; write: ";
    Fault(key, what.append(key.name).append(" = ").append(key.example));
}

std::optional<std::string>
TableReader::Text(LabKey key, Need need)
{
    const toml::node* node = Find(key, need);
    if (node == nullptr)
    {
        return std::nullopt;
    }
    if (!node->is_string())
    {
        WrongType(key, *node);
        return std::nullopt;
    }
    return node->as_string()->get();
}

std::optional<std::string>
TableReader::Name(LabKey key, Need need)
{
    std::optional<std::string> name = Text(key, need);
    if (name && !IsLabName(*name))
    {
        Fault(key,
              ": " + Quoted(*name) +
                  " is no name; use 1 to 32 letters, digits, '-' or '_', no '-' in front");
        return std::nullopt;
    }
    return name;
}

std::optional<bool>
TableReader::Boolean(LabKey key, Need need)
{
    const toml::node* node = Find(key, need);
    if (node == nullptr)
    {
        return std::nullopt;
    }
    if (!node->is_boolean())
    {
        WrongType(key, *node);
        return std::nullopt;
    }
    return node->as_boolean()->get();
}

std::optional<uint64_t>
TableReader::Integer(LabKey key, Need need, uint64_t least, uint64_t most)
{
    const toml::node* node = Find(key, need);
    if (node == nullptr)
    {
        return std::nullopt;
    }
    if (!node->is_integer())
    {
        WrongType(key, *node);
        return std::nullopt;
    }
    const int64_t value = node->as_integer()->get();
    if (value < 0 || static_cast<uint64_t>(value) < least || static_cast<uint64_t>(value) > most)
    {
        Fault(key,
              " is " + std::to_string(value) + "; nearest valid: " +
                  std::to_string(value < 0 || static_cast<uint64_t>(value) < least ? least : most));
        return std::nullopt;
    }
    return static_cast<uint64_t>(value);
}

std::optional<std::string>
TableReader::QuantityText(LabKey key, Need need)
{
    const toml::node* node = Find(key, need);
    if (node == nullptr)
    {
        return std::nullopt;
    }
    std::string example = "; write it as: ";
    example.append(key.name).append(" = ").append(key.example);
    if (node->is_number())
    {
        Fault(key, " is a number without unit" + example);
        return std::nullopt;
    }
    if (!node->is_string())
    {
        WrongType(key, *node);
        return std::nullopt;
    }
    const std::string& text = node->as_string()->get();
    const bool printable =
        std::all_of(text.begin(),
                    text.end(),
                    [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
    if (text.size() > MOST_QUANTITY || !printable)
    {
        Fault(key, ": " + Quoted(text) + " is no quantity" + example);
        return std::nullopt;
    }
    return text;
}

template <typename T>
std::optional<T>
TableReader::Quantity(LabKey key, Need need, Result<T> (*parse)(std::string_view))
{
    const std::optional<std::string> text = QuantityText(key, need);
    if (!text)
    {
        return std::nullopt;
    }
    const Result<T> value = parse(*text);
    if (!value)
    {
        Fault(key, ": " + value.Why());
        return std::nullopt;
    }
    return *value;
}

std::optional<Duration>
TableReader::Time(LabKey key, Need need)
{
    return Quantity<Duration>(key, need, ParseDuration);
}

std::optional<DataRate>
TableReader::Rate(LabKey key, Need need)
{
    const std::optional<DataRate> rate = Quantity<DataRate>(key, need, ParseDataRate);
    if (rate && rate->bitsPerSecond == 0)
    {
        std::string what = " is zero: nothing would ever pass; write for instance: ";
        Fault(key, what.append(key.name).append(" = ").append(key.example));
        return std::nullopt;
    }
    return rate;
}

std::optional<uint64_t>
TableReader::Bytes(LabKey key, Need need)
{
    return Quantity<uint64_t>(key, need, ParseByteCount);
}

std::optional<Ratio>
TableReader::Share(LabKey key, Need need)
{
    return Quantity<Ratio>(key, need, ParseRatio);
}

const toml::table*
TableReader::Table(LabKey key, Need need)
{
    const toml::node* node = Find(key, need);
    if (node != nullptr && !node->is_table())
    {
        WrongType(key, *node);
        return nullptr;
    }
    return node == nullptr ? nullptr : node->as_table();
}

const toml::array*
TableReader::Array(LabKey key, Need need)
{
    const toml::node* node = Find(key, need);
    if (node != nullptr && !node->is_array())
    {
        WrongType(key, *node);
        return nullptr;
    }
    return node == nullptr ? nullptr : node->as_array();
}

std::optional<std::vector<std::string>>
TableReader::Texts(LabKey key, Need need)
{
    const toml::array* array = Array(key, need);
    if (array == nullptr)
    {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const toml::node& node : *array)
    {
        if (!node.is_string())
        {
            std::string what = " holds " + TypeName(node) + "; write: ";
            Fault(key, what.append(key.name).append(" = ").append(key.example));
            return std::nullopt;
        }
        texts.push_back(node.as_string()->get());
    }
    return texts;
}

std::optional<size_t>
TableReader::Word(LabKey key, Need need, const std::vector<std::string_view>& words)
{
    const std::optional<std::string> text = Text(key, need);
    if (!text)
    {
        return std::nullopt;
    }
    const auto found = std::find(words.begin(), words.end(), *text);
    if (found == words.end())
    {
        Fault(key, " cannot be " + Quoted(*text) + "; " + SuggestWord(*text, words));
        return std::nullopt;
    }
    return static_cast<size_t>(found - words.begin());
}

bool
TableReader::EachTable(std::string_view key, const std::function<void(const toml::table&)>& each)
{
    const toml::node* node = Find({key, {}}, Need::Optional);
    if (node == nullptr)
    {
        return true;
    }
    const std::string right = "; write: [[" + std::string(key) + "]]";
    if (!node->is_array())
    {
        m_faults->Add(LineOf(key), Quoted(key) + " is " + TypeName(*node) + right);
        return false;
    }
    bool tables = true;
    for (const toml::node& element : *node->as_array())
    {
        if (element.is_table())
        {
            each(*element.as_table());
            continue;
        }
        m_faults->Add(isb::LineOf(element), Quoted(key) + " holds " + TypeName(element) + right);
        tables = false;
    }
    return tables;
}

void
TableReader::Refuse(std::string_view key, std::string_view why)
{
    m_known.push_back(key);
    if (Has(key))
    {
        std::string what = Quoted(key) + " in " + m_where + " goes ";
        m_faults->Add(LineOf(key), what.append(why));
    }
}

void
TableReader::Finish()
{
    for (const auto& [key, node] : *m_table)
    {
        if (std::find(m_known.begin(), m_known.end(), key.str()) == m_known.end())
        {
            m_faults->Add(std::max<size_t>(1, key.source().begin.line),
                          "unknown key " + Quoted(key.str()) + " in " + m_where + "; " +
                              SuggestWord(key.str(), m_known));
        }
    }
}

} // namespace isb
