// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_BROKER_STORY_H
#define ISB_TESTS_CORE_WORLD_BROKER_STORY_H

#include "tests/core/world/broker-rig.h"
#include "tests/core/world/naive-broker.h"
#include "tests/core/world/story-lines.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace isb::test
{

/// One random story: users and ISTs log in, act, and leave in all ways; the broker and the naive
/// one hear the same, and must answer the same.
class BrokerStory
{
  public:
    explicit BrokerStory(uint64_t seed)
        : m_random(seed),
          m_rig(Settings(), seed),
          m_naive(m_rig.settings)
    {
    }

    /// What differs first, with the whole story; empty when nothing does.
    std::string
    Tell()
    {
        for (size_t step = 0; step < STEPS && m_fault.empty(); ++step)
        {
            PassSomeTime();
            Act();
            Compare();
        }
        if (m_fault.empty())
        {
            CheckCounts();
        }
        if (m_fault.empty() && m_rig.LeftWhenAllAreGone() != 0)
        {
            m_fault = "state is left when all are gone";
        }
        std::string text;
        for (const std::string& line : m_log)
        {
            text += line + "\n";
        }
        return m_fault.empty() ? "" : text + m_fault;
    }

    /// Answers that were heard, by their first word, bye and ends by their code too.
    std::set<std::string> kinds;

  private:
    static constexpr size_t USERS = 4;
    static constexpr size_t ISTS = 2;
    static constexpr size_t STEPS = 120;

    static IsbSettings
    Settings()
    {
        IsbSettings settings = BrokerRig::SettingsFor(USERS, ISTS);
        settings.istHelloInterval = settings.helloInterval; // one time-out less to think of
        for (auto& [name, profile] : settings.profiles)
        {
            profile.quota.services = 2;
            profile.quota.subscriptions = 3;
            profile.quota.connections = 4;
        }
        return settings;
    }

    uint64_t
    Below(uint64_t bound)
    {
        return m_random.Below(bound);
    }

    bool
    Chance(uint64_t percent)
    {
        return Below(100) < percent;
    }

    void
    Log(const std::string& text)
    {
        m_log.push_back(std::to_string(m_rig.now.count() / 1000) + " us: " + text);
    }

    [[nodiscard]] Puppet*
    Online(const std::string& name)
    {
        const auto found = m_puppets.find(name);
        return found == m_puppets.end() || !found->second->IsOpen() ? nullptr : found->second;
    }

    /// Living peers say Ping before time passes; those that vanished silently do not.
    void
    PassSomeTime()
    {
        const Duration time(Chance(80) ? 1 + Below(50'000'000) : 1 + Below(6'000'000'000));
        for (const auto& [name, puppet] : m_puppets)
        {
            if (puppet->IsOpen() && m_silent.count(name) == 0)
            {
                puppet->Say(PingMessage{});
                m_naive.Heard(name);
            }
        }
        const TimePoint end = m_rig.now + time;
        while (m_rig.now < end) // one time-out after the other: choices are told in time
        {
            const TimePoint next = m_rig.broker.NextTimeout();
            m_rig.Pass((next > m_rig.now ? std::min(end, next) : end) - m_rig.now);
            m_naive.Pass(m_rig.now);
            Compare();
        }
    }

    void Act();
    void Advance();
    void ActAsUser(const std::string& name, Puppet& puppet);
    void ActOnConnection(const std::string& name, Puppet& puppet);
    void ActAsIst(const std::string& name, Puppet& puppet);
    void LogIn(const std::string& name);
    void LogInIst(const std::string& name);
    void Leave(const std::string& name, Puppet& puppet);
    void Announce(const std::string& name, Puppet& puppet);
    void Subscribe(const std::string& name, Puppet& puppet);
    void AnswerOne(const std::string& name, Puppet& puppet);
    void Open(const std::string& name, Puppet& puppet);
    void SayStatus(const std::string& name,
                   uint64_t id,
                   ConnectionPhase phase,
                   IsbCode code,
                   uint32_t attempt);
    void SayReady(const std::string& name, uint64_t id);
    void SaySpliceReady(const std::string& name, uint64_t id);
    void SayAnyStatus(const std::string& name, uint64_t id);
    void SpliceEvent(const std::string& name, Puppet& puppet);
    void Offend(const std::string& name, Puppet& puppet);
    void TellChoices();
    void Compare();
    void CompareOne(const std::string& who,
                    std::vector<std::string> real,
                    std::vector<std::string> naive);
    void CheckCounts();

    [[nodiscard]] std::string
    AnyUser()
    {
        return "u" + std::to_string(Below(USERS));
    }

    [[nodiscard]] std::string
    AnyService()
    {
        return Chance(60) ? "web" : (Chance(50) ? "mail" : "chat");
    }

    SeededRng m_random;
    BrokerRig m_rig;
    NaiveBroker m_naive;
    Numbers m_numbers;
    std::map<std::string, Puppet*> m_puppets;
    std::set<Puppet*> m_replaced; ///< sessions whose name logged in again
    std::set<std::string> m_silent;
    std::vector<std::string> m_log;
    std::string m_fault;
    uint64_t m_lastRequest = 0;
    uint16_t m_lastPort = 20'000;
};

} // namespace isb::test

#endif
