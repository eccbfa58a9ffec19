# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways from user to user that are compared, and how each looks in a figure.

Colours are those of the thesis' phases in isblab.figures.phases where there is one; further peers
and carriers have their own of Okabe and Ito, or a lighter one with dashes.
"""

from __future__ import annotations

from dataclasses import dataclass

from isblab.figures import phases

__all__ = ["ALL", "BY_KEY", "FORWARDING", "PEERS", "QUICK", "REFERENCE_XDP", "TCP", "UDP", "Way"]


@dataclass(frozen=True)
class Way:
    """One way.

    Attributes:
        key: in bench.json. title: in figures.
        box: what the box does: "none", "forward", "nftables", "haproxy", "socat", "copy",
            "splice", "coturn", "ist".
        carrier: of an IST: "bpf" or "bpf+xdp".
        method: of an IST: "passive", "pure", "active".
        tcp, udp: what is measured through it.
        keep_gro: see Line.
        modes: offload modes that it is measured in.
    """

    key: str
    title: str
    box: str
    colour: str
    marker: str
    dashes: str | tuple = "-"
    size: float = 6.0
    carrier: str = ""
    method: str = ""
    tcp: bool = True
    udp: bool = False
    keep_gro: bool = False
    modes: tuple[str, ...] = ("on", "off")

    def titled(self, load: str) -> str:
        """The title for a load: of UDP splices there is one kind only."""
        return self.title.replace("(Passive, ", "(") if "udp" in load else self.title

    @property
    def reference(self) -> str:
        """Key of the way that ratios are to: forwarding with devices in the same state."""
        return "forwarding-gro" if self.keep_gro else "forwarding"


_DASHED, _DOTTED = (0, (4, 1.6)), (0, (1, 1.2))


def _like(phase: phases.Phase) -> dict:
    return {"colour": phase.colour, "marker": phase.marker, "size": phase.size}


DIRECT = Way("direct", phases.DIRECT.title, "none", **_like(phases.DIRECT), udp=True)
FORWARDING = Way("forwarding", phases.FORWARDER.title, "forward", **_like(phases.FORWARDER),
                 udp=True)
NFTABLES = Way("nftables", "NAT (nftables)", "nftables", **_like(phases.NAT), udp=True)
COPY = Way("copy", "IST - App. (copy)", "copy", **_like(phases.IST_APP))
SPLICE = Way("splice", "IST - App. (splice(2))", "splice", "#D55E00", "x", _DASHED)
HAPROXY = Way("haproxy", "HAProxy (splice-auto)", "haproxy", "#56B4E9", "v", _DASHED)
SOCAT = Way("socat", "socat", "socat", "#999999", "<", _DASHED)
COTURN = Way("coturn", "coturn", "coturn", "#D55E00", "X", tcp=False, udp=True)
_PASSIVE, _PURE = _like(phases.IST_KERNEL), _like(phases.IST_KERNEL_PURE)
_ACTIVE = {"colour": "#8B6F00", "marker": "*", "size": 7.0}
_TC = {"box": "ist", "carrier": "bpf"}
_XDP = {"box": "ist", "carrier": "bpf+xdp", "dashes": _DOTTED, "keep_gro": True, "modes": ("off",)}
PASSIVE_TC = Way("passive-tc", "IST - Kernel (Passive, tc)", method="passive", udp=True, **_TC,
                 **_PASSIVE)
PURE_TC = Way("pure-tc", "IST - Kernel (Pure, tc)", method="pure", **_TC, **_PURE)
ACTIVE_TC = Way("active-tc", "TCP Splice (Active, tc)", method="active", **_TC, **_ACTIVE)
FORWARDING_GRO = Way("forwarding-gro", "Forward (GRO on, as for XDP)", "forward", "#0072B2", "s",
                     _DOTTED, udp=True, keep_gro=True, modes=("off",))
PASSIVE_XDP = Way("passive-xdp", "IST - Kernel (Passive, XDP)", method="passive", udp=True, **_XDP,
                  **_PASSIVE)
PURE_XDP = Way("pure-xdp", "IST - Kernel (Pure, XDP)", method="pure", **_XDP, **_PURE)
ACTIVE_XDP = Way("active-xdp", "TCP Splice (Active, XDP)", method="active", **_XDP, **_ACTIVE)

PEERS = (DIRECT, FORWARDING, NFTABLES, HAPROXY, SOCAT, COPY, SPLICE, COTURN)
ALL = (*PEERS, PASSIVE_TC, PURE_TC, ACTIVE_TC, FORWARDING_GRO, PASSIVE_XDP, PURE_XDP, ACTIVE_XDP)
"""Every way; ratios are to kernel forwarding."""

BY_KEY = {way.key: way for way in ALL}
TCP = tuple(way for way in ALL if way.tcp)
UDP = tuple(way for way in ALL if way.udp)
QUICK = (FORWARDING, NFTABLES, COPY, COTURN, PASSIVE_TC, PURE_TC, ACTIVE_TC, FORWARDING_GRO,
         PASSIVE_XDP)
"""Those of the quick form."""
REFERENCE_XDP = FORWARDING_GRO
