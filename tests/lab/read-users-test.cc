// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadUsers,
    WorldFaults,
    testing::Values(
        FaultCase{
            "UserInUnknownSite",
            {{34, R"(site = "hoem")"}},
            {R"(34: 'site' in [[user]]: there is no [[site]] 'hoem'; nearest valid: 'home')"}},
        FaultCase{
            "UserNameOfAHost",
            {{33, R"(name = "printer")"}},
            {R"(33: 'name' in [[user]]: 'printer' is taken already, in line 20; hosts and boxes need different names)"}},
        FaultCase{
            "UserOnUnknownHost",
            {{34, R"(on = "pc")"}},
            {R"(34: 'on' in [[user]]: there is no host 'pc'; valid: 'isb', 'ist', 'printer')"}},
        FaultCase{"UserOnAndInASite",
                  {{34, R"(site = "home"
on = "printer")"}},
                  {R"(34: 'site' in [[user]] goes only without on: that host has its own)"}},
        FaultCase{
            "UserPrivilegedListenPort",
            {{40, R"(listen-port = 80)"}},
            {R"(40: 'listen-port' in [[user]] is 80; a daemon has no privilege, nearest valid: 1024, or 0 for none)"}},
        FaultCase{
            "UserLogsInAfterTheEnd",
            {{40, R"(login = "10 s")"}},
            {R"(40: 'login' in [[user]] lies after the end of the run; nearest valid: before "10 s", the duration)"}},
        FaultCase{
            "UserSubscribesToNobody",
            {{35, R"(subscribes = ["bbo/web"])"}},
            {R"(35: 'subscribes' in [[user]]: there is no [[user]] 'bbo'; nearest valid: 'bob')"}},
        FaultCase{
            "UserSubscribesToNoService",
            {{35, R"(subscribes = ["bob/wbe"])"}},
            {R"(35: 'subscribes' in [[user]]: 'bob' has no [[service]] 'wbe'; nearest valid: 'web')"}},
        FaultCase{
            "UserSubscribesTwice",
            {{35, R"(subscribes = ["bob/web", "bob/web"])"}},
            {R"(35: 'subscribes' in [[user]]: 'ann' subscribes to 'bob/web' already, in line 35)"}},
        FaultCase{
            "UserSubscribesWithoutProvider",
            {{35, R"(subscribes = ["web"])"}},
            {R"(35: 'subscribes' in [[user]]: 'web' is no service; write provider/service as in "bob/web")"}},
        FaultCase{"UserSubscribesToHimself",
                  {{40, R"(subscribes = ["bob/web"])"}},
                  {R"(40: 'subscribes' in [[user]]: 'bob/web' is the user's own service)"}}),
    FaultName);

} // namespace

} // namespace isb
