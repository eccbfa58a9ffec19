// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/option-types.h"

#include "model/wire/nearest-word.h"

#include <CLI/Error.hpp>
#include <CLI/Option.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

namespace isb
{

namespace
{

[[noreturn]] void
Refuse(const std::string& name, const std::string& text, const std::string& wanted)
{
    throw CLI::ValidationError(name, Quoted(text) + " is no " + wanted);
}

/// A bare number of seconds is one with a unit.
std::string
WithSeconds(const std::string& text)
{
    const bool bare = text.find_first_not_of("0123456789.") == std::string::npos;
    return bare && !text.empty() ? text + " s" : text;
}

/// An option whose value is read by `read`: Result<...> of a text.
template <typename Read, typename Keep>
CLI::Option*
AddQuantity(CLI::App& app, const std::string& name, Read read, Keep keep, const std::string& help)
{
    return app.add_option_function<std::string>(
        name,
        [name, read, keep](const std::string& text)
        {
            const auto value = read(text);
            if (!value)
            {
                throw CLI::ValidationError(name, value.Why());
            }
            keep(*value);
        },
        help);
}

IpAddress
ReadAddress(const std::string& name, const std::string& text)
{
    const auto address = IpAddress::Parse(text);
    if (!address)
    {
        Refuse(name, text, "IPv4 or IPv6 address");
    }
    return *address;
}

} // namespace

CLI::Option*
AddDuration(CLI::App& app, const std::string& name, Duration& value, const std::string& help)
{
    const std::string standard = FormatDuration(value);
    return AddQuantity(
               app,
               name,
               [](const std::string& text) { return ParseDuration(WithSeconds(text)); },
               [&value](Duration read) { value = read; },
               help)
        ->type_name("TIME")
        ->default_str(value.count() == 0 ? "" : standard);
}

CLI::Option*
AddRate(CLI::App& app, const std::string& name, uint64_t& bitsPerSecond, const std::string& help)
{
    return AddQuantity(
               app,
               name,
               [](const std::string& text) { return ParseDataRate(text); },
               [&bitsPerSecond](DataRate read) { bitsPerSecond = read.bitsPerSecond; },
               help)
        ->type_name("RATE");
}

CLI::Option*
AddBytes(CLI::App& app, const std::string& name, uint64_t& bytes, const std::string& help)
{
    return AddQuantity(
               app,
               name,
               [](const std::string& text) { return ParseByteCount(text); },
               [&bytes](uint64_t read) { bytes = read; },
               help)
        ->type_name("BYTES");
}

CLI::Option*
AddPort(CLI::App& app, const std::string& name, uint16_t& port, const std::string& help)
{
    return app
        .add_option_function<std::string>(
            name,
            [name, &port](const std::string& text)
            {
                uint16_t number = 0;
                const char* end = text.data() + text.size();
                const auto [stop, error] = std::from_chars(text.data(), end, number);
                if (text.empty() || stop != end || error != std::errc{} || number == 0)
                {
                    Refuse(name, text, "port: 1 to 65535");
                }
                port = number;
            },
            help)
        ->type_name("PORT");
}

CLI::Option*
AddAddress(CLI::App& app,
           const std::string& name,
           std::optional<IpAddress>& value,
           const std::string& help)
{
    return app
        .add_option_function<std::string>(
            name,
            [name, &value](const std::string& text) { value = ReadAddress(name, text); },
            help)
        ->type_name("ADDRESS");
}

CLI::Option*
AddAddresses(CLI::App& app,
             const std::string& name,
             std::vector<IpAddress>& values,
             const std::string& help)
{
    return app
        .add_option_function<std::vector<std::string>>(
            name,
            [name, &values](const std::vector<std::string>& texts)
            {
                for (const std::string& text : texts)
                {
                    values.push_back(ReadAddress(name, text));
                }
            },
            help)
        ->type_name("ADDRESS")
        ->expected(1)
        ->take_all();
}

CLI::Option*
AddPlace(CLI::App& app, const std::string& name, IpEndpoint& value, const std::string& help)
{
    return app
        .add_option_function<std::string>(
            name,
            [name, &value](const std::string& text)
            {
                const auto place = IpEndpoint::Parse(text);
                if (!place || place->port == 0)
                {
                    Refuse(name, text, "ADDRESS:PORT, for IPv6 [ADDRESS]:PORT");
                }
                value = *place;
            },
            help)
        ->type_name("ADDRESS:PORT");
}

CLI::Option*
AddWord(CLI::App& app,
        const std::string& name,
        std::string& value,
        std::vector<std::string_view> words,
        const std::string& help)
{
    std::string list;
    for (const std::string_view word : words)
    {
        list.append(list.empty() ? "" : "|").append(word);
    }
    return app
        .add_option_function<std::string>(
            name,
            [name, &value, words = std::move(words)](const std::string& text)
            {
                if (std::find(words.begin(), words.end(), text) == words.end())
                {
                    throw CLI::ValidationError(name,
                                               Quoted(text) + " is not known; " +
                                                   SuggestWord(text, words));
                }
                value = text;
            },
            help)
        ->type_name(list)
        ->default_str(value);
}

} // namespace isb
