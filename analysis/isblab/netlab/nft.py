# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux' own NAT as each of RFC 3489's types, by nftables; UDP and TCP.

Linux' masquerade maps a source endpoint to one external port while that port is free for the
destination, so it is endpoint-independent for one inside host at a time: two hosts that use the same
port share it ("overloading"). Filtering is added here:

    port restricted   what conntrack knows
    restricted        and whoever has an address that the external port was used towards
    full cone         and anybody, to an external port that is in use
    symmetric         fully-random masquerade: each destination sees another port

Unsolicited packets are dropped before conntrack confirms them: nobody outside can take a port that
an insider then uses.
"""

from __future__ import annotations

__all__ = ["FIREWALL", "NAT_TYPES", "nat_rules"]

NAT_TYPES = ("full-cone", "restricted-cone", "port-restricted-cone", "symmetric")
"""The presets that nat_rules knows, named as in scenarios."""

FIREWALL = "firewall"
"""No translation; only answers come in."""

_FILTER = """
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ct status dnat accept
        iifname != "{outside}" accept
    }}
    chain input {{
        type filter hook input priority filter; policy accept;
        iifname "{outside}" ct state new drop
    }}
"""

_MASQUERADE = """
    chain translate {{
        type nat hook postrouting priority srcnat;
        oifname "{outside}" masquerade{how}
    }}
"""

# What an external port stands for is learned from what leaves, after translation.
_LEARN = """
    map {l4}_ports {{
        type inet_service : ipv4_addr . inet_service
        size 65535
        flags dynamic,timeout
        timeout {timeout}s
    }}
    set {l4}_seen {{
        type inet_service . ipv4_addr
        size 65535
        flags dynamic,timeout
        timeout {timeout}s
    }}
    chain learn_{l4} {{
        type filter hook postrouting priority srcnat + 50;
        oifname "{outside}" ct direction original meta l4proto {l4} \
            update @{l4}_ports {{ {l4} sport : ct original ip saddr . ct original proto-src }}
        oifname "{outside}" ct direction original meta l4proto {l4} \
            update @{l4}_seen {{ {l4} sport . ip daddr }}
    }}
    chain admit_{l4} {{
        type nat hook prerouting priority dstnat;
        iifname "{outside}" {only} dnat ip to {l4} dport map @{l4}_ports
    }}
"""


def nat_rules(kind: str, outside: str, timeout: int = 120) -> str:
    """Input for `nft -f` that makes a router a NAT of the given type, or a firewall.

    Args:
        kind: one of NAT_TYPES, or FIREWALL.
        outside: name of the interface towards the internet.
        timeout: seconds without traffic after which a cone forgets an external port.
    """
    parts = [_FILTER.format(outside=outside)]
    if kind == FIREWALL:
        pass
    elif kind == "symmetric":
        parts.append(_MASQUERADE.format(outside=outside, how=" fully-random"))
    elif kind in NAT_TYPES:
        parts.append(_MASQUERADE.format(outside=outside, how=""))
        if kind != "port-restricted-cone":
            for l4 in ("udp", "tcp"):
                only = ("" if kind == "full-cone" else f"{l4} dport . ip saddr @{l4}_seen")
                parts.append(_LEARN.format(l4=l4, outside=outside, timeout=timeout, only=only))
    else:
        raise ValueError(f"no NAT type '{kind}'; there are: {', '.join((*NAT_TYPES, FIREWALL))}")
    return "table ip isblab {" + "".join(parts) + "}\n"
