# SPDX-License-Identifier: GPL-2.0-or-later
"""The thesis' five phases (5.4), their variants here, and how each one looks in a figure.

Colours are those of Okabe and Ito, which stay apart for colour-blind readers; markers and dashes
repeat the distinction for black and white prints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAC_TO_PCI = "mac-to-pci"
PCI_TO_MAC = "pci-to-mac"
ON_CHIP = "on-chip"  # both ports are on-chip MACs: claim 2 only

DIRECTION_TITLES = {
    MAC_TO_PCI: "on-chip MAC to PCI NIC",
    PCI_TO_MAC: "PCI NIC to on-chip MAC",
    ON_CHIP: "on-chip MAC to on-chip MAC",
}

# NIC of the port that faces the sender A, and of the port that faces the receiver B.
DIRECTION_NICS = {
    MAC_TO_PCI: ("on-chip", "pci"),
    PCI_TO_MAC: ("pci", "on-chip"),
    ON_CHIP: ("on-chip", "on-chip"),
}


@dataclass(frozen=True)
class Phase:
    """One line of a figure.

    key: name in tables and CSV files.  title: the thesis' legend text (ours for variants).
    example: the scenario in examples/five-phases that it starts from.
    box: keys set in the scenario's [[box]].  machine: keys set in [machine.ixp425].
    """

    key: str
    title: str
    example: str
    colour: str
    marker: str
    dashes: str | tuple = "-"
    size: float = 6.0
    box: dict[str, Any] = field(default_factory=dict, hash=False)
    machine: dict[str, Any] = field(default_factory=dict, hash=False)


DIRECT = Phase("direct", "Direct Connect", "direct", "#333333", "o", size=11.0)
FORWARDER = Phase("forwarder", "Forward", "forwarder", "#0072B2", "s", size=8.0)
NAT = Phase("nat", "NAT", "nat", "#E69F00", "^", size=7.0)
IST_APP = Phase("ist-app", "IST - App.", "ist-app", "#D55E00", "X", size=7.0)
IST_KERNEL = Phase("ist-kernel", "IST - Kernel", "ist-kernel", "#009E73", "D", size=5.0)

IST_KERNEL_PURE = Phase(
    "ist-kernel-pure", "IST - Kernel (Pure)", "ist-kernel-pure", "#CC79A7", "P", (0, (1, 1.2))
)
NAT_LIST = Phase(
    "nat-list",
    "NAT (look-up in a list)",
    "nat",
    "#E69F00",
    "v",
    (0, (4, 1.6)),
    box={"lookup": "list"},
)
IST_KERNEL_TUNED = Phase(
    "ist-kernel-tuned",
    "IST - Kernel, tuned (what if)",
    "ist-kernel",
    "#56B4E9",
    "D",
    (0, (4, 1.6)),
    machine={"untuned-latency": "0 us"},
)

# The process of IST-App receives into a fixed buffer (application-buffer of the box): here one that
# takes any datagram, so that only the costs of the model can lose it.
IST_APP_LARGE_BUFFER = Phase(
    "ist-app-large-buffer",
    "IST - App., 64 KiB buffer",
    "ist-app",
    "#D55E00",
    "p",
    (0, (4, 1.6)),
    machine={"application-buffer": "64 KiB"},
)

FIVE = (DIRECT, FORWARDER, NAT, IST_APP, IST_KERNEL)
ALL = (*FIVE, IST_KERNEL_PURE, NAT_LIST, IST_KERNEL_TUNED, IST_APP_LARGE_BUFFER)
BY_KEY = {phase.key: phase for phase in ALL}
