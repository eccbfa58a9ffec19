# SPDX-License-Identifier: GPL-2.0-or-later
"""Control messages: the two ends of each matched, and what a reader calls them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

__all__ = ["Message", "facts", "matched", "phase_of"]

_UP = frozenset("login ping probe-seen announce withdraw list subscribe answer unsubscribe open "
                "ready nearness splice-ready splice-event load".split())
_BOTH = frozenset({"bye", "fault", "status"})

_LABELS = {
    "hello": "Hello, challenge",
    "login": "Login",
    "logged-in": "Logged in",
    "probe": "Probe is coming",
    "probe-seen": "Probe seen",
    "nat-status": "NAT status",
    "announce": "Announce",
    "announced": "Announced",
    "withdraw": "Withdraw",
    "list": "List services",
    "listing": "Services on line",
    "subscribe": "Subscribe",
    "offer": "Offer",
    "answer": "Answer",
    "subscribed": "Subscribed",
    "unsubscribe": "Unsubscribe",
    "subscription-ended": "Subscription ended",
    "open": "Open a connection",
    "prepare": "Prepare",
    "ready": "Ready",
    "instruct": "Instruct",
    "status": "Status",
    "connection-ended": "Connection ended",
    "splice-request": "Splice request",
    "splice-ready": "Splice ready",
    "splice-event": "Splice event",
    "splice-cancel": "Splice cancelled",
    "fault": "Fault",
    "bye": "Bye",
}
_PHASES = (
    "hello login logged-in probe probe-seen nat-status",
    "announce announced list listing subscribe offer answer subscribed",
    "open prepare ready instruct splice-request splice-ready splice-event status",
    "",
    "connection-ended splice-cancel withdraw unsubscribe subscription-ended bye",
)


def phase_of(message: str) -> int:
    """0 log in, 1 service negotiation, 2 connection, 4 end."""
    return next((i for i, names in enumerate(_PHASES) if message in names.split()), 2)


def facts(event: dict) -> dict[str, str]:
    """The "key=value" words of an event's detail; a word alone has the value ""."""
    return dict(word.partition("=")[::2] for word in event.get("detail", "").split())


@dataclass(frozen=True)
class Message:
    """One control message, both ends together.

    Attributes:
        sent_ns, received_ns: None when that end is not in the trace (lost, or cut off).
        up: towards the ISB.
        user: the user or IST at the other end than the ISB.
        event: what is known of it.
    """

    sent_ns: int | None
    received_ns: int | None
    up: bool
    user: str
    event: dict

    @property
    def name(self) -> str:
        """As in the protocol: "splice-request"."""
        return self.event.get("message", "")

    @property
    def at_ns(self) -> int:
        """When it was sent, as far as known."""
        return self.sent_ns if self.sent_ns is not None else self.received_ns

    @property
    def label(self) -> str:
        """As a reader calls it."""
        name, known = self.name, facts(self.event)
        if name == "status" and "phase" in known:
            return f"Status: {known['phase']}"
        if name == "splice-event" and "news" in known:
            return f"Splice event: {known['news'].replace('first-syn', 'first SYN')}"
        if name == "answer" and self.event.get("reason"):
            return "Answer: refused"
        return _LABELS.get(name, name.replace("-", " ").capitalize())

    @property
    def detail(self) -> str:
        """What it says, shortly."""
        name, event, known = self.name, self.event, facts(self.event)
        parts = [str(event.get("reason", ""))]
        if name in ("announce", "withdraw", "subscribe", "offer"):
            parts.append("/".join(str(event[key]) for key in ("peer", "service") if event.get(key)))
        if name in ("prepare", "open", "splice-request", "splice-ready"):
            parts += [str(event.get("path", "")), str(event.get("method", ""))]
        if name == "fault":
            return parts[0]
        if name == "instruct":
            parts.append(_instruction(event, known))
        parts += [text.format(known[key]) for key, text in _DETAILS.get(name, {}).items()
                  if known.get(key, "0") not in ("", "0") and not known[key].endswith(":0")]
        if known.get("attempt", "1") not in ("", "0", "1"):
            parts.append(f"attempt {known['attempt']}")
        return ", ".join(part for part in parts if part)


_DETAILS = {
    "open": {"chosen": "my source port is {}"},
    "prepare": {"peer-port": "its source port is {}"},
    "ready": {"listen": "at port {}", "chosen": "I can choose my source port"},
    "nat-status": {"reachability": "{}", "observed": "seen as {}"},
    "splice-request": {"a": "port {}", "b": "provider's port {}"},
    "splice-ready": {"subscriber": "at {}", "provider": "and {}"},
    "splice-event": {"port": "source port {}"},
}


def _instruction(event: dict, known: dict[str, str]) -> str:
    if known.get("role") == "await":
        return "wait for it"
    target = known.get("target") or event.get("translated", "")
    words = f"connect to {target}" if target else ""
    return words + (f" from port {known['from']}" if known.get("from") else "")


def _is_up(event: dict, sent: bool, brokers: Collection[str], ists: Collection[str]) -> bool:
    name = event.get("message", "")
    if name not in _BOTH:
        return name in _UP
    at_broker = event["node"] in brokers and event.get("user", "") not in ists
    return sent != at_broker


def matched(events: Iterable[dict], brokers: Collection[str],
            ists: Collection[str] = ()) -> list[Message]:
    """Messages in the order of sending. The two ends show the same direction, message, sequence
    and user; a session that begins anew counts from 1 again, so the newest that fits counts."""
    waiting: dict[tuple, list[dict]] = defaultdict(list)
    pairs: list[tuple[dict | None, dict | None, bool]] = []
    for event in events:
        kind = event["event"]
        if kind not in ("message-sent", "message-received"):
            continue
        up = _is_up(event, kind == "message-sent", brokers, ists)
        key = (up, event.get("user", ""), event.get("message"), event.get("sequence"))
        if kind == "message-sent":
            waiting[key].append(event)
            continue
        sent = waiting[key].pop() if waiting[key] else None
        pairs.append((sent, event, up))
    lost = [(event, None, key[0]) for key, events in waiting.items() for event in events]
    made = [_message(*pair) for pair in (*pairs, *lost)]
    return sorted(made, key=lambda message: message.at_ns)


def _message(sent: dict | None, received: dict | None, up: bool) -> Message:
    event = {**(received or {}), **(sent or {})}
    user = (sent or {}).get("user") or (received or {}).get("user", "")
    return Message(sent and sent["t"], received and received["t"], up, user, event)
