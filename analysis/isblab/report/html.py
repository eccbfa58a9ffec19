# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of a page. Whatever comes from a run goes through `text`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from isblab.report.svg import clean

__all__ = ["badge", "counts", "definitions", "figure", "fold", "table", "text"]


def text(words: object) -> str:
    """Text as it may stand in a page, in an element or an attribute."""
    return escape(clean(words))


def badge(words: str, kind: str) -> str:
    """A coloured word. `kind`: "good", "bad", "calm", "plain"."""
    return f'<span class="badge {kind}">{text(words)}</span>'


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows of texts (or markup, as str in a 1-tuple); columns that say nothing are left out."""
    cells = [[_cell(value) for value in row] for row in rows]
    shown = [i for i in range(len(header)) if any(row[i][0] not in ("", "-") for row in cells)]
    head = "".join(f"<th>{text(header[i])}</th>" for i in shown)
    body = "".join("<tr>" + "".join(_td(header[i], *row[i]) for i in shown) + "</tr>\n"
                   for row in cells)
    return (f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>\n{body}'
            "</tbody></table></div>\n")


def _cell(value: object) -> tuple[str, bool]:
    if isinstance(value, tuple):
        return value[0], False
    return text("" if value is None else value), isinstance(value, (int, float))


def _td(label: str, markup: str, number: bool) -> str:
    kinds = [kind for kind, given in (("number", number), ("empty", markup in ("", "-"))) if given]
    style = f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<td{style} data-label="{text(label)}">{markup}</td>'


def counts(values: dict[str, int]) -> str:
    """{"passive": 2} -> "passive 2"."""
    return ", ".join(f"{name} {count}" for name, count in values.items() if count)


def definitions(pairs: Iterable[tuple[str, object]]) -> str:
    """Names and what they are."""
    items = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in pairs)
    return f"<dl>{items}</dl>\n"


def figure(drawing: str, caption: str = "") -> str:
    """A drawing with its caption above it."""
    words = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    return f"<figure>{words}{drawing}</figure>\n"


def fold(summary: str, body: str, opened: bool = False) -> str:
    """What is shown on demand; `summary` is markup."""
    return f"<details{' open' if opened else ''}><summary>{summary}</summary>{body}</details>\n"
