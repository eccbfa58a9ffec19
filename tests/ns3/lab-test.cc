// SPDX-License-Identifier: GPL-2.0-or-later
// Whole labs, from the scenario's text to the result.
#include "tests/ns3/lab-run.h"
#include "tests/ns3/two-hosts.h"

#include "model/box/cost-model.h"
#include "model/core/nat/nat-settings.h"

namespace ns3test
{
namespace
{

using LabTest = Simulation;

std::string
Head(const std::string& duration)
{
    return "schema = 1\nname = \"t\"\nduration = \"" + duration + "\"\nchecksums = true\n";
}

std::string
Link(const std::string& a, const std::string& b, const std::string& subnet)
{
    return "[[link]]\nbetween = [\"" + a + "\", \"" + b + "\"]\nsubnet = \"" + subnet +
           "\"\nrate = \"100 Mb/s\"\ndelay = \"10 us\"\n";
}

TEST_F(LabTest, RoundTripOfAnIdealWireIsItsArithmetic)
{
    const std::string text = Head("100 ms") + R"(
[[host]]
name = "A"
[[host]]
name = "B"
)" + Link("A", "B", "10.0.0.0/24") +
                             R"(
[[traffic]]
name = "ping"
kind = "udp-ping-pong"
from = "A"
to = "B"
payload = "64 B"
)";
    const isb::RttSummary rtt = RunText(text).result.traffic.at(0).rtt;
    // Preamble 8, header 14, IP 20, UDP 8, payload 64, FCS 4 = 118 bytes at 80 ns, then 10 us.
    EXPECT_EQ(rtt.minNs, 2U * (118 * 80 + 10'000));
    EXPECT_EQ(rtt.maxNs, rtt.minNs);
    EXPECT_GT(rtt.count, 2000U);
}

TEST_F(LabTest, FullSpeedOfAnIdealHostIsTheWires)
{
    for (const auto& [payload, wireBytes] :
         {std::pair(1, 84), {64, 130}, {1024, 1090}, {1472, 1538}})
    {
        const std::string text = Head("200 ms") + R"(
[[host]]
name = "A"
[[host]]
name = "B"
)" + Link("A", "B", "10.0.0.0/24") +
                                 R"(
[[traffic]]
name = "flood"
kind = "udp-rate"
from = "A"
to = "B"
rate = "full"
payload = ")" + std::to_string(payload) +
                                 " B\"\n";
        const isb::TrafficResult flood = RunText(text).result.traffic.at(0);
        const double expected = 0.2 / (wireBytes * 80e-9);
        EXPECT_NEAR(static_cast<double>(flood.receivedPackets), expected, 102) << payload;
        EXPECT_EQ(flood.lossRatio, 0) << payload; // blocked, not lost
    }
}

/// A behind one NAT, B behind another, IST between (all ideal):
///   A -- natA -- ist -- natB -- B
std::string
TwoNats(const std::string& preset, const std::string& role, const std::string& splice)
{
    const auto nat = [&](const std::string& name)
    {
        return "[[box]]\nname = \"" + name + "\"\nrole = \"nat\"\nnat = \"" + preset +
               "\"\noutside = \"out\"\nports = [{ name = \"in\" }, { name = \"out\" }]\n";
    };
    std::string text = Head("1 s") + "[[host]]\nname = \"A\"\n[[host]]\nname = \"B\"\n" +
                       nat("natA") + nat("natB") + "[[box]]\nname = \"ist\"\nrole = \"" + role +
                       "\"\n" + (splice.empty() ? "" : "splice = \"" + splice + "\"\n") +
                       "ports = [{ name = \"l\" }, { name = \"r\" }]\n";
    text += Link("A", "natA:in", "10.0.0.0/24") + Link("natA:out", "ist:l", "192.0.2.0/24") +
            Link("ist:r", "natB:out", "198.51.100.0/24") + Link("natB:in", "B", "10.0.1.0/24");
    text += R"(
[[traffic]]
name = "bulk"
kind = "tcp-bulk"
from = "A"
to = "B"
via = "ist"
connections = 5
stop = "400 ms"
[[traffic]]
name = "ping"
kind = "udp-ping-pong"
from = "B"
to = "A"
via = "ist"
payload = "64 B"
start = "600 ms"
[[traffic]]
name = "large"
kind = "udp-rate"
from = "A"
to = "B"
via = "ist"
payload = "6 KiB"
rate = "2 Mb/s"
start = "600 ms"
)";
    return text;
}

struct NatCase
{
    const char* preset;
    const char* role;
    const char* splice;
};

class TwoNatsTest : public Simulation, public ::testing::WithParamInterface<NatCase>
{
};

TEST_P(TwoNatsTest, TcpPingAndFragmentsGetThrough)
{
    const NatCase& test = GetParam();
    const Outcome outcome = RunText(TwoNats(test.preset, test.role, test.splice));
    ASSERT_EQ(outcome.refusal, "");
    const auto& traffic = outcome.result.traffic;
    EXPECT_EQ(traffic[0].established, 5U);
    EXPECT_GT(traffic[0].throughputBps, 60e6);
    EXPECT_GT(traffic[1].rtt.count, 50U);
    EXPECT_EQ(traffic[1].lossRatio, 0);
    EXPECT_EQ(traffic[2].lossRatio, 0);
    EXPECT_GT(traffic[2].receivedPackets, 10U);
    EXPECT_EQ(outcome.result.boxes[2].splices, 7U);
    EXPECT_EQ(outcome.result.boxes[0].mappings, 7U); // natA: 5 connections and 2 datagram flows
}

INSTANTIATE_TEST_SUITE_P(Presets,
                         TwoNatsTest,
                         ::testing::Values(NatCase{"full-cone", "ist-kernel", "passive"},
                                           NatCase{"restricted-cone", "ist-kernel", "passive"},
                                           NatCase{"port-restricted-cone", "ist-kernel", "passive"},
                                           NatCase{"symmetric", "ist-kernel", "passive"},
                                           NatCase{"port-restricted-cone", "ist-kernel", "pure"},
                                           NatCase{"symmetric", "ist-app", ""}),
                         [](const auto& test)
                         {
                             std::string name = std::string(test.param.preset) + test.param.role +
                                                test.param.splice;
                             name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
                             return name;
                         });

TEST_F(LabTest, FragmentsOf6KiBPassANatWhole)
{
    const std::string text = Head("500 ms") + R"(
[[host]]
name = "A"
[[host]]
name = "B"
[[box]]
name = "nat"
role = "nat"
outside = "out"
ports = [{ name = "in" }, { name = "out" }]
)" + Link("A", "nat:in", "10.0.0.0/24") +
                             Link("nat:out", "B", "192.0.2.0/24") + R"(
[[traffic]]
name = "large"
kind = "udp-rate"
from = "A"
to = "B"
payload = "6 KiB"
rate = "50 Mb/s"
)";
    const Outcome outcome = RunText(text);
    EXPECT_EQ(outcome.result.traffic[0].lossRatio, 0);
    EXPECT_GT(outcome.result.traffic[0].receivedPackets, 400U);
    EXPECT_EQ(outcome.result.boxes[0].mappings, 1U);
}

TEST_F(LabTest, TcpAndUdpShareAFullQueue)
{
    const std::string text = Head("500 ms") + R"(
[[host]]
name = "A"
[[host]]
name = "B"
)" + Link("A", "B", "10.0.0.0/24") +
                             R"(
[[traffic]]
name = "bulk"
kind = "tcp-bulk"
from = "A"
to = "B"
connections = 10
[[traffic]]
name = "flood"
kind = "udp-rate"
from = "A"
to = "B"
payload = "6 KiB"
rate = "20 Mb/s"
)";
    const auto traffic = RunText(text).result.traffic;
    EXPECT_EQ(traffic[1].lossRatio, 0);
    EXPECT_GT(traffic[0].throughputBps, 30e6);
    EXPECT_GT(traffic[1].throughputBps, 8e6);
}

TEST_F(LabTest, ConnectionsOpenThoughOthersFillTheQueue)
{
    const std::string text = Head("1 s") + R"(
[[host]]
name = "A"
[[host]]
name = "B"
)" + Link("A", "B", "10.0.0.0/24") +
                             R"(
[[traffic]]
name = "bulk"
kind = "tcp-bulk"
from = "A"
to = "B"
connections = 300
)";
    EXPECT_EQ(RunText(text).result.traffic[0].established, 300U);
}

/// Longer than any IST keeps an order whose users do not come.
TEST_F(LabTest, TrafficThatStartsLateFindsItsIstReady)
{
    for (const std::string role : {"ist-kernel", "ist-app"})
    {
        const std::string text = Head("202 s") + R"(
[[host]]
name = "A"
[[host]]
name = "B"
[[box]]
name = "ist"
role = ")" + role + R"("
ports = ["a", "b"]
)" + Link("A", "ist:a", "10.0.1.0/24") +
                                 Link("ist:b", "B", "10.0.2.0/24") + R"(
[[traffic]]
name = "ping"
kind = "udp-ping-pong"
from = "A"
to = "B"
via = "ist"
payload = "64 B"
start = "200 s"
[[traffic]]
name = "bulk"
kind = "tcp-bulk"
from = "A"
to = "B"
via = "ist"
connections = 2
start = "200 s"
stop = "201 s"
)";
        const Outcome outcome = RunText(text);
        ASSERT_EQ(outcome.refusal, "");
        EXPECT_GT(outcome.result.traffic[0].receivedPackets, 100U) << role;
        EXPECT_EQ(outcome.result.traffic[1].established, 2U) << role;
    }
}

TEST_F(LabTest, NatBehindNatCarriesTcp)
{
    const std::string text = Head("500 ms") + R"(
[[host]]
name = "A"
[[host]]
name = "B"
[[box]]
name = "home"
role = "nat"
nat = "symmetric"
outside = "out"
ports = [{ name = "in" }, { name = "out" }]
[[box]]
name = "carrier"
role = "nat"
nat = "full-cone"
outside = "out"
ports = [{ name = "in" }, { name = "out" }]
)" + Link("A", "home:in", "10.0.0.0/24") +
                             Link("home:out", "carrier:in", "100.64.0.0/24") +
                             Link("carrier:out", "B", "192.0.2.0/24") + R"(
[[traffic]]
name = "up"
kind = "tcp-bulk"
from = "A"
to = "B"
connections = 3
)";
    const Outcome outcome = RunText(text);
    EXPECT_EQ(outcome.result.traffic[0].established, 3U);
    EXPECT_GT(outcome.result.traffic[0].throughputBps, 60e6);
    EXPECT_EQ(outcome.result.boxes[0].mappings, 3U);
    EXPECT_EQ(outcome.result.boxes[1].mappings, 3U);
}

/// A and B with PCs' machines through one IXP425; `role` lines describe the box.
std::string
FivePhases(const std::string& role, const std::string& traffic)
{
    return "schema = 1\nname = \"t\"\nduration = \"300 ms\"\n" + std::string(R"(
[[host]]
name = "A"
machine = "pc-568"
[[host]]
name = "B"
machine = "pc-568"
[[box]]
name = "box"
machine = "ixp425"
ports = [{ name = "mac0", nic = "on-chip" }, { name = "pci0", nic = "pci" }]
)") + role +
           Link("A", "box:mac0", "10.0.1.0/24") + Link("box:pci0", "B", "10.0.2.0/24") +
           "[[traffic]]\nname = \"x\"\nfrom = \"A\"\nto = \"B\"\n" + traffic;
}

TEST_F(LabTest, EveryLostDatagramHasAnEventAndACount)
{
    // Small packets at full speed overload the NAT.
    const Outcome outcome =
        RunText(FivePhases("role = \"nat\"\noutside = \"pci0\"\n",
                           "kind = \"udp-rate\"\nrate = \"full\"\npayload = \"64 B\"\n"));
    const isb::TrafficResult& traffic = outcome.result.traffic[0];
    const uint64_t lost = traffic.sentPackets - traffic.receivedPackets;
    EXPECT_GT(lost, 100U);
    uint64_t counted = 0;
    for (const auto& [reason, count] : outcome.result.boxes[0].drops)
    {
        counted += count;
    }
    EXPECT_EQ(counted, lost);
    size_t events = 0;
    for (size_t at = 0; (at = outcome.events.find("packet-dropped", at)) != std::string::npos; ++at)
    {
        ++events;
    }
    EXPECT_EQ(events, lost);
}

TEST_F(LabTest, SameSeedSameEventsOtherSeedOthers)
{
    const std::string text =
        FivePhases("role = \"ist-app\"\n",
                   "via = \"box\"\nkind = \"udp-rate\"\nrate = \"60 Mb/s\"\npayload = \"1 KiB\"\n");
    const std::string first = RunText(text, 1).events;
    EXPECT_FALSE(first.empty());
    EXPECT_EQ(first, RunText(text, 1).events);
    EXPECT_NE(first, RunText(text, 2).events);
}

TEST_F(LabTest, ProxyThatIsTooSlowPushesBackOnTcpAndLosesUdp)
{
    const Outcome tcp =
        RunText(FivePhases("role = \"ist-app\"\n", "via = \"box\"\nkind = \"tcp-bulk\"\n"));
    EXPECT_EQ(tcp.result.traffic[0].established, 1U);
    EXPECT_GT(tcp.result.traffic[0].throughputBps, 10e6);
    EXPECT_LT(tcp.result.traffic[0].throughputBps, 85e6);
    EXPECT_TRUE(tcp.result.boxes[0].drops.empty());
    const Outcome udp = RunText(
        FivePhases("role = \"ist-app\"\n",
                   "via = \"box\"\nkind = \"udp-rate\"\nrate = \"full\"\npayload = \"1 KiB\"\n"));
    EXPECT_GT(udp.result.traffic[0].lossRatio, 0.2);
    EXPECT_GT(udp.result.boxes[0].drops.at("socket.buffer-full"), 0U);
}

TEST_F(LabTest, RefusesMorePairsThanAProxyTakes)
{
    const Outcome outcome =
        RunText(FivePhases("role = \"ist-app\"\n",
                           "via = \"box\"\nkind = \"tcp-bulk\"\nconnections = 5000\n"));
    EXPECT_NE(outcome.refusal.find("traffic 'x': "), std::string::npos) << outcome.refusal;
}

TEST_F(LabTest, RefusesMoreConnectionsThanThereArePorts)
{
    std::string text =
        FivePhases("role = \"ist-kernel\"\n", "via = \"box\"\nkind = \"tcp-bulk\"\n");
    for (const char* name : {"p", "q", "r"})
    {
        text += std::string("[[traffic]]\nname = \"") + name +
                "\"\nfrom = \"A\"\nto = \"B\"\nvia = \"box\"\nkind = \"tcp-bulk\"\n"
                "connections = 10000\n";
    }
    EXPECT_NE(RunText(text).refusal.find("ports"), std::string::npos);
}

} // namespace
} // namespace ns3test
