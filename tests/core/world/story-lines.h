// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_STORY_LINES_H
#define ISB_TESTS_CORE_WORLD_STORY_LINES_H

#include "model/wire/isb-message.h"

#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace isb::test
{

/// "#" + kind + number: 's' a subscription, 'c' a connection, 'x' a splice.
[[nodiscard]] std::string IdText(char kind, uint64_t number);

/// A message of the broker as a line, without tokens; empty for those that are not compared.
[[nodiscard]] std::string LineOf(const IsbMessage& message);

/// Which number of the broker stands for which of the naive one.
class Numbers
{
  public:
    /// Of the naive broker's number; 0 when the broker has not said it.
    [[nodiscard]] uint64_t
    Real(char kind, uint64_t naive) const
    {
        const auto found = m_real.find(IdText(kind, naive));
        return found == m_real.end() ? 0 : std::stoull(found->second.substr(2));
    }

    /// Makes the two agree on one line, by order; false when they cannot.
    bool
    Match(const std::string& real, const std::string& naive)
    {
        const auto a = Words(real);
        const auto b = Words(naive);
        if (a.size() != b.size())
        {
            return false;
        }
        std::vector<std::pair<std::string, std::string>> fresh;
        for (size_t i = 0; i < a.size(); ++i)
        {
            const bool number = a[i][0] == '#' && b[i][0] == '#' && a[i][1] == b[i][1];
            const auto known = m_real.find(b[i]);
            if (!number || known != m_real.end() || m_taken.count(a[i]) != 0)
            {
                if (known == m_real.end() ? a[i] != b[i] : a[i] != known->second)
                {
                    return false;
                }
                continue;
            }
            fresh.emplace_back(b[i], a[i]);
        }
        for (const auto& [ours, theirs] : fresh)
        {
            m_real[ours] = theirs;
            m_taken.insert(theirs);
        }
        return true;
    }

  private:
    [[nodiscard]] static std::vector<std::string>
    Words(const std::string& line)
    {
        std::istringstream stream(line);
        std::vector<std::string> words;
        for (std::string word; stream >> word;)
        {
            words.push_back(word);
        }
        return words;
    }

    std::map<std::string, std::string> m_real; ///< naive number -> real one
    std::set<std::string> m_taken;
};

} // namespace isb::test

#endif
