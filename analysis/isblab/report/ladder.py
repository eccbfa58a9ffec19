# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws a state machine as a ladder: the ordinary life goes down, short cuts run beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from isblab.report.svg import Canvas, shorten, text_width

__all__ = ["Edge", "Machine", "draw"]

_SIZE, _SMALL = 13.0, 11.0
_HEIGHT, _STEP = 34.0, 84.0


@dataclass(frozen=True)
class Edge:
    """A transition. `why` stands beside it."""

    source: str
    target: str
    why: str = ""


@dataclass(frozen=True)
class Machine:
    """States in the order of an ordinary life, and the transitions that are known.

    `bad` names the states that nobody hopes for; ways there are drawn as losses.
    """

    title: str
    source: str
    states: tuple[str, ...]
    edges: tuple[Edge, ...]
    bad: frozenset[str] = frozenset()


def draw(machine: Machine, walked: Mapping[tuple[str, str], int]) -> Canvas:
    """The machine with the transitions walked in colour, counted, and the others pale."""
    return _Ladder(machine, dict(walked)).canvas


class _Ladder:
    """One drawing in the making."""

    def __init__(self, machine: Machine, walked: dict[tuple[str, str], int]):
        self.canvas = Canvas()
        self.machine = machine
        self.walked = walked
        self.states = [*machine.states]
        for edge in walked:
            self.states += [state for state in edge if state and state not in self.states]
        known = {(edge.source, edge.target): edge for edge in machine.edges}
        self.edges = list(known.values()) + [Edge(*pair) for pair in walked
                                             if pair not in known and all(pair)]
        self.half = max(text_width(state, _SIZE, True) for state in self.states) / 2 + 16
        self.x = self.half + 14
        self.y = {state: 10 + _STEP * i for i, state in enumerate(self.states)}
        self._paint()

    def _count(self, edge: Edge) -> int:
        return self.walked.get((edge.source, edge.target), 0)

    def _kind(self, edge: Edge) -> str:
        if not self._count(edge):
            return "pale"
        return "lost" if edge.target in self.machine.bad else "walked"

    def _label(self, edge: Edge) -> str:
        count = self._count(edge)
        words = shorten(edge.why, 300, _SMALL)
        return f"{count} \N{MULTIPLICATION SIGN} {words}".rstrip() if count else words

    def _is_rung(self, edge: Edge) -> bool:
        return self.states.index(edge.target) - self.states.index(edge.source) == 1

    def _paint(self) -> None:
        rungs = [edge for edge in self.edges if self._is_rung(edge)]
        others = [edge for edge in self.edges if not self._is_rung(edge)
                  and edge.source != edge.target]
        self._rails(others, max([0.0, *(text_width(self._label(edge), _SMALL, True)
                                        for edge in rungs)]))
        for edge in rungs:
            self._rung(edge)
        seen = {state for edge in self.edges if self._count(edge)
                for state in (edge.source, edge.target)}
        for state in self.states:
            kind = "state walked" if state in seen else "state"
            self.canvas.rect(kind, self.x - self.half, self.y[state], 2 * self.half, _HEIGHT, 17)
            self.canvas.text("" if state in seen else "pale", self.x, self.y[state] + 22, state,
                             _SIZE, bold=state in seen)

    def _rung(self, edge: Edge) -> None:
        kind = self._kind(edge)
        top, bottom = self.y[edge.source] + _HEIGHT, self.y[edge.target]
        style = "edge" if kind == "pale" else f"edge {kind}"
        self.canvas.path(style, [(self.x, top), (self.x, bottom - 2)])
        self.canvas.head(f"tip {kind}", self.x, bottom - 1, 0, 1, 8)
        self.canvas.text("pale" if kind == "pale" else "", self.x + 10, (top + bottom) / 2 + 4,
                         self._label(edge), _SMALL, "start", kind != "pale")

    def _rails(self, edges: list[Edge], rung_width: float) -> None:
        """Edges that skip rungs leave on the right and share a rail for each target."""
        targets = sorted({edge.target for edge in edges}, key=lambda state: -self.y[state])
        leaving: dict[str, list[Edge]] = {}
        for edge in edges:
            leaving.setdefault(edge.source, []).append(edge)
        widest = max((text_width(self._label(edge), _SMALL, True) for edge in edges), default=0)
        begin = self.x + max(self.half + 18 + widest, rung_width + 20)
        rails = {target: begin + 14 + 22 * i for i, target in enumerate(targets)}
        placed = [(edge, self.y[source] + _HEIGHT * (n + 1) / (len(group) + 1)
                   + (n - (len(group) - 1) / 2) * 6)
                  for source, group in leaving.items() for n, edge in enumerate(group)]
        for edge, y in sorted(placed, key=lambda item: self._count(item[0]) > 0):
            self._rail(edge, rails[edge.target], y)

    def _rail(self, edge: Edge, rail: float, y: float) -> None:
        kind = self._kind(edge)
        style = "edge" if kind == "pale" else f"edge {kind}"
        right = self.x + self.half
        into = self.y[edge.target] + (_HEIGHT - 7 if edge.target in ("", self.states[0])
                                      else _HEIGHT / 2)
        if self._enters_beside_label(edge.target):
            into = self.y[edge.target] + _HEIGHT - 5
        self.canvas.path(style, [(right, y), (rail, y), (rail, into), (right + 3, into)])
        self.canvas.head(f"tip {kind}", right + 2, into, -1, 0, 8)
        if self._label(edge):
            self.canvas.text("halo pale" if kind == "pale" else "halo", right + 8, y - 5,
                             self._label(edge), _SMALL, "start", kind != "pale")

    def _enters_beside_label(self, target: str) -> bool:
        return any(edge.source == target and not self._is_rung(edge) for edge in self.edges)
