// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadIncidents,
    WorldFaults,
    testing::Values(
        FaultCase{
            "IncidentAfterTheEnd",
            {{87, R"(at = "10 s")"}},
            {R"(87: 'at' in [[incident]] lies after the end of the run; nearest valid: before "10 s", the duration)"}},
        FaultCase{
            "IncidentOfNobody",
            {{84, R"(crash = "bop")"}, {88, R"(crash = "ist")"}},
            {R"(84: 'crash' in [[incident]]: there is no user, broker or translator 'bop'; nearest valid: 'bob')"}},
        FaultCase{
            "IncidentLogoutOfTranslator",
            {{84, R"(logout = "ist")"}, {88, R"(crash = "ist")"}},
            {R"(84: 'logout' in [[incident]]: there is no user 'ist'; valid: 'ann', 'bob', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6')"}},
        FaultCase{
            "IncidentSaysNothing",
            {{88, R"()"}},
            {R"(86: [[incident]] says nothing: write one of crash, restart, logout, login, withdraw, announce, reboot, rebind, fill, drain)"}},
        FaultCase{
            "IncidentSaysTwo",
            {{88, R"(login = "bob"
crash = "ist")"}},
            {R"(86: [[incident]] says too much: write one of crash, restart, logout, login, withdraw, announce, reboot, rebind, fill, drain)"}},
        FaultCase{"IncidentRestartWithoutCrash",
                  {{88, R"(restart = "ist")"}},
                  {R"(86: 'restart' in [[incident]]: 'ist' has not crashed before)"}},
        FaultCase{"IncidentLoginWithoutLogout",
                  {{84, R"(crash = "bob")"}},
                  {R"(86: 'login' in [[incident]]: 'bob' has not logged out before)"}},
        FaultCase{"IncidentWithdrawWhileAway",
                  {{88, R"(withdraw = "bob/web")"}},
                  {R"(86: 'withdraw' in [[incident]]: 'bob' does not offer the service then)"}},
        FaultCase{
            "IncidentAnnounceWithoutWithdraw",
            {{84, R"(announce = "bob/web")"}, {88, R"(crash = "bob")"}},
            {R"(82: 'announce' in [[incident]]: 'bob' has not withdrawn the service before)"}},
        FaultCase{
            "IncidentUnknownService",
            {{84, R"(withdraw = "bob/wbe")"}, {88, R"(crash = "bob")"}},
            {R"(84: 'withdraw' in [[incident]]: 'bob' has no [[service]] 'wbe'; nearest valid: 'web')"}},
        FaultCase{
            "IncidentRebootOfAUser",
            {{84, R"(crash = "ist")"}, {88, R"(reboot = "ann")"}},
            {R"(88: 'reboot' in [[incident]]: there is no NAT 'ann'; valid: 'home', 'u-site2', 'u-site4', 'u-site6')"}},
        FaultCase{"IncidentDrainOfWhatIsNotFull",
                  {{84, R"(crash = "ist")"}, {88, R"(drain = "home")"}},
                  {R"(86: 'drain' in [[incident]]: 'home' has not been filled before)"}},
        FaultCase{
            "IncidentCrashOfAGuest",
            {{30, R"(on = "isb")"}, {84, R"(crash = "ist")"}, {88, R"(crash = "bob")"}},
            {R"(84: 'crash' in [[incident]]: 'ist' has no host of its own, it runs on 'isb'; crash the one that the host is named after)"}}),
    FaultName);

} // namespace

} // namespace isb
