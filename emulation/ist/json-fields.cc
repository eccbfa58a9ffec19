// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/json-fields.h"

#include <cmath>
#include <utility>

namespace isb
{

namespace
{

const Json NOTHING;

// The largest number of seconds whose nanoseconds fit a Duration with room to add two.
constexpr double MOST_SECONDS = 4e9;

} // namespace

JsonFields::JsonFields(const Json& json, std::string what)
    : m_json(json),
      m_what(std::move(what))
{
    if (!json.is_object())
    {
        m_failure = Error{m_what + " is no JSON object"};
    }
}

void
JsonFields::Fault(const std::string& key, const std::string& wanted)
{
    if (!m_failure)
    {
        m_failure = Error{"'" + key + "' of " + m_what + " is no " + wanted};
    }
}

const Json&
JsonFields::Any(const char* key) const
{
    if (!m_json.is_object())
    {
        return NOTHING;
    }
    const auto found = m_json.find(key);
    return found == m_json.end() ? NOTHING : *found;
}

uint64_t
JsonFields::Number(const char* key, uint64_t most)
{
    const Json& value = Any(key);
    if (value.is_null())
    {
        return 0;
    }
    if (!value.is_number_unsigned() || value.get<uint64_t>() > most)
    {
        Fault(key, "whole number from 0 to " + std::to_string(most));
        return 0;
    }
    return value.get<uint64_t>();
}

uint16_t
JsonFields::Port(const char* key)
{
    return static_cast<uint16_t>(Number(key, UINT16_MAX));
}

Duration
JsonFields::Seconds(const char* key)
{
    const Json& value = Any(key);
    if (value.is_null())
    {
        return Duration(0);
    }
    if (!value.is_number() || !(value.get<double>() >= 0) || value.get<double>() > MOST_SECONDS)
    {
        Fault(key, "number of seconds");
        return Duration(0);
    }
    return Duration(std::llround(value.get<double>() * 1e9));
}

std::string
JsonFields::Text(const char* key)
{
    const Json& value = Any(key);
    if (value.is_null())
    {
        return {};
    }
    if (!value.is_string())
    {
        Fault(key, "text");
        return {};
    }
    return value.get<std::string>();
}

std::optional<IpAddress>
JsonFields::Address(const char* key)
{
    const std::string text = Text(key);
    if (text.empty())
    {
        return std::nullopt;
    }
    auto address = IpAddress::Parse(text);
    if (!address)
    {
        Fault(key, "address");
    }
    return address;
}

IpEndpoint
JsonFields::Place(const char* key)
{
    const std::string text = Text(key);
    if (text.empty())
    {
        return {};
    }
    const auto endpoint = IpEndpoint::Parse(text);
    if (!endpoint)
    {
        Fault(key, "ADDRESS:PORT");
    }
    return endpoint.value_or(IpEndpoint{});
}

} // namespace isb
