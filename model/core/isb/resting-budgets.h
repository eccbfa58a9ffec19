// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_RESTING_BUDGETS_H
#define ISB_CORE_ISB_RESTING_BUDGETS_H

#include "model/core/isb/message-budget.h"
#include "model/wire/isb-message.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace isb
{

/// What is left of the message budgets of those whose session ended, until they would be full
/// again: logging in anew is no way to get another burst. At most one of each name and role.
class RestingBudgets
{
  public:
    using Owner = std::pair<IsbRole, std::string>;

    void
    Keep(TimePoint now, const Owner& owner, const MessageBudget& budget)
    {
        while (!m_byTime.empty() && m_byTime.begin()->first <= now)
        {
            m_budgets.erase(m_byTime.begin()->second);
            m_byTime.erase(m_byTime.begin());
        }
        if (budget.FullAt() > now && m_budgets.emplace(owner, budget).second)
        {
            m_byTime.emplace(budget.FullAt(), owner);
        }
    }

    /// That of the owner's new session: what he has left, or this one.
    [[nodiscard]] MessageBudget
    Take(const Owner& owner, const MessageBudget& full)
    {
        const auto place = m_budgets.find(owner);
        if (place == m_budgets.end())
        {
            return full;
        }
        const MessageBudget left = place->second;
        m_byTime.erase({left.FullAt(), owner});
        m_budgets.erase(place);
        return left;
    }

  private:
    std::map<Owner, MessageBudget> m_budgets;
    std::set<std::pair<TimePoint, Owner>> m_byTime;
};

} // namespace isb

#endif
