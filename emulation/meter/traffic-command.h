// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_COMMAND_H
#define ISB_EMULATION_METER_TRAFFIC_COMMAND_H

#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace isb
{

/// An order was not understood, or traffic did not come to its end: what was attempted, in words.
class TrafficFault : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

/// One line that a traffic agent is told: a verb and its words, "send connections=10 ms=100".
class TrafficCommand
{
  public:
    /// Throws TrafficFault when a word has no '='.
    explicit TrafficCommand(const std::string& line);

    [[nodiscard]] const std::string& Verb() const;

    /// A word's value; TrafficFault when it is missing.
    [[nodiscard]] const std::string& Text(const std::string& key) const;
    /// A decimal number; TrafficFault when it is missing or none.
    [[nodiscard]] uint64_t Number(const std::string& key) const;
    /// The same, or `otherwise` when the word is missing.
    [[nodiscard]] uint64_t Number(const std::string& key, uint64_t otherwise) const;
    /// "192.0.2.1:80" or "[2001:db8::1]:80"; TrafficFault when it is missing or none.
    [[nodiscard]] IpEndpoint Endpoint(const std::string& key) const;

  private:
    std::string m_verb;
    std::map<std::string, std::string> m_words;
};

} // namespace isb

#endif
