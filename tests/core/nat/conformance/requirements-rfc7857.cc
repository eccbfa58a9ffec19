// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/nat/conformance/requirement.h"

namespace isb::test
{

std::vector<Requirement>
RequirementsOfRfc7857()
{
    constexpr Level MUST = Level::Must;
    constexpr Level SHOULD = Level::Should;
    constexpr Level MAY = Level::May;
    return {
        {7857, "2", SHOULD, "TCP connections are tracked by SYN, FIN and RST of both sides", "all"},
        {7857,
         "2.1",
         SHOULD,
         "connections that open and that close have timers of their own, 4 min by default",
         "timers.tcpTransitory, timers.tcpClosing"},
        {7857,
         "2.2",
         MUST,
         "an RST is translated; the connection lives on for 4 min in case it is forged",
         "faults.killOnReset = false (default)"},
        {7857,
         "3",
         MAY,
         "mappings towards different destinations may share an external port",
         "assignment = overloading"},
        {7857,
         "4",
         SHOULD,
         "a host whose paired external address has no port left gets none elsewhere",
         "pooling = paired (default)"},
        {7857, "5", SHOULD, "mappings of UDP and TCP are apart", "all"},
        {7857, "6", SHOULD, "so are their filters", "all"},
        {7857, "7", SHOULD, "inbound packets that are refused refresh nothing", "refresh = both"},
        {7857,
         "7.1",
         SHOULD,
         "ICMP errors and RSTs from inside that answer a packet refresh nothing",
         "all"},
        {7857, "8", MAY, "parity may be off, if it can be asked for", "parity = false (default)"},
        {7857,
         "9",
         SHOULD,
         "ports that are not preserved are hard to guess",
         "assignment = random",
         "preserving takes the next free port after a collision: regular ports are what port "
         "prediction is about"},
        {7857, "10", SHOULD, "fragments of several hosts do not share an identification", "all"},
        {7857, "11", MAY, "a query's mapping ends with its last session", "all"},
        {7857,
         "12",
         MAY,
         "queries may be hairpinned",
         "none",
         "echo requests to the external address are the box' own: it answers them"},
    };
}

} // namespace isb::test
