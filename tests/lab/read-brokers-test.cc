// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadBrokers,
    WorldFaults,
    testing::Values(
        FaultCase{"BrokerTwice",
                  {{26, R"(hello = "1 s"
[[isb]]
name = "isc")"}},
                  {R"(27: a second [[isb]], the first is in line 24; a scenario has one broker)"}},
        FaultCase{
            "BrokerHelloZero",
            {{26, R"(hello = "0 s")"}},
            {R"(26: 'hello' in [[isb]] is zero: nobody could be so fast; nearest valid: "1 ns")"}},
        FaultCase{"BrokerUnknownKey",
                  {{26, R"(helo = "1 s")"}},
                  {R"(26: unknown key 'helo' in [[isb]]; nearest valid: 'hello')"}},
        FaultCase{"BrokerOnUnknownHost",
                  {{26, R"(on = "server")"}},
                  {R"(26: 'on' in [[isb]]: there is no host 'server'; nearest valid: 'printer')"}},
        FaultCase{"BrokerMissedTooOften",
                  {{26, R"(hellos-missed = 0)"}},
                  {R"(26: 'hellos-missed' in [[isb]] is 0; nearest valid: 1)"}},
        FaultCase{"BrokerNone",
                  {{24, R"([[host]])"},
                   {25, R"(name = "isb")"},
                   {26, R"(site = "internet")"},
                   {95, R"(counter = "ist/paired")"}},
                  {R"(32: users and translators need a broker; add: [[isb]] name = "isb")"}}),
    FaultName);

} // namespace

} // namespace isb
