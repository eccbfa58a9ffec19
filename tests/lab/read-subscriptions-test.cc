// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadSubscriptions,
    WorldFaults,
    testing::Values(
        FaultCase{
            "SubscriptionOfNobody",
            {{61, R"(user = "an")"}},
            {R"(61: 'user' in [[subscription]]: there is no [[user]] 'an'; nearest valid: 'ann')"}},
        FaultCase{"SubscriptionUnknownMethod",
                  {{63, R"(method = "puer")"}},
                  {R"(63: 'method' in [[subscription]] cannot be 'puer'; nearest valid: 'pure')"}},
        FaultCase{
            "SubscriptionPureOfUdp",
            {{62, R"(service = "bob/voice")"}},
            {R"(60: [[subscription]]: method 'pure' is not for a service of protocol 'udp'; valid: 'udp', 'proxy')"}},
        FaultCase{"SubscriptionPrivilegedLocalPort",
                  {{63, R"(local-port = 80)"}},
                  {R"(63: 'local-port' in [[subscription]] is 80; nearest valid: 1024)"}},
        FaultCase{
            "SubscriptionLocalPortClash",
            {{58, R"()"}, {63, R"(local-port = 9000
[[subscription]]
user = "ann"
service = "bob/voice"
local-port = 9000)"}},
            {R"(64: TCP port 9000 of a local-port of 'ann' is taken on that host by a local-port of 'ann', line 60; take another)"}},
        FaultCase{
            "SubscriptionImpatient",
            {{63, R"(patience = "0 s")"}},
            {R"(63: 'patience' in [[subscription]] is zero: no client would wait; nearest valid: "1 ns")"}},
        FaultCase{"SubscriptionTooManyPrepared",
                  {{63, R"(prepared = 65)"}},
                  {R"(63: 'prepared' in [[subscription]] is 65; nearest valid: 64)"}}),
    FaultName);

} // namespace

} // namespace isb
