# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells as a scenario (doc/scenario.md).

    s0 ---[s0-nat]---+                    +---[p0-nat]--- p0: server
                     |                    |
              [s0-carrier]--- internet ---+              s and p: subscriber and provider of the
                     ...       |      |                  run's cell 0, and so on
                              isb   ist, or volunteer behind [helper-nat]

Everything but the broker and the IST belongs to one cell alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from isblab.grid.behaviours import Behaviour
from isblab.grid.plan import Cell

__all__ = ["BROKER", "HELPER", "IST", "START_NS", "boxes", "provider", "scenario_text",
           "subscriber", "traffic"]

BROKER = "isb"
IST = "ist"
HELPER = "helper"
START_NS = 3_000_000_000
"""When clients come: everybody has logged in and was tested."""

_PATIENCE_S = 4  # what punching has at most (model/core/isb: punchTimeout): no second attempt
_DURATION_S = START_NS // 1_000_000_000 + _PATIENCE_S
# All users are equally far from the internet, so both sides of a pair begin at the same time and
# each side's first packet leaves its own NAT before the other side's arrives.
_FAR = "20 ms"
_CARRIER_FAR, _HOME_FAR = "15 ms", "5 ms"
_CARRIER = {"mapping": "endpoint-independent", "filtering": "endpoint-independent"}
_HOME = {"mapping": "endpoint-independent", "filtering": "address-and-port-dependent"}


def subscriber(index: int) -> str:
    """Name of the subscriber of a run's cell."""
    return f"s{index}"


def provider(index: int) -> str:
    """Name of the provider of a run's cell."""
    return f"p{index}"


def traffic(index: int) -> str:
    """Name of the client of a run's cell."""
    return f"t{index}"


def boxes(user: str, behaviour: Behaviour) -> list[str]:
    """The boxes between a user and the internet, nearest first."""
    if behaviour.name == "public":
        return []
    if behaviour.name == "cgn":
        return [f"{user}-nat", f"{user}-carrier"]
    return [f"{user}-nat"]


def scenario_text(cells: Sequence[Cell], assignment: str, name: str) -> str:
    """The scenario in which these cells are tried, as TOML."""
    sections = [_section("", schema=1, name=name, title="Pairs of NATs of isblab grid",
                         duration=f"{_DURATION_S} s"), _section("isb", name=BROKER)]
    if any(cell.way.name == "ist-user" for cell in cells):
        sections += [_section("site", name=f"{HELPER}-nat", nat="full-cone"),
                     _section("user", name=HELPER, site=f"{HELPER}-nat", volunteer=True)]
    else:
        sections.append(_section("ist", name=IST))
    for index, cell in enumerate(cells):
        sections += _user(subscriber(index), cell.subscriber, cell, assignment)
        sections += _user(provider(index), cell.provider, cell, assignment)
        sections += _service(index, cell)
    return "\n".join(sections)


def _section(kind: str, /, **keys) -> str:
    """A section of a scenario; a key's value None leaves it out."""
    lines = [f"[[{kind}]]"] if kind else []
    lines += [f"{key.rstrip('_').replace('_', '-')} = {_value(value)}"
              for key, value in keys.items() if value is not None]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)  # of texts, numbers, booleans and lists JSON's is TOML's too


def _user(name: str, behaviour: Behaviour, cell: Cell, assignment: str) -> list[str]:
    """A user and what it stands behind."""
    names = boxes(name, behaviour)
    axes = {"mapping": behaviour.mapping, "filtering": behaviour.filtering}
    made = []
    if behaviour.name == "firewall":
        made = [_section("site", name=names[0], firewall=["*"], uplink_delay=_FAR)]
    elif behaviour.name == "cgn":
        made = [_section("site", name=names[1], nat=_CARRIER | {"assignment": assignment},
                         uplink_delay=_CARRIER_FAR),
                _section("site", name=names[0], nat=_HOME | {"assignment": assignment},
                         behind=names[1], uplink_delay=_HOME_FAR)]
    elif behaviour.is_nat:
        made = [_section("site", name=names[0], nat=axes | {"assignment": assignment},
                         uplink_delay=_FAR)]
    return [*made, _section("user", name=name, site=names[0] if names else None,
                            uplink_delay=None if names else _FAR,
                            punch=None if cell.way.ist else True,
                            predict=True if cell.way.name == "predicted" else None)]


def _service(index: int, cell: Cell) -> list[str]:
    """The provider's service, who wants it and how, and its one client."""
    udp = cell.protocol == "udp"
    service = f"{provider(index)}/web"
    method = None
    if cell.way.ist:
        kernel = "udp" if udp else "passive"
        method = kernel if cell.way.name == "ist-passive" else "proxy"
    client = {"kind": "udp-ping-pong", "payload": "64 B"} if udp else {
        "kind": "request-response", "response": "1 kB", "requests": 1, "pause": "1 min"}
    return [_section("service", name="web", provider=provider(index), port=5000,
                     protocol=cell.protocol),
            _section("subscription", user=subscriber(index), service=service,
                     patience=f"{_PATIENCE_S} s", ways=[cell.way.path], method=method,
                     predict=True if cell.way.name == "predicted" else None),
            _section("traffic", name=traffic(index), from_=subscriber(index), service=service,
                     start=f"{START_NS // 1_000_000} ms", **client)]
