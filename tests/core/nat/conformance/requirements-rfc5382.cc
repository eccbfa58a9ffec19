// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/nat/conformance/requirement.h"

namespace isb::test
{

std::vector<Requirement>
RequirementsOfRfc5382()
{
    constexpr Level MUST = Level::Must;
    constexpr Level SHOULD = Level::Should;
    constexpr Level MAY = Level::May;
    return {
        {5382,
         "REQ-1",
         MUST,
         "an internal endpoint has one external endpoint towards every destination",
         "tcp.mapping = endpoint-independent (default)"},
        {5382,
         "REQ-2",
         MUST,
         "every valid sequence of segments passes, whoever opens the connection",
         "all"},
        {5382, "REQ-2a", MUST, "simultaneous open works", "all"},
        {5382,
         "REQ-3",
         SHOULD,
         "filtering is endpoint-independent for transparency, address-dependent for strictness",
         "tcp.filtering = endpoint-independent or address-dependent",
         "the default is address-and-port-dependent, the type met most often"},
        {5382, "REQ-3a", MAY, "the administrator chooses the filtering", "tcp.filtering"},
        {5382, "REQ-3b", MAY, "independently of UDP's", "tcp.filtering, udp.filtering"},
        {5382,
         "REQ-4",
         MUST,
         "an unsolicited SYN is answered after six seconds at the earliest, and not at all when a "
         "SYN from inside comes before",
         "unsolicitedSyn = hold; timers.synHold = 6 s (default)"},
        {5382,
         "REQ-4a",
         MUST,
         "it is dropped in silence where policy wants that",
         "unsolicitedSyn = drop (default)"},
        {5382,
         "REQ-5",
         MUST,
         "an idle connection lives for 2 h 4 min, one that opens or closes for 4 min",
         "timers.tcpEstablished, timers.tcpTransitory (defaults)"},
        {5382,
         "REQ-5a",
         MAY,
         "the timers are configurable",
         "timers.tcpEstablished, timers.tcpTransitory"},
        {5382,
         "REQ-6",
         SHOULD,
         "no application level gateway touches TCP by default",
         "faults.rewritePayload = false (default)"},
        {5382,
         "REQ-7",
         MUST,
         "two mappings never share an external port",
         "tcp.assignment: any but overloading (default: preserving)"},
        {5382,
         "REQ-8",
         MUST,
         "insiders reach one another by their external endpoints",
         "hairpin = external (default) or internal"},
        {5382,
         "REQ-8a",
         MUST,
         "a hairpinned segment comes from the sender's external endpoint",
         "hairpin = external (default)"},
        {5382, "REQ-9", SHOULD, "ICMP destination unreachable is translated", "all"},
        {5382,
         "REQ-10",
         MUST,
         "no ICMP message ends a mapping or a connection",
         "faults.killOnIcmp = false (default)"},
    };
}

} // namespace isb::test
