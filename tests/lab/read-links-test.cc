// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/fault-table.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadLinks,
    FaultTable,
    testing::Values(
        FaultCase{"LinkToNobody",
                  {{24, R"(between = ["C", "box:left"])"}},
                  {"24: 'between' in [[link]]: there is no host or box 'C'; nearest valid: 'A'"}},
        FaultCase{
            "LinkToNoPort",
            {{24, R"(between = ["A", "box:lefft"])"}},
            {"24: 'between' in [[link]]: box 'box' has no port 'lefft'; nearest valid: 'left'"}},
        FaultCase{
            "LinkToBoxWithoutPort",
            {{24, R"(between = ["A", "box"])"}},
            {"24: 'between' in [[link]]: 'box' is a box; name the port: 'box:left', 'box:right'"}},
        FaultCase{"LinkToHostWithPort",
                  {{24, R"(between = ["A:eth0", "box:left"])"}},
                  {R"(24: 'between' in [[link]]: 'A' is a host and has no ports; write: "A")"}},
        FaultCase{
            "LinkOfOneEnd",
            {{24, R"(between = ["A"])"}},
            {R"(24: 'between' in [[link]] is of length 1; a link has two ends: between = ["A", "box:left"])"}},
        FaultCase{
            "LinkOfNumbers",
            {{24, "between = [1, 2]"}},
            {R"(24: 'between' in [[link]] holds an integer; write: between = ["A", "box:left"])"}},
        FaultCase{"LinkToItself",
                  {{24, R"(between = ["box:left", "box:right"])"}},
                  {"24: 'between' in [[link]]: both ends are at 'box'; a link joins two nodes"}},
        FaultCase{"PortInTwoLinks",
                  {{30, R"(between = ["box:left", "B"])"}},
                  {"30: 'between' in [[link]]: 'box:left' is in the link of line 23 already; a "
                   "port has one link: give the box another port"}},
        FaultCase{
            "HostInTwoLinks",
            {{30, R"(between = ["box:right", "A"])"}},
            {R"(30: 'between' in [[link]]: 'A' is in the link of line 23 already; a host has one link: put a box with role = "forwarder" before it)"}},
        FaultCase{
            "PortInNoLink",
            {{21, R"(ports = ["left", "middle", "right"])"}},
            {R"(14: port 'box:middle' has no link; add: [[link]] between = ["box:middle", ...], or remove the port)"}},
        FaultCase{"HostInNoLink",
                  {{12, R"(name = "B"
[[host]]
name = "C")"}},
                  {R"(13: host 'C' has no link; add: [[link]] between = ["C", ...])"}},
        FaultCase{"SubnetMissing",
                  {{25, ""}},
                  {R"(23: [[link]] has no 'subnet'; write: subnet = "10.0.1.0/24")"}},
        FaultCase{
            "SubnetMalformed",
            {{25, R"(subnet = "10.0.1.0")"}},
            {R"(25: 'subnet' in [[link]]: '10.0.1.0' is no subnet; write address/length, host bits zero: "10.0.1.0/24")"}},
        FaultCase{
            "SubnetWithHostBits",
            {{25, R"(subnet = "10.0.1.1/24")"}},
            {R"(25: 'subnet' in [[link]]: '10.0.1.1/24' is no subnet; write address/length, host bits zero: "10.0.1.0/24")"}},
        FaultCase{"SubnetTooSmall",
                  {{25, R"(subnet = "10.0.1.0/31")"}},
                  {"25: 'subnet' in [[link]]: '10.0.1.0/31' is too small for two addresses; "
                   "nearest valid: a length of 30"}},
        FaultCase{"SubnetOverlap",
                  {{31, R"(subnet = "10.0.0.0/16")"}},
                  {"31: 'subnet' in [[link]]: 10.0.0.0/16 overlaps 10.0.1.0/24 of the link in line "
                   "23; every link needs a subnet of its own"}},
        FaultCase{"SubnetLoopback",
                  {{31, R"(subnet = "127.0.0.0/24")"}},
                  {"31: 'subnet' in [[link]]: '127.0.0.0/24' overlaps 127.0.0.0/8, loopback; take "
                   "one of 10.0.0.0/8"}},
        FaultCase{"SubnetMulticast",
                  {{31, R"(subnet = "239.0.0.0/24")"}},
                  {"31: 'subnet' in [[link]]: '239.0.0.0/24' overlaps 224.0.0.0/3, multicast or "
                   "reserved; take one of 10.0.0.0/8"}},
        FaultCase{"RateMissing",
                  {{26, ""}},
                  {R"(23: [[link]] has no 'rate'; write: rate = "100 Mb/s")"}},
        FaultCase{
            "RateZero",
            {{26, R"(rate = "0 Mb/s")"}},
            {R"(26: 'rate' in [[link]] is zero: nothing would ever pass; write for instance: rate = "100 Mb/s")"}},
        FaultCase{
            "RateWithoutUnit",
            {{26, "rate = 100"}},
            {R"(26: 'rate' in [[link]] is a number without unit; write it as: rate = "100 Mb/s")"}},
        FaultCase{
            "RateInBytes",
            {{26, R"(rate = "100 MB/s")"}},
            {R"(26: 'rate' in [[link]]: "100 MB/s" is not a data rate: unknown unit (write it as "100 Mb/s"; units: b/s, kb/s, Mb/s, Gb/s))"}},
        FaultCase{
            "RateOfNothing",
            {{26, R"(rate = "fast")"}},
            {R"(26: 'rate' in [[link]]: "fast" is not a data rate: no number (write it as "100 Mb/s"; units: b/s, kb/s, Mb/s, Gb/s))"}},
        FaultCase{
            "DelayNegative",
            {{27, R"(delay = "-1 us")"}},
            {R"(27: 'delay' in [[link]]: "-1 us" is not a duration: negative (write it as "10 us"; units: ns, us, ms, s, min, h))"}},
        FaultCase{
            "DelayWithoutUnit",
            {{27, "delay = 0.5"}},
            {R"(27: 'delay' in [[link]] is a number without unit; write it as: delay = "0.5 us")"}},
        FaultCase{
            "DelayAbsurd",
            {{27, R"(delay = "1 h")"}},
            {R"(27: 'delay' in [[link]] is absurdly long for a wire; nearest valid: "10 s")"}},
        FaultCase{"LinkUnknownKey",
                  {{27, R"(dely = "1 us")"}},
                  {"27: unknown key 'dely' in [[link]]; nearest valid: 'delay'"}}),
    FaultName);

} // namespace

} // namespace isb
