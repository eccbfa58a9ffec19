// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/broker-story.h"

#include <iterator>
#include <utility>

namespace isb::test
{

/// The next thing that a connection needs in order to stand: without it, stories that get so far
/// are rare.
void
BrokerStory::Advance()
{
    const auto speaks = [this](const std::string& name)
    { return Online(name) != nullptr && m_silent.count(name) == 0; };
    for (const auto& [id, connection] : m_naive.connections)
    {
        if (connection.up || !Chance(50) || !speaks(connection.provider.name) ||
            !speaks(connection.subscriber.name))
        {
            continue;
        }
        if (!connection.ready)
        {
            SayReady(connection.provider.name, id);
        }
        else if (!connection.instructed && speaks(connection.ist))
        {
            SaySpliceReady(connection.ist, id);
        }
        else if (connection.instructed)
        {
            const bool first = connection.subscriber.established;
            SayStatus(first ? connection.provider.name : connection.subscriber.name,
                      id,
                      ConnectionPhase::Established,
                      IsbCode::None,
                      connection.attempt);
        }
        return;
    }
}

void
BrokerStory::Act()
{
    if (Chance(25))
    {
        Advance();
        return;
    }
    if (Chance(20))
    {
        const std::string name = "i" + std::to_string(Below(ISTS));
        Puppet* puppet = Online(name);
        if (puppet == nullptr)
        {
            LogInIst(name);
        }
        else if (m_silent.count(name) == 0)
        {
            ActAsIst(name, *puppet);
        }
        return;
    }
    const std::string name = AnyUser();
    Puppet* puppet = Online(name);
    if (puppet == nullptr || Chance(2))
    {
        LogIn(name);
    }
    else if (m_silent.count(name) == 0)
    {
        ActAsUser(name, *puppet);
    }
}

void
BrokerStory::CompareOne(const std::string& who,
                        std::vector<std::string> real,
                        std::vector<std::string> naive)
{
    // Order within one step is the broker's own business.
    for (const std::string& line : naive)
    {
        const auto same =
            std::find_if(real.begin(),
                         real.end(),
                         [&](const std::string& other) { return m_numbers.Match(other, line); });
        if (same == real.end())
        {
            m_fault += who + " does not hear: " + line + "\n";
            continue;
        }
        real.erase(same);
    }
    for (const std::string& line : real)
    {
        m_fault += who + " hears: " + line + "\n";
    }
}

/// The IST is the broker's choice: what it orders tells the naive one.
void
BrokerStory::TellChoices()
{
    for (size_t i = 0; i < ISTS; ++i)
    {
        const std::string name = "i" + std::to_string(i);
        if (m_puppets.count(name) == 0)
        {
            continue;
        }
        Puppet& ist = *m_puppets.at(name);
        std::deque<IsbMessage> messages = ist.unheard;
        messages.insert(messages.end(), ist.inbox.begin(), ist.inbox.end());
        for (const IsbMessage& message : messages)
        {
            const auto* request = std::get_if<SpliceRequestMessage>(&message);
            if (request != nullptr &&
                m_naive.Choose(name, request->subscriber, request->provider) == 0)
            {
                m_fault += name + " is asked for a splice that nobody wants there\n";
            }
        }
    }
}

void
BrokerStory::Compare()
{
    TellChoices();
    std::map<std::string, std::vector<std::string>> naive;
    for (const auto& [who, line] : m_naive.Take())
    {
        naive[who].push_back(line);
    }
    for (const auto& puppet : m_rig.puppets)
    {
        // What was sent to one who does not read counts as said.
        std::deque<IsbMessage> heard = std::exchange(puppet->unheard, {});
        heard.insert(heard.end(), puppet->inbox.begin(), puppet->inbox.end());
        puppet->inbox.clear();
        std::vector<std::string> real;
        for (const IsbMessage& message : heard)
        {
            const std::string line = LineOf(message);
            if (!line.empty())
            {
                real.push_back(line);
                const std::string word = line.substr(0, line.find(' '));
                const bool coded = word == "bye" || word == "fault" || word == "connection-ended";
                kinds.insert(coded ? word + line.substr(line.rfind(' ')) : word);
            }
        }
        if (m_replaced.erase(puppet.get()) != 0)
        {
            CompareOne("old " + puppet->name, real, {"bye replaced"});
        }
        if (m_puppets[puppet->name] != puppet.get())
        {
            continue; // an earlier session
        }
        CompareOne(puppet->name, real, naive[puppet->name]);
    }
}

void
BrokerStory::CheckCounts()
{
    const auto check = [this](const char* what, size_t real, size_t naive)
    {
        if (real != naive)
        {
            m_fault += std::string(what) + ": " + std::to_string(real) + ", should be " +
                       std::to_string(naive) + "\n";
        }
    };
    check("users", m_rig.broker.Users(), m_naive.users.size());
    check("services", m_rig.broker.Services(), m_naive.services.size());
    check("subscriptions", m_rig.broker.Subscriptions(), m_naive.subscriptions.size());
    check("connections", m_rig.broker.Connections(), m_naive.connections.size());
}

} // namespace isb::test
