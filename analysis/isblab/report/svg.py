# SPDX-License-Identifier: GPL-2.0-or-later
"""A small SVG writer that knows how much room its text takes.

Colours are CSS variables, so one drawing serves light and dark pages. Text stays text. Widths are
those of DejaVu Sans, the widest of the fonts asked for: whatever font a reader has, text fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib import resources

__all__ = ["Box", "Canvas", "clean", "palette", "shorten", "text_width", "wrap"]

# Advance widths in thousandths of the size: DejaVu Sans, from space to tilde.
_WIDTHS = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
    500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)
_BOLD = 1.12  # how much wider the bold face is, at most
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: object) -> str:
    """Text without what XML refuses or a terminal would act on."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text))


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Pixels that a line takes at most."""
    units = sum(_WIDTHS[ord(c) - 32] if 32 <= ord(c) < 127 else 1000 for c in text)
    return units * size / 1000 * (_BOLD if bold else 1)


def shorten(text: str, width: float, size: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it would be wider."""
    text = clean(text)
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(text + "\N{HORIZONTAL ELLIPSIS}", size, bold) > width:
        text = text[:-1]
    return text.rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def wrap(text: str, width: float, size: float, most: int = 3) -> list[str]:
    """Lines not wider than `width`, `most` of them; the last is cut when there is more."""
    lines: list[str] = []
    for word in clean(text).split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    kept = lines[: most - 1] + ([" ".join(lines[most - 1 :])] if len(lines) >= most else [])
    return [shorten(line, width, size) for line in kept]


@dataclass(frozen=True)
class Box:
    """Room that a text takes."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return (self.left < other.right and other.left < self.right
                and self.top < other.bottom and other.top < self.bottom)


@lru_cache
def palette() -> str:
    """The style sheet of pages and drawings: colours by meaning, light and dark."""
    return resources.files(__package__).joinpath("palette.css").read_text(encoding="utf-8")


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


class Canvas:
    """Shapes in the order of painting, and the boxes of all texts."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.boxes: list[Box] = []
        self.width = 0.0
        self.height = 0.0

    def _extend(self, x: float, y: float) -> None:
        self.width, self.height = max(self.width, x), max(self.height, y)

    def rect(self, kind: str, x: float, y: float, width: float, height: float,
             radius: float = 0, title: str = "") -> None:
        """A rectangle of class `kind`."""
        self._extend(x + width, y + height)
        self._shape(f'<rect class="{kind}" x="{_number(x)}" y="{_number(y)}" '
                    f'width="{_number(width)}" height="{_number(height)}" '
                    f'rx="{_number(radius)}"', "rect", title)

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float, title: str = "") -> None:
        """A straight line."""
        self._extend(max(x1, x2), max(y1, y2))
        self._shape(f'<line class="{kind}" x1="{_number(x1)}" y1="{_number(y1)}" '
                    f'x2="{_number(x2)}" y2="{_number(y2)}"', "line", title)

    def path(self, kind: str, points: list[tuple[float, float]], close: bool = False,
             title: str = "") -> None:
        """A line through points."""
        for x, y in points:
            self._extend(x, y)
        way = "M" + " L".join(f"{_number(x)} {_number(y)}" for x, y in points)
        self._shape(f'<path class="{kind}" d="{way}{" Z" if close else ""}"', "path", title)

    def head(self, kind: str, x: float, y: float, dx: float, dy: float, size: float = 7) -> None:
        """The head of an arrow that comes from direction (dx, dy) and ends at (x, y)."""
        length = (dx * dx + dy * dy) ** 0.5 or 1.0
        dx, dy = dx / length, dy / length
        self.path(kind, [(x, y), (x - size * dx - 0.5 * size * dy, y - size * dy + 0.5 * size * dx),
                         (x - size * dx + 0.5 * size * dy, y - size * dy - 0.5 * size * dx)], True)

    def _shape(self, opening: str, tag: str, title: str) -> None:
        if title:
            self._parts.append(f"{opening}><title>{escape(clean(title))}</title></{tag}>")
        else:
            self._parts.append(f"{opening}/>")

    def text(self, kind: str, x: float, y: float, words: object, size: float = 12,
             anchor: str = "middle", bold: bool = False, title: str = "") -> None:
        """One line whose baseline is y. `anchor`: "start", "middle" or "end"."""
        words = clean(words)
        width = text_width(words, size, bold)
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        self.boxes.append(Box(left, y - 0.76 * size, left + width, y + 0.2 * size, words))
        self._extend(left + width, y + 0.25 * size)
        weight = ' font-weight="600"' if bold else ""
        tip = f"<title>{escape(clean(title))}</title>" if title else ""
        self._parts.append(
            f'<text class="{kind}" x="{_number(x)}" y="{_number(y)}" '
            f'font-size="{_number(size)}" text-anchor="{anchor}"{weight}>{tip}'
            f"{escape(words)}</text>")

    def overlaps(self) -> list[tuple[Box, Box]]:
        """Pairs of texts that lie on one another."""
        ordered = sorted(self.boxes, key=lambda box: box.top)
        found = []
        for index, box in enumerate(ordered):
            for other in ordered[index + 1 :]:
                if other.top >= box.bottom:
                    break
                if box.overlaps(other):
                    found.append((box, other))
        return found

    def markup(self, label: str, standalone: bool = False, margin: float = 12) -> str:
        """The drawing: inside a page, or a document of its own."""
        width, height = self.width + margin, self.height + margin
        size = f'viewBox="0 0 {_number(width)} {_number(height)}"'
        body = "".join(self._parts)
        if not standalone:
            shrunk = _number(min(width, max(320, 0.72 * width)))
            style = f"--wide:{_number(width)}px;--least:{shrunk}px"
            return (f'<svg class="drawing" {size} style="{style}" role="img" '
                    f'aria-label="{escape(clean(label))}">{body}</svg>\n')
        return ('<?xml version="1.0" encoding="UTF-8"?>\n'
                f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" {size} '
                f'width="{_number(width)}" height="{_number(height)}" role="img" '
                f'aria-label="{escape(clean(label))}">\n<style>{escape(palette(), quote=False)}'
                f'</style>\n<rect class="paper" width="100%" height="100%"/>{body}</svg>\n')
