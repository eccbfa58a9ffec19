// SPDX-License-Identifier: GPL-2.0-or-later
// Every shipped scenario is a valid lab, says what it expects, and is the lab that it was.
#include "tests/lab/lab-text.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace isb
{

namespace
{

/// A lab in a line: hosts, boxes with roles, traffic with its ways.
std::string
Summary(const Lab& lab)
{
    std::string line = lab.name + ":";
    for (const Host& host : lab.hosts)
    {
        line += " " + host.name + (host.machine.empty() ? "" : "(" + host.machine + ")");
    }
    for (const Box& box : lab.boxes)
    {
        line += " [" + box.name + " " + std::string(ToString(box.role)) +
                (box.machine.empty() ? "" : " " + box.machine) + "]";
    }
    for (const Traffic& traffic : lab.traffic)
    {
        line += "; " + traffic.name + " " + std::string(ToString(traffic.kind)) + " " +
                lab.hosts[traffic.from].name + "->" + lab.hosts[traffic.to].name;
        if (traffic.via)
        {
            line += " via " + lab.boxes[traffic.via->box].name + " " +
                    traffic.via->fromAddress.ToString() + "/" + traffic.via->toAddress.ToString();
        }
    }
    return line;
}

const std::map<std::string, std::string> SUMMARIES{
    {"first.toml", "first: laptop server [home nat]; ping udp-ping-pong laptop->server"},
    {"five-phases/direct.toml", "five-phases/direct: A(pc-568) B(pc-568); bulk tcp-bulk A->B"},
    {"five-phases/forwarder.toml",
     "five-phases/forwarder: A(pc-568) B(pc-568) [box forwarder ixp425]; bulk tcp-bulk A->B"},
    {"five-phases/nat.toml",
     "five-phases/nat: A(pc-568) B(pc-568) [box nat ixp425]; bulk tcp-bulk A->B"},
    {"five-phases/ist-app.toml",
     "five-phases/ist-app: A(pc-568) B(pc-568) [box ist-app ixp425]; bulk tcp-bulk A->B via box "
     "10.0.1.2/10.0.2.1"},
    {"five-phases/ist-kernel.toml",
     "five-phases/ist-kernel: A(pc-568) B(pc-568) [box ist-kernel ixp425]; bulk tcp-bulk A->B via "
     "box 10.0.1.2/10.0.2.1"},
    {"five-phases/ist-kernel-pure.toml",
     "five-phases/ist-kernel-pure: A(pc-568) B(pc-568) [box ist-kernel ixp425]; bulk tcp-bulk "
     "A->B via box 10.0.1.2/10.0.2.1"},
    {"four-nats.toml",
     "four-nats: ann bob [ann-home nat] [ann-carrier nat] [ist ist-kernel] [bob-carrier nat] "
     "[bob-home nat]; file tcp-bulk ann->bob via ist 198.51.100.2/203.0.113.1; reply tcp-bulk "
     "bob->ann via ist 203.0.113.1/198.51.100.2; ping udp-ping-pong bob->ann via ist "
     "203.0.113.1/198.51.100.2"},
    {"nat-behind-nat.toml",
     "nat-behind-nat: laptop server [home nat] [carrier nat]; upload tcp-bulk laptop->server; "
     "voice udp-rate laptop->server"}};

TEST(Examples, AreTheLabsThatTheyWere)
{
    std::map<std::string, std::string> summaries;
    for (const auto& [name, text] : ExampleTexts())
    {
        const ParsedLab parsed = ParseLab(text, name);
        ASSERT_TRUE(parsed) << parsed.errors.front().ToString();
        if (parsed.lab->users.empty()) // those with users: WorldExamples
        {
            summaries[name] = Summary(*parsed.lab);
        }
    }
    EXPECT_EQ(summaries, SUMMARIES);
}

/// True when the expectation is about this traffic, or about the subscription that it uses.
bool
IsAbout(const Expectation& expectation, const Lab& lab, size_t traffic)
{
    const std::optional<TrafficService>& service = lab.traffic[traffic].service;
    if (expectation.subscription)
    {
        return service && service->user == expectation.subscription->user &&
               service->wanted == expectation.subscription->wanted;
    }
    return !expectation.counter && traffic >= expectation.traffic &&
           traffic - expectation.traffic < expectation.trafficCount;
}

TEST(Examples, EveryTrafficIsExpectedToDoSomething)
{
    for (const auto& [name, text] : ExampleTexts())
    {
        const ParsedLab parsed = ParseLab(text, name);
        ASSERT_TRUE(parsed) << parsed.errors.front().ToString();
        const Lab& lab = *parsed.lab;
        for (size_t i = 0; i < lab.traffic.size(); ++i)
        {
            EXPECT_TRUE(std::any_of(lab.expectations.begin(),
                                    lab.expectations.end(),
                                    [&](const Expectation& each) { return IsAbout(each, lab, i); }))
                << name << ": " << lab.traffic[i].name;
        }
    }
}

TEST(Examples, BeginWithACommentThatSaysWhatTheyShow)
{
    for (const auto& [name, text] : ExampleTexts())
    {
        EXPECT_EQ(text.rfind("# ", 0), 0U) << name;
        EXPECT_GT(text.find("\nschema = 1\n"), 100U) << name;
    }
}

TEST(Examples, HaveTheirPathAsName)
{
    for (const auto& [name, text] : ExampleTexts())
    {
        const ParsedLab parsed = ParseLab(text, name);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed.lab->name + ".toml", name);
    }
}

} // namespace

} // namespace isb
