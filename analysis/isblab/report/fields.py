# SPDX-License-Identifier: GPL-2.0-or-later
"""Which header fields each forwarding method rewrites: the thesis' lost Tables 4.1 to 4.3."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from isblab.report.svg import Canvas, shorten
from isblab.report.trace import Digest
from isblab.text import table

__all__ = ["METHODS", "Rewriting", "as_text", "draw", "rewritings"]

# (key in the event, name, first bit, bits); a row of 32 bits each.
_IP = (("", "version", 0, 4), ("", "IHL", 4, 4), ("ip.tos", "type of service", 8, 8),
       ("ip.length", "total length", 16, 16), ("ip.id", "identification", 32, 16),
       ("", "flags", 48, 3), ("ip.fragment", "fragment offset", 51, 13),
       ("ip.ttl", "time to live", 64, 8), ("ip.protocol", "protocol", 72, 8),
        ("ip.checksum", "header checksum", 80, 16),
       ("ip.src", "source address", 96, 32), ("ip.dst", "destination address", 128, 32))
_TCP = (("tcp.sport", "source port", 0, 16), ("tcp.dport", "destination port", 16, 16),
        ("tcp.seq", "sequence number", 32, 32), ("tcp.ack", "acknowledgement number", 64, 32),
        ("", "offset", 96, 4), ("", "reserved", 100, 4), ("tcp.flags", "flags", 104, 8),
        ("tcp.window", "window", 112, 16), ("tcp.checksum", "checksum", 128, 16),
        ("tcp.urgent", "urgent pointer", 144, 16))
_UDP = (("udp.sport", "source port", 0, 16), ("udp.dport", "destination port", 16, 16),
        ("udp.length", "length", 32, 16), ("udp.checksum", "checksum", 48, 16))
_NAMES = {key: f"{key.partition('.')[0].upper()} {name}" for key, name, *_ in (*_IP, *_TCP, *_UDP)
          if key} | {"tcp.sack": "TCP SACK blocks"}

METHODS = {
    "proxy": ("Application layer proxy", "thesis 4.1"),
    "active": ("TCP Splice", "thesis 4.2, Table 4.1"),
    "passive": ("Passive TCP Splice", "thesis 4.3, Table 4.2"),
    "pure": ("Pure TCP Splice", "thesis 4.4, Table 4.3"),
    "udp": ("UDP forwarding", "thesis 5.2"),
}
THERE, BACK = "subscriber to provider", "provider to subscriber"
_FIELD = re.compile(r"([a-z]+\.[a-z]+)=(\S*?)>(\S*)")


@dataclass
class Rewriting:
    """What one method did to the first payload packet of each direction.

    `directions` holds (name, {field: (before, after)}), the subscriber's first when it is known.
    """

    method: str
    directions: list[tuple[str, dict[str, tuple[str, str]]]] = field(default_factory=list)
    splices: int = 0

    @property
    def title(self) -> str:
        """As the thesis calls it."""
        return METHODS.get(self.method, (self.method, ""))[0]

    @property
    def place(self) -> str:
        """Where the thesis has it."""
        return METHODS.get(self.method, ("", ""))[1]

    @property
    def rewritten(self) -> list[str]:
        """Fields that changed in either direction, in the order of the headers."""
        changed = {key for _, fields in self.directions for key in fields}
        return [key for key in _NAMES if key in changed] + sorted(changed - set(_NAMES))


def rewritings(digest: Digest) -> list[Rewriting]:
    """The methods seen in the run, in the thesis' order; each with its first splice."""
    found: dict[str, Rewriting] = {}
    first: dict[str, tuple] = {}
    doors = {event.get("splice"): event.get("dst") for event in digest.of_kind("splice-ordered")}
    splices: dict[str, set] = {}
    for event in digest.of_kind("header-rewritten"):
        method = event.get("method", "") or "passive"
        number = (event["node"], event.get("id", 0))
        splices.setdefault(method, set()).add(number)
        made = found.setdefault(method, Rewriting(method))
        if first.setdefault(method, number) == number and len(made.directions) < 2:
            fields = {key: (before, after) for key, before, after
                      in _FIELD.findall(event.get("detail", ""))}
            if fields:
                made.directions.append((_direction(event, doors), fields))
    if digest.kinds["proxy-paired"]:
        found["proxy"] = Rewriting("proxy")
        splices["proxy"] = set(range(digest.kinds["proxy-paired"]))
    for method, made in found.items():
        made.directions.sort(key=lambda item: item[0] == BACK)
        made.splices = len(splices[method])
    order = list(METHODS)
    return sorted(found.values(), key=lambda made: order.index(made.method)
                  if made.method in order else len(order))


def _direction(event: dict, doors: dict) -> str:
    """Which way a packet went: the subscriber's came to the port that was opened for it."""
    door = doors.get(event.get("splice"))
    if not door:
        return f"{event.get('src', '')} to {event.get('dst', '')}"
    return THERE if event.get("dst") == door else BACK


def as_text(made: Rewriting) -> str:
    """For a terminal."""
    head = f"{made.title} ({made.place}), {made.splices} in this run"
    if made.method == "proxy":
        return head + "\n  two connections, each with headers of its own; nothing is rewritten"
    rows = []
    for key in made.rewritten:
        cells = [" > ".join(fields[key]) if key in fields else "-"
                 for _, fields in made.directions]
        rows.append((_NAMES.get(key, key), *cells))
    header = ("field rewritten", *(name for name, _ in made.directions))
    return head + "\n" + table(header, rows)


_BIT, _ROW, _LEFT = 15.0, 40.0, 6.0


def draw(made: Rewriting) -> Canvas:
    """Both headers, bit by bit, rewritten fields marked with values before and after."""
    canvas = Canvas()
    values = dict(made.directions[0][1]) if made.directions else {}
    changed = set(made.rewritten)
    own = made.method == "proxy"
    y = _header(canvas, "IPv4 header", _IP, 0, changed, values, own)
    if made.method == "udp" or any(key.startswith("udp.") for key in changed):
        y = _header(canvas, "UDP header", _UDP, y + 14, changed, values, own)
    else:
        y = _header(canvas, "TCP header", _TCP, y + 14, changed, values, own)
    extra = [key for key in made.rewritten if key not in {k for k, *_ in (*_IP, *_TCP, *_UDP)}]
    canvas.rect("field own" if own else "field rewritten", _LEFT, y + 13, 14, 14, 3)
    words = ("the IST's own: both connections end in it" if own
             else "rewritten" + (f"; besides: {', '.join(extra)}" if extra else
                                 "; all others pass unchanged"))
    canvas.text("soft", _LEFT + 21, y + 24, words, 11, "start")
    return canvas


def _header(canvas: Canvas, title: str, layout, y: float, changed: set[str],
            values: dict[str, tuple[str, str]], own: bool) -> float:
    canvas.text("", _LEFT, y + 18, title, 12, "start", True)
    for bit in (0, 8, 16, 24, 31):
        canvas.text("faint", _LEFT + _BIT * (bit + 0.5), y + 32, bit, 9)
    top = y + 37
    for key, name, first, bits in layout:
        row, column = divmod(first, 32)
        left, width = _LEFT + _BIT * column, _BIT * bits
        up = top + _ROW * row
        marked = key in changed and bool(key)
        canvas.rect("field rewritten" if marked else "field own" if own else "field",
                    left, up, width, _ROW, title=name)
        shown = key in values
        canvas.text("" if marked else "soft", left + width / 2, up + (16 if shown else 24),
                    shorten(name, width - 6, 11, marked), 11, bold=marked)
        if shown:
            before, after = values[key]
            arrow = f"{before} \N{RIGHTWARDS ARROW} {after}"
            canvas.text("gold", left + width / 2, up + 31, shorten(arrow, width - 6, 10.5), 10.5)
    return top + _ROW * (max(first for _, _, first, _ in layout) // 32 + 1)
