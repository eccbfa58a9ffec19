# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways to connect that the grid tries."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from isblab.errors import UsageError

__all__ = ["PROTOCOLS", "WAYS", "Way", "find"]

PROTOCOLS = ("udp", "tcp")


@dataclass(frozen=True)
class Way:
    """One way to connect.

    Attributes:
        name: lower case: "predicted".
        label: as heads of columns have it.
        mark: one or two letters, for the page.
        letter: one, for a terminal.
        words: what happens.
        path: what the run must report as the connection's path.
        ist: whether somebody relays.
    """

    name: str
    label: str
    mark: str
    letter: str
    words: str
    path: str
    ist: bool = False


WAYS: dict[str, Way] = {item.name: item for item in (
    Way("direct", "Direct", "D", "D", "the subscriber connects to the provider's endpoint of its "
        "login, as the ISB saw it", "direct"),
    Way("reversed", "Reversed", "R", "R", "the provider connects to the subscriber's endpoint of "
        "its login, as the ISB saw it", "reversed"),
    Way("punched", "Punched", "P", "P", "hole punching: each side learns the external endpoint of "
        "a fresh port by STUN, the ISB exchanges them, and both send at the same time (TCP: "
        "simultaneous open)", "punched"),
    Way("predicted", "Predicted", "P+", "+", "hole punching towards the external port that the "
        "other side's NAT is predicted to assign next", "punched"),
    Way("ist-passive", "IST", "I", "I", "both sides call out to an IST on a public host, which "
        "splices the two in its kernel (TCP: Passive, thesis 4.3; UDP: datagram by datagram)",
        "translated", True),
    Way("ist-proxy", "IST proxy", "Ip", "i", "both sides call out to an IST on a public host, a "
        "user-space proxy (thesis 4.1)", "translated", True),
    Way("ist-user", "User IST", "Iu", "u", "both sides call a volunteer behind a full cone NAT, "
        "whose daemon is the IST (thesis 3.6.3)", "translated", True),
)}
"""All, the plainest first."""


def find(name: str) -> Way:
    """The way of that name.

    Raises:
        UsageError: there is none; names the nearest.
    """
    if name in WAYS:
        return WAYS[name]
    nearest = difflib.get_close_matches(name, WAYS, n=1, cutoff=0.0)
    raise UsageError(f"there is no way '{name}'; nearest is '{nearest[0]}'; all: "
                     + ", ".join(WAYS))
