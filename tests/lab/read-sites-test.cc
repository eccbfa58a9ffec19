// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadSites,
    WorldFaults,
    testing::Values(
        FaultCase{"RegionWithoutDelay",
                  {{7, R"()"}},
                  {R"(5: [[region]] has no 'delay'; write: delay = "20 ms")"}},
        FaultCase{
            "RegionTooFar",
            {{7, R"(delay = "11 s")"}},
            {R"(7: 'delay' in [[region]] is absurdly long for a wire; nearest valid: "10 s")"}},
        FaultCase{
            "RegionCalledInternet",
            {{6, R"(name = "internet")"}, {13, R"()"}},
            {R"(6: 'name' in [[region]]: 'internet' is the core that everybody is joined to; take another)"}},
        FaultCase{
            "SiteNameTaken",
            {{16, R"(name = "home")"}},
            {R"(16: 'name' in [[site]]: 'home' is taken already, in line 9; hosts and boxes need different names)"}},
        FaultCase{"SiteUnknownNat",
                  {{11, R"(nat = "symetric")"}},
                  {R"(11: 'nat' in [[site]] cannot be 'symetric'; nearest valid: 'symmetric')"}},
        FaultCase{"SiteUnknownNatAxis",
                  {{11, R"(nat = { maping = "address-dependent" })"}},
                  {R"(11: unknown key 'maping' in [site.nat]; nearest valid: 'mapping')"}},
        FaultCase{
            "SiteUnknownRegion",
            {{13, R"(region = "eats")"}},
            {R"(13: 'region' in [[site]]: there is no [[region]] 'eats'; nearest valid: 'east')"}},
        FaultCase{
            "SiteBehindNobody",
            {{17, R"(behind = "hoem")"}},
            {R"(17: 'behind' in [[site]]: there is no [[site]] 'hoem'; nearest valid: 'home')"}},
        FaultCase{
            "SiteBehindItself",
            {{17, R"(behind = "flat")"}},
            {R"(17: 'behind' in [[site]]: 'flat' is itself behind 'flat'; one of them must be joined to the internet)"}},
        FaultCase{"SiteBehindAndInARegion",
                  {{17, R"(behind = "home"
region = "east")"}},
                  {R"(18: 'region' in [[site]] goes only without behind: the outer site has one)"}},
        FaultCase{
            "SiteFirewallNamesNobody",
            {{18, R"(firewall = ["isb", "its"])"}},
            {R"(18: 'firewall' in [[site]]: nobody on the internet is called 'its'; nearest valid: 'ist')"}},
        FaultCase{
            "SiteFirewallWithoutTheBroker",
            {{18, R"(firewall = ["ist"])"}},
            {R"(37: 'bob' cannot reach 'isb': firewall 'flat' does not let it out; add 'isb' to: firewall = [...])"}},
        FaultCase{
            "SiteFirewallForAllOnANat",
            {{18, R"(nat = "full-cone"
firewall = ["*"])"}},
            {R"(19: 'firewall' in [[site]]: "*" is for a site without nat; a NAT has a filtering of its own)"}},
        FaultCase{
            "SiteUplinkZero",
            {{12, R"(uplink = "0 Mb/s")"}},
            {R"(12: 'uplink' in [[site]] is zero: nothing would ever pass; write for instance: uplink = "20 Mb/s")"}},
        FaultCase{"SiteUnknownKey",
                  {{12, R"(up-link = "20 Mb/s")"}},
                  {R"(12: unknown key 'up-link' in [[site]]; nearest valid: 'uplink')"}},
        FaultCase{
            "HostInUnknownSite",
            {{22, R"(site = "flet")"}},
            {R"(22: 'site' in [[host]]: there is no [[site]] 'flet'; nearest valid: 'flat')"}},
        FaultCase{
            "HostUplinkInsideASite",
            {{22, R"(site = "flat"
uplink = "1 Mb/s")"}},
            {R"(23: 'uplink' in [[host]] goes only on the internet: inside a site there is its lan)"}},
        FaultCase{
            "HostRegionWithoutSite",
            {{22, R"(region = "east")"}, {51, R"()"}},
            {R"(20: host 'printer' has no link; add: [[link]] between = ["printer", ...])",
             R"(22: 'region' in [[host]] goes only with site = "internet": this host is wired by a [[link]])"}}),
    FaultName);

} // namespace

} // namespace isb
