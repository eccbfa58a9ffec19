// SPDX-License-Identifier: GPL-2.0-or-later
// Generated topologies: who is joined to whom, with which addresses; everybody comes to the broker,
// nobody comes into a NAT; sizes stay small when users are many.
#include "model/lab/lab-routes.h"
#include "tests/lab/world-faults.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace isb
{

namespace
{

Lab
LabOf(std::string_view text)
{
    const ParsedLab parsed = ParseLab(text, "t.toml");
    EXPECT_TRUE(parsed) << parsed.errors.front().ToString();
    return parsed.lab.value_or(Lab{});
}

/// "home:east 198.18.1.2/30 -- bob 10.0.0.2": every link with both ends' addresses.
std::vector<std::string>
LinkLines(const Lab& lab)
{
    std::vector<std::string> lines;
    for (const Link& link : lab.links)
    {
        std::string line;
        for (const LinkEnd& end : link.ends)
        {
            line += (line.empty() ? "" : " -- ") + EndName(lab, end) + " " +
                    PortAt(lab, end).address.ToString();
        }
        lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::string
PathLine(const Lab& lab, const std::string& from, const std::string& to)
{
    const auto host = [&](const std::string& name)
    {
        const auto found = std::find_if(lab.hosts.begin(),
                                        lab.hosts.end(),
                                        [&](const Host& each) { return each.name == name; });
        return static_cast<size_t>(found - lab.hosts.begin());
    };
    const auto path = FindLabPath(lab,
                                  ComputeLabRoutes(lab),
                                  {LabNode::IsHost, host(from)},
                                  lab.hosts.at(host(to)).port.address);
    std::string line;
    for (const LinkEnd& end : path.value_or(std::vector<LinkEnd>{}))
    {
        line += (line.empty() ? "" : " ") + EndName(lab, end);
    }
    return path ? line : "none";
}

TEST(BuildInternet, JoinsEverybodyToTheCore)
{
    const Lab lab = LabOf(ExampleTexts().at("carrier-nat.toml"));
    EXPECT_EQ(
        LinkLines(lab),
        (std::vector<std::string>{"ann-home:ann 10.0.0.1 -- ann 10.0.0.2",
                                  "bob-home:bob 10.0.1.1 -- bob 10.0.1.2",
                                  "carrier:ann-home 100.64.0.1 -- ann-home:carrier 100.64.0.2",
                                  "carrier:bob-home 100.64.0.5 -- bob-home:carrier 100.64.0.6",
                                  "internet:carrier 198.18.0.9 -- carrier:internet "
                                  "198.18.0.10",
                                  "internet:isb 198.18.0.1 -- isb 198.18.0.2",
                                  "internet:ist 198.18.0.5 -- ist 198.18.0.6"}));
    EXPECT_EQ(PathLine(lab, "ann", "isb"), "ann-home:ann carrier:ann-home internet:carrier isb");
    EXPECT_EQ(PathLine(lab, "isb", "ann"), "none");
    EXPECT_EQ(PathLine(lab, "ann", "bob"), "none");
}

TEST(BuildInternet, PutsRegionsAtTheirDistance)
{
    const Lab lab = LabOf(ExampleTexts().at("near-ist.toml"));
    EXPECT_EQ(PathLine(lab, "ann", "ist-east"), "ann-home:ann east:ann-home ist-east");
    EXPECT_EQ(PathLine(lab, "ann", "ist-west"),
              "ann-home:ann east:ann-home internet:east west:internet ist-west");
    const auto delay = [&](const std::string& name)
    {
        for (const Link& link : lab.links)
        {
            if (EndName(lab, link.ends[0]) == name)
            {
                return link.delay;
            }
        }
        return Duration(-1);
    };
    EXPECT_EQ(delay("internet:east"), std::chrono::milliseconds(10));
    EXPECT_EQ(delay("internet:west"), std::chrono::milliseconds(50));
    EXPECT_EQ(delay("east:ann-home"), std::chrono::milliseconds(1));
    EXPECT_EQ(delay("ann-home:ann"), Duration(0));
}

TEST(BuildInternet, GivesPublicAddressesWithoutNat)
{
    const Lab lab = LabOf(ExampleTexts().at("firewall.toml"));
    EXPECT_EQ(lab.hosts[2].port.address.ToString(), "198.18.1.2");
    EXPECT_EQ(lab.boxes[0].role, BoxRole::Firewall);
    EXPECT_EQ(PathLine(lab, "isb", "ann"), "none"); // a way there is, the firewall shuts it
    EXPECT_EQ(PathLine(lab, "ann", "isb"), "ann-office:ann internet:ann-office isb");
    EXPECT_EQ(PathLine(lab, "ann", "bob"), "none");
    ASSERT_TRUE(lab.boxes[0].allowed);
    EXPECT_EQ(*lab.boxes[0].allowed, (std::vector<Ipv4>{{0xc6120002}, {0xc6120006}}));
}

TEST(BuildInternet, AFirewallForAllLetsInsidersSendAnywhere)
{
    std::string text = ExampleTexts().at("firewall.toml");
    const std::string names = "firewall = [\"isb\", \"ist\"]";
    text.replace(text.find(names), names.size(), "firewall = [\"*\"]");
    const Lab lab = LabOf(text);
    EXPECT_EQ(lab.boxes[0].role, BoxRole::Firewall);
    EXPECT_FALSE(lab.boxes[0].allowed);
    EXPECT_EQ(PathLine(lab, "isb", "ann"), "none");
}

TEST(BuildInternet, LetsOneIntoASiteThatIsARouter)
{
    // bob's site has neither NAT nor firewall.
    std::string text = ExampleTexts().at("provider-behind-nat.toml");
    const std::string nat = "nat = \"symmetric\"";
    text.replace(text.find(nat), nat.size(), "");
    const Lab lab = LabOf(text);
    EXPECT_EQ(PathLine(lab, "ann", "bob"), "internet:ann bob-home:internet bob");
}

TEST(BuildInternet, NatsKnowWhatIsInside)
{
    const Lab lab = LabOf(SMALL_WORLD);
    const auto home = std::find_if(lab.boxes.begin(),
                                   lab.boxes.end(),
                                   [](const Box& box) { return box.name == "home"; });
    ASSERT_NE(home, lab.boxes.end());
    EXPECT_EQ(home->outside, 0U);
    EXPECT_EQ(home->nat.external, home->ports[0].address);
    std::vector<std::string> internal;
    for (const Subnet& subnet : home->nat.internal)
    {
        internal.push_back(subnet.ToString());
    }
    // ann's wire, the one to the site behind it, and what is inside that.
    EXPECT_EQ(internal, (std::vector<std::string>{"10.0.0.0/24", "100.64.0.0/24", "10.0.1.0/24"}));
    EXPECT_EQ(PathLine(lab, "ann", "bob"), "none"); // a firewall
}

TEST(BuildInternet, LeavesSubnetsOfLinksOut)
{
    const std::string wired = R"(
host = [{ name = "A" }, { name = "B" }]
link = [{ between = ["A", "B"], subnet = "198.18.0.0/24", rate = "1 Mb/s" }]
)";
    std::string text = ExampleTexts().at("both-public.toml");
    text.insert(text.find("\n[[isb]]"), wired);
    const Lab lab = LabOf(text);
    for (const Host& host : lab.hosts)
    {
        const bool byHand = host.name == "A" || host.name == "B";
        EXPECT_EQ(Subnet::Parse("198.18.0.0/24")->Contains(host.port.address), byHand) << host.name;
    }
}

TEST(BuildInternet, RefusesASiteWithNobodyInside)
{
    EXPECT_EQ(ErrorLines(SmallWorldWith({{14, "[[site]]\nname = \"void\"\n"}})),
              std::vector<std::string>{
                  R"(t.toml:14: nobody is in site 'void'; add: [[user]] site = "void")"});
}

std::string
CrowdText(size_t count, const std::string& more)
{
    return "schema = 1\nname = \"crowd\"\nduration = \"60 s\"\n[[isb]]\nname = \"isb\"\n"
           "[[ist]]\nname = \"ist\"\n" +
           more + "\n[[crowd]]\nname = \"u\"\ncount = " + std::to_string(count) +
           "\nnats = [\"none\", \"symmetric\", \"full-cone\", \"firewall\", \"restricted-cone\"]\n";
}

TEST(BuildInternet, RefusesTheNameOfAnAccessRouter)
{
    EXPECT_EQ(ErrorLines(CrowdText(100, "[[user]]\nname = \"internet-1\"")),
              std::vector<std::string>{
                  "t.toml:8: 'internet-1' is an access router's name here; take another"});
    EXPECT_EQ(ErrorLines(CrowdText(50, "[[user]]\nname = \"internet-1\"")),
              std::vector<std::string>{});
}

TEST(BuildInternet, KeepsTablesSmallAndAddressesApartForThousands)
{
    const Lab lab = LabOf(CrowdText(5000, ""));
    ASSERT_EQ(lab.users.size(), 5000U);
    const LabRoutes routes = ComputeLabRoutes(lab);
    for (const auto& table : routes.hosts)
    {
        EXPECT_EQ(table.size(), 1U); // a default route
    }
    size_t longest = 0;
    for (const auto& table : routes.boxes)
    {
        longest = std::max(longest, table.size());
    }
    EXPECT_LE(longest, 200U); // the core: one or two a router of 64 uplinks
    std::set<uint32_t> addresses;
    std::set<uint32_t> subnets;
    for (const Link& link : lab.links)
    {
        EXPECT_TRUE(subnets.insert(link.subnet.address.value).second);
        for (const LinkEnd& end : link.ends)
        {
            EXPECT_TRUE(addresses.insert(PortAt(lab, end).address.value).second);
            EXPECT_TRUE(link.subnet.Contains(PortAt(lab, end).address));
        }
    }
    for (const Box& box : lab.boxes)
    {
        EXPECT_LE(box.ports.size(), box.name == "internet" ? 128U : 65U);
    }
}

TEST(BuildInternet, LetsEverybodyOfACrowdReachBrokerAndTranslator)
{
    const Lab lab = LabOf(CrowdText(500, ""));
    const LabRoutes routes = ComputeLabRoutes(lab);
    for (const LabUser& user : lab.users)
    {
        for (const size_t server : {lab.brokers[0].host, lab.translators[0].host})
        {
            const auto path = FindLabPath(lab,
                                          routes,
                                          {LabNode::IsHost, user.host},
                                          lab.hosts[server].port.address);
            ASSERT_TRUE(path) << user.settings.user;
            EXPECT_LE(path->size(), 5U); // site, access router, core, access router, server
        }
    }
}

TEST(BuildInternet, LeadsToTheFurtherAddressesOfANat)
{
    std::string text = ExampleTexts().at("firewall.toml");
    const std::string names = "firewall = [\"isb\", \"ist\"]";
    text.replace(text.find(names), names.size(), "nat = { external-addresses = 3 }");
    const Lab lab = LabOf(text);
    const NatSettings& nat = lab.boxes[0].nat;
    ASSERT_EQ(nat.furtherExternals.size(), 2U);
    for (const Ipv4 address : nat.furtherExternals)
    {
        const auto path = FindLabPath(lab, ComputeLabRoutes(lab), {LabNode::IsHost, 0}, address);
        EXPECT_FALSE(nat.IsInternal(address)) << address.ToString();
        EXPECT_FALSE(path) << "nobody has it as his own";
        bool known = false;
        for (const Box& box : lab.boxes)
        {
            for (const LabPort& port : box.ports)
            {
                for (const Subnet& subnet : port.beyond)
                {
                    known =
                        known || (box.internet && subnet.length != 0 && subnet.Contains(address));
                }
            }
        }
        EXPECT_TRUE(known) << address.ToString();
    }
}

TEST(BuildInternet, ForwardsLeadToHostsByName)
{
    std::string text = ExampleTexts().at("firewall.toml");
    const std::string names = "firewall = [\"isb\", \"ist\"]";
    text.replace(text.find(names),
                 names.size(),
                 R"(nat = { forward = [{ port = 8080, to = ["ann:80"] }] })");
    const Lab lab = LabOf(text);
    ASSERT_EQ(lab.boxes[0].nat.forwards.size(), 1U);
    const NatForward& forward = lab.boxes[0].nat.forwards.front();
    EXPECT_EQ(forward.external.port, 8080);
    ASSERT_EQ(forward.internal.size(), 1U);
    EXPECT_TRUE(lab.boxes[0].nat.IsInternal(forward.internal.front().address));
    EXPECT_EQ(forward.internal.front().port, 80);
}

TEST(BuildInternet, AForwardToNobodyIsRefused)
{
    std::string text = ExampleTexts().at("firewall.toml");
    const std::string names = "firewall = [\"isb\", \"ist\"]";
    text.replace(text.find(names),
                 names.size(),
                 R"(nat = { forward = [{ port = 8080, to = ["nobody:80"] }] })");
    const ParsedLab parsed = ParseLab(text, "t.toml");
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.errors.front().ToString().find("there is no host 'nobody'"), std::string::npos)
        << parsed.errors.front().ToString();
}

TEST(BuildInternet, AnImpairedUplinkIsImpairedBothWays)
{
    std::string text = ExampleTexts().at("firewall.toml");
    const std::string names = "firewall = [\"isb\", \"ist\"]";
    text.insert(text.find(names),
                "uplink-impair = { loss = \"1 %\" }\n"
                "uplink-impair-down = { loss = \"2 %\", delay = \"3 ms\" }\n");
    const Lab lab = LabOf(text);
    size_t impaired = 0;
    for (const Link& link : lab.links)
    {
        if (link.impair[0] || link.impair[1])
        {
            ++impaired;
            EXPECT_EQ(link.impair[0]->loss.partsPerMillion, 20'000U);
            EXPECT_EQ(link.impair[1]->loss.partsPerMillion, 10'000U);
        }
    }
    EXPECT_EQ(impaired, 1U);
}

} // namespace

} // namespace isb
