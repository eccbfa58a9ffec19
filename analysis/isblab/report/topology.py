# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws a lab: brokers and translators above the internet, sites and public users below it.

Labs that name their boxes and links themselves, without users, are drawn as a chain of layers. What
is alike is folded into one stack, so that a lab of thousands stays a drawing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from isblab.report.svg import Canvas, shorten, text_width
from isblab.report.world import World
from isblab.text import duration, rate

__all__ = ["draw"]

_NAME, _SMALL = 12.5, 10.5
_WIDE = 980.0  # room for a row of sites
_PAD, _GAP = 12.0, 20.0
_MOST_LINES = 6  # of a user's services and wishes
_ALIKE = 4  # so many sites alike are folded
_MANY = 12  # sites: more are folded more coarsely
_MOST_NODES = 60  # of a lab without users


@dataclass
class _Card:
    """A box with a title and lines; a site holds other cards."""

    kind: str
    title: str
    lines: list[str] = field(default_factory=list)
    inner: list[_Card] = field(default_factory=list)
    count: int = 1
    wire: str = ""

    @property
    def head(self) -> float:
        return 25.0 + 14 * len(self.lines)

    @property
    def width(self) -> float:
        own = max([text_width(self.title, _NAME, True)]
                  + [text_width(line, _SMALL) for line in self.lines]) + 2 * _PAD
        inside = sum(card.width + 10 for card in self.inner) + 14 if self.inner else 0
        return max(own, inside, 86.0)

    @property
    def height(self) -> float:
        inside = max((card.height for card in self.inner), default=0)
        return self.head + (inside + 26 if self.inner else 0)


def draw(world: World) -> Canvas:
    """The lab as a drawing."""
    if world.users or world.brokers:
        return _Sites(world).canvas
    return _layers(world)


def _short(text: str) -> str:
    return shorten(text, 190, _SMALL)


def _paint(canvas: Canvas, card: _Card, x: float, y: float) -> None:
    for shift in ((8, 4) if card.count > 1 else ()):
        canvas.rect("stack", x + shift, y + shift, card.width, card.height, 8)
    canvas.rect(f"card {card.kind}", x, y, card.width, card.height, 8, card.title)
    centre = x + card.width / 2
    canvas.text("", centre, y + 17, card.title, _NAME, bold=True)
    for n, line in enumerate(card.lines):
        canvas.text("soft", centre, y + 32 + 14 * n, line, _SMALL)
    left = centre - sum(inner.width + 10 for inner in card.inner) / 2 + 5
    below = y + card.head
    for inner in card.inner:
        middle = left + inner.width / 2
        canvas.line("wire", middle, below, middle, below + 14)
        _paint(canvas, inner, left, below + 14)
        left += inner.width + 10


class _Sites:
    """A lab of users, sites, brokers and translators."""

    def __init__(self, world: World):
        self.world = world
        self.canvas = Canvas()
        ends = ((a.partition(":")[0], b.partition(":")[0], item) for a, b, item in world.links)
        self.uplinks = {node: item for a, b, item in ends for node, other in ((a, b), (b, a))
                        if world.next_hop(node) in (other, None)}
        above = self._fold([self._server(name) for name in self._servers()])
        below = self._fold(self._grounds())
        if len(below) > _MANY:
            below = self._fold(self._grounds(), coarse=True)
        rows_above, rows_below = _rows(above), _rows(below)
        inner = max([_wide(row) for row in (*rows_above, *rows_below)] + [360.0])
        self.left = 34.0
        self.width = inner
        y = 8.0
        for row in rows_above:
            y = self._hang(row, y, up=True)
        top = y + 6
        self.canvas.rect("card net", self.left - 18, top, inner + 36, 30, 15)
        words = "internet" + (f": {regions}" if (regions := self._regions()) else "")
        self.canvas.text("soft", self.left + inner / 2, top + 20,
                         shorten(words, inner, _NAME, True), _NAME, bold=True)
        y = top + 30
        for index, row in enumerate(rows_below):
            y = self._hang(row, y, up=False, trunk=index > 0, top=top + 30)

    @cached_property
    def _routers(self) -> set[str]:
        return {name for name, box in self.world.boxes.items() if box.get("role") == "forwarder"}

    def _servers(self) -> list[str]:
        return [*self.world.brokers, *self.world.translators]

    def _regions(self) -> str:
        named = [(item["name"], item.get("delay_ns")) for item in self.world.lab.get("regions", ())]
        return ", ".join(f"{name} ({duration(float(delay))} away)" if delay else name
                         for name, delay in named[:8])

    def _wire(self, node: str) -> str:
        item = self.uplinks.get(node)
        if not item:
            return ""
        parts = [rate(item["rate_bps"]) if item.get("rate_bps") else "",
                 duration(float(item["delay_ns"])) if item.get("delay_ns") else ""]
        region = next((other for end in item["between"] if (other := end.partition(":")[0]) != node
                       and other in self._routers and not other.startswith("internet")), "")
        return ", ".join(part for part in (*parts, region) if part)

    def _server(self, name: str) -> _Card:
        world = self.world
        broker = name in world.brokers
        lines = ["broker (ISB)" if broker else "translator (IST)"]
        if broker and any(item.get("forwards") for item in world.lab.get("brokers", ())):
            lines[0] += ", forwards itself"
        host = world.node_of(name)
        if host != name:
            lines.append(f"on {host}")
        elif self._wire(host):
            lines.append(self._wire(host))
        return _Card("isb" if broker else "ist", _short(name), [_short(line) for line in lines])

    def _user(self, name: str, inside: bool) -> _Card:
        item = self.world.users[name]
        lines = [_short(f"offers {service['name']}" + (
            f" on {service['server_host']}" if service.get("server_host") not in (
                None, "", item.get("host")) else "")) for service in item.get("provides", ())]
        lines += [_short(f"wants {want['provider']}/{want['service']}")
                  for want in item.get("wants", ())]
        if len(lines) > _MOST_LINES:
            lines = lines[: _MOST_LINES - 1] + [f"and {len(lines) - _MOST_LINES + 1} more"]
        host = item.get("host", name)
        if not inside:
            lines = ["public address", *([self._wire(host)] if self._wire(host) else []), *lines]
        elif host != name:
            lines = [_short(f"on {host}"), *lines]
        return _Card("user", _short(name), lines)

    def _grounds(self) -> list[_Card]:
        """Sites (a NAT with its users, other NATs inside it) and users on the internet."""
        world = self.world
        inside: dict[str, list[_Card]] = {}
        public = []
        hosts = {world.node_of(name) for name in (*world.users, *world.brokers,
                                                   *world.translators)}
        for name in world.users:
            nats = world.nats(name)
            (inside.setdefault(nats[0], []) if nats else public).append(
                self._user(name, bool(nats)))
        for host in world.hosts:
            if host not in hosts:
                nats = world.nats(host)
                (inside.setdefault(nats[0], []) if nats else public).append(
                    _Card("host", _short(host), ["host"]))
        boxes = [box for box, item in world.boxes.items() if item.get("role") in ("nat",
                                                                                  "firewall")]
        for box in boxes:
            inside.setdefault(box, [])
        nested: dict[str | None, list[str]] = {}
        for box in boxes:
            nested.setdefault(next(iter(world.nats(box)), None), []).append(box)
        return [self._site(box, inside, nested, True) for box in nested.get(None, ())] + public

    def _site(self, box: str, inside: dict[str, list[_Card]],
              nested: dict[str | None, list[str]], outermost: bool = False) -> _Card:
        deeper = [self._site(other, inside, nested) for other in nested.get(box, ())]
        lines = [_short(self.world.nat_kind(box))]
        if outermost and self._wire(box):
            lines.append(self._wire(box))
        inner = self._fold(deeper) + _fold_inner(inside[box])
        return _Card("nat", _short(box), lines, inner)

    def _fold(self, cards: list[_Card], coarse: bool = False) -> list[_Card]:
        """Many alike become one stack; coarsely, whatever their users offer and want."""
        groups: dict[tuple, list[_Card]] = {}
        for card in cards:
            groups.setdefault(_likeness(card, coarse), []).append(card)
        folded = []
        for group in groups.values():
            folded += group if len(group) < _ALIKE else [_stack(group, coarse)]
        return folded

    def _hang(self, row: list[_Card], y: float, up: bool, trunk: bool = False,
              top: float = 0) -> float:
        """Paints a row above or below the bar; returns where the next may begin."""
        canvas = self.canvas
        tallest = max(card.height for card in row)
        x = self.left + (self.width - _wide(row)) / 2
        if trunk:
            canvas.line("trunk", self.left - 18, top - 4, self.left - 18, y + 12)
            canvas.line("trunk", self.left - 18, y + 12, x + _wide(row) - row[-1].width / 2, y + 12)
            y += 12
        for card in row:
            middle = x + card.width / 2
            if up:
                canvas.line("wire", middle, y + tallest, middle, y + tallest + 22)
                _paint(canvas, card, x, y + tallest - card.height)
            else:
                canvas.line("wire", middle, y, middle, y + 24)
                _paint(canvas, card, x, y + 24)
            x += card.width + _GAP
        return y + tallest + (16 if up else 24 + 18)


def _wide(row: list[_Card]) -> float:
    return sum(card.width for card in row) + _GAP * (len(row) - 1)


def _rows(cards: list[_Card]) -> list[list[_Card]]:
    """Cards in rows that fit."""
    rows: list[list[_Card]] = []
    for card in cards:
        if rows and _wide([*rows[-1], card]) <= _WIDE:
            rows[-1].append(card)
        else:
            rows.append([card])
    return rows


def _plain(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def _likeness(card: _Card, coarse: bool = False) -> tuple:
    """Cards with the same are drawn as one; numbers in names do not tell apart."""
    own = ("wants ", "offers ", "and ") if coarse else ("wants ",)
    return (card.kind, _plain(card.title),
            tuple(_plain(line) for line in card.lines if not line.startswith(own)),
            tuple(sorted(_likeness(inner, coarse) for inner in card.inner)))


def _stack(group: list[_Card], coarse: bool = False) -> _Card:
    first, last = group[0], group[-1]
    lines = list(dict.fromkeys(_plain(line) if _plain(line) != line and any(
        other.lines[i : i + 1] != [line] for other in group) else line
        for i, line in enumerate(first.lines)))
    inner = [_Card(card.kind, card.title, _alike_lines(card.lines, coarse), card.inner)
             for card in first.inner]
    title = f"{len(group)} \N{MULTIPLICATION SIGN} {first.title} \N{EN DASH} {last.title}"
    return _Card(first.kind, _short(title), _alike_lines(lines, coarse), inner, len(group))


def _alike_lines(lines: list[str], coarse: bool) -> list[str]:
    """What differs between cards that are drawn as one is counted instead, or left out."""
    if coarse:
        return [line for line in lines if not line.startswith(("wants ", "offers ", "and "))]
    wishes = [line for line in lines if line.startswith("wants ")]
    kept = [line for line in lines if not line.startswith("wants ")]
    return kept + ([f"wants {len(wishes)} service{'s' if len(wishes) > 1 else ''}"] if wishes
                   else [])


def _fold_inner(cards: list[_Card]) -> list[_Card]:
    groups: dict[tuple, list[_Card]] = {}
    for card in cards:
        groups.setdefault(_likeness(card), []).append(card)
    return [card for group in groups.values()
            for card in (group if len(group) < _ALIKE else [_stack(group)])]


# --- labs without users ------------------------------------------------------------------------


def _layers(world: World) -> Canvas:
    """Layers from left to right, by the distance from the first host."""
    canvas = Canvas()
    names = [*world.hosts, *world.boxes]
    if len(names) > _MOST_NODES:
        canvas.text("soft", 12, 24, f"{len(world.hosts)} hosts, {len(world.boxes)} boxes and "
                    f"{len(world.links)} links: too many to draw.", _NAME, "start")
        return canvas
    depth = _depths(world, names)
    cards = {name: _node_card(world, name) for name in names}
    columns: dict[int, list[str]] = {}
    for name in names:
        columns.setdefault(depth[name], []).append(name)
    labels = {frozenset(end.partition(":")[0] for end in (a, b)): _link_words(item)
              for a, b, item in world.links}
    gap = max([46.0] + [text_width(words, _SMALL) + 22 for words in labels.values()])
    tall = max((sum(cards[name].height + 40 for name in column)
                for column in columns.values()), default=40)
    places, x = {}, 10.0
    for index in sorted(columns):
        column = sorted(columns[index], key=lambda name: _pull(world, name, places))
        room = sum(cards[name].height + 40 for name in column)
        y = 14 + (tall - room) / 2 + 20
        widest = max(cards[name].width for name in column)
        for name in column:
            places[name] = (x + (widest - cards[name].width) / 2, y)
            y += cards[name].height + 40
        x += widest + gap
    _wires(canvas, world, cards, places, labels)
    for name in names:
        _paint(canvas, cards[name], *places[name])
    return canvas


def _depths(world: World, names: list[str]) -> dict[str, int]:
    depth: dict[str, int] = {}
    for start in names:
        if start in depth:
            continue
        depth[start], waiting = 0, [start]
        for node in waiting:
            for other in world.neighbours.get(node, ()):
                if other not in depth:
                    depth[other] = depth[node] + 1
                    waiting.append(other)
    return depth


def _pull(world: World, name: str, places: dict[str, tuple[float, float]]) -> float:
    """Mean height of the neighbours that are placed: fewer crossings."""
    ys = [places[other][1] for other in world.neighbours.get(name, ()) if other in places]
    return sum(ys) / len(ys) if ys else 0.0


def _node_card(world: World, name: str) -> _Card:
    if name in world.hosts:
        address = world.hosts[name].get("address", "")
        return _Card("host", _short(name), [line for line in ("host", address) if line])
    box = world.boxes[name]
    role = box.get("role", "box")
    kind = {"nat": "nat", "firewall": "nat", "ist-app": "ist", "ist-kernel": "ist"}.get(role, "box")
    lines = [{"ist-app": "IST, application proxy", "ist-kernel": "IST, in the kernel"}.get(role,
                                                                                          role)]
    if role == "nat":
        lines = [f"NAT, {world.nat_kind(name)}" if box.get("nat") else "NAT"]
    if box.get("machine"):
        lines.append(_short(str(box["machine"])))
    return _Card(kind, _short(name), lines)


def _link_words(item: dict) -> str:
    parts = [rate(item["rate_bps"]) if item.get("rate_bps") else "",
             duration(float(item["delay_ns"])) if item.get("delay_ns") else ""]
    return ", ".join(part for part in parts if part)


def _wires(canvas: Canvas, world: World, cards, places, labels) -> None:
    for pair, words in labels.items():
        ends = sorted(pair, key=lambda name: places[name])
        if len(ends) != 2:
            continue
        (ax, ay), (bx, by) = places[ends[0]], places[ends[1]]
        a, b = cards[ends[0]], cards[ends[1]]
        if ax == bx or bx < ax + a.width:
            x1, y1, x2, y2 = ax + a.width / 2, ay + a.height, bx + b.width / 2, by
        else:
            x1, y1, x2, y2 = ax + a.width, ay + a.height / 2, bx, by + b.height / 2
        canvas.line("wire", x1, y1, x2, y2)
        if words and x2 - x1 > text_width(words, _SMALL):
            slope = abs(y2 - y1) / (x2 - x1)
            canvas.text("halo soft", (x1 + x2) / 2,
                        (y1 + y2) / 2 - 6 - slope * text_width(words, _SMALL) / 2, words, _SMALL)
