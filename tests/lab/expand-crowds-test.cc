// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/lab-text.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace isb
{

namespace
{

Lab
LabOf(const std::string& text)
{
    const ParsedLab parsed = ParseLab(text, "t.toml");
    EXPECT_TRUE(parsed) << parsed.errors.front().ToString();
    return parsed.lab.value_or(Lab{});
}

std::string
CrowdText(const std::string& keys, int seed = 1)
{
    return "schema = 1\nname = \"crowd\"\nduration = \"60 s\"\nseed = " + std::to_string(seed) +
           "\n[[isb]]\nname = \"isb\"\n[[region]]\nname = \"east\"\ndelay = \"1 ms\"\n"
           "[[region]]\nname = \"west\"\ndelay = \"2 ms\"\n[[crowd]]\nname = \"u\"\n" +
           keys;
}

/// "u1->u7" for every wanted service.
std::vector<std::string>
Wishes(const Lab& lab)
{
    std::vector<std::string> wishes;
    for (const LabUser& user : lab.users)
    {
        for (const WantedService& wanted : user.settings.wants)
        {
            wishes.push_back(user.settings.user + "->" + wanted.provider);
        }
    }
    return wishes;
}

TEST(ExpandCrowds, PutsMembersBehindTheirNatsInTurn)
{
    const Lab lab = LabOf(CrowdText(
        "count = 5\nusers-per-site = 2\nnats = [\"symmetric\", \"none\"]\nregions = [\"east\"]\n"));
    std::vector<std::string> places;
    for (const LabUser& user : lab.users)
    {
        const Host& host = lab.hosts[user.host];
        places.push_back(host.name + " " + (host.site ? lab.sites[*host.site].name : "internet"));
    }
    EXPECT_EQ(places,
              (std::vector<std::string>{"u1 u-site1",
                                        "u2 u-site1",
                                        "u3 internet",
                                        "u4 internet",
                                        "u5 u-site3"}));
}

TEST(ExpandCrowds, GivesTheSameCrowdForTheSameSeedAndAnotherForAnother)
{
    const std::string keys = "count = 40\noffers = \"web\"\nproviders = 10\n"
                             "subscribes-to = \"u/web\"\nsubscribers = 20\n";
    const std::vector<std::string> first = Wishes(LabOf(CrowdText(keys, 1)));
    EXPECT_EQ(first.size(), 20U);
    EXPECT_EQ(Wishes(LabOf(CrowdText(keys, 1))), first);
    EXPECT_NE(Wishes(LabOf(CrowdText(keys, 2))), first);
}

TEST(ExpandCrowds, NobodyChoosesHimselfOrTwiceTheSame)
{
    for (const char* choose : {"random", "in-turn"})
    {
        const Lab lab = LabOf(CrowdText("count = 30\noffers = \"web\"\nsubscribes-to = \"u/web\"\n"
                                        "subscriptions-each = 7\nchoose = \"" +
                                        std::string(choose) + "\"\n"));
        for (const LabUser& user : lab.users)
        {
            std::set<std::string> providers;
            for (const WantedService& wanted : user.settings.wants)
            {
                EXPECT_NE(wanted.provider, user.settings.user);
                providers.insert(wanted.provider);
            }
            EXPECT_EQ(providers.size(), 7U) << choose;
        }
    }
}

TEST(ExpandCrowds, ChoosesOneAfterTheOtherInTurn)
{
    const std::string keys = "count = 3\noffers = \"web\"\n[[crowd]]\nname = \"s\"\ncount = 4\n"
                             "subscribes-to = \"u/web\"\nchoose = \"in-turn\"\n";
    EXPECT_EQ(Wishes(LabOf(CrowdText(keys))),
              (std::vector<std::string>{"s1->u1", "s2->u2", "s3->u3", "s4->u1"}));
}

TEST(ExpandCrowds, StartsDaemonsOneAfterTheOther)
{
    const Lab lab = LabOf(CrowdText("count = 4\nlogins-over = \"2 s\"\n"));
    EXPECT_EQ(lab.users.at(0).start, TimePoint(0));
    EXPECT_EQ(lab.users.at(3).start, std::chrono::milliseconds(1500));
}

TEST(ExpandCrowds, PutsATrafficOnEverySubscription)
{
    const Lab lab = LabOf(CrowdText("count = 8\noffers = \"web\"\nsubscribes-to = \"u/web\"\n"
                                    "subscriptions-each = 2\n[crowd.traffic]\n"
                                    "kind = \"tcp-bulk\"\nsize = \"1 MB\"\nstart = \"2 s\"\n"
                                    "spread = \"3 s\"\n[[expect]]\ncrowd = \"u\"\n"
                                    "measure = \"completed\"\nequals = 16\n"));
    ASSERT_EQ(lab.traffic.size(), 16U);
    std::set<int64_t> starts;
    for (const Traffic& traffic : lab.traffic)
    {
        ASSERT_TRUE(traffic.service);
        EXPECT_EQ(traffic.from, lab.users[traffic.service->user].host);
        EXPECT_EQ(traffic.to, lab.users[traffic.service->provider].host);
        EXPECT_NE(traffic.from, traffic.to);
        EXPECT_GE(traffic.start, std::chrono::seconds(2));
        EXPECT_LT(traffic.start, std::chrono::seconds(5));
        starts.insert(traffic.start.count());
    }
    EXPECT_GT(starts.size(), 10U);
    EXPECT_EQ(lab.traffic[3].name, "u2.2");
    ASSERT_EQ(lab.crowds.size(), 1U);
    EXPECT_EQ(lab.crowds[0].trafficCount, 16U);
    EXPECT_EQ(lab.expectations.at(0).traffic, 0U);
    EXPECT_EQ(lab.expectations.at(0).trafficCount, 16U);
}

TEST(ExpandCrowds, SubscribesAllMembersToOneService)
{
    const std::string keys = "count = 3\nsubscribes-to = \"bob/web\"\nmethod = \"proxy\"\n"
                             "[[user]]\nname = \"bob\"\n[[service]]\nname = \"web\"\n"
                             "provider = \"bob\"\nport = 80\nallowed = [\"u\"]\n";
    const Lab lab = LabOf(CrowdText(keys));
    EXPECT_EQ(Wishes(lab), (std::vector<std::string>{"u1->bob", "u2->bob", "u3->bob"}));
    EXPECT_EQ(lab.users.at(0).settings.provides.at(0).record.allowed,
              (std::vector<std::string>{"u1", "u2", "u3"}));
    EXPECT_EQ(lab.users.at(1).settings.wants.at(0).method, ForwardingMethod::Proxy);
}

} // namespace

} // namespace isb
