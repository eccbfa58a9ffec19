// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadServices,
    WorldFaults,
    testing::Values(
        FaultCase{"ServiceWithoutProvider",
                  {{44, R"()"}},
                  {R"(42: [[service]] has no 'provider'; write: provider = "bob")"}},
        FaultCase{
            "ServiceOfNobody",
            {{49, R"(provider = "bop")"}},
            {R"(49: 'provider' in [[service]]: there is no [[user]] 'bop'; nearest valid: 'bob')"}},
        FaultCase{"ServiceTwice",
                  {{48, R"(name = "web")"}},
                  {R"(48: 'name' in [[service]]: 'bob/web' is there already, in line 42)"}},
        FaultCase{
            "ServicePortClash",
            {{50, R"(port = 80)"}, {51, R"()"}},
            {R"(47: TCP port 80 of the server of 'bob/print' is taken on that host by the server of 'bob/web', line 42; take another)"}},
        FaultCase{
            "ServicePortOfTheDaemon",
            {{45, R"(port = 7500)"}},
            {R"(42: TCP port 7500 of the server of 'bob/web' is taken on that host by the listen-port of 'bob', line 37; take another)"}},
        FaultCase{"ServicePortZero",
                  {{45, R"(port = 0)"}},
                  {R"(45: 'port' in [[service]] is 0; nearest valid: 1)"}},
        FaultCase{
            "ServiceAllowedNobody",
            {{52, R"(allowed = ["anne"])"}},
            {R"(52: 'allowed' in [[service]]: there is no [[user]] 'anne'; nearest valid: 'ann')"}},
        FaultCase{
            "ServiceOnUnknownHost",
            {{51, R"(on = "primter")"}},
            {R"(51: 'on' in [[service]]: there is no host 'primter'; nearest valid: 'printer')"}},
        FaultCase{
            "ServiceOnAHostElsewhere",
            {{51, R"(on = "ann")"}},
            {R"(51: 'on' in [[service]]: 'ann' stands in 'home', the provider in 'flat'; a peripheral is in the provider's site)"}},
        FaultCase{"ServiceUnknownProtocol",
                  {{58, R"(protocol = "upd")"}},
                  {R"(58: 'protocol' in [[service]] cannot be 'upd'; nearest valid: 'udp')"}}),
    FaultName);

} // namespace

} // namespace isb
