# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a packet ends in the box, in the thesis' words (5.3): the NIC's buffer or the kernel's."""

from __future__ import annotations

NIC = "NIC buffer"
KERNEL = "kernel buffers"
SOCKET = "socket buffer"
OTHER = "elsewhere"

_PLACES = {
    "box.ring-full": NIC,
    "box.backlog-full": KERNEL,
    "box.txqueue-full": KERNEL,
    "box.reassembly-evicted": KERNEL,
    "box.reassembly-timeout": KERNEL,
    "box.reassembly-overlap": KERNEL,
}


def place_of(reason: str) -> str:
    """The place of a drop such as "box.ring-full:pci0"; what names a socket is a socket buffer."""
    name = reason.partition(":")[0]
    if name in _PLACES:
        return _PLACES[name]
    return SOCKET if "socket" in name else OTHER
