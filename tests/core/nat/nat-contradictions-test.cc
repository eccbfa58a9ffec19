// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/nat/nat-harness.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

struct Case
{
    const char* name;
    const char* text; ///< part of what is said
    const char* rule; ///< that is violated
    void (*make)(NatSettings& settings);
};

class NatContradictions : public testing::TestWithParam<Case>
{
};

TEST_P(NatContradictions, IsRefusedWithTheRuleViolated)
{
    NatSettings settings = TestSettings();
    GetParam().make(settings);
    const std::optional<Error> error = FindContradiction(settings);
    ASSERT_TRUE(error);
    EXPECT_THAT(error->text, testing::HasSubstr(GetParam().text));
    EXPECT_THAT(error->text, testing::HasSubstr(GetParam().rule));
}

constexpr NatBehaviour EI = NatBehaviour::EndpointIndependent;
constexpr NatBehaviour AD = NatBehaviour::AddressDependent;
constexpr NatBehaviour APD = NatBehaviour::AddressAndPortDependent;

void
Overload(NatAxes& axes, NatBehaviour mapping, NatBehaviour filtering)
{
    axes.mapping = mapping;
    axes.filtering = filtering;
    axes.assignment = NatPortAssignment::Overloading;
}

NatForward
WebForward()
{
    return {Protocol::Tcp, {{}, 80}, {{ALICE.address, 8080}}};
}

const Case CASES[] = {
    {"NoExternal",
     "no external address",
     "RFC 3022 section 2.2",
     [](NatSettings& s) { s.external = {}; }},
    {"ExternalInside",
     "external address 10.0.0.9 lies in the internal subnet 10.0.0.0/24",
     "RFC 2663 section 2.1",
     [](NatSettings& s) { s.external = Ipv4{0x0a000009}; }},
    {"FurtherExternalInside",
     "external address 10.0.0.9 lies in the internal subnet 10.0.0.0/24",
     "RFC 2663 section 2.1",
     [](NatSettings& s) { s.furtherExternals = {Ipv4{0x0a000009}}; }},
    {"ExternalMulticast",
     "224.0.0.1 is no host's address",
     "RFC 1122 section 3.2.1.3",
     [](NatSettings& s) { s.external = Ipv4{0xe0000001}; }},
    {"ExternalTwice",
     "203.0.113.1 is there twice",
     "RFC 4787 REQ-3",
     [](NatSettings& s) { s.furtherExternals = {EXTERNAL}; }},
    {"FurtherExternalTwice",
     "203.0.113.2 is there twice",
     "RFC 4787 REQ-3",
     [](NatSettings& s) {
         s.furtherExternals = {Ipv4{EXTERNAL.value + 1}, Ipv4{EXTERNAL.value + 1}};
     }},
    {"PoolAtZero",
     "begins at port 0",
     "RFC 6335 section 6",
     [](NatSettings& s) { s.firstPort = 0; }},
    {"PoolEmpty",
     "is empty: first 2000, last 1999",
     "RFC 4787 section 4.2",
     [](NatSettings& s)
     {
         s.firstPort = 2000;
         s.lastPort = 1999;
     }},
    {"BlockLargerThanPool",
     "a port block of 101 ports is larger than the pool of 100",
     "RFC 7422 section 2",
     [](NatSettings& s)
     {
         s.firstPort = 2000;
         s.lastPort = 2099;
         s.blocks = {101, 1};
     }},
    {"NoBlock",
     "no port block at all",
     "RFC 6888 REQ-4",
     [](NatSettings& s) {
         s.blocks = {64, 0};
     }},
    {"OddBlockWithParity",
     "port blocks of 63 ports",
     "RFC 4787 REQ-4",
     [](NatSettings& s)
     {
         s.blocks = {63, 1};
         s.tcp.parity = true;
     }},
    {"StepZero",
     "the TCP port assignment has step 0",
     "RFC 4787 REQ-3",
     [](NatSettings& s) { s.tcp.step = 0; }},
    {"StepOnTheSpot",
     "leads back to the same one",
     "RFC 4787 REQ-3",
     [](NatSettings& s)
     {
         s.udp.assignment = NatPortAssignment::Sequential;
         s.udp.step = 200;
         s.firstPort = 2000;
         s.lastPort = 2099;
     }},
    {"OverloadingOfEndpointIndependentMapping",
     "port overloading contradicts endpoint-independent mapping for ICMP",
     "RFC 4787 section 4.2.1",
     [](NatSettings& s) { Overload(s.icmp, EI, APD); }},
    {"OverloadingWithLooserFiltering",
     "contradicts address-dependent filtering for UDP",
     "RFC 4787 section 4.2.1",
     [](NatSettings& s) { Overload(s.udp, APD, AD); }},
    {"UdpTimer",
     "the udp timer is not positive",
     "RFC 4787 REQ-5",
     [](NatSettings& s) { s.timers.udp = Duration(0); }},
    {"IcmpTimer",
     "the icmp timer is not positive",
     "RFC 5508 REQ-2",
     [](NatSettings& s) { s.timers.icmp = Duration(-1); }},
    {"TcpTimer",
     "the tcp established timer is longer than 10,000 h",
     "RFC 5382 REQ-5",
     [](NatSettings& s) { s.timers.tcpEstablished = Duration::max(); }},
    {"TcpClosingTimer",
     "the tcp closing timer is not positive",
     "RFC 5382 REQ-5",
     [](NatSettings& s) { s.timers.tcpClosing = Duration(0); }},
    {"PortHold",
     "port hold timer is negative",
     "RFC 6888 REQ-8",
     [](NatSettings& s) { s.timers.portHold = Duration(-1); }},
    {"SynHold",
     "held for less than 6 s",
     "RFC 5382 REQ-4",
     [](NatSettings& s)
     {
         s.unsolicitedSyn = NatSynAnswer::Hold;
         s.timers.synHold = seconds(5);
     }},
    {"NoMappings",
     "a limit of mappings, sessions or destinations is 0",
     "RFC 6888 REQ-5",
     [](NatSettings& s) { s.limits.mappings = 0; }},
    {"NoSessions",
     "a limit of mappings, sessions or destinations is 0",
     "RFC 6888 REQ-5",
     [](NatSettings& s) { s.limits.sessions = 0; }},
    {"NoDestinations",
     "a limit of mappings, sessions or destinations is 0",
     "RFC 6888 REQ-5",
     [](NatSettings& s) { s.limits.destinationsPerMapping = 0; }},
    {"Mtu",
     "the MTU outside is 67",
     "RFC 791 section 3.2",
     [](NatSettings& s) { s.outsideMtu = 67; }},
    {"IcmpForward",
     "has no port to forward",
     "RFC 3022 section 4.1",
     [](NatSettings& s)
     {
         s.forwards = {WebForward()};
         s.forwards[0].protocol = Protocol::Icmp;
     }},
    {"ForwardOfPortZero",
     "has no port to forward",
     "RFC 3022 section 4.1",
     [](NatSettings& s)
     {
         s.forwards = {WebForward()};
         s.forwards[0].external.port = 0;
     }},
    {"ForwardElsewhere",
     "the tcp forward of 198.51.100.1:80 is at none of the NAT's external addresses",
     "RFC 2663 section 4.1.2",
     [](NatSettings& s)
     {
         s.forwards = {WebForward()};
         s.forwards[0].external.address = SERVER.address;
     }},
    {"ForwardTwice",
     "the tcp forward of 203.0.113.1:80 is there twice",
     "RFC 4787 REQ-3",
     [](NatSettings& s)
     {
         s.forwards = {WebForward(), WebForward()};
         s.forwards[1].external.address = EXTERNAL; // which 0.0.0.0 means
         s.forwards[1].internal = {{BOB.address, 80}};
     }},
    {"ForwardToNobody",
     "leads nowhere",
     "thesis 1.1",
     [](NatSettings& s)
     {
         s.forwards = {WebForward()};
         s.forwards[0].internal.clear();
     }},
    {"ForwardToPortZero",
     "leads to 10.0.0.2:0",
     "RFC 6335 section 6",
     [](NatSettings& s)
     {
         s.forwards = {WebForward()};
         s.forwards[0].internal[0].port = 0;
     }},
    {"ForwardToAStranger",
     "leads to 198.51.100.1:80, which is not internal",
     "RFC 2663 section 2.1",
     [](NatSettings& s)
     {
         s.forwards = {WebForward()};
         s.forwards[0].internal = {SERVER};
     }},
    {"ForwardsToOneEndpoint",
     "to which another forward or the same leads already",
     "RFC 4787 REQ-1",
     [](NatSettings& s)
     {
         s.forwards = {WebForward(), WebForward()};
         s.forwards[1].external.port = 81;
     }},
};

INSTANTIATE_TEST_SUITE_P(Each,
                         NatContradictions,
                         testing::ValuesIn(CASES),
                         [](const testing::TestParamInfo<Case>& which)
                         { return std::string(which.param.name); });

TEST(NatContradictionsNot, WhatIsNearAContradictionIsAccepted)
{
    const auto isAccepted = [](const std::function<void(NatSettings&)>& make)
    {
        NatSettings settings = TestSettings();
        make(settings);
        const std::optional<Error> error = FindContradiction(settings);
        return error ? error->text : std::string();
    };
    EXPECT_EQ(isAccepted([](NatSettings&) {}), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { s.furtherExternals = {Ipv4{EXTERNAL.value + 1}}; }),
              "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { s.firstPort = s.lastPort = 4000; }), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { s.blocks = {64, 2}; }), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { s.blocks = {63, 2}; }), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { Overload(s.udp, AD, AD); }), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { Overload(s.udp, APD, APD); }), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { Overload(s.udp, AD, APD); }), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { s.outsideMtu = 68; }), "");
    EXPECT_EQ(isAccepted([](NatSettings& s) { s.timers.synHold = seconds(5); }), "")
        << "nothing is held";
    EXPECT_EQ(isAccepted([](NatSettings& s) { s.forwards = {WebForward()}; }), "")
        << "outside the pool";
    EXPECT_EQ(isAccepted(
                  [](NatSettings& s)
                  {
                      s.forwards = {WebForward(), WebForward()};
                      s.forwards[0].external.port = 5000;
                      s.forwards[1].protocol = Protocol::Udp;
                  }),
              "")
        << "inside the pool; the same ports of another protocol";
}

} // namespace
} // namespace isb::test
