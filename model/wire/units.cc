// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/units.h"

#include <array>
#include <limits>
#include <utility>

namespace isb
{

namespace
{

__extension__ using Wide = unsigned __int128;

constexpr uint64_t MOST_SIGNED = std::numeric_limits<int64_t>::max();
constexpr uint64_t MOST_UNSIGNED = std::numeric_limits<uint64_t>::max();

/// Digits after the decimal point that are read: enough for any factor below 10^18.
constexpr size_t MOST_DECIMALS = 18;

constexpr std::array<UnitName, 6> DURATION_UNITS{{{"ns", 1},
                                                  {"us", 1'000},
                                                  {"ms", 1'000'000},
                                                  {"s", 1'000'000'000},
                                                  {"min", 60'000'000'000},
                                                  {"h", 3'600'000'000'000}}};
constexpr std::array<UnitName, 4> DATA_RATE_UNITS{
    {{"b/s", 1}, {"kb/s", 1'000}, {"Mb/s", 1'000'000}, {"Gb/s", 1'000'000'000}}};
constexpr std::array<UnitName, 7> BYTE_UNITS{{{"B", 1},
                                              {"kB", 1'000},
                                              {"KiB", 1'024},
                                              {"MB", 1'000'000},
                                              {"MiB", 1'048'576},
                                              {"GB", 1'000'000'000},
                                              {"GiB", 1'073'741'824}}};
constexpr std::array<UnitName, 1> RATIO_UNITS{{{"%", 10'000}}};

template <size_t N>
constexpr UnitTable
Table(std::string_view quantity,
      std::string_view example,
      const std::array<UnitName, N>& units,
      uint64_t most)
{
    return {quantity, example, units.data(), N, most};
}

constexpr UnitTable DURATION = Table("duration", "10 us", DURATION_UNITS, MOST_SIGNED);
constexpr UnitTable DATA_RATE = Table("data rate", "100 Mb/s", DATA_RATE_UNITS, MOST_UNSIGNED);
constexpr UnitTable BYTE_COUNT = Table("size", "1 KiB", BYTE_UNITS, MOST_UNSIGNED);
constexpr UnitTable RATIO = Table("ratio", "3 %", RATIO_UNITS, 1'000'000);

bool
IsDigit(char c)
{
    return c >= '0' && c <= '9';
}

std::string_view
Trim(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    {
        text.remove_suffix(1);
    }
    return text;
}

std::string_view
TakeDigits(std::string_view& text)
{
    size_t count = 0;
    while (count < text.size() && IsDigit(text[count]))
    {
        ++count;
    }
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

/// The digits of a decimal number, zeros at its end left out.
struct Number
{
    std::string_view whole;
    std::string_view decimals;
};

/// Takes a number from the front of the text; the reason when there is none.
std::string_view
TakeNumber(std::string_view& text, Number& number)
{
    if (!text.empty() && text.front() == '-')
    {
        return "negative";
    }
    number.whole = TakeDigits(text);
    if (number.whole.empty())
    {
        return "no number";
    }
    if (!text.empty() && text.front() == '.')
    {
        text.remove_prefix(1);
        number.decimals = TakeDigits(text);
        if (number.decimals.empty())
        {
            return "no digit after the decimal point";
        }
    }
    while (!number.decimals.empty() && number.decimals.back() == '0')
    {
        number.decimals.remove_suffix(1);
    }
    return {};
}

std::string
UnitList(const UnitTable& table)
{
    std::string list;
    for (size_t i = 0; i < table.count; ++i)
    {
        list.append(i == 0 ? "" : ", ").append(table.units[i].name);
    }
    return list;
}

/// One line: what was read and what would be right.
Error
Refuse(std::string_view text, std::string_view why, const UnitTable& table)
{
    std::string line = "\"";
    line.append(text).append("\" is not a ").append(table.quantity).append(": ").append(why);
    line.append(" (write it as \"").append(table.example).append("\"; units: ");
    line.append(UnitList(table)).append(")");
    return {line};
}

const UnitName*
FindUnit(std::string_view name, const UnitTable& table)
{
    for (size_t i = 0; i < table.count; ++i)
    {
        if (table.units[i].name == name)
        {
            return &table.units[i];
        }
    }
    return nullptr;
}

/// Adds `digits` to `value`, decimal; false when it no longer fits 64 bits.
bool
AppendDigits(uint64_t& value, std::string_view digits)
{
    for (const char digit : digits)
    {
        const Wide next = static_cast<Wide>(value) * 10 + static_cast<unsigned>(digit - '0');
        if (next > MOST_UNSIGNED)
        {
            return false;
        }
        value = static_cast<uint64_t>(next);
    }
    return true;
}

bool
IsPowerOfTen(uint64_t value)
{
    while (value % 10 == 0)
    {
        value /= 10;
    }
    return value == 1;
}

/// "1.5 ms": the value in this unit, whose decimal fraction must end.
std::string
InUnit(uint64_t value, const UnitName& unit)
{
    std::string text = std::to_string(value / unit.factor);
    uint64_t rest = value % unit.factor;
    if (rest != 0)
    {
        text += '.';
        for (uint64_t step = unit.factor / 10; rest != 0; step /= 10)
        {
            text += static_cast<char>('0' + rest / step);
            rest %= step;
        }
    }
    return text.append(" ").append(unit.name);
}

} // namespace

Duration
DataRate::TimeFor(uint64_t bytes) const
{
    constexpr uint64_t NANOSECONDS = 1'000'000'000;
    const uint64_t bits = bytes * 8;
    // Whole seconds first: the rest times 1e9 fits 128 bits at any rate.
    const uint64_t whole = bits / bitsPerSecond;
    const uint64_t rest = bits % bitsPerSecond;
    const auto part = static_cast<uint64_t>(
        (static_cast<Wide>(rest) * NANOSECONDS + bitsPerSecond - 1) / bitsPerSecond);
    return Duration(static_cast<int64_t>(whole * NANOSECONDS + part));
}

Result<uint64_t>
ParseQuantity(std::string_view text, const UnitTable& table)
{
    Number number;
    std::string_view rest = Trim(text);
    if (const std::string_view fault = TakeNumber(rest, number); !fault.empty())
    {
        return Refuse(text, fault, table);
    }
    const std::string_view name = Trim(rest);
    const UnitName* unit = FindUnit(name, table);
    if (unit == nullptr)
    {
        return Refuse(text, name.empty() ? "no unit" : "unknown unit", table);
    }
    uint64_t whole = 0;
    if (!AppendDigits(whole, number.whole))
    {
        return Refuse(text, "too large", table);
    }
    uint64_t fraction = 0;
    Wide scale = 1;
    for (size_t i = 0; i < number.decimals.size() && i < MOST_DECIMALS; ++i)
    {
        scale *= 10;
    }
    if (number.decimals.size() > MOST_DECIMALS || !AppendDigits(fraction, number.decimals) ||
        static_cast<Wide>(fraction) * unit->factor % scale != 0)
    {
        return Refuse(text, "finer than the smallest step", table);
    }
    // Both products fit 128 bits: their factors fit 64, and the fraction is below its scale.
    const Wide total = static_cast<Wide>(fraction) * unit->factor / scale;
    if (static_cast<Wide>(whole) * unit->factor > table.most ||
        static_cast<Wide>(whole) * unit->factor + total > table.most)
    {
        return Refuse(text, "too large", table);
    }
    return static_cast<uint64_t>(static_cast<Wide>(whole) * unit->factor + total);
}

std::string
FormatQuantity(uint64_t value, const UnitTable& table)
{
    std::string shortest = InUnit(value, table.units[0]);
    for (size_t i = 1; i < table.count; ++i)
    {
        const UnitName& unit = table.units[i];
        // Decimal fractions of minutes or binary units need not end: whole ones only.
        if (value >= unit.factor && (IsPowerOfTen(unit.factor) || value % unit.factor == 0))
        {
            std::string text = InUnit(value, unit);
            if (text.size() <= shortest.size())
            {
                shortest = std::move(text);
            }
        }
    }
    return shortest;
}

Result<Duration>
ParseDuration(std::string_view text)
{
    const Result<uint64_t> value = ParseQuantity(text, DURATION);
    if (!value)
    {
        return Error{value.Why()};
    }
    return Duration(static_cast<int64_t>(*value));
}

Result<DataRate>
ParseDataRate(std::string_view text)
{
    const Result<uint64_t> value = ParseQuantity(text, DATA_RATE);
    if (!value)
    {
        return Error{value.Why()};
    }
    return DataRate{*value};
}

Result<uint64_t>
ParseByteCount(std::string_view text)
{
    return ParseQuantity(text, BYTE_COUNT);
}

Result<Ratio>
ParseRatio(std::string_view text)
{
    const Result<uint64_t> value = ParseQuantity(text, RATIO);
    if (!value)
    {
        return Error{value.Why()};
    }
    return Ratio{static_cast<uint32_t>(*value)};
}

std::string
FormatDuration(Duration value)
{
    return FormatQuantity(static_cast<uint64_t>(value.count()), DURATION);
}

std::string
FormatDataRate(DataRate value)
{
    return FormatQuantity(value.bitsPerSecond, DATA_RATE);
}

std::string
FormatByteCount(uint64_t bytes)
{
    return FormatQuantity(bytes, BYTE_COUNT);
}

std::string
FormatRatio(Ratio value)
{
    return FormatQuantity(value.partsPerMillion, RATIO);
}

} // namespace isb
