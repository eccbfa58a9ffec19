// SPDX-License-Identifier: GPL-2.0-or-later
// Traffic on services, and expectations about subscriptions, counters and crowds.
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

INSTANTIATE_TEST_SUITE_P(
    ReadWorld,
    WorldFaults,
    testing::Values(
        FaultCase{
            "TrafficWithoutSubscription",
            {{79, R"(service = "bob/voice")"}},
            {R"(79: 'service' in [[traffic]]: 'ann' does not subscribe to 'bob/voice'; nearest valid: 'bob/print')"}},
        FaultCase{
            "TrafficOfNobody",
            {{78, R"(from = "annn")"}},
            {R"(78: 'from' in [[traffic]]: there is no [[user]] 'annn'; nearest valid: 'ann')"}},
        FaultCase{"TrafficServiceAndTo",
                  {{78, R"(from = "ann"
to = "bob")"}},
                  {R"(79: 'to' in [[traffic]] goes only without service)"}},
        FaultCase{
            "TrafficUdpOnTcp",
            {{77, R"(kind = "udp-ping-pong"
payload = "64 B")"},
             {80, R"()"}},
            {R"(77: 'kind' in [[traffic]]: a service of protocol "tcp" does not carry traffic of kind "udp-ping-pong"; valid: "tcp-bulk", "request-response", "tcp-ping-pong")"}},
        FaultCase{"TrafficResponseTooLarge",
                  {{80, R"(response = "2 GB")"}},
                  {R"(80: 'response' in [[traffic]] is 2 GB; nearest valid: "1 GB")"}},
        FaultCase{"TrafficSizeOfDialogue",
                  {{80, R"(size = "1 MB")"}},
                  {R"(80: 'size' in [[traffic]] goes only with kind = "tcp-bulk")"}},
        FaultCase{"TrafficRequestsZero",
                  {{80, R"(requests = 0)"}},
                  {R"(80: 'requests' in [[traffic]] is 0; nearest valid: 1)"}},
        FaultCase{
            "TrafficIntoAFirewall",
            {{78, R"(from = "u1")"}, {79, R"(to = "printer")"}},
            {R"(75: 'u1' cannot reach 'printer': NAT box 'home' lets in only answers to what went out (RFC 4787 section 5); send the other way round, or via a box with role = "ist-kernel" that both can reach)"}},
        FaultCase{
            "ExpectUnknownSubscription",
            {{91, R"(subscription = "ann -> bob/voice")"}},
            {R"(91: 'subscription' in [[expect]]: there is no such subscription; nearest valid: 'ann -> bob/print')"}},
        FaultCase{
            "ExpectSubscriptionWithoutArrow",
            {{91, R"(subscription = "ann: bob/web")"}},
            {R"(91: 'subscription' in [[expect]]: 'ann: bob/web' has no arrow; write: "ann -> bob/web")"}},
        FaultCase{
            "ExpectNothingOfSubscription",
            {{92, R"()"}},
            {R"(90: [[expect]] says nothing of the subscription; write path, method, ist, code or measure)"}},
        FaultCase{
            "ExpectUnknownPath",
            {{92, R"(path = "transalted")"}},
            {R"(92: 'path' in [[expect]] cannot be 'transalted'; nearest valid: 'translated')"}},
        FaultCase{
            "ExpectUnknownTranslator",
            {{92, R"(ist = "its")"}},
            {R"(92: 'ist' in [[expect]]: there is no translator 'its'; nearest valid: 'ist')"}},
        FaultCase{
            "ExpectUnknownCode",
            {{92, R"(code = "not-alowed")"}},
            {R"(92: 'code' in [[expect]] cannot be 'not-alowed'; nearest valid: 'not-allowed')"}},
        FaultCase{"ExpectLimitOfAPath",
                  {{92, R"(path = "translated"
at-least = 1)"}},
                  {R"(93: 'at-least' in [[expect]] goes only with measure)"}},
        FaultCase{"ExpectCountWithoutLimit",
                  {{92, R"(measure = "established")"}},
                  {R"(90: [[expect]] has no limit; write at-least, at-most or equals)"}},
        FaultCase{
            "ExpectCounterOfNobody",
            {{95, R"(counter = "isc/logins")"}},
            {R"(95: 'counter' in [[expect]]: there is no broker or translator 'isc'; nearest valid: 'isb')"}},
        FaultCase{
            "ExpectCounterWithoutName",
            {{95, R"(counter = "isb")"}},
            {R"(95: 'counter' in [[expect]]: 'isb' is no counter; write who/what: "isb/logins")"}},
        FaultCase{"ExpectUnknownCrowd",
                  {{99, R"(crowd = "v")"}},
                  {R"(99: 'crowd' in [[expect]]: there is no crowd 'v'; nearest valid: 'u')"}},
        FaultCase{
            "ExpectCrowdMeasureOfOtherKind",
            {{100, R"(measure = "loss")"}},
            {R"(100: 'measure' in [[expect]]: traffic of kind "request-response" has no loss; valid: 'rtt', 'first-byte', 'connections', 'failures', 'completed')",
             R"(101: 'equals' in [[expect]] is a number without unit; write it as: equals = "3 %")"}}),
    FaultName);

} // namespace

} // namespace isb
