# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario files as documents: read, override by dotted path, write.

Whether a scenario makes sense is decided by model/lab (`isblab-sim check`), in one place; here a
document only has to be TOML. Layout and comments survive, so line numbers in errors stay true.

    document = load("examples/five-phases/ist-kernel.toml")
    apply(document, {"traffic.bulk.connections": 10, "box.box.ports.0.nic": "pci"})
    text = dump(document)
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import ParseError

from isblab.errors import ScenarioError

__all__ = ["apply", "dump", "load", "parse", "parse_assignments", "with_overrides"]


def parse(text: str, name: str | None = None) -> tomlkit.TOMLDocument:
    """A document from TOML text; `name` is the file named in errors."""
    try:
        return tomlkit.parse(text)
    except ParseError as error:
        what = str(error).removesuffix(f" at line {error.line} col {error.col}")
        raise ScenarioError(f"not TOML: {what}", name, error.line) from error
    except ValueError as error:  # duplicate keys and the like, without a position
        raise ScenarioError(f"not TOML: {error}", name) from error


def read_text(path: str | Path) -> str:
    """The text of a scenario file; ScenarioError when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(f"not UTF-8 at byte {error.start}", str(path)) from error
    except OSError as error:
        raise ScenarioError(f"cannot read: {error.strerror}", str(path)) from error


def load(path: str | Path) -> tomlkit.TOMLDocument:
    """The document in a file."""
    return parse(read_text(path), str(path))


def dump(document: Mapping) -> str:
    """TOML text of a document (or of a plain dict)."""
    return tomlkit.dumps(document)


def apply(document: Mapping, overrides: Mapping[str, object], name: str | None = None) -> Mapping:
    """Set values by dotted path, in place; returns the document.

    Elements of a list are named by their index or by their key `name`: "traffic.bulk.rate",
    "link.0.delay". Tables on the way are made when missing; list elements are not. The value None
    removes the key.
    """
    for path, value in overrides.items():
        _set(document, path, value, name)
    return document


def with_overrides(text: str, overrides: Mapping[str, object], name: str | None = None) -> str:
    """Scenario text with overrides applied; the text itself when there are none."""
    if not overrides:
        return text
    return dump(apply(parse(text, name), overrides, name))


def parse_assignments(assignments: Iterable[str]) -> dict[str, object]:
    """Overrides from "path=value" texts. A value is TOML ("10", "true", '["a"]') or else a string
    ("63 Mb/s" needs no quotes)."""
    overrides: dict[str, object] = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        path, value = path.strip(), value.strip()
        if not equals or not path:
            raise ScenarioError(f"'{assignment}' is not of the form path=value, as in "
                                "traffic.bulk.connections=10")
        try:
            overrides[path] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            overrides[path] = value
    return overrides


def _set(document: Mapping, path: str, value: object, name: str | None) -> None:
    *way, last = path.split(".")
    node = document
    for depth, key in enumerate(way):
        node = _step(node, key, ".".join(way[:depth]), path, name)
    if isinstance(node, list):
        key = _element(node, last, ".".join(way), path, name)
        if value is None:
            del node[key]
        else:
            node[key] = value
    elif not isinstance(node, Mapping):
        raise ScenarioError(f"override {path}: {'.'.join(way)} is a value, not a table", name)
    elif value is None:
        node.pop(last, None)
    else:
        node[last] = value


def _step(node, key: str, walked: str, path: str, name: str | None):
    if isinstance(node, list):
        return node[_element(node, key, walked, path, name)]
    if not isinstance(node, Mapping):
        raise ScenarioError(f"override {path}: {walked} is a value, not a table", name)
    if key not in node:
        node[key] = tomlkit.table()
    return node[key]


def _element(items: list, key: str, walked: str, path: str, name: str | None) -> int:
    names = [str(item["name"]) if isinstance(item, Mapping) and "name" in item else str(index)
             for index, item in enumerate(items)]
    if key in names:
        return names.index(key)
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0.0)
    hint = f"; nearest is '{nearest[0]}'" if nearest else ""
    raise ScenarioError(f"override {path}: {walked} has no element '{key}'{hint}", name)
