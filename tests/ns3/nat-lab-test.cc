// SPDX-License-Identifier: GPL-2.0-or-later
// What scenarios can say of NATs and wires, from the text to the packets.
#include "tests/ns3/lab-run.h"
#include "tests/ns3/two-hosts.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace ns3test
{
namespace
{

using NatLabTest = Simulation;

std::string
ExampleText(const std::string& name)
{
    std::ifstream file(std::string(ISB_SOURCE_DIR) + "/examples/" + name + ".toml");
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A, a NAT with `nat`, B; pings from A to B.
std::string
PingText(const std::string& nat, const std::string& link, const std::string& more = {})
{
    return R"(schema = 1
name = "t"
duration = "2 s"
host = [{ name = "A" }, { name = "B" }]
box = [{ name = "home", role = "nat", ports = ["in", "out"], nat = )" +
           nat + R"( }]
[[link]]
between = ["A", "home:in"]
subnet = "10.0.1.0/24"
rate = "100 Mb/s"
delay = "1 ms"
[[link]]
between = ["home:out", "B"]
subnet = "198.51.100.0/24"
rate = "100 Mb/s"
delay = "1 ms"
)" + link + R"(
[[traffic]]
name = "ping"
kind = "udp-ping-pong"
from = "A"
to = "B"
payload = "100 B"
)" + more;
}

const std::string PLAIN = R"("port-restricted-cone")";

TEST_F(NatLabTest, AnImpairedWireDelaysBothWays)
{
    const auto plain = RunText(PingText(PLAIN, "")).result.traffic.at(0).rtt;
    const auto slow =
        RunText(PingText(PLAIN, "impair = { delay = \"10 ms\" }")).result.traffic.at(0).rtt;
    const auto uneven = RunText(PingText(PLAIN,
                                         "impair = { delay = \"10 ms\" }\n"
                                         "impair-back = { delay = \"1 ms\" }"))
                            .result.traffic.at(0)
                            .rtt;
    EXPECT_EQ(slow.minNs, plain.minNs + 20'000'000);
    EXPECT_EQ(uneven.minNs, plain.minNs + 11'000'000);
}

TEST_F(NatLabTest, LossOfAWireIsTracedAndCountedAndTheSameForTheSameSeed)
{
    const std::string text = PingText(PLAIN, "impair = { loss = \"20 %\" }");
    const Outcome first = RunText(text);
    const Outcome again = RunText(text);
    const Outcome other = RunText(text, 2);
    const isb::TrafficResult& ping = first.result.traffic.at(0);
    EXPECT_LT(ping.receivedPackets, ping.sentPackets);
    EXPECT_NE(first.events.find("\"reason\":\"impair.loss\""), std::string::npos);
    EXPECT_EQ(first.events, again.events);
    EXPECT_NE(first.events, other.events);
}

TEST_F(NatLabTest, ANatThatRebootsForgetsItsMappingsAndMakesNewOnes)
{
    const std::string reboot = "[[incident]]\nat = \"1 s\"\nreboot = \"home\"\n";
    const Outcome calm = RunText(PingText(PLAIN, ""));
    const Outcome hit = RunText(PingText(PLAIN, "", reboot));
    const auto count = [](const Outcome& outcome, const std::string& event)
    {
        size_t found = 0;
        for (size_t at = outcome.events.find(event); at != std::string::npos;
             at = outcome.events.find(event, at + 1))
        {
            ++found;
        }
        return found;
    };
    EXPECT_EQ(count(calm, "\"mapping-created\""), 1U);
    EXPECT_EQ(count(hit, "\"mapping-created\""), 2U);
    EXPECT_EQ(count(hit, "\"nat-state\""), 1U);
    EXPECT_EQ(count(calm, "\"nat-state\""), 0U);
}

TEST_F(NatLabTest, AFullNatTakesNoNewFlowUntilItIsDrained)
{
    const std::string fill = "[[incident]]\nat = \"100 ms\"\nfill = \"home\"\n";
    const std::string drain = "[[incident]]\nat = \"1 s\"\ndrain = \"home\"\n";
    const auto withStart = [](std::string whole)
    {
        const std::string payload = "payload = \"100 B\"\n";
        whole.insert(whole.find(payload), "start = \"500 ms\"\n");
        return whole;
    };
    const Outcome full = RunText(withStart(PingText(PLAIN, "", fill)));
    const Outcome drained = RunText(withStart(PingText(PLAIN, "", fill + drain)));
    EXPECT_EQ(full.result.traffic.at(0).receivedPackets, 0U);
    EXPECT_NE(full.events.find("nat.table-full"), std::string::npos);
    EXPECT_GT(drained.result.traffic.at(0).receivedPackets, 0U);
}

TEST_F(NatLabTest, FlowsSpreadOverTheExternalAddressesAndComeBack)
{
    std::string text = PingText(R"({ external-addresses = 3, pooling = "arbitrary" })", "");
    text += R"(
[[traffic]]
name = "second"
kind = "udp-ping-pong"
from = "A"
to = "B"
payload = "100 B"
[[traffic]]
name = "third"
kind = "udp-ping-pong"
from = "A"
to = "B"
payload = "100 B"
)";
    const Outcome outcome = RunText(text);
    std::set<std::string> addresses;
    std::istringstream lines(outcome.events);
    for (std::string line; std::getline(lines, line);)
    {
        const std::string key = "\"translated\":\"";
        const size_t at = line.find(key);
        if (line.find("mapping-created") != std::string::npos && at != std::string::npos)
        {
            const size_t begin = at + key.size();
            addresses.insert(line.substr(begin, line.find(':', begin) - begin));
        }
    }
    EXPECT_EQ(addresses.size(), 3U) << outcome.events.substr(0, 1000);
    for (const isb::TrafficResult& traffic : outcome.result.traffic)
    {
        EXPECT_GT(traffic.receivedPackets, 100U) << traffic.name;
    }
}

TEST_F(NatLabTest, TwoConesPunchAndTheSameUsersWithoutLeaveDoNot)
{
    const std::string text = ExampleText("hole-punching");
    std::string forbidden = text;
    const std::string leave = "punch = true\nsubscribes";
    forbidden.replace(forbidden.find(leave), leave.size(), "subscribes");
    const isb::LabResult with = RunText(text).result;
    const isb::LabResult without = RunText(forbidden).result;
    EXPECT_EQ(with.subscriptions.at(0).paths.count("punched"), 1U);
    EXPECT_EQ(without.subscriptions.at(0).paths.count("punched"), 0U);
    EXPECT_EQ(without.subscriptions.at(0).paths.count("translated"), 1U);
}

TEST_F(NatLabTest, AVolunteerBehindAnyOtherConeIsNotChosen)
{
    const std::string text = ExampleText("volunteer");
    std::string narrow = text;
    const std::string cone = "nat = \"full-cone\"";
    narrow.replace(narrow.find(cone), cone.size(), "nat = \"restricted-cone\"");
    const isb::LabResult with = RunText(text).result;
    const isb::LabResult without = RunText(narrow).result;
    EXPECT_EQ(with.subscriptions.at(0).ists.count("val"), 1U);
    EXPECT_EQ(without.subscriptions.at(0).established, 0U);
    EXPECT_EQ(without.subscriptions.at(0).codes.count("no-ist"), 1U);
}

TEST_F(NatLabTest, TheTestOfALoginComesFromTheBrokersOtherAddress)
{
    const std::string text = ExampleText("volunteer");
    std::string brokers;
    LabVisit visit;
    visit.parsed = [&](isb::Lab& lab)
    {
        const isb::LabPort& port = lab.hosts[lab.brokers[0].host].port;
        ASSERT_EQ(port.further.size(), 1U);
        brokers = port.further[0].ToString();
    };
    std::string narrow = text;
    const std::string cone = "nat = \"full-cone\"";
    narrow.replace(narrow.find(cone), cone.size(), "nat = \"restricted-cone\"");
    const Outcome outcome = RunText(narrow, 1, visit);
    EXPECT_NE(outcome.events.find("\"node\":\"val-home\",\"event\":\"packet-dropped\",\"proto\":"
                                  "\"tcp\",\"src\":\"" +
                                  brokers),
              std::string::npos);
    EXPECT_NE(outcome.events.find("\"to\":\"not-full-cone\""), std::string::npos);
    EXPECT_EQ(outcome.events.find("\"to\":\"full-cone\""), std::string::npos);
}

} // namespace
} // namespace ns3test
