# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws a sequence chart: lifelines are columns, steps are rows, time goes down but not to scale.

Room comes first: every label is measured, columns move apart until each label fits between the
lifelines of its arrow, so that no two texts ever lie on one another.
"""

from __future__ import annotations

from dataclasses import dataclass

from isblab.report.sequence import Chart, Lifeline, Step
from isblab.report.svg import Canvas, shorten, text_width, wrap
from isblab.text import duration

__all__ = ["draw"]

_LABEL, _DETAIL, _TIME, _NAME = 12.0, 10.5, 10.5, 13.0
_LEAST_GAP, _WALL_GAP = 76.0, 44.0
_MARGIN = 18.0
_SLOPE = 5.0
_QUIET_NS = 200_000_000  # a longer silence is drawn as a gap
_MOST_STEPS = 160
_WIDEST = 300.0  # of a label


@dataclass
class _Row:
    """A step with the room that it takes."""

    step: Step
    label: str
    detail: list[str]
    above: float
    below: float

    @property
    def width(self) -> float:
        return max([text_width(self.label, _LABEL, True)]
                   + [text_width(line, _DETAIL) for line in self.detail])


def draw(chart: Chart) -> Canvas:
    """The chart as a drawing; `Canvas.boxes` tells where its texts are."""
    return _Drawing(chart).canvas


class _Drawing:
    """One chart in the making."""

    def __init__(self, chart: Chart):
        self.chart = chart
        self.canvas = Canvas()
        self.index = {line.id: i for i, line in enumerate(chart.lifelines)}
        steps = [step for step in chart.steps if self._fits(step)]
        self.left_out = max(0, len(steps) - _MOST_STEPS)
        self.rows = [_row(step) for step in steps[:_MOST_STEPS]]
        if not chart.lifelines:
            self.canvas.text("soft", _MARGIN, 30, "Nothing to draw.", _LABEL, "start")
            return
        self.time_width = 66.0
        self.x = self._columns()
        self.right = self.x[-1] + self._half_card(chart.lifelines[-1]) + _MARGIN
        for row in self.rows:
            if row.step.kind in ("note", "mark") and row.step.source:
                self.right = max(self.right, self.x[self.index[row.step.source]]
                                 + row.width / 2 + 24)
        self._paint()

    def _fits(self, step: Step) -> bool:
        ends = [end for end in (step.source, step.target) if end]
        return all(end in self.index for end in ends) and (bool(ends or step.way)
                                                           or step.kind == "band")

    # --- room ---------------------------------------------------------------------------------

    def _half_card(self, line: Lifeline) -> float:
        return max(text_width(_name(line), _NAME, True),
                   text_width(_subtitle(line), _DETAIL)) / 2 + 9

    def _columns(self) -> list[float]:
        lines = self.chart.lifelines
        gaps = []
        for a, b in zip(lines, lines[1:]):
            wall = "nat" in (a.role, b.role)
            gaps.append(max(self._half_card(a) + self._half_card(b) + 12,
                            _WALL_GAP if wall else _LEAST_GAP))
        for i, j, need in sorted(self._needs(), key=lambda item: item[1] - item[0]):
            lack = need - sum(gaps[i:j])
            if lack > 0:
                for k in range(i, j):
                    gaps[k] += lack / (j - i)
        left = self._half_card(lines[0]) + self.time_width + _MARGIN
        x = [left]
        for gap in gaps:
            x.append(x[-1] + gap)
        lack = max([0.0] + [row.width / 2 + 12 - (x[self.index[row.step.source]] - self.time_width)
                            for row in self.rows if row.step.kind in ("note", "mark")])
        return [value + max(0.0, lack) for value in x]

    def _needs(self) -> list[tuple[int, int, float]]:
        """(first column, last column, pixels needed between them)."""
        needs = []
        for row in self.rows:
            step = row.step
            if step.kind == "arrow" and step.source != step.target:
                i, j = sorted((self.index[step.source], self.index[step.target]))
                needs.append((i, j, row.width + 30))
            elif step.kind == "bulk" and len(step.way) > 1:
                ends = sorted(self.index[end] for end in step.way)
                needs.append((ends[0], ends[-1], row.width + 60))
        return needs

    # --- painting -----------------------------------------------------------------------------

    def _paint(self) -> None:
        top = 62.0
        y, last_t, last_label = top, None, ""
        painted = []
        for row in self.rows:
            step = row.step
            if last_t is not None and step.t - last_t > _QUIET_NS:
                painted.append(("gap", y, step.t - last_t))
                y += 34
            last_t = step.t
            label = f"{step.t / 1e9:.4f}"
            shown = label if label != last_label and step.kind != "band" else ""
            last_label = label if step.kind != "band" else last_label
            painted.append((row, y + row.above, shown))
            y += row.above + row.below
        bottom = y + 14
        self._backdrop(painted, top, bottom)
        for what, at, extra in painted:
            if what == "gap":
                self._gap(at, extra)
            elif what.step.kind != "band":
                if extra:
                    self.canvas.text("soft", self.time_width - 8, at + 4, extra, _TIME, "end")
                getattr(self, f"_{what.step.kind}")(what, at)
        self._cards(4)
        if bottom > 900:
            self._cards(bottom + 2)
            bottom += 46
        self._foot(bottom)

    def _foot(self, bottom: float) -> None:
        notes = [self.chart.folded] if self.chart.folded else []
        if self.left_out:
            notes.append(f"{self.left_out} later steps are not drawn.")
        for note in notes:
            for line in wrap(note, self.right - 2 * _MARGIN, _DETAIL):
                bottom += 18
                self.canvas.text("soft", self.time_width, bottom, line, _DETAIL, "start")

    def _backdrop(self, painted, top: float, bottom: float) -> None:
        canvas = self.canvas
        canvas.rect("paper", 0, 0, self.right, bottom)
        for what, at, _ in painted:
            if what != "gap" and what.step.kind == "band":
                canvas.rect("band", 0, at - 17, self.right, 24, 4)
                canvas.text("soft", 10, at, what.label, 11.5, "start", True)
        for line, x in zip(self.chart.lifelines, self.x):
            if line.role == "nat":
                canvas.line("wall", x, top - 18, x, bottom)
            else:
                canvas.line("lifeline", x, top - 18, x, bottom)
        canvas.text("faint", self.time_width - 8, 30, "time, s", _TIME, "end")

    def _cards(self, y: float) -> None:
        kinds = {"user": "user", "isb": "isb", "ist": "ist", "nat": "nat"}
        for line, x in zip(self.chart.lifelines, self.x):
            half = self._half_card(line)
            self.canvas.rect(f"card {kinds.get(line.role, '')}".strip(), x - half, y, 2 * half, 40,
                             7, line.title)
            subtitle = _subtitle(line)
            self.canvas.text("", x, y + (17 if subtitle else 25), _name(line), _NAME, bold=True)
            if subtitle:
                self.canvas.text("soft", x, y + 32, subtitle, _DETAIL)

    def _gap(self, y: float, ns: int) -> None:
        middle = y + 17
        words = f"{duration(float(ns))} later"
        half = text_width(words, _DETAIL) / 2 + 10
        centre = (self.x[0] + self.x[-1]) / 2
        for line, x in zip(self.chart.lifelines, self.x):
            if abs(x - centre) > half + 6:
                self.canvas.rect("paper", x - 6, middle - 5, 12, 10)
                for shift in (-4, 2):
                    self.canvas.path("arrow", [(x - 5, middle + shift + 2), (x + 5, middle + shift
                                                                            - 2)])
        self.canvas.rect("paper", centre - half, middle - 9, 2 * half, 18)
        self.canvas.text("soft", centre, middle + 4, words, _DETAIL)

    def _arrow(self, row: _Row, y: float) -> None:
        canvas, step = self.canvas, row.step
        i, j = self.index[step.source], self.index[step.target]
        x1, x2 = self.x[i], self.x[j]
        tone = step.tone or "control"
        flat = step.tag == "local"
        drop = 0.0 if flat else _SLOPE
        lost = step.until is None
        if lost:
            x2 = x1 + 0.62 * (x2 - x1)
            tone = "bad"
        tip = f"{step.label}: {step.t / 1e9:.6f} s"
        tip += " and never arrived" if lost else f" to {step.until / 1e9:.6f} s"
        canvas.path(f"arrow {tone}{' lost' if lost else ''}", [(x1, y), (x2, y + drop)], title=tip)
        if lost:
            for sign in (1, -1):
                canvas.path("cross", [(x2 - 5, y + drop - 5 * sign), (x2 + 5, y + drop + 5 * sign)])
        else:
            canvas.head(f"tip {tone}", x2, y + drop, x2 - x1, drop)
        for k in range(min(i, j) + 1, max(i, j)):
            if self.chart.lifelines[k].role == "nat" and not flat:
                share = (self.x[k] - x1) / ((x2 - x1) or 1)
                if share < 1:
                    canvas.rect("wall-mark", self.x[k] - 3.5, y + drop * share - 3.5, 7, 7, 1.5,
                                f"translated by {self.chart.lifelines[k].title}")
        middle = (self.x[i] + self.x[j]) / 2
        canvas.text(f"halo {tone}", middle, y - 6, row.label, _LABEL, bold=True, title=tip)
        for n, line in enumerate(row.detail):
            canvas.text("halo soft", middle, y + 17 + 13 * n, line, _DETAIL)

    def _note(self, row: _Row, y: float) -> None:
        canvas, step = self.canvas, row.step
        x = self.x[self.index[step.source]]
        half = row.width / 2 + 10
        height = 20 + 13 * len(row.detail)
        canvas.rect(f"note {step.tone}".strip(), x - half, y - 13, 2 * half, height, 5,
                    f"{step.t / 1e9:.6f} s")
        canvas.text(step.tone if step.tone == "bad" else "", x, y + 1, row.label, _LABEL, bold=True)
        for n, line in enumerate(row.detail):
            canvas.text("soft", x, y + 14.5 + 13 * n, line, _DETAIL)

    def _mark(self, row: _Row, y: float) -> None:
        canvas = self.canvas
        x = self.x[self.index[row.step.source]]
        if row.step.tone == "bad":
            for sign in (1, -1):
                canvas.path("cross", [(x - 8, y - 14 - 8 * sign), (x + 8, y - 14 + 8 * sign)])
        half = row.width / 2 + 8
        canvas.rect(f"note {row.step.tone}", x - half, y, 2 * half, 20, 5)
        canvas.text(row.step.tone, x, y + 14, row.label, _LABEL, bold=True)

    def _bulk(self, row: _Row, y: float) -> None:
        canvas, step = self.canvas, row.step
        xs = sorted(self.x[self.index[end]] for end in step.way)
        if len(xs) < 2:
            return
        left, right = xs[0] + 4, xs[-1] - 4
        top, bottom = y - 16, y + 12 + 13 * len(row.detail)
        middle, wide, more = (top + bottom) / 2, 16.0, 6.0
        canvas.path("bulk", [(left, middle), (left + wide, top - more), (left + wide, top),
                             (right - wide, top), (right - wide, top - more), (right, middle),
                             (right - wide, bottom + more), (right - wide, bottom),
                             (left + wide, bottom), (left + wide, bottom + more)], True)
        for x in xs[1:-1]:
            canvas.line("lifeline", x, top, x, bottom)
        centre = (left + right) / 2
        half = row.width / 2 + 4
        canvas.rect("bulk-label", centre - half, top + 1, 2 * half, bottom - top - 2)
        canvas.text("data", centre, y + 2, row.label, _LABEL, bold=True)
        for n, line in enumerate(row.detail):
            canvas.text("soft", centre, y + 16 + 13 * n, line, _DETAIL)


def _name(line: Lifeline) -> str:
    return shorten(line.title, 130, _NAME, True)


def _subtitle(line: Lifeline) -> str:
    return shorten(line.subtitle, 130, _DETAIL)


def _row(step: Step) -> _Row:
    label = shorten(step.label, _WIDEST, _LABEL, True)
    detail = wrap(step.detail, _WIDEST if step.kind == "bulk" else 190, _DETAIL, 2)
    extra = 13.0 * len(detail)
    if step.kind == "band":
        return _Row(step, label, [], 26, 12)
    if step.kind == "mark":
        return _Row(step, label, [], 28, 30)
    if step.kind == "note":
        return _Row(step, label, detail, 19, 13 + extra)
    if step.kind == "bulk":
        return _Row(step, label, detail, 30, 28 + extra)
    return _Row(step, label, detail, 25, 10 + extra + (2 if detail else 0))
