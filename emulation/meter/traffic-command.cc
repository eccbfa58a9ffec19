// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/traffic-command.h"

#include <charconv>
#include <sstream>

namespace isb
{

TrafficCommand::TrafficCommand(const std::string& line)
{
    std::istringstream words(line);
    words >> m_verb;
    std::string word;
    while (words >> word)
    {
        const size_t equals = word.find('=');
        if (equals == std::string::npos)
        {
            throw TrafficFault(m_verb + ": '" + word + "' is no KEY=VALUE");
        }
        m_words[word.substr(0, equals)] = word.substr(equals + 1);
    }
}

const std::string&
TrafficCommand::Verb() const
{
    return m_verb;
}

const std::string&
TrafficCommand::Text(const std::string& key) const
{
    const auto found = m_words.find(key);
    if (found == m_words.end())
    {
        throw TrafficFault(m_verb + ": " + key + " is missing");
    }
    return found->second;
}

uint64_t
TrafficCommand::Number(const std::string& key) const
{
    const std::string& text = Text(key);
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end)
    {
        throw TrafficFault(m_verb + ": " + key + "=" + text + " is no number");
    }
    return value;
}

uint64_t
TrafficCommand::Number(const std::string& key, uint64_t otherwise) const
{
    return m_words.count(key) != 0 ? Number(key) : otherwise;
}

IpEndpoint
TrafficCommand::Endpoint(const std::string& key) const
{
    const std::string& text = Text(key);
    const auto endpoint = IpEndpoint::Parse(text);
    if (!endpoint)
    {
        throw TrafficFault(m_verb + ": " + key + "=" + text + " is no ADDRESS:PORT");
    }
    return *endpoint;
}

} // namespace isb
