// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ConnectLab,
    FaultTable,
    testing::Values(
        FaultCase{
            "TrafficIntoANat",
            {{37, R"(from = "B")"}, {38, R"(to = "A")"}},
            {R"(34: 'B' cannot reach 'A': NAT box 'box' lets in only answers to what went out (RFC 4787 section 5); send the other way round, or via a box with role = "ist-kernel" that both can reach)"}},
        FaultCase{
            "NoViaAcrossAnIst",
            {{17, R"(role = "ist-kernel")"}, {18, ""}, {19, ""}, {20, ""}},
            {R"(34: 'A' cannot reach 'B': IST box 'box' is in between and only joins what both sides open to it; write: via = "box")"}},
        FaultCase{
            "NoLinksBetween",
            {{12, R"(name = "B"
[[host]]
name = "C"
[[host]]
name = "D"
[[link]]
between = ["C", "D"]
subnet = "10.9.0.0/24"
rate = "1 Mb/s")"},
             {38, R"(to = "C")"}},
            {"42: 'A' cannot reach 'C': no links lead there; join them by [[link]] and boxes"}},
        FaultCase{"IstBehindANat",
                  {{14, R"([[host]]
name = "C"
[[box]]
name = "ist"
role = "ist-app"
ports = ["p", "q"]
[[link]]
between = ["C", "ist:q"]
subnet = "10.0.9.0/24"
rate = "1 Mb/s"
[[box]])"},
                   {24, R"(between = ["ist:p", "box:left"])"},
                   {7, ""},
                   {8, ""},
                   {9, ""},
                   {37, R"(from = "C"
via = "ist")"}},
                  {"44: 'B' cannot reach 'ist': NAT box 'box' lets in only answers to what went "
                   "out (RFC 4787 section 5); put the IST where both hosts can reach it"}}),
    FaultName);

TEST(ConnectLab, GivesAddressesInTheOrderOfBetween)
{
    const ParsedLab parsed = ParseLab(SMALL_LAB, "t.toml");
    ASSERT_TRUE(parsed);
    const Lab& lab = *parsed.lab;
    EXPECT_EQ(lab.hosts[0].port.address.ToString(), "10.0.1.1");
    EXPECT_EQ(lab.boxes[0].ports[0].address.ToString(), "10.0.1.2");
    EXPECT_EQ(lab.boxes[0].ports[1].address.ToString(), "10.0.2.1");
    EXPECT_EQ(lab.hosts[1].port.address.ToString(), "10.0.2.2");
    EXPECT_EQ(lab.hosts[1].port.link, 1U);
}

TEST(ConnectLab, TellsTheNatItsSides)
{
    const ParsedLab parsed = ParseLab(SMALL_LAB, "t.toml");
    ASSERT_TRUE(parsed);
    const NatSettings& nat = parsed.lab->boxes[0].nat;
    EXPECT_EQ(nat.external.ToString(), "10.0.2.1");
    ASSERT_EQ(nat.internal.size(), 1U);
    EXPECT_EQ(nat.internal[0].ToString(), "10.0.1.0/24");
    EXPECT_FALSE(nat.checksums);
}

TEST(ConnectLab, CountsSubnetsBehindARouterAsInside)
{
    // A - [router] - left [box] right - B
    const ParsedLab parsed =
        ParseLab(SmallLabWith({{24,
                                "between = [\"router:up\", \"box:left\"]\n"
                                "subnet = \"10.0.9.0/24\"\nrate = \"1 Mb/s\"\n"
                                "[[link]]\nbetween = [\"A\", \"router:down\"]"},
                               {13,
                                "[[box]]\nname = \"router\"\nrole = \"forwarder\"\n"
                                "ports = [\"down\", \"up\"]"}}),
                 "t.toml");
    ASSERT_TRUE(parsed) << parsed.errors.front().ToString();
    const NatSettings& nat = parsed.lab->boxes[1].nat;
    ASSERT_EQ(nat.internal.size(), 2U);
    EXPECT_EQ(nat.internal[0].ToString(), "10.0.9.0/24");
    EXPECT_EQ(nat.internal[1].ToString(), "10.0.1.0/24");
}

TEST(ConnectLab, TellsBothHostsTheAddressOfTheIstThatFacesThem)
{
    const std::map<std::string, std::string> examples = ExampleTexts();
    const ParsedLab parsed = ParseLab(examples.at("four-nats.toml"), "four-nats.toml");
    ASSERT_TRUE(parsed);
    const Lab& lab = *parsed.lab;
    const TrafficVia& file = lab.traffic[0].via.value();
    EXPECT_EQ(lab.boxes[file.box].name, "ist");
    EXPECT_EQ(file.fromAddress.ToString(), "198.51.100.2");
    EXPECT_EQ(file.toAddress.ToString(), "203.0.113.1");
    const TrafficVia& reply = lab.traffic[1].via.value();
    EXPECT_EQ(reply.fromAddress, file.toAddress);
    EXPECT_EQ(reply.toAddress, file.fromAddress);
    EXPECT_EQ(lab.boxes[file.box].ist.addresses,
              (std::vector<IpAddress>{file.fromAddress, file.toAddress}));
}

TEST(ConnectLab, RefusesAnActiveSpliceToAHostBehindANat)
{
    std::string text = ExampleTexts().at("four-nats.toml");
    const std::string passive = "splice = \"passive\"";
    text.replace(text.find(passive), passive.size(), "splice = \"active\"");
    const std::vector<std::string> lines = ErrorLines(text);
    ASSERT_EQ(lines.size(), 2U); // both TCP traffics; UDP is joined as ever
    EXPECT_NE(lines[0].find("'ist' cannot reach 'bob': NAT box 'bob-carrier' lets in only answers"),
              std::string::npos)
        << lines[0];
}

} // namespace

} // namespace isb
