# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads events.jsonl line by line into a Digest of bounded size.

What there is much of (hello traffic, dropped packets, NAT mappings) is counted; what tells a story
is kept, up to a bound. With a focus only what concerns the users named is kept, so that a run of
any size can be asked about one of them.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["HELLO_MESSAGES", "Digest", "Drop", "digest", "events_of"]

HELLO_MESSAGES = frozenset({"ping", "pong", "load", "nearness", "ist-list"})
"""Messages that go on for ever or come in floods: counted, not drawn."""

MOST_KEPT = 60_000  # events kept whole
MOST_DROPS = 2_000  # dropped packets kept whole, besides the counts
_QUEUES = ("box.", "impair.")  # drops of full queues: nobody's decision, and many

_HELLO = re.compile(rb'"event": ?"(message-sent|message-received)".*"user": ?"([^"]*)".*'
                    rb'"message": ?"(ping|pong|load)"')
_ON_THE_WAY_NS = 3_000_000_000  # a message without a name that takes longer is taken for lost

_COUNTED_ONLY = frozenset({"mapping-created", "mapping-expired"})


@dataclass
class Drop:
    """Packets that ended at one box for one reason."""

    node: str
    reason: str
    rule: str
    count: int = 0
    bytes: int = 0
    first: dict = field(default_factory=dict)
    last_ns: int = 0


@dataclass
class Digest:
    """What a report needs to know of a run's events.

    Attributes:
        kept: events in their order, each a dict as in the file.
        cut: events that would have been kept, were there not too many.
        kinds: all events by kind.
        messages: control messages sent, by (sender's side user, message).
        hello: hello messages sent, by user.
        drops: by (node, reason, rule).
        dropped: the first of the dropped packets that somebody decided about.
        edges: transitions by (what, from, to); what is a key of states.MACHINES.
        methods: of splices, by number.
        mappings: NAT mappings made, by node.
        end_ns: time of the last event.
    """

    kept: list[dict] = field(default_factory=list)
    cut: int = 0
    kinds: Counter = field(default_factory=Counter)
    messages: Counter = field(default_factory=Counter)
    hello: Counter = field(default_factory=Counter)
    drops: dict[tuple[str, str, str], Drop] = field(default_factory=dict)
    dropped: list[dict] = field(default_factory=list)
    edges: Counter = field(default_factory=Counter)
    methods: dict[int, str] = field(default_factory=dict)
    mappings: Counter = field(default_factory=Counter)
    end_ns: int = 0
    _places: dict[str | int, list[int]] | None = field(default=None, repr=False)
    _unnamed: deque[dict] = field(default_factory=deque, repr=False)

    def of_kind(self, *kinds: str) -> Iterator[dict]:
        """The kept events of these kinds."""
        return (event for event in self.kept if event["event"] in kinds)

    def about(self, *users: str) -> list[dict]:
        """The kept events about these users and those about nobody, in their order; without those
        of splices, which of_splices() has."""
        index = self._index()
        found = {place for name in (*users, "") for place in index.get(name, ())}
        return [self.kept[place] for place in sorted(found)]

    def of_splices(self, splices: Collection[int]) -> list[dict]:
        """The kept events of ISTs about these splices, in their order."""
        index = self._index()
        found = {place for splice in splices for place in index.get(splice, ())}
        return [self.kept[place] for place in sorted(found)]

    def _index(self) -> dict[str | int, list[int]]:
        """Places in `kept` by user and, of events that name none, by splice; "" for the others."""
        if self._places is None:
            self._places = {}
            for place, event in enumerate(self.kept):
                names = {event[key] for key in ("user", "peer") if event.get(key)}
                for name in names or {event.get("splice", "")}:
                    self._places.setdefault(name, []).append(place)
        return self._places


def _text(value: str) -> str:
    """The worker writes bytes beyond ASCII one by one; names in UTF-8 come back whole."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _event(line: bytes) -> dict | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("event", "result") == "result":
        return None
    event.setdefault("node", "")
    event.setdefault("t", 0)
    if b"\\u00" in line:
        return {key: _text(value) if isinstance(value, str) else value
                for key, value in event.items()}
    return event


def events_of(path: Path) -> Iterator[dict]:
    """All events of a file; lines that are none (a truncated last one) are passed over."""
    with open(path, "rb") as file:
        for line in file:
            event = _event(line)
            if event is not None:
                yield event


def digest(path: Path, brokers: Collection[str] = (),
           focus: Collection[str] | None = None) -> Digest:
    """One pass over the file.

    Args:
        path: events.jsonl.
        brokers: nodes of brokers; tells their view of a connection from a daemon's.
        focus: names of users; events of other users are counted only. None: all are kept.
    """
    made = Digest()
    brokers, focus = frozenset(brokers), None if focus is None else frozenset(focus)
    with open(path, "rb") as file:
        for line in file:
            if _count_only(made, line):
                continue
            event = _event(line)
            if event is not None:
                _take(made, event, brokers, focus)
    return made


def _count_only(made: Digest, line: bytes) -> bool:
    """Counts an event of hello traffic without reading all of it; False for any other."""
    found = _HELLO.search(line)
    if not found or b"\\" in line:
        return False
    kind, user, message = (part.decode("ascii", "replace") for part in found.groups())
    made.kinds[kind] += 1
    if kind == "message-sent":
        made.messages[user, message] += 1
        made.hello[user] += 1
    return True


def _take(made: Digest, event: dict, brokers: frozenset, focus: frozenset | None) -> None:
    kind = event["event"]
    made.kinds[kind] += 1
    made.end_ns = max(made.end_ns, event["t"])
    if kind == "packet-dropped" or kind == "packet-refused":
        _take_drop(made, event)
    elif kind == "mapping-created":
        made.mappings[event["node"]] += 1
    elif kind == "message-sent":
        made.messages[event.get("user", ""), event.get("message", "")] += 1
        if event.get("message") in HELLO_MESSAGES:
            made.hello[event.get("user", "")] += 1
    _take_edge(made, event, brokers)
    if kind in _COUNTED_ONLY or kind == "packet-dropped" or kind == "packet-refused":
        return
    if event.get("message") in HELLO_MESSAGES:
        return
    if kind.startswith("message-"):
        _name(made, event)
    if focus is not None and not _concerns(event, focus):
        return
    if len(made.kept) < MOST_KEPT:
        made.kept.append(event)
    else:
        made.cut += 1


def _name(made: Digest, event: dict) -> None:
    """What the ISB sends before a login names nobody; who receives it tells whose it was."""
    if event.get("user"):
        if event["event"] == "message-received":
            for sent in made._unnamed:
                if (sent.get("message"), sent.get("sequence")) == (event.get("message"),
                                                                   event.get("sequence")):
                    sent["user"] = event["user"]
                    made._unnamed.remove(sent)
                    break
    elif event["event"] == "message-sent":
        while made._unnamed and event["t"] - made._unnamed[0]["t"] > _ON_THE_WAY_NS:
            made._unnamed.popleft()
        made._unnamed.append(event)


def _concerns(event: dict, focus: frozenset) -> bool:
    """Events without a user (splices, handshakes, incidents) stay: they may be anybody's."""
    named = [event[key] for key in ("user", "peer") if event.get(key)]
    if not named or event["event"] in ("ist-state", "ist-chosen", "node-state"):
        return True
    if "splice" in event:
        return True
    return any(name in focus for name in named)


def _take_drop(made: Digest, event: dict) -> None:
    key = (event["node"], event.get("reason", ""), event.get("rule", ""))
    drop = made.drops.setdefault(key, Drop(*key))
    if drop.count == 0:
        drop.first = event
    drop.count += 1
    drop.bytes += event.get("bytes", 0)
    drop.last_ns = event["t"]
    if len(made.dropped) < MOST_DROPS and not key[1].startswith(_QUEUES):
        made.dropped.append(event)


def _splice_kind(made: Digest, event: dict) -> str:
    """Which state machine a splice walks."""
    if event.get("from", "") in ("WAITING", "JOINED"):
        return "proxy"
    method = made.methods.get(event.get("splice", 0), event.get("proto", ""))
    return f"splice-{method}" if method in ("active", "udp") else "splice"


def _take_edge(made: Digest, event: dict, brokers: frozenset) -> None:
    kind = event["event"]
    if kind == "splice-ordered":
        made.methods[event.get("splice", 0)] = event.get("method", "")
        return
    if kind == "splice-state":
        what = _splice_kind(made, event)
    elif kind == "connection-state":
        what = "isb-connection" if event["node"] in brokers else "daemon-connection"
    elif kind == "session-state":
        if "connecting" in (event.get("from"), event.get("to")):
            return  # an IST on the broker's host tells its own view of its session
        what = "isb-session" if event["node"] in brokers else "daemon-session"
    else:
        return
    made.edges[what, event.get("from", ""), event.get("to", "")] += 1
