// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadTranslators,
    WorldFaults,
    testing::Values(
        FaultCase{"TranslatorCapacityZero",
                  {{30, R"(capacity = 0)"}},
                  {R"(30: 'capacity' in [[ist]] is 0; nearest valid: 1)"}},
        FaultCase{"TranslatorOnUnknownHost",
                  {{30, R"(on = "server")"}},
                  {R"(30: 'on' in [[ist]]: there is no host 'server'; valid: 'isb', 'printer')"}},
        FaultCase{
            "TranslatorTwiceOnAHost",
            {{30, R"(on = "isb"
[[ist]]
name = "ist2"
on = "isb")"}},
            {R"(33: 'on' in [[ist]]: 'isb' has the translator of line 28 already; one a host)"}},
        FaultCase{"TranslatorUnknownMethod",
                  {{30, R"(methods = ["passiv"])"}},
                  {R"(30: 'methods' in [[ist]]: no method 'passiv'; nearest valid: 'passive')"}},
        FaultCase{"TranslatorMethodTwice",
                  {{30, R"(methods = ["pure", "pure"])"}},
                  {R"(30: 'methods' in [[ist]]: 'pure' is there twice; leave one out)"}},
        FaultCase{
            "TranslatorNoMethod",
            {{30, R"(methods = [])"}},
            {R"(30: 'methods' in [[ist]] is empty: it could do nothing; leave it out for all methods)"}},
        FaultCase{
            "TranslatorPortsUpsideDown",
            {{30, R"(first-port = 3000
last-port = 2000)"}},
            {R"(31: 'last-port' in [[ist]]: a splice takes two ports, 3000 to 2000 has fewer)"}},
        FaultCase{
            "TranslatorPingAmongPorts",
            {{30, R"(ping-port = 30000)"}},
            {R"(30: 'ping-port' in [[ist]] is among the ports that it gives out; nearest valid: 19999)"}},
        FaultCase{"TranslatorCountOnOneHost",
                  {{30, R"(count = 2
on = "isb")"}},
                  {R"(31: 'on' in [[ist]] goes only without count: one translator a host)"}},
        FaultCase{
            "TranslatorLimitZero",
            {{30, R"(limit-bytes = "0 B")"}},
            {R"(30: 'limit-bytes' in [[ist]] is zero: nothing would pass; leave it out for no limit)"}},
        FaultCase{"TranslatorUnknownEngineKey",
                  {{30, R"(engine = { idel = "2 h" })"}},
                  {R"(30: unknown key 'idel' in [ist.engine]; nearest valid: 'idle')"}}),
    FaultName);

} // namespace

} // namespace isb
