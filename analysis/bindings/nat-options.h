// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BINDINGS_NAT_OPTIONS_H
#define ISB_BINDINGS_NAT_OPTIONS_H

#include "model/core/nat/nat-settings.h"

#include <pybind11/pybind11.h>

namespace isb
{

/// Keyword arguments that change NatSettings, as NAT_OPTIONS_DOC lists them. None leaves a setting
/// as it is. TypeError for a name that is none of them, ValueError for a wrong value and for
/// settings that contradict one another.
void ApplyNatOptions(const pybind11::dict& options, NatSettings& settings);

inline constexpr const char* NAT_OPTIONS_DOC =
    R"(    internal: subnets whose sources are translated; empty: any source from inside.
    further_externals: more external addresses for mappings.
    pooling: "paired" (a host stays with one address) or "arbitrary".
    mapping, filtering: replace the preset's axis (RFC 4787 sections 4.1 and 5):
        "endpoint-independent", "address-dependent" or "address-and-port-dependent".
    assignment: of external ports: "preserving", "sequential", "random" or "overloading".
    step: of sequential ports.
    parity, contiguity: of ports (RFC 4787 sections 4.2.2 and 4.2.3).
    refresh: packets that restart a UDP timer: "outbound" or "both".
    udp, tcp, icmp: dict of the seven before, for one protocol.
    ports: first and last external port, both included.
    port_block: (ports of a block, blocks that a subscriber may have).
    hairpin: "none", "internal" (source) or "external"; True means "external", False "none".
    unsolicited_syn: "drop", "reset", "unreachable" or "hold".
    eviction: in a full table, "refuse-new" or "oldest-idle".
    forwards: list of (protocol, external port or endpoint, list of internal endpoints).
    faults: list of "kill-on-reset", "kill-on-icmp", "rewrite-payload".
    timers: dict of seconds: udp, tcp_established, tcp_transitory, tcp_closing, icmp, fragments,
        syn_hold, port_hold.
    max_mappings, max_sessions, max_destinations: bounds of all mappings, all sessions and the
        sessions of one mapping.
    max_mappings_each, max_sessions_each, max_new_mappings_per_second_each: of one subscriber; 0:
        no bound.
    checksums: packets carry checksums, which are kept right; False: not touched.)";

} // namespace isb

#endif
