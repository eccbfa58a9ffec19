# SPDX-License-Identifier: GPL-2.0-or-later
"""One subscription's life and its first connection, cut out of a run's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from isblab.report.messages import Message, matched
from isblab.report.trace import Digest
from isblab.report.world import World

__all__ = ["Key", "Story", "keys", "tell"]

Key = tuple[str, str, str]
"""(subscriber, provider, service)."""

_CARRIED = ("splice-ordered", "handshake-packet", "splice-state", "splice-paired",
            "splice-fallback", "proxy-paired", "header-rewritten")
_FAILED = ("failed", "refused", "ended")


@dataclass
class Story:
    """What is known of one subscription and its first connection.

    Attributes:
        key: (subscriber, provider, service).
        number: the ISB's number of the connection; 0 = none was opened.
        splices: the ISB's numbers of its splices.
        messages: control messages of the two users and the IST that belong here.
        subscription: state events of the subscription at the ISB, and of the service.
        sessions: session and reachability events of the two users at the ISB.
        isb: the ISB's events about the connection, its choice of ISTs among them.
        sides: the daemons' states of the connection, by user.
        carried: the IST's events about its splices (handshakes, states, rewriting).
        client: states of the client that used it, the first of each.
        incidents: what the scenario did to somebody meanwhile.
        drops: packets of the two users that somebody decided to drop.
        further: connections of the same subscription after this one.
    """

    key: Key
    number: int = 0
    splices: set[int] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    subscription: list[dict] = field(default_factory=list)
    sessions: list[dict] = field(default_factory=list)
    isb: list[dict] = field(default_factory=list)
    sides: dict[str, list[dict]] = field(default_factory=dict)
    carried: list[dict] = field(default_factory=list)
    client: list[dict] = field(default_factory=list)
    incidents: list[dict] = field(default_factory=list)
    drops: list[dict] = field(default_factory=list)
    further: int = 0
    end_ns: int = 0

    @property
    def subscriber(self) -> str:
        """Its name."""
        return self.key[0]

    @property
    def provider(self) -> str:
        """Its name."""
        return self.key[1]

    @property
    def service(self) -> str:
        """Its name."""
        return self.key[2]

    def _last(self, what: str) -> str:
        events = [*self.isb, *(event for side in self.sides.values() for event in side)]
        return next((event[what] for event in sorted(events, key=lambda e: -e["t"])
                     if event.get(what)), "")

    @property
    def path(self) -> str:
        """"direct", "reversed", "translated"; "" when none was chosen. The last one counts."""
        return self._last("path")

    @property
    def method(self) -> str:
        """How the IST forwarded: "passive"; "" without IST. Daemons are not told of a fall-back."""
        for event in reversed(self.isb):
            if event["event"] == "splice-fallback" and event.get("to"):
                return event["to"]
        return self._last("method") if self.path == "translated" else ""

    @property
    def ist(self) -> str:
        """The IST that carried it last."""
        return self._last("ist")

    @property
    def ists(self) -> list[str]:
        """All ISTs that were chosen, in order."""
        return list(dict.fromkeys(event["ist"] for event in self.isb if event.get("ist")))

    def when(self, *states: str) -> int | None:
        """When the connection first was in one of these states, at whatever party."""
        events = [*self.isb, *(event for side in self.sides.values() for event in side)]
        return min((event["t"] for event in events if event["event"] == "connection-state"
                    and event.get("to") in states), default=None)

    def client_at(self, state: str) -> int | None:
        """When the client first was in this state."""
        return next((event["t"] for event in self.client if event.get("to") == state), None)

    @property
    def established_ns(self) -> int | None:
        """When both ends knew each other."""
        return self.when("established", "carrying", "started")

    @property
    def over_ns(self) -> int:
        """When the last party was done with it; the end of the run when it was not over."""
        ends = [event["t"] for side in self.sides.values() for event in side
                if event.get("to") in ("closed", "failed")]
        ends += [event["t"] for event in self.client if event.get("to") in ("closed", "failed")]
        return max(ends, default=self.end_ns)

    @property
    def failures(self) -> list[dict]:
        """Events that say what went wrong, in their order."""
        events = [*self.subscription, *self.isb, *self.sessions,
                  *(event for side in self.sides.values() for event in side)]
        return sorted((event for event in events if event.get("reason")
                       and event.get("to") in _FAILED), key=lambda event: event["t"])


def keys(digest: Digest, world: World) -> list[Key]:
    """The subscriptions of a run: the scenario's, then those that only the events know."""
    found = dict.fromkeys(world.wants())
    for event in digest.of_kind("subscription-state", "connection-state"):
        if event["node"] in world.broker_nodes and event.get("service") and event.get("peer"):
            found.setdefault((event.get("user", ""), event["peer"], event["service"]))
    return list(found)


def tell(digest: Digest, world: World, key: Key) -> Story:
    """The story of a subscription's first connection (the first that stood, if one did)."""
    story = Story(key, end_ns=digest.end_ns)
    subscriber, provider, service = key
    events = digest.about(subscriber, provider, *world.translators, world.broker)
    _choose_connection(story, events, world)
    numbers = _daemon_numbers(story, events)
    for event in events:
        kind = event["event"]
        at_broker = event["node"] in world.broker_nodes
        if kind == "connection-state" and not at_broker:
            _take_side(story, event, numbers)
        elif kind in ("connection-state", "ist-chosen") or (kind == "splice-fallback"
                                                            and at_broker):
            if event.get("connection", 0) == story.number and _key_of(event) == key:
                story.isb.append(event)
                story.splices |= {event["splice"]} if event.get("splice") else set()
        elif kind == "subscription-state" and at_broker:
            if _key_of(event) == key:
                story.subscription.append(event)
        elif kind == "service-state" and at_broker:
            if (event.get("user"), event.get("service")) == (provider, service):
                story.subscription.append(event)
        elif kind in ("session-state", "reachability-known") and at_broker:
            if event.get("user") in (subscriber, provider):
                story.sessions.append(event)
        elif kind == "node-state":
            story.incidents.append(event)
    _take_messages(story, events, world)
    nodes = {world.node_of(ist) for ist in story.ists}
    story.carried = [event for event in digest.of_splices(story.splices)
                     if event["event"] in _CARRIED and event["node"] in nodes]
    _take_client(story, events, world)
    story.drops = [event for event in digest.dropped if _is_theirs(event, story, world)]
    return story


def _key_of(event: dict) -> Key:
    return event.get("user", ""), event.get("peer", ""), event.get("service", "")


def _choose_connection(story: Story, events: list[dict], world: World) -> None:
    states: dict[int, set[str]] = {}
    for event in events:
        if (event["event"] == "connection-state" and event.get("connection")
                and event["node"] in world.broker_nodes and _key_of(event) == story.key):
            states.setdefault(event["connection"], set()).add(event.get("to", ""))
    stood = [number for number, seen in states.items() if seen & {"established", "started"}]
    story.number = next(iter(stood or states), 0)
    story.further = max(0, len(states) - 1)


def _daemon_numbers(story: Story, events: list[dict]) -> set[tuple[str, int]]:
    """(user, daemon's own number) under which daemons speak of the connection."""
    found = set()
    for event in events:
        if (event["event"] == "connection-state" and event.get("id")
                and story.number and event.get("connection") == story.number):
            found.add((event.get("user", ""), event["id"]))
    return found


def _take_side(story: Story, event: dict, numbers: set[tuple[str, int]]) -> None:
    user, peer = event.get("user", ""), event.get("peer", "")
    if user not in story.key[:2]:
        return
    if story.number:
        ours = (event.get("connection") == story.number
                or (not event.get("connection") and (user, event.get("id", 0)) in numbers))
    else:  # nothing reached the ISB: the first client's tale at the subscriber
        ours = (user, peer, event.get("service")) == story.key and all(
            event.get("id", 0) == other.get("id", 0) for other in story.sides.get(user, ()))
    if ours:
        story.sides.setdefault(user, []).append(event)


def _take_messages(story: Story, events: list[dict], world: World) -> None:
    names = {story.subscriber, story.provider, *story.ists, ""}
    theirs = [event for event in events if event["event"] in ("message-sent", "message-received")
              and event.get("user", "") in names]
    messages = matched(theirs, world.broker_nodes, world.translators)
    _learn_splices(story, messages)
    opened = next((event["t"] for event in story.isb if event.get("to") == "opened"), None)
    begun = _opening(messages, story.subscriber, opened)
    answered = _requests(messages, story)
    over = story.established_ns
    story.messages = [message for message in messages
                      if _belongs(message, story, world, begun, answered, over)]


def _opening(messages: Iterable[Message], user: str, when: int | None) -> Message | None:
    """The request that the ISB had when it opened the connection (none opened: the first)."""
    found = None
    for message in messages:
        if message.name == "open" and message.user == user and message.up:
            if when is None:
                return message
            if message.received_ns is not None and message.received_ns <= when:
                found = message
    return found


def _is_about(event: dict, story: Story) -> bool:
    """Whether what a message names fits the subscription; what it does not name fits any."""
    return (event.get("service", story.service) == story.service
            and event.get("peer", story.provider) in story.key[:2])


def _learn_splices(story: Story, messages: list[Message]) -> None:
    """An order to the chosen IST at the moment of the choice is this connection's."""
    if story.splices:
        return
    for event in story.isb:
        if event["event"] == "ist-chosen":
            story.splices |= {message.event["splice"] for message in messages
                              if message.name == "splice-request" and message.event.get("splice")
                              and message.user == event.get("ist")
                              and message.sent_ns == event["t"]}


def _requests(messages: list[Message], story: Story) -> set[tuple[str, object]]:
    """(user, number) of requests about the subscription, which answers repeat."""
    asking = {"subscribe": story.subscriber, "announce": story.provider, "offer": story.provider}
    return {(message.user, message.event.get("id")) for message in messages
            if message.user == asking.get(message.name) and _is_about(message.event, story)}


def _belongs(message: Message, story: Story, world: World, begun: Message | None,
             answered: set[tuple[str, object]], over: int | None) -> bool:
    event = message.event
    if message.user in world.translators or message.user not in story.key[:2]:
        return bool(event.get("splice")) and event["splice"] in story.splices
    if event.get("connection"):
        return event["connection"] == story.number
    if message.name == "open":
        return message is begun
    repeats = (message.user, event.get("id")) in answered
    if over is not None and message.at_ns > over:
        return message.name in ("bye", "unsubscribe", "withdraw") and _is_about(event, story)
    if message.name == "fault":
        return repeats or (begun is not None and not story.number
                           and message.user == story.subscriber)
    if message.name in ("subscribed", "announced", "answer", "unsubscribe", "subscription-ended"):
        return repeats
    return _is_about(event, story)


def _take_client(story: Story, events: list[dict], world: World) -> None:
    seen = set()
    for event in events:
        if event["event"] != "client-state":
            continue
        if world.services_of(event.get("detail", "")) == story.key and event.get("to") not in seen:
            seen.add(event.get("to"))
            story.client.append(event)
            if event.get("to") in ("closed", "failed"):
                return


def _is_theirs(event: dict, story: Story, world: World) -> bool:
    hosts = {world.node_of(user) for user in story.key[:2]}
    nats = {box for user in story.key[:2] for box in world.nats(user)}
    ends = {world.owner(event.get(key, "")) for key in ("src", "dst")}
    if not ends & (hosts | nats):
        return False
    public = {world.node_of(name) for name in (*world.brokers, *world.translators)}
    return ends <= (hosts | nats | public | {None})
