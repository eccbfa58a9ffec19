// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadNodes,
    FaultTable,
    testing::Values(
        FaultCase{"HostUnknownKey",
                  {{9, R"(machin = "pc-568")"}},
                  {"9: unknown key 'machin' in [[host]]; nearest valid: 'machine'"}},
        FaultCase{"HostWithoutName",
                  {{12, ""}},
                  {R"(11: [[host]] has no 'name'; write: name = "A")"}},
        FaultCase{"HostNameTaken",
                  {{12, R"(name = "A")"}, {30, R"(between = ["box:right", "A"])"}},
                  {"12: 'name' in [[host]]: 'A' is taken already, in line 7; hosts and boxes need "
                   "different names"}},
        FaultCase{"HostNameIsABoxes",
                  {{12, R"(name = "box")"}},
                  {"15: 'name' in [[box]]: 'box' is taken already, in line 11; hosts and boxes "
                   "need different names"}},
        FaultCase{"HostNameWithColon",
                  {{12, R"(name = "B:1")"}},
                  {"12: 'name' in [[host]]: 'B:1' is no name; use 1 to 32 letters, digits, '-' or "
                   "'_', no '-' in front"}},
        FaultCase{
            "HostUnknownMachine",
            {{9, R"(machine = "pc-586")"}},
            {"9: 'machine' in [[host]]: there is no machine 'pc-586'; nearest valid: 'pc-568'"}},
        FaultCase{"HostMachineWrongType",
                  {{9, "machine = 568"}},
                  {R"(9: 'machine' in [[host]] is an integer; write: machine = "pc-568")"}},
        FaultCase{"HostAsTable",
                  {{7, "[host]"}, {11, ""}, {12, ""}},
                  {"7: 'host' is a table; write: [[host]]"}},
        FaultCase{"BoxWithoutRole",
                  {{17, ""}},
                  {R"(14: [[box]] has no 'role'; write: role = "nat")"}},
        FaultCase{"BoxUnknownRole",
                  {{17, R"(role = "natt")"}},
                  {"17: 'role' in [[box]] cannot be 'natt'; nearest valid: 'nat'"}},
        FaultCase{"BoxUnknownNat",
                  {{18, R"(nat = "cone")"}},
                  {"18: 'nat' in [[box]] cannot be 'cone'; valid: 'full-cone', 'restricted-cone', "
                   "'port-restricted-cone', 'symmetric', 'linux-masquerade', "
                   "'linux-masquerade-random', 'cgn'"}},
        FaultCase{"BoxUnknownLookup",
                  {{19, R"(lookup = "tree")"}},
                  {"19: 'lookup' in [[box]] cannot be 'tree'; valid: 'hash', 'list'"}},
        FaultCase{"BoxUnknownOutside",
                  {{20, R"(outside = "rihgt")"}},
                  {"20: 'outside' in [[box]]: 'box' has no port 'rihgt'; nearest valid: 'right'"}},
        FaultCase{"SpliceWithRoleNat",
                  {{19, R"(splice = "passive")"}},
                  {R"(19: 'splice' in [[box]] goes only with role = "ist-kernel")"}},
        FaultCase{"NatWithRoleForwarder",
                  {{17, R"(role = "forwarder")"}},
                  {R"(18: 'nat' in [[box]] goes only with role = "nat")",
                   R"(19: 'lookup' in [[box]] goes only with role = "nat")",
                   R"(20: 'outside' in [[box]] goes only with role = "nat")"}},
        FaultCase{"IstWithRoleNat",
                  {{19, R"(ist = { idle = "1 s" })"}},
                  {R"(19: 'ist' in [[box]] goes only with role = "ist-kernel" or "ist-app")"}},
        FaultCase{"BoxWithoutPorts",
                  {{21, ""}},
                  {R"(14: [[box]] has no 'ports'; write: ports = ["left", "right"])"}},
        FaultCase{
            "BoxWithOnePort",
            {{21, R"(ports = ["right"])"}},
            {R"(21: 'ports' in [[box]] names too few: a box joins two or more links; write: ports = ["left", "right"])"}},
        FaultCase{
            "PortNameTwice",
            {{21, R"(ports = ["left", "right", "left"])"}},
            {"21: 'ports' in [[box]] has two ports 'left'; ports of one box need different names"}},
        FaultCase{"PortWithoutName",
                  {{21, R"(ports = [{ nic = "pci" }, "right"])"}},
                  {R"(21: a port of [[box]] has no 'name'; write: name = "p0")"}},
        FaultCase{
            "PortOfNumbers",
            {{21, "ports = [1, 2]"}},
            {R"(21: 'ports' in [[box]] holds no port; write: ports = [{ name = "p0" }, ...])",
             R"(21: 'ports' in [[box]] holds no port; write: ports = [{ name = "p0" }, ...])"}},
        FaultCase{"NicUnknown",
                  {{21, R"(ports = [{ name = "left", nic = "pcie" }, "right"])"}},
                  {"21: 'nic' in a port of [[box]] cannot be 'pcie'; nearest valid: 'pci'"}},
        FaultCase{
            "NicWithoutMachine",
            {{16, ""}},
            {R"(21: 'nic' in a port of [[box]] goes only with a machine: an ideal box has no NICs; add: machine = "ixp425")",
             R"(21: 'nic' in a port of [[box]] goes only with a machine: an ideal box has no NICs; add: machine = "ixp425")"}},
        FaultCase{"NoOutsideWithThreePorts",
                  {{20, ""}, {21, R"(ports = ["left", "middle", "right"])"}, {28, R"([[link]]
between = ["box:middle", "C"]
subnet = "10.0.3.0/24"
rate = "1 Mb/s"
[[host]]
name = "C")"}},
                  {R"(14: [[box]] has no 'outside'; write: outside = "right")"}},
        FaultCase{"NatPortZero",
                  {{18, "nat = { first-port = 0 }"}},
                  {"18: 'first-port' in [box.nat] is 0; nearest valid: 1"}},
        FaultCase{
            "NatPoolEmpty",
            {{18, "nat = { first-port = 2000, last-port = 1999 }"}},
            {"18: 'last-port' in [box.nat] leaves no port: the pool 2000 to 1999 is empty (RFC "
             "4787 section 4.2)"}},
        FaultCase{"NatUnknownKey",
                  {{18, R"(nat = { maping = "address-dependent" })"}},
                  {"18: unknown key 'maping' in [box.nat]; nearest valid: 'mapping'"}},
        FaultCase{"NatUnknownBehaviour",
                  {{18, R"(nat = { filtering = "port-dependent" })"}},
                  {"18: 'filtering' in [box.nat] cannot be 'port-dependent'; nearest valid: "
                   "'address-dependent'"}},
        FaultCase{
            "NatTimerZero",
            {{18, R"(nat = { udp-timeout = "0 s" })"}},
            {R"(18: 'udp-timeout' in [box.nat] is zero: nothing would live; nearest valid: "1 ns")"}},
        FaultCase{"NatProtocolUnknownKey",
                  {{18, "nat = { tcp = { hairpin = true } }"}},
                  {"18: unknown key 'hairpin' in [box.nat.tcp]; valid: 'mapping', 'filtering', "
                   "'assignment', 'step', 'parity', 'contiguity', 'refresh'"}},
        FaultCase{"NatStepThatNobodyTakes",
                  {{18, "nat = { step = 3 }"}},
                  {R"(18: 'step' in [box.nat] goes with assignment = "sequential" only)"}},
        FaultCase{"NatFaultUnknown",
                  {{18, R"(nat = { faults = ["kill-on-rest"] })"}},
                  {"18: 'faults' in [box.nat]: no fault is called 'kill-on-rest'; nearest valid: "
                   "'kill-on-reset'"}},
        FaultCase{"NatForwardWithoutPort",
                  {{18, R"(nat = { forward = [{ port = 80, to = ["a"] }] })"}},
                  {R"(18: 'to' in [box.nat.forward]: 'a' is no HOST:PORT; like "bob:80")"}},
        FaultCase{"NatForwardToNobody",
                  {{18, R"(nat = { forward = [{ port = 80, to = [] }] })"}},
                  {"18: 'to' in [box.nat.forward] is empty: a forward leads to one or more "
                   "hosts"}},
        FaultCase{"NatHairpinUnknown",
                  {{18, R"(nat = { hairpin = "internl" })"}},
                  {"18: 'hairpin' in [box.nat] cannot be 'internl'; nearest valid: "
                   "'internal'"}},
        FaultCase{
            "IstTimerWithoutUnit",
            {{17, R"(role = "ist-kernel")"},
             {18, "ist = { idle = 5 }"},
             {19, ""},
             {20, ""},
             {34, R"([[traffic]]
via = "box")"}},
            {R"(18: 'idle' in [box.ist] is a number without unit; write it as: idle = "124 min")"}},
        FaultCase{"IstAppWithTimeWait",
                  {{17, R"(role = "ist-app")"},
                   {18, R"(ist = { two-msl = "1 s" })"},
                   {19, ""},
                   {20, ""},
                   {34, R"([[traffic]]
via = "box")"}},
                  {R"(18: 'two-msl' in [box.ist] goes only with role = "ist-kernel")"}},
        FaultCase{"SpliceUnknown",
                  {{17, R"(role = "ist-kernel")"},
                   {18, R"(splice = "activ")"},
                   {19, ""},
                   {20, ""},
                   {34, R"([[traffic]]
via = "box")"}},
                  {"18: 'splice' in [[box]] cannot be 'activ'; nearest valid: 'active'"}}),
    FaultName);

Box
ReadBoxOf(const std::map<int, std::string>& changes)
{
    const ParsedLab parsed = ParseLab(SmallLabWith(changes), "t.toml");
    EXPECT_TRUE(parsed) << parsed.errors.front().ToString();
    return parsed ? parsed.lab->boxes.at(0) : Box{};
}

/// SMALL_LAB with the box in another role, reached as an IST.
std::map<int, std::string>
AsIst(const std::string& role, const std::string& more)
{
    return {{17, "role = \"" + role + "\""},
            {18, more},
            {19, ""},
            {20, ""},
            {34, "[[traffic]]\nvia = \"box\""}};
}

TEST(ReadNodes, ReadsHostsWithAndWithoutMachine)
{
    const ParsedLab parsed = ParseLab(SMALL_LAB, "t.toml");
    ASSERT_TRUE(parsed);
    ASSERT_EQ(parsed.lab->hosts.size(), 2U);
    EXPECT_EQ(parsed.lab->hosts[0].name, "A");
    EXPECT_EQ(parsed.lab->hosts[0].machine, "pc-568");
    EXPECT_EQ(parsed.lab->hosts[1].machine, "");
}

TEST(ReadNodes, ReadsPortsAndTheirNics)
{
    const Box box = ReadBoxOf({});
    ASSERT_EQ(box.ports.size(), 2U);
    EXPECT_EQ(box.ports[0].name, "left");
    EXPECT_EQ(box.ports[0].nic, NicKind::OnChip);
    EXPECT_EQ(box.ports[1].name, "right");
    EXPECT_EQ(box.ports[1].nic, NicKind::Pci);
}

TEST(ReadNodes, TakesPortNamesAloneAsPortsOnChip)
{
    const Box box = ReadBoxOf({{21, R"(ports = ["left", { name = "right" }])"}});
    ASSERT_EQ(box.ports.size(), 2U);
    EXPECT_EQ(box.ports[0].nic, NicKind::OnChip);
    EXPECT_EQ(box.ports[1].nic, NicKind::OnChip);
}

TEST(ReadNodes, ReadsANat)
{
    const Box box = ReadBoxOf({});
    EXPECT_EQ(box.role, BoxRole::Nat);
    EXPECT_EQ(box.lookup, NatLookup::List);
    EXPECT_EQ(box.outside, 1U);
    EXPECT_EQ(box.nat.udp.mapping, NatBehaviour::AddressAndPortDependent);
}

TEST(ReadNodes, TakesTheLastOfTwoPortsAsOutside)
{
    EXPECT_EQ(ReadBoxOf({{20, ""}}).outside, 1U);
    EXPECT_EQ(
        ReadBoxOf({{20, "outside = \"left\""}, {37, "from = \"B\""}, {38, "to = \"A\""}}).outside,
        0U);
}

TEST(ReadNodes, TakesPortRestrictedAsTheUsualNat)
{
    const Box box = ReadBoxOf({{18, ""}, {19, ""}});
    EXPECT_EQ(box.nat.tcp.mapping, NatBehaviour::EndpointIndependent);
    EXPECT_EQ(box.nat.tcp.filtering, NatBehaviour::AddressAndPortDependent);
    EXPECT_EQ(box.lookup, NatLookup::Hash);
}

TEST(ReadNodes, ReadsANatAxisByAxis)
{
    const Box box = ReadBoxOf({{18,
                                R"([box.nat]
preset = "full-cone"
filtering = "address-dependent"
tcp = { mapping = "address-dependent" }
assignment = "sequential"
hairpin = false
first-port = 5000
last-port = 5063
max-mappings = 64
max-destinations = 8
udp-timeout = "30 s"
tcp-established-timeout = "2 h"
tcp-transitory-timeout = "1 min"
icmp-timeout = "10 s"
fragment-timeout = "1 s")"},
                               {19, ""},
                               {20, ""},
                               {21, ""},
                               {17, "role = \"nat\"\nports = [\"left\", \"right\"]"}});
    const NatSettings& nat = box.nat;
    EXPECT_EQ(nat.udp.mapping, NatBehaviour::EndpointIndependent);
    EXPECT_EQ(nat.udp.filtering, NatBehaviour::AddressDependent);
    EXPECT_EQ(nat.tcp.mapping, NatBehaviour::AddressDependent);
    EXPECT_EQ(nat.tcp.filtering, NatBehaviour::AddressDependent);
    EXPECT_EQ(nat.icmp.mapping, NatBehaviour::EndpointIndependent);
    EXPECT_EQ(nat.udp.assignment, NatPortAssignment::Sequential);
    EXPECT_EQ(nat.hairpin, NatHairpin::None);
    EXPECT_EQ(nat.firstPort, 5000);
    EXPECT_EQ(nat.lastPort, 5063);
    EXPECT_EQ(nat.limits.mappings, 64U);
    EXPECT_EQ(nat.limits.destinationsPerMapping, 8U);
    EXPECT_EQ(nat.timers.udp, std::chrono::seconds(30));
    EXPECT_EQ(nat.timers.tcpEstablished, std::chrono::hours(2));
    EXPECT_EQ(nat.timers.tcpTransitory, std::chrono::minutes(1));
    EXPECT_EQ(nat.timers.icmp, std::chrono::seconds(10));
    EXPECT_EQ(nat.timers.fragments, std::chrono::seconds(1));
}

TEST(ReadNodes, ReadsEverySettingOfANat)
{
    const Box box = ReadBoxOf({{18,
                                R"([box.nat]
preset = "symmetric"
assignment = "sequential"
step = 2
refresh = "both"
parity = true
udp = { assignment = "overloading", contiguity = true }
pooling = "arbitrary"
hairpin = "internal"
unsolicited-syn = "hold"
eviction = "oldest-idle"
faults = ["kill-on-reset", "rewrite-payload"]
port-block = { size = 128, most = 3 }
max-sessions = 99
max-held-syns = 7
max-mappings-each = 11
max-sessions-each = 12
new-mappings-each = 13
tcp-closing-timeout = "3 min"
syn-hold = "8 s"
port-hold = "120 s"
untranslated = ["192.0.2.0/24"])"},
                               {19, ""},
                               {20, ""},
                               {21, ""},
                               {17, "role = \"nat\"\nports = [\"left\", \"right\"]"}});
    const NatSettings& nat = box.nat;
    EXPECT_EQ(nat.tcp.assignment, NatPortAssignment::Sequential);
    EXPECT_EQ(nat.tcp.step, 2);
    EXPECT_EQ(nat.icmp.refresh, NatRefresh::Both);
    EXPECT_TRUE(nat.tcp.parity);
    EXPECT_FALSE(nat.tcp.contiguity);
    EXPECT_EQ(nat.udp.assignment, NatPortAssignment::Overloading);
    EXPECT_TRUE(nat.udp.contiguity);
    EXPECT_EQ(nat.pooling, NatPooling::Arbitrary);
    EXPECT_EQ(nat.hairpin, NatHairpin::InternalSource);
    EXPECT_EQ(nat.unsolicitedSyn, NatSynAnswer::Hold);
    EXPECT_EQ(nat.eviction, NatEviction::OldestIdle);
    EXPECT_TRUE(nat.faults.killOnReset);
    EXPECT_FALSE(nat.faults.killOnIcmp);
    EXPECT_TRUE(nat.faults.rewritePayload);
    EXPECT_EQ(nat.blocks.size, 128);
    EXPECT_EQ(nat.blocks.mostEach, 3);
    EXPECT_EQ(nat.limits.sessions, 99U);
    EXPECT_EQ(nat.limits.heldSyns, 7U);
    EXPECT_EQ(nat.limits.mappingsPerSubscriber, 11U);
    EXPECT_EQ(nat.limits.sessionsPerSubscriber, 12U);
    EXPECT_EQ(nat.limits.newMappingsPerSecond, 13U);
    EXPECT_EQ(nat.timers.tcpClosing, std::chrono::minutes(3));
    EXPECT_EQ(nat.timers.synHold, std::chrono::seconds(8));
    EXPECT_EQ(nat.timers.portHold, std::chrono::seconds(120));
    EXPECT_EQ(nat.untranslated.size(), 1U);
}

TEST(ReadNodes, ReadsTheSpliceMethods)
{
    EXPECT_EQ(ReadBoxOf(AsIst("ist-kernel", "")).splice, SpliceMethod::Passive);
    EXPECT_EQ(ReadBoxOf(AsIst("ist-kernel", "splice = \"pure\"")).splice, SpliceMethod::Pure);
    EXPECT_EQ(ReadBoxOf(AsIst("ist-kernel", "splice = \"active\"")).splice, SpliceMethod::Active);
}

TEST(ReadNodes, ReadsTheTimesOfAnIst)
{
    const Box box = ReadBoxOf(AsIst("ist-kernel",
                                    R"(ist.unmatched = "1 s"
ist.unmatched-limit = "2 s"
ist.handshake-retry = "3 s"
ist.handshake-retries = 4
ist.early-data = true
ist.idle = "4 s"
ist.half-close = "5 s"
ist.two-msl = "6 s"
ist.udp-idle = "7 s"
ist.max-splices = 8)"));
    EXPECT_EQ(box.ist.unmatchedTimeout, std::chrono::seconds(1));
    EXPECT_EQ(box.ist.unmatchedLimit, std::chrono::seconds(2));
    EXPECT_EQ(box.ist.handshakeRetry, std::chrono::seconds(3));
    EXPECT_EQ(box.ist.handshakeRetries, 4);
    EXPECT_TRUE(box.ist.earlyData);
    EXPECT_EQ(box.ist.idleTimeout, std::chrono::seconds(4));
    EXPECT_EQ(box.ist.halfCloseTimeout, std::chrono::seconds(5));
    EXPECT_EQ(box.ist.timeWait, std::chrono::seconds(6));
    EXPECT_EQ(box.ist.udpIdleTimeout, std::chrono::seconds(7));
    EXPECT_EQ(box.ist.maxSplices, 8U);
}

TEST(ReadNodes, GivesTheProxyTheTimesThatItHas)
{
    const Box box = ReadBoxOf(AsIst("ist-app", "ist = { unmatched = \"1 s\", idle = \"2 s\" }"));
    EXPECT_EQ(box.role, BoxRole::IstApp);
    EXPECT_EQ(box.ist.unmatchedTimeout, std::chrono::seconds(1));
    EXPECT_EQ(box.ist.idleTimeout, std::chrono::seconds(2));
}

} // namespace

} // namespace isb
