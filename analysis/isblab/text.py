# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers and tables as a reader wants them on a terminal. Missing values print as "-"."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["byte_count", "duration", "percent", "rate", "table"]


def _scaled(value: float, step: float, units: Sequence[str]) -> str:
    index = 0
    while abs(value) >= step and index < len(units) - 1:
        value /= step
        index += 1
    return f"{value:.4g} {units[index]}"


def rate(bits_per_second: float | None) -> str:
    """93940000 -> "93.94 Mb/s"."""
    if bits_per_second is None:
        return "-"
    return _scaled(bits_per_second, 1000, ("b/s", "kb/s", "Mb/s", "Gb/s"))


def byte_count(count: float | None) -> str:
    """23486464 -> "22.4 MiB"."""
    return "-" if count is None else _scaled(count, 1024, ("B", "KiB", "MiB", "GiB"))


def duration(nanoseconds: float | None) -> str:
    """423000 -> "423 us"."""
    if nanoseconds is None:
        return "-"
    return _scaled(nanoseconds, 1000, ("ns", "us", "ms", "s"))


def percent(ratio: float | None) -> str:
    """0.125 -> "12.5 %"."""
    return "-" if ratio is None else f"{100 * ratio:.3g} %"


def table(header: Sequence[str], rows: Sequence[Sequence[object]], indent: str = "  ") -> str:
    """Left-aligned columns under a header; columns in which every row has "-" are left out."""
    cells = [[str(cell) for cell in row] for row in rows]
    shown = [column for column in range(len(header))
             if not cells or any(row[column] != "-" for row in cells)]
    lines = [[header[column] for column in shown]]
    lines += [[row[column] for column in shown] for row in cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(shown))]
    return "\n".join(indent + "  ".join(cell.ljust(width) for cell, width in zip(line, widths))
                     .rstrip() for line in lines)
