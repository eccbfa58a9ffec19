# SPDX-License-Identifier: GPL-2.0-or-later
"""Mixes of NATs: which share of pairs connects, and how.

A mix says how often hosts stand behind which behaviour. Provider and subscriber are drawn
independently, so the pair (p, s) has the share provider[p] * subscriber[s], and a way connects the
sum of the shares of the pairs for which its cell works.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from isblab.errors import ScenarioError, UsageError
from isblab.grid.behaviours import find
from isblab.grid.ways import Way

__all__ = ["Mix", "Share", "load", "parse", "share"]

SCHEMA = 1
_KEYS = ("name", "title", "source", "shares", "provider", "subscriber")
_HEAD = ("schema", "mix")
_SHARE = r"[0-9.]+([eE][+-]?[0-9]{1,2})?|[0-9]{1,9}/[0-9]{1,9}"


@dataclass(frozen=True)
class Mix:
    """How often which behaviour is met; the shares of each side sum to 1, exactly.

    Attributes:
        name: short.
        title: one line; "" when the file says none.
        source: where the numbers are from; "" when the file does not say.
        provider, subscriber: behaviour's name -> share.
    """

    name: str
    title: str
    source: str
    provider: Mapping[str, Fraction]
    subscriber: Mapping[str, Fraction]

    def behaviours(self) -> list[str]:
        """All that it names with a share above 0."""
        return list(dict.fromkeys(name for side in (self.provider, self.subscriber)
                                  for name, part in side.items() if part))


@dataclass(frozen=True)
class Share:
    """What a mix gives for one protocol.

    Attributes:
        mix, protocol: of what.
        by_way: way's name -> share of pairs that it connects, each way alone.
        first_way: way's name -> share of pairs of which it is the plainest that connects, in the
            grid's order; what adds up to `without_ist` and, with the ISTs', to all that connect.
        without_ist: share that at least one way without an IST connects.
        total: share that any way connects.
    """

    mix: str
    protocol: str
    by_way: Mapping[str, float]
    first_way: Mapping[str, float]
    without_ist: float
    total: float


def share(mix: Mix, protocol: str, ways: Iterable[Way],
          works: Mapping[tuple[str, str, str, str], bool]) -> Share:
    """The shares of a mix.

    Args:
        mix: all of its behaviours must be in `works`.
        protocol: "udp" or "tcp".
        ways: those of the grid, the plainest first.
        works: (protocol, provider, subscriber, way) -> whether it connects.
    """
    ways = list(ways)
    by_way = dict.fromkeys((way.name for way in ways), Fraction(0))
    first_way = dict(by_way)
    without = total = Fraction(0)
    for provider, provider_share in mix.provider.items():
        for subscriber, subscriber_share in mix.subscriber.items():
            part = provider_share * subscriber_share
            good = [way for way in ways if part
                    and works[protocol, provider, subscriber, way.name]]
            for way in good:
                by_way[way.name] += part
            if good:
                first_way[good[0].name] += part
                total += part
            without += part if any(not way.ist for way in good) else 0
    return Share(mix.name, protocol, {name: float(value) for name, value in by_way.items()},
                 {name: float(value) for name, value in first_way.items()}, float(without),
                 float(total))


def load(path: Path | str) -> list[Mix]:
    """The mixes of a file; ScenarioError with file and line when it is refused."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(f"not UTF-8 at byte {error.start}", str(path)) from error
    except OSError as error:
        raise ScenarioError(f"cannot read: {error.strerror}", str(path)) from error
    return parse(text, str(path))


def parse(text: str, file: str) -> list[Mix]:
    """The mixes of a text; `file` is its name in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        what = str(error)[:found.start()] if found else str(error)
        raise ScenarioError(f"not TOML: {what}", file, line) from error
    return _Reader(text, file).mixes(document)


class _Reader:
    """Reads a document; every refusal has its line."""

    def __init__(self, text: str, file: str):
        self._file = file
        self._lines = text.splitlines()

    def mixes(self, document: Mapping) -> list[Mix]:
        """All mixes of the document."""
        self._check_keys(document, _HEAD, 0, "at the head")
        if document.get("schema") != SCHEMA:
            raise self._error(f"schema = {SCHEMA} is required", self._line("schema", 0) or 1)
        tables = document.get("mix")
        if not isinstance(tables, list) or not tables or not all(
                isinstance(table, dict) for table in tables):
            raise self._error("no [[mix]] in it", self._line("mix", 0) or 1)
        made: list[Mix] = []
        for number, table in enumerate(tables, 1):
            mix = self._mix(table, number)
            if mix.name in (other.name for other in made):
                raise self._error(f"there are two mixes '{mix.name}'", self._line("name", number))
            made.append(mix)
        return made

    def _mix(self, table: Mapping, number: int) -> Mix:
        self._check_keys(table, _KEYS, number, "in [[mix]]")
        for key in ("name", "title", "source"):
            if not isinstance(table.get(key, ""), str):
                raise self._error(f"'{key}' is not a text", self._line(key, number))
        name = table.get("name", "")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
            raise self._error("a [[mix]] needs a name of letters, digits, '-', '_' and '.'",
                              self._line("name", number))
        if ("shares" in table) == ("provider" in table or "subscriber" in table):
            raise self._error(f"mix '{name}' needs either [mix.shares], for both sides, or "
                              "[mix.provider] and [mix.subscriber]", self._line("", number))
        sides = {side: self._shares(table, "shares" if "shares" in table else side, number)
                 for side in ("provider", "subscriber")}
        return Mix(name, table.get("title", ""), table.get("source", ""), **sides)

    def _shares(self, table: Mapping, key: str, number: int) -> dict[str, Fraction]:
        values = table.get(key)
        if not isinstance(values, dict) or not values:
            raise self._error(f"[mix.{key}] is missing or empty", self._line(key, number))
        shares: dict[str, Fraction] = {}
        for name, value in values.items():
            line = self._line(name, number, key)
            try:
                behaviour = find(name).name
            except UsageError as error:
                raise self._error(str(error), line) from None
            if behaviour in shares:
                raise self._error(f"'{name}' is there twice, under two names", line)
            shares[behaviour] = self._number(name, value, line)
        whole = sum(shares.values())
        if whole != 1:
            raise self._error(f"the shares of [mix.{key}] sum to {_shown(whole)}, not to 1",
                              self._line("", number, key))
        return shares

    def _number(self, name: str, value: object, line: int) -> Fraction:
        """A share: 0.25, "1/12", "8.5 %"."""
        text = str(value).strip() if isinstance(value, (int, float, str)) else ""
        text, scale = (text[:-1].strip(), 100) if text.endswith("%") else (text, 1)
        if isinstance(value, bool) or not re.fullmatch(_SHARE, text):
            text = ""
        try:
            part = Fraction(text) / scale
        except (ValueError, ZeroDivisionError):
            raise self._error(f"'{name}': {value!r} is not a share; write for instance 0.25, "
                              "\"1/12\" or \"8.5 %\"", line) from None
        if part > 1:
            raise self._error(f"'{name}': a share above 1", line)
        return part

    def _check_keys(self, table: Mapping, known: Collection[str], number: int, where: str) -> None:
        for key in table:
            if key not in known:
                nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
                raise self._error(f"unknown key '{key}' {where}; nearest valid: '{nearest}'",
                                  self._line(key, number))

    def _error(self, what: str, line: int | None) -> ScenarioError:
        return ScenarioError(what, self._file, line)

    def _line(self, key: str, number: int, table: str = "") -> int | None:
        """Line of a key of the number-th [[mix]] (0: the head), in its sub-table if given; the
        line of the (sub-)table itself for the key "" and for a key that is not found."""
        seen, inside, place = 0, "", None
        for at, line in enumerate(self._lines, 1):
            header = re.match(r"\s*(\[\[?)\s*([\w.\s\"'-]+?)\s*\]", line)
            if header:
                seen += header[2] == "mix" and header[1] == "[["
                inside = header[2].rpartition(".")[2] if "." in header[2] else ""
                if seen == number and inside in (table, key):
                    place = at if place is None or inside == (table or key) else place
            entry = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[.=]", line)
            if seen == number and entry and key and entry[1] == key and inside == table:
                return at
            if seen == number and entry and table and entry[1] == table and not inside:
                place = at  # shares = { ... }, shares.public = ...
        return place


def _shown(value: Fraction) -> str:
    return f"{float(value):.6g}"
