// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-routes.h"

#include "tests/lab/lab-text.h"

#include <gtest/gtest.h>

namespace isb
{

namespace
{

Lab
ExampleLab(const std::string& name)
{
    const ParsedLab parsed = ParseLab(ExampleTexts().at(name), name);
    EXPECT_TRUE(parsed) << name;
    return parsed.lab.value_or(Lab{});
}

LabNode
NodeOf(const Lab& lab, const std::string& name)
{
    for (size_t i = 0; i < lab.hosts.size(); ++i)
    {
        if (lab.hosts[i].name == name)
        {
            return {LabNode::IsHost, i};
        }
    }
    for (size_t i = 0; i < lab.boxes.size(); ++i)
    {
        if (lab.boxes[i].name == name)
        {
            return {LabNode::IsBox, i};
        }
    }
    ADD_FAILURE() << "no node " << name;
    return {};
}

/// "10.0.2.0/24 via 10.0.1.2 port 0", one a route.
std::vector<std::string>
RouteLines(const Lab& lab, const std::string& node)
{
    const LabRoutes routes = ComputeLabRoutes(lab);
    std::vector<std::string> lines;
    for (const LabRoute& route : routes.Of(NodeOf(lab, node)))
    {
        lines.push_back(route.destination.ToString() + " via " + route.nextHop.ToString() +
                        " port " + std::to_string(route.port));
    }
    return lines;
}

/// Names of the ends entered, "home:in carrier:in server"; "none".
std::string
PathLine(const Lab& lab, const std::string& from, const std::string& address)
{
    const auto path = FindLabPath(lab,
                                  ComputeLabRoutes(lab),
                                  NodeOf(lab, from),
                                  Ipv4::Parse(address).value_or(Ipv4{}));
    if (!path)
    {
        return "none";
    }
    std::string line;
    for (const LinkEnd& end : *path)
    {
        line += (line.empty() ? "" : " ") + EndName(lab, end);
    }
    return line;
}

using Lines = std::vector<std::string>;

TEST(LabRoutes, LeadBothWaysThroughAForwarder)
{
    const Lab lab = ExampleLab("five-phases/forwarder.toml");
    EXPECT_EQ(RouteLines(lab, "A"), Lines{"10.0.2.0/24 via 10.0.1.2 port 0"});
    EXPECT_EQ(RouteLines(lab, "B"), Lines{"10.0.1.0/24 via 10.0.2.1 port 0"});
    EXPECT_EQ(RouteLines(lab, "box"), Lines{});
}

TEST(LabRoutes, LeadOutOfANatButNotIn)
{
    const Lab lab = ExampleLab("five-phases/nat.toml");
    EXPECT_EQ(RouteLines(lab, "A"), Lines{"10.0.2.0/24 via 10.0.1.2 port 0"});
    EXPECT_EQ(RouteLines(lab, "B"), Lines{});
}

TEST(LabRoutes, DoNotPassAnIst)
{
    const Lab lab = ExampleLab("five-phases/ist-kernel.toml");
    EXPECT_EQ(RouteLines(lab, "A"), Lines{});
    EXPECT_EQ(RouteLines(lab, "B"), Lines{});
}

TEST(LabRoutes, LeadOutOfTwoNatsOneStepATime)
{
    const Lab lab = ExampleLab("nat-behind-nat.toml");
    EXPECT_EQ(
        RouteLines(lab, "laptop"),
        (Lines{"100.64.0.0/24 via 192.168.1.2 port 0", "198.51.100.0/24 via 192.168.1.2 port 0"}));
    EXPECT_EQ(RouteLines(lab, "home"), Lines{"198.51.100.0/24 via 100.64.0.2 port 1"});
    EXPECT_EQ(RouteLines(lab, "carrier"), Lines{});
    EXPECT_EQ(RouteLines(lab, "server"), Lines{});
}

TEST(LabRoutes, TakeTheShorterOfTwoWays)
{
    // A - r1 - r2 - r3 - B, and r1 - r3 besides.
    const ParsedLab parsed = ParseLab(R"(schema = 1
name = "ring"
duration = "1 s"
host = [{ name = "A" }, { name = "B" }]
box = [{ name = "r1", role = "forwarder", ports = ["a", "long", "short"] },
       { name = "r2", role = "forwarder", ports = ["in", "out"] },
       { name = "r3", role = "forwarder", ports = ["long", "short", "b"] }]
link = [{ between = ["A", "r1:a"], subnet = "10.0.1.0/24", rate = "1 Mb/s" },
        { between = ["r1:long", "r2:in"], subnet = "10.0.2.0/24", rate = "1 Mb/s" },
        { between = ["r2:out", "r3:long"], subnet = "10.0.3.0/24", rate = "1 Mb/s" },
        { between = ["r1:short", "r3:short"], subnet = "10.0.4.0/24", rate = "1 Mb/s" },
        { between = ["r3:b", "B"], subnet = "10.0.5.0/24", rate = "1 Mb/s" }]
traffic = [{ name = "t", kind = "tcp-bulk", from = "A", to = "B" }]
)",
                                      "ring.toml");
    ASSERT_TRUE(parsed) << parsed.errors.front().ToString();
    EXPECT_EQ(PathLine(*parsed.lab, "A", "10.0.5.2"), "r1:a r3:short B");
    EXPECT_EQ(PathLine(*parsed.lab, "B", "10.0.1.1"), "r3:b r1:short A");
}

TEST(LabPath, NamesEveryNodeEntered)
{
    const Lab lab = ExampleLab("nat-behind-nat.toml");
    EXPECT_EQ(PathLine(lab, "laptop", "198.51.100.2"), "home:in carrier:in server");
}

TEST(LabPath, EndsAtTheOwnerOfTheAddressEvenOnItsFarPort)
{
    const Lab lab = ExampleLab("five-phases/ist-kernel.toml");
    EXPECT_EQ(PathLine(lab, "A", "10.0.1.2"), "box:mac0");
}

TEST(LabPath, IsNoneIntoANatThroughAnIstOrToNobody)
{
    EXPECT_EQ(PathLine(ExampleLab("nat-behind-nat.toml"), "server", "192.168.1.1"), "none");
    EXPECT_EQ(PathLine(ExampleLab("five-phases/ist-kernel.toml"), "A", "10.0.2.2"), "none");
    EXPECT_EQ(PathLine(ExampleLab("five-phases/direct.toml"), "A", "10.0.1.77"), "none");
}

} // namespace

} // namespace isb
