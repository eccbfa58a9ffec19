# SPDX-License-Identifier: GPL-2.0-or-later
"""A story in words: who asked, what was checked, which way and why, what the client saw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from isblab.report.fields import METHODS
from isblab.report.messages import facts
from isblab.report.story import Story
from isblab.report.svg import clean
from isblab.report.words import phrase
from isblab.report.world import World
from isblab.text import duration

__all__ = ["Tale", "as_text", "write"]

_MOST_DROPS = 8


@dataclass
class Tale:
    """A verdict, and sentences with their times (None: without one).

    `outcome`: "worked", "failed", "refused", "unused".
    """

    title: str
    outcome: str
    verdict: str
    sentences: list[tuple[int | None, str]] = field(default_factory=list)


def as_text(tale: Tale) -> str:
    """For a terminal."""
    lines = [f"{tale.title}: {tale.verdict}", ""]
    for when, words in tale.sentences:
        time = "" if when is None else f"{when / 1e9:.4f} s"
        lines.append(f"  {time:>12}  {words}")
    return clean_lines(lines)


def clean_lines(lines: list[str]) -> str:
    """Lines whose names cannot act on a terminal."""
    return "\n".join(clean(line) for line in lines)


def write(story: Story, world: World) -> Tale:
    """The tale of a subscription and its first connection."""
    teller = _Teller(story, world)
    told = sorted(teller.sentences(), key=lambda item: item[0])
    outcome, verdict = teller.verdict()
    tale = Tale(f"{story.subscriber} -> {story.provider}/{story.service}", outcome, verdict)
    tale.sentences = [*told, *((None, words) for words in teller.afterwards())]
    return tale


class _Teller:
    """Finds the sentences of one story."""

    def __init__(self, story: Story, world: World):
        self.story = story
        self.world = world
        self.name = f"{story.provider}/{story.service}"
        self.subscriber, self.provider = story.subscriber, story.provider
        want = world.wanted(*story.key)
        self.asks_for_ist = bool(want.get("require_ist"))
        self.udp = want.get("protocol") == "udp"

    def sentences(self) -> list[tuple[int, str]]:
        """With times, in no order."""
        return [*self._sessions(), *self._negotiation(), *self._client(), *self._way(),
                *self._attempts(), *self._outcome(), *self._incidents()]

    # --- before the connection ----------------------------------------------------------------

    def _sessions(self) -> list[tuple[int, str]]:
        told, begun = [], self.story.client_at("connecting")
        for event in self.story.sessions:
            user = event.get("user", "")
            if event["event"] == "reachability-known":
                behind = ", ".join(f"{box} ({self.world.nat_kind(box)})"
                                   for box in self.world.nats(user))
                place = f" {user} stood behind {behind}." if behind else ""
                why = phrase(event.get("reason", ""))
                told.append((event["t"], f"The ISB found {user} to be {event.get('to', '')}"
                             + (f": {why}." if why else ".") + place))
            elif event.get("to") == "logged-in":
                again = begun is not None and event["t"] > begun
                told.append((event["t"], f"{user} logged in{' again' if again else ''}."))
            elif event.get("to") == "closed":
                why = phrase(event.get("reason", ""))
                told.append((event["t"], f"{user}'s session ended"
                             + (f": {why}." if why else ".")))
        return told

    def _negotiation(self) -> list[tuple[int, str]]:
        story, told = self.story, []
        for message in story.messages:
            if message.name == "subscribe":
                told.append((message.at_ns, f"{self.subscriber} asked the ISB for {self.name}."))
            elif message.name == "offer":
                told.append((message.at_ns, f"The ISB found that {self.provider} was on line, had "
                             f"announced {story.service} and left it open to {self.subscriber}; it "
                             f"put the question to {self.provider}."))
            elif message.name == "answer":
                refused = bool(message.event.get("reason"))
                told.append((message.at_ns, f"{self.provider} "
                             + ("refused." if refused else "accepted.")))
            elif message.name == "subscribed":
                told.append((message.at_ns, "The subscription stood."))
        for event in story.subscription:
            if event["event"] == "service-state":
                verb = {"announced": "announced", "withdrawn": "withdrew"}.get(
                    event.get("to", ""), event.get("to", ""))
                told.append((event["t"], f"{self.provider} {verb} {story.service}."))
            elif event.get("reason"):
                told.append((event["t"], f"The ISB did not let the subscription stand: "
                             f"{phrase(event['reason'])}."))
        return told

    def _client(self) -> list[tuple[int, str]]:
        story = self.story
        port = self.world.wanted(*story.key).get("local_port")
        where = f"127.0.0.1:{port}" if port else "localhost"
        came = story.client_at("connecting") or story.when("waiting")
        verb = "sent a datagram to" if self.udp else "connected to"
        return [] if came is None else [
            (came, f"A client {verb} {where}, where {self.subscriber}'s daemon listened.")]

    # --- the way ------------------------------------------------------------------------------

    def _reach(self, user: str) -> str:
        return next((event.get("to", "") for event in reversed(self.story.sessions)
                     if event["event"] == "reachability-known" and event.get("user") == user), "")

    def _way(self) -> list[tuple[int, str]]:
        story, told, path = self.story, [], ""
        known = [(event["t"], event) for event in story.isb if event["event"] != "ist-chosen"]
        known += [(message.at_ns, message.event) for message in story.messages]
        for when, event in sorted(known, key=lambda item: item[0]):
            new = event.get("path", "")
            again = event.get("to") == "asked" and event.get("reason")
            if again:
                told.append((when, self._again(new if new != path else "", event)))
            elif new and new != path:
                told.append((when, self._path_words(new, bool(path))))
            path = new or path
        for event in story.isb:
            if event["event"] == "ist-chosen":
                why = phrase(event.get("reason", ""))
                told.append((event["t"], f"The ISB chose {event.get('ist', '')}"
                             + (f": {why}." if why else ".")))
            elif event["event"] == "splice-fallback":
                told.append((event["t"], f"{event.get('to', '').capitalize()} took the place of "
                             f"{event.get('from', '').capitalize()}: "
                             f"{phrase(event.get('reason', ''))}."))
        for message in story.messages:
            if message.name == "open" and "prepared" in facts(message.event):
                told.append((message.at_ns, f"{self.subscriber}'s daemon asked for a connection "
                             "ahead of any client."))
            if message.name == "instruct":
                told.append((message.at_ns, self._instruction(message)))
            elif message.name == "splice-event" and facts(message.event).get("news") == "first-syn":
                port = facts(message.event).get("port", "")
                told.append((message.at_ns, f"{message.user} saw the first SYN and reported its "
                             f"source port{' ' + port if port else ''}."))
        return told

    def _again(self, path: str, event: dict) -> str:
        """The ISB began anew with the same connection."""
        how = "fell back to an IST" if path == "translated" else "asked anew"
        code = event.get("detail", "")
        more = f" ({phrase(code)})" if code and phrase(code) != phrase(event["reason"]) else ""
        return f"The ISB {how}: {phrase(event['reason'])}{more}."

    def _path_words(self, path: str, again: bool) -> str:
        a, b = self.subscriber, self.provider
        if path == "direct":
            return f"{b} could be reached from outside, so {a} was to connect to {b} directly."
        if path == "reversed":
            return (f"{b} could not be reached from outside but {a} could, so {b} was to connect "
                    f"to {a}: the connection ran backwards.")
        if again:
            return "The ISB fell back to an IST."
        if self.asks_for_ist:
            return "The subscription asked for an IST, so both were to connect to one."
        if self._reach(a) != "public" and self._reach(b) != "public":
            return "Neither could be reached from outside, so both were to connect to an IST."
        return "Both were to connect to an IST."

    def _instruction(self, message) -> str:
        detail = message.detail.replace("my source port", "source port")
        words = detail or "go ahead"
        return f"The ISB told {message.user} to {words}." if words.startswith(
            ("connect", "wait", "go")) else f"The ISB instructed {message.user}: {words}."

    def _attempts(self) -> list[tuple[int, str]]:
        """What went wrong on the way and was made good."""
        told = []
        for message in self.story.messages:
            if message.name == "status" and facts(message.event).get("phase") == "failed":
                why = phrase(message.event.get("reason", ""))
                told.append((message.at_ns, f"{message.user} reported a failure"
                             + (f": {why}." if why else ".")))
        for event in self.story.carried:
            if event["event"] == "splice-fallback":
                told.append((event["t"], f"{event['node']} fell back from Pure to Passive: "
                             f"{phrase(event.get('reason', ''))}."))
        return told

    # --- how it went --------------------------------------------------------------------------

    def _outcome(self) -> list[tuple[int, str]]:
        story, told = self.story, []
        came = story.client_at("connecting")
        first = story.client_at("first-byte")
        if story.established_ns is not None:
            how = f", {METHODS[story.method][0]}" if story.method in METHODS else ""
            told.append((story.established_ns, f"The connection stood ({story.path or 'made'}"
                         f"{how}): each end had proved to the other that it was the one meant."))
        if first is not None and came is not None:
            told.append((first, "The client saw the first byte of the answer, "
                         f"{duration(float(first - came))} after it had connected."))
        for event in story.client:
            if event.get("to") == "failed":
                told.append((event["t"], "The client saw its connection reset."))
            elif event.get("to") == "closed":
                told.append((event["t"], "The client closed its connection."))
        told += self._failures()
        return told

    def _failures(self) -> list[tuple[int, str]]:
        """What ended it; one sentence for each reason."""
        seen: set[str] = set()
        told = []
        for event in self.story.failures:
            if event["event"] != "connection-state" or event["reason"] in seen:
                continue
            seen.add(event["reason"])
            at_isb = event["node"] in self.world.broker_nodes
            who = "The ISB" if at_isb else f"{event.get('user', '')}'s daemon"
            told.append((event["t"], f"{who} gave the connection up: {phrase(event['reason'])}."))
        return told

    def _incidents(self) -> list[tuple[int, str]]:
        parties = {*self.story.key[:2], *self.story.ists, self.world.broker}
        parties |= {self.world.node_of(name) for name in parties}
        return [(event["t"], f"{event.get('user') or event['node']} "
                 f"{event.get('to', '').replace('-', ' ')}.")
                for event in self.story.incidents
                if event["node"] in parties or event.get("user") in parties]

    def verdict(self) -> tuple[str, str]:
        """(outcome, one line)."""
        story = self.story
        failures = story.failures
        if story.established_ns is not None:
            over = f" over {story.ist}" if story.path == "translated" and story.ist else ""
            how = f" ({story.method})" if story.method else ""
            later = [event for event in failures if event["t"] >= story.established_ns
                     and event["event"] == "connection-state"]
            if later:
                return "failed", (f"stood, {story.path}{over}{how}, then failed: "
                                  f"{phrase(later[0]['reason'])}")
            return "worked", f"worked, {story.path}{over}{how}"
        refusal = next((event for event in reversed(story.subscription) if event.get("reason")),
                       None)
        if refusal and not story.number:
            return "refused", f"refused: {phrase(refusal['reason'])}"
        if failures:
            return "failed", f"failed: {phrase(failures[-1]['reason'])}"
        fault = next((message for message in story.messages if message.name == "fault"), None)
        if fault:
            return "refused", f"refused: {phrase(fault.event.get('reason', ''))}"
        if not story.number and not story.client and not any(story.sides.values()):
            return "unused", "not used: no client came"
        return "failed", "did not stand by the end of the run"

    def afterwards(self) -> list[str]:
        """Facts without a moment of their own."""
        told = []
        counts = Counter((event["node"], event.get("reason", ""), event.get("rule", ""))
                         for event in self.story.drops)
        for (node, reason, rule), count in counts.most_common(_MOST_DROPS):
            sample = next(event for event in self.story.drops if event["node"] == node
                          and event.get("reason", "") == reason)
            by = f" ({rule})" if rule else ""
            packets = "a packet" if count == 1 else f"{count} packets, the first"
            told.append(f"{node} dropped {packets} from {sample.get('src', '?')} to "
                        f"{sample.get('dst', '?')}: {phrase(reason)}{by}.")
        if self.story.further:
            more = self.story.further
            told.append(f"{more} further connection{'s' if more > 1 else ''} of this subscription "
                        "followed or came before.")
        return told
