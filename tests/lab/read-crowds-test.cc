// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadCrowds,
    WorldFaults,
    testing::Values(
        FaultCase{"CrowdOfNobody",
                  {{67, R"(count = 0)"}},
                  {R"(67: 'count' in [[crowd]] is 0; nearest valid: 1)"}},
        FaultCase{
            "CrowdTooLarge",
            {{67, R"(count = 20000)"}},
            {R"(67: 'count' in [[crowd]] makes 20002 users; nearest valid: 20000 in the whole scenario)"}},
        FaultCase{
            "CrowdUnknownNat",
            {{68, R"(nats = ["none", "ful-cone"])"}},
            {R"(68: 'nats' in [[crowd]] cannot hold 'ful-cone'; nearest valid: 'full-cone')"}},
        FaultCase{"CrowdWithNoNats",
                  {{68, R"(nats = [])"}},
                  {R"(68: 'nats' in [[crowd]] is empty; leave it out for users on the internet)"}},
        FaultCase{
            "CrowdMemberNameTaken",
            {{21, R"(name = "u3")"}, {51, R"()"}},
            {R"(66: 'name' in [[crowd]]: 'u3' is taken already, in line 20; hosts and boxes need different names)"}},
        FaultCase{
            "CrowdWantsNobody",
            {{69, R"(subscribes-to = "bop/web")"}},
            {R"(69: 'subscribes-to' in [[crowd]]: there is no [[user]] 'bop'; nearest valid: 'bob')"}},
        FaultCase{"CrowdWantsWhatItDoesNotOffer",
                  {{69, R"(subscribes-to = "u/web")"}},
                  {R"(69: 'subscribes-to' in [[crowd]]: crowd 'u' offers nothing)"}},
        FaultCase{"CrowdProvidersWithoutOffer",
                  {{69, R"(subscribes-to = "bob/web"
providers = 2)"}},
                  {R"(70: 'providers' in [[crowd]] goes only with offers)"}},
        FaultCase{"CrowdMoreProvidersThanMembers",
                  {{69, R"(subscribes-to = "bob/web"
offers = "x"
providers = 7)"}},
                  {R"(71: 'providers' in [[crowd]] is 7; nearest valid: 6)"}},
        FaultCase{
            "CrowdTrafficOfOtherProtocol",
            {{69, R"(subscribes-to = "bob/voice")"}},
            {R"(71: 'kind' in [crowd.traffic]: a service of protocol "udp" does not carry traffic of kind "request-response"; valid: "udp-rate", "udp-ping-pong")"}},
        FaultCase{
            "CrowdSpreadTooLong",
            {{73, R"(start = "5 s"
spread = "5 s")"}},
            {R"(74: 'spread' in [crowd.traffic] is as long as from start to stop; nearest valid: less than "5 s")"}},
        FaultCase{
            "CrowdLoginsTooLong",
            {{67, R"(count = 6
logins-over = "10 s")"}},
            {R"(68: 'logins-over' in [[crowd]] is as long as the run; nearest valid: less than "10 s", the duration)"}},
        FaultCase{"CrowdBehindButOnTheInternet",
                  {{67, R"(count = 6
behind = "home")"}},
                  {R"(68: 'behind' in [[crowd]]: users with nats "none" are on the internet)"}}),
    FaultName);

} // namespace

} // namespace isb
