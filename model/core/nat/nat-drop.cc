// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-drop.h"

#include <array>

namespace isb
{

namespace
{

constexpr std::array<NatDropInfo, NAT_DROP_COUNT> DROPS{{
    {"nat.malformed",
     "RFC 1812 section 5.2.2",
     "a header is truncated or contradicts itself or the packet's length"},
    {"nat.tiny-fragment",
     "RFC 1858 section 3",
     "the first fragment is too short for the transport header"},
    {"nat.overlapping-fragment",
     "RFC 3128",
     "a later fragment would overwrite the transport header or bytes that came already"},
    {"nat.fragment-limit",
     "RFC 4787 REQ-14",
     "too many fragments wait for their first fragment, or too many gaps are between those of one "
     "datagram"},
    {"nat.fragment-timeout", "RFC 4787 REQ-14", "the first fragment did not come in time"},
    {"nat.source-not-internal",
     "RFC 2827 section 3",
     "a packet from inside whose source is in no internal subnet"},
    {"nat.source-spoofed",
     "RFC 1812 section 5.3.8",
     "a packet from outside whose source is internal or no unicast address"},
    {"nat.destination-internal",
     "RFC 1918 section 3",
     "a packet from outside that names an internal host directly"},
    {"nat.own-source",
     "RFC 1812 section 5.3.7",
     "a packet that claims to come from the NAT's external address"},
    {"nat.land", "RFC 1812 section 5.3.7", "source and destination address are the same"},
    {"nat.port-zero", "RFC 6335 section 6", "a source or destination port is zero"},
    {"nat.protocol-not-translated", "RFC 3022 section 2.2", "neither UDP, TCP nor ICMP"},
    {"nat.icmp-type-not-translated",
     "RFC 5508 REQ-10",
     "an ICMP message from inside that is neither query nor error, or a source quench"},
    {"nat.icmp-checksum",
     "RFC 5508 REQ-3",
     "the ICMP error's or its embedded header's checksum is wrong"},
    {"nat.icmp-malformed",
     "RFC 5508 REQ-3",
     "the ICMP error's embedded packet cannot be read or is no such sender's"},
    {"nat.icmp-no-mapping",
     "RFC 5508 REQ-4",
     "the ICMP error's embedded packet belongs to no mapping"},
    {"nat.no-mapping", "RFC 4787 section 5", "no mapping owns the destination port"},
    {"nat.no-connection",
     "RFC 7857 section 2",
     "a TCP segment that neither belongs to a connection nor may open one"},
    {"nat.filtered", "RFC 4787 REQ-8", "the mapping does not let this remote endpoint in"},
    {"nat.hairpin-off",
     "RFC 4787 REQ-9",
     "an insider's external endpoint was called from inside, and hairpinning is off"},
    {"nat.ttl-expired",
     "RFC 1812 section 5.3.1",
     "the packet from outside may not travel further inside"},
    {"nat.pool-exhausted", "RFC 5508 REQ-8", "a new mapping found every external port taken"},
    {"nat.table-full", "RFC 5508 REQ-8", "a new mapping or session found the table full"},
    {"nat.destination-limit",
     "thesis 3.6.3",
     "a new connection from outside found the mapping's set of destinations full"},
    {"nat.subscriber-limit",
     "RFC 6888 REQ-4",
     "a new mapping or session found its subscriber's share used up"},
    {"nat.mapping-rate",
     "RFC 6888 REQ-4 (c)",
     "the subscriber made new mappings faster than it may"},
    {"nat.syn-held",
     "RFC 5382 REQ-4",
     "an unsolicited SYN that is answered only if nobody inside calls its sender in time"},
    {"nat.packet-too-big",
     "RFC 4787 REQ-13",
     "a packet that may not be fragmented is larger than the next link's MTU"},
    {"nat.state-lost", "RFC 791 section 3.2", "the box restarted while the fragment waited"},
    {"firewall.not-allowed",
     "thesis 3.7.1",
     "an insider called an address that is not among those that may be reached"},
}};

constexpr std::array<NatDropInfo, NAT_DROP_COUNT> FILTER_DROPS{{
    {"firewall.malformed",
     "RFC 1812 section 5.2.2",
     "a header is truncated or contradicts itself or the packet's length"},
    {"firewall.tiny-fragment",
     "RFC 1858 section 3",
     "the first fragment is too short for the transport header"},
    {"firewall.overlapping-fragment",
     "RFC 3128",
     "a later fragment would overwrite the transport header or bytes that came already"},
    {"firewall.fragment-limit",
     "RFC 791 section 3.2",
     "too many fragments wait for their first, or too many gaps are between those of one datagram"},
    {"firewall.fragment-timeout", "RFC 791 section 3.2", "the first fragment did not come"},
    {"firewall.source-not-internal",
     "RFC 2827 section 3",
     "a packet from inside whose source is in no internal subnet"},
    {"firewall.source-spoofed",
     "RFC 6092 section 3.1",
     "a packet from outside whose source is internal or no unicast address"},
    {},
    {},
    {"firewall.land", "RFC 1812 section 5.3.7", "source and destination address are the same"},
    {"firewall.port-zero", "RFC 6335 section 6", "a source or destination port is zero"},
    {"firewall.protocol-not-tracked", "RFC 6092 section 3.2.2", "neither UDP, TCP nor ICMP"},
    {"firewall.icmp-type-not-tracked",
     "RFC 6092 section 3.2.1",
     "an ICMP message from inside that is neither echo request nor error"},
    {"firewall.icmp-checksum",
     "RFC 5508 REQ-3",
     "the ICMP error's or its embedded header's checksum is wrong"},
    {"firewall.icmp-malformed",
     "RFC 5508 REQ-3",
     "the ICMP error's embedded packet cannot be read or is no such sender's"},
    {"firewall.icmp-unknown-flow",
     "RFC 6092 section 3.2.1",
     "the ICMP error's embedded packet belongs to no flow"},
    {},
    {"firewall.no-connection",
     "RFC 6092 section 3.3.1",
     "a TCP segment that neither belongs to a connection nor may open one"},
    {"firewall.unsolicited",
     "RFC 6092 section 3.2.3",
     "a packet from outside that answers nothing"},
    {},
    {},
    {},
    {"firewall.table-full", "RFC 6092 section 3.3.1", "a new flow found the table full"},
    {},
    {},
    {},
    {},
    {},
    {},
    {"firewall.not-allowed",
     "thesis 3.7.1",
     "an insider called an address that is not among those that may be reached"},
}};

} // namespace

const NatDropInfo&
DropInfo(NatDrop drop)
{
    return DROPS[static_cast<size_t>(drop)];
}

const NatDropInfo&
FilterDropInfo(NatDrop drop)
{
    return FILTER_DROPS[static_cast<size_t>(drop)];
}

} // namespace isb
