// SPDX-License-Identifier: GPL-2.0-or-later
// Random worlds with random incidents; then all that was broken is mended, and everything that is
// allowed works again. Seeds: seeds.h.
#include "tests/core/world/seeds.h"
#include "tests/core/world/world.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

constexpr size_t INCIDENTS = 25;

/// A world made of a seed.
class ChaosStory
{
  public:
    explicit ChaosStory(uint64_t seed)
        : m_random(seed),
          m_world(seed)
    {
        const size_t users = 2 + Below(3);
        for (size_t i = 0; i < users; ++i)
        {
            AddUser(i);
        }
        const size_t ists = 1 + Below(2);
        for (size_t i = 0; i < ists; ++i)
        {
            m_world.AddIst("i" + std::to_string(i), Duration(1 + Below(40)) * 1'000'000);
        }
        for (size_t i = 0; i < users; ++i)
        {
            AddWishes(i);
        }
    }

    /// What is wrong; empty when nothing is.
    std::string
    Tell()
    {
        m_world.Start();
        for (size_t i = 0; i < INCIDENTS; ++i)
        {
            Happen();
            m_world.Run(Duration(Below(Chance(70) ? 300'000'000 : 20'000'000'000)));
        }
        Mend();
        std::string wrong = TryEverything();
        wrong += m_world.LeftAfterLogout();
        if (wrong.empty())
        {
            return {};
        }
        std::string story;
        for (const std::string& line : m_log)
        {
            story += line + "\n";
        }
        return story + wrong;
    }

  private:
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
        m_log.push_back(std::to_string(m_world.clock.Now().count() / 1000) + " us: " + text);
    }

    void
    AddUser(size_t number)
    {
        const std::string name = "u" + std::to_string(number);
        const bool beside = number > 0 && Chance(25) &&
                            m_world.network.Host(m_world.users.front()->host).outside != Ipv4{};
        const Behind behind = Chance(55)   ? Behind::Nat
                              : Chance(70) ? Behind::Nothing
                                           : Behind::Firewall;
        WorldUser& user = beside ? m_world.AddUserBeside(name, *m_world.users.front())
                                 : m_world.AddUser(name, behind);
        user.settings.canChoosePort = Chance(40);
        user.Offers("web").Offers("dns", Protocol::Udp);
        Log(name + (beside ? " beside u0" : ", " + std::to_string(static_cast<int>(behind))));
    }

    void
    AddWishes(size_t number)
    {
        WorldUser& user = *m_world.users[number];
        for (size_t other = 0; other < m_world.users.size(); ++other)
        {
            if (other == number || !Chance(70))
            {
                continue;
            }
            const bool udp = Chance(25);
            const std::string target = "u" + std::to_string(other) + (udp ? "/dns" : "/web");
            WantedService& wanted = user.Wants(target, udp ? Protocol::Udp : Protocol::Tcp);
            wanted.requireIst = Chance(20);
            wanted.prepared = Chance(25) ? 1 + static_cast<uint32_t>(Below(2)) : 0;
            if (!udp && Chance(30))
            {
                wanted.method = Chance(70) ? ForwardingMethod::Pure : ForwardingMethod::Proxy;
            }
            m_wishes.emplace_back(&user, target);
            Log("u" + std::to_string(number) + " wants " + target);
        }
    }

    [[nodiscard]] WorldParty&
    AnyParty()
    {
        const size_t users = m_world.users.size();
        const size_t which = Below(users + m_world.ists.size() + 1);
        if (which < users)
        {
            return *m_world.users[which];
        }
        return which == users ? static_cast<WorldParty&>(m_world.broker)
                              : *m_world.ists[which - users - 1];
    }

    void
    Happen()
    {
        WorldParty& party = AnyParty();
        const std::string name = m_world.network.Host(party.host).name;
        const uint64_t what = Below(100);
        if (!party.IsAlive() || (what < 8 && party.machine.Life().IsIdle()))
        {
            Log(name + " starts");
            party.Starts();
        }
        else if (what < 12)
        {
            const bool silently = Chance(50);
            Log(name + (silently ? " vanishes silently" : " vanishes with reset"));
            party.Vanishes(silently ? Vanish::Silently : Vanish::WithReset);
            if (silently) // with all programs of its host
            {
                m_clients.erase(std::remove_if(m_clients.begin(),
                                               m_clients.end(),
                                               [&](const auto& client)
                                               { return client.first == &party; }),
                                m_clients.end());
            }
        }
        else if (what < 16)
        {
            Log(name + " logs out");
            party.LogsOut();
        }
        else if (what < 22)
        {
            WorldUser& user = *m_world.users[Below(m_world.users.size())];
            NetHost& host = m_world.network.Host(user.host);
            host.firewall = !host.firewall && host.outside == Ipv4{};
            Log("firewall of " + host.name + (host.firewall ? " closes" : " opens"));
        }
        else
        {
            HappenToAClient(what);
        }
    }

    void
    HappenToAClient(uint64_t what)
    {
        if (m_wishes.empty())
        {
            return;
        }
        if (what < 75 || m_clients.empty())
        {
            const auto& [user, target] = m_wishes[Below(m_wishes.size())];
            Log(user->settings.user + " connects to " + target);
            WorldClient& client = user->Connects(target);
            client.Says(std::string(1 + Below(Chance(20) ? 200'000 : 100), 'x'));
            m_clients.emplace_back(user, &client);
            return;
        }
        Log("a client finishes");
        m_clients[Below(m_clients.size())].second->Finishes();
    }

    /// Everybody is there, no firewall stands, all back-offs are over.
    void
    Mend()
    {
        Log("mended");
        for (const auto& user : m_world.users)
        {
            m_world.network.Host(user->host).firewall = false;
        }
        for (WorldParty* party : m_world.Parties())
        {
            if (party->IsAlive() && party->HasLoggedOut())
            {
                party->Vanishes(Vanish::WithReset);
            }
        }
        m_world.Start();
        m_world.Run(300s);
    }

    std::string
    TryEverything()
    {
        std::string wrong;
        for (const auto& [user, target] : m_wishes)
        {
            WorldClient& client = user->Connects(target);
            const bool udp = target.find("dns") != std::string::npos;
            for (int repeat = 0; repeat < (udp ? 3 : 1); ++repeat) // datagrams may be lost
            {
                client.Says("mended?");
                m_world.Run(10s);
            }
            if (client.Heard().find("mended?") == std::string::npos)
            {
                wrong += user->settings.user + " does not reach " + target + ": " +
                         std::string(client.State()) + ", heard '" + client.Heard() + "', " +
                         std::string(user->Report(target).state) + "; ";
            }
            client.Leaves();
        }
        return wrong;
    }

    SeededRng m_random;
    World m_world;
    std::vector<std::pair<WorldUser*, std::string>> m_wishes;
    std::vector<std::pair<WorldUser*, WorldClient*>> m_clients;
    std::vector<std::string> m_log;
};

TEST(Chaos, WhenAllIsMendedEverythingWorksAgainAndNothingIsLeft)
{
    const auto [first, last] = SeedsOr(300);
    for (uint64_t seed = first; seed <= last; ++seed)
    {
        const std::string fault = ChaosStory(seed).Tell();
        ASSERT_TRUE(fault.empty()) << "seed " << seed << ":\n" << fault;
    }
}

} // namespace
} // namespace isb::test
