# SPDX-License-Identifier: GPL-2.0-or-later
"""What a host may stand behind: the rows and columns of the grid, in the words of the RFCs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from isblab.errors import UsageError

__all__ = ["ASSIGNMENTS", "BEHAVIOURS", "QUICK", "Behaviour", "find"]

_DEPENDS = {"ei": "endpoint-independent", "ad": "address-dependent",
            "apd": "address-and-port-dependent"}

ASSIGNMENTS = {
    "preserving": "the internal port if it is free, else the next free one (port preservation, RFC "
                  "4787 section 4.2.1)",
    "sequential": "one after the port assigned last (RFC 7857 section 4 advises against it)",
    "random": "any free one, uniformly (RFC 6056 section 3.3.1)",
}
"""How the grid's NATs may choose the external port of a new mapping."""


@dataclass(frozen=True)
class Behaviour:
    """A kind of box between a host and the internet.

    Attributes:
        name: short, lower case: "apdm-apdf".
        label: as heads of rows and columns have it.
        words: what it is, in the RFCs' words.
        alias: the thesis' or RFC 3489's name; "" when there is none.
        mapping, filtering: RFC 4787 sections 4.1 and 5; "" where the box is no single NAT.
    """

    name: str
    label: str
    words: str
    alias: str = ""
    mapping: str = ""
    filtering: str = ""

    @property
    def is_nat(self) -> bool:
        """Whether it is one NAT, with axes."""
        return bool(self.mapping)

    @property
    def title(self) -> str:
        """Label and alias: "EIM / EIF (full cone)"."""
        return f"{self.label} ({self.alias.replace('-', ' ')})" if self.alias else self.label


def _nat(mapping: str, filtering: str, alias: str = "") -> Behaviour:
    label = f"{mapping.upper()}M / {filtering.upper()}F"
    words = f"{_DEPENDS[mapping]} mapping, {_DEPENDS[filtering]} filtering"
    return Behaviour(f"{mapping}m-{filtering}f", label, words, alias, _DEPENDS[mapping],
                     _DEPENDS[filtering])


BEHAVIOURS: dict[str, Behaviour] = {item.name: item for item in (
    Behaviour("public", "public", "a public address, nothing in between"),
    Behaviour("firewall", "firewall", "a public address behind a stateful packet filter that "
              "translates nothing: insiders send anywhere, only answers come in (RFC 6092)"),
    _nat("ei", "ei", "full-cone"),
    _nat("ei", "ad", "restricted-cone"),
    _nat("ei", "apd", "port-restricted-cone"),
    _nat("ad", "ei"),
    _nat("ad", "ad"),
    _nat("ad", "apd"),
    _nat("apd", "ei"),
    _nat("apd", "ad"),
    _nat("apd", "apd", "symmetric"),
    Behaviour("cgn", "CGN", "NAT444: a home NAT (endpoint-independent mapping, "
              "address-and-port-dependent filtering) behind a carrier-grade NAT "
              "(endpoint-independent mapping and filtering, RFC 6888 REQ-1 and REQ-7)"),
)}
"""All, in the grid's order."""

QUICK = ("public", "eim-eif", "eim-adf", "eim-apdf", "apdm-apdf")
"""The thesis' four types (section 3.6.3) and public."""

_BY_ALIAS = {item.alias: item.name for item in BEHAVIOURS.values() if item.alias}


def find(name: str) -> Behaviour:
    """The behaviour of that name or alias.

    Raises:
        UsageError: there is none; names the nearest.
    """
    key = _BY_ALIAS.get(name, name)
    if key in BEHAVIOURS:
        return BEHAVIOURS[key]
    nearest = difflib.get_close_matches(name, [*BEHAVIOURS, *_BY_ALIAS], n=1, cutoff=0.0)
    raise UsageError(f"there is no NAT behaviour '{name}'; nearest is '{nearest[0]}'; all: "
                     + ", ".join(BEHAVIOURS))
