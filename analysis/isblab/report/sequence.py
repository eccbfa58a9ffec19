# SPDX-License-Identifier: GPL-2.0-or-later
"""A story as a sequence chart: lifelines and steps, and the thesis' figures as views of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from isblab.report.messages import phase_of
from isblab.report.story import Story
from isblab.report.world import World
from isblab.text import byte_count, duration

__all__ = ["BANDS", "VIEWS", "Chart", "Lifeline", "Step", "chart", "figures_of", "view",
           "whole"]

BANDS = ("Log in", "Service negotiation", "Connection set-up", "Service", "End")


@dataclass(frozen=True)
class Lifeline:
    """A column. `role`: "client", "user", "nat", "isb", "ist", "server"."""

    id: str
    role: str
    title: str
    subtitle: str = ""


@dataclass(frozen=True)
class Step:
    """Something that happens.

    Attributes:
        t: when, in ns.
        kind: "arrow", "note", "mark" (an incident), "bulk" (data for some time), "band" (heading).
        tag: what views choose by: "login", "service", "setup", "status", "end", "connect" (a TCP
            connection as one arrow), "packet" (its handshake), "state", "local", "preface",
            "data", "incident".
        source, target: ids of lifelines; a note has only `source`. bulk: in `way`.
        label, detail: what stands at it; `detail` is the smaller line.
        tone: "control", "tcp", "data", "good", "bad", "gold", "".
        until: when it arrived or ended; None: it never did.
    """

    t: int
    kind: str
    tag: str
    source: str
    target: str = ""
    label: str = ""
    detail: str = ""
    tone: str = ""
    until: int | None = None
    way: tuple[str, ...] = ()
    phase: int = 2


@dataclass
class Chart:
    """Lifelines from left to right, steps from top to bottom."""

    title: str
    caption: str
    lifelines: list[Lifeline] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    folded: str = ""

    def arrows(self) -> list[tuple[str, str, str]]:
        """(from, to, label) of every arrow, in order."""
        return [(step.source, step.target, step.label) for step in self.steps
                if step.kind == "arrow"]


@dataclass(frozen=True)
class View:
    """A figure of the thesis: which steps it shows, and between whom."""

    figure: str
    caption: str
    tags: frozenset[str]
    roles: frozenset[str]
    phases: range = range(len(BANDS))


def _view(figure: str, caption: str, tags: str, roles: str, first: int = 0,
          last: int = len(BANDS) - 1) -> View:
    return View(figure, caption, frozenset(tags.split()), frozenset(roles.split()),
                range(first, last + 1))


VIEWS = {
    item.figure: item for item in (
        _view("3.3", "The service connection process via ISB and IST",
              "service setup connect data incident", "user nat isb ist", 1),
        _view("3.4", "The service connection set-up process via ISB only",
              "service setup connect data incident", "user nat isb", 1),
        _view("3.5", "Actions of the daemons on the users' hosts",
              "connect local preface data", "client user nat ist server", 2),
        _view("3.8", "Messages exchanged between ISB, IST and daemons",
              "login service setup status end", "user isb ist"),
        _view("4.5", "Passive TCP Splice on the IST",
              "packet state local data", "client user ist server", 2),
        _view("4.7", "Port negotiation of Pure TCP Splice",
              "setup packet fallback", "user isb ist", 2, 2),
    )
}


def figures_of(story: Story) -> list[str]:
    """The thesis' figures that this story shows."""
    if not story.number:
        return []
    found = []
    if story.path == "translated":
        found += ["3.3", "3.5"]
    elif story.path == "reversed":
        found += ["3.4", "3.5"]
    elif story.path == "direct":
        found += ["3.5"]
    if any(message.name == "instruct" for message in story.messages):
        found.append("3.8")
    packets = any(event["event"] == "handshake-packet" for event in story.carried)
    if story.method == "passive" and packets:
        found.append("4.5")
    if any(event.get("method") == "pure" for event in story.carried
           if event["event"] == "splice-ordered"):
        found.append("4.7")
    return sorted(found)


def view(whole: Chart, figure: str) -> Chart:
    """A figure of the thesis, out of the whole chart."""
    chosen = VIEWS[figure]
    roles = {line.id: line.role for line in whole.lifelines}
    kept = [line for line in whole.lifelines if line.role in chosen.roles]
    steps = [step for step in whole.steps if step.tag in chosen.tags
             and step.phase in chosen.phases
             and all(roles.get(end) in chosen.roles for end in (step.source, step.target) if end)]
    if figure == "3.5":
        kept = [line for line in kept if line.role != "nat"]
    if figure == "4.5":
        drawn = {step.source for step in steps} | {step.target for step in steps}
        kept = [line for line in kept if line.id in drawn]
    ids = {line.id for line in kept}
    steps = [replace(step, way=tuple(end for end in step.way if end in ids)) for step in steps]
    return Chart(whole.title, f"Thesis Figure {figure}: {chosen.caption}", kept, steps)


def whole(made: Chart) -> Chart:
    """All steps, but no connection twice: where the packets of its handshake are known, not the
    arrow that stands for them."""
    known = {end for step in made.steps if step.tag == "packet" for end in (step.source,
                                                                            step.target)}
    steps = [step for step in made.steps if step.tag != "connect" or step.source not in known]
    return replace(made, steps=steps)


def chart(story: Story, world: World, traffic: Iterable[dict] = (), hello: int = 0) -> Chart:
    """The whole story."""
    builder = _Builder(story, world, list(traffic))
    steps = _with_bands(sorted(builder.steps(), key=_order))
    title = f"{story.subscriber} uses {story.provider}/{story.service}"
    folded = []
    if hello:
        folded.append(f"{hello} hello messages")
    if story.further:
        folded.append(f"{story.further} further connection{'s' if story.further > 1 else ''} "
                      "of this subscription")
    caption = "The first connection, whole"
    figures = figures_of(story)
    if figures:
        caption += "; thesis Figure" + ("s " if len(figures) > 1 else " ") + ", ".join(figures)
    return Chart(title, caption, builder.lifelines(), steps,
                 "Not drawn: " + " and ".join(folded) + "." if folded else "")


def _order(step: Step) -> tuple[int, int]:
    """By time; at one moment what comes in stands above what is decided, and that above what goes
    out for it."""
    rank = {"incident": 1, "path": 2, "choice": 3, "fallback": 4, "state": 3,
            "bulk": 6}.get(step.tag, 5)
    if step.kind == "note" and rank == 5:
        rank = 3
    if step.tag == "packet" and step.way:
        rank = 2
    if step.tag == "local" and step.source == "client":
        rank = 7 if step.phase == 4 else 2
    return step.t, rank


class _Builder:
    """Makes the steps of one story."""

    def __init__(self, story: Story, world: World, traffic: list[dict]):
        self.story = story
        self.world = world
        self.traffic = traffic
        self.isb = world.broker
        self.udp = world.wanted(*story.key).get("protocol") == "udp"

    def lifelines(self) -> list[Lifeline]:
        """Columns in the order of the thesis: subscriber on the left, provider on the right."""
        story, world = self.story, self.world
        left, right = world.nats(story.subscriber), world.nats(story.provider)
        want = world.wanted(*story.key)
        port = want.get("local_port")
        made = [Lifeline("client", "client", "client", f"of 127.0.0.1:{port}" if port else
                         f"on {story.subscriber}'s host"),
                Lifeline(story.subscriber, "user", f"{story.subscriber}'s daemon", "subscriber")]
        made += [Lifeline(f"{box}<", "nat", box, world.nat_kind(box)) for box in left]
        made.append(Lifeline(self.isb, "isb", self.isb, "broker (ISB)"))
        for ist in story.ists:
            where = world.node_of(ist)
            words = "translator (IST)"
            if where == world.node_of(self.isb):
                words = "the ISB's own IST" if ist == self.isb else "IST, on the ISB's host"
            made.append(Lifeline(self._ist_id(ist), "ist", ist, words))
        made += [Lifeline(f"{box}>", "nat", box, world.nat_kind(box)) for box in reversed(right)]
        server = str(world.provided(story.provider, story.service).get("server") or "")
        made += [Lifeline(story.provider, "user", f"{story.provider}'s daemon", "provider"),
                 Lifeline("server", "server", "server", f"of {server}" if server else
                          story.service)]
        return made

    def steps(self) -> list[Step]:
        """All steps, in no order."""
        return [*self._messages(), *self._choices(), *self._local(), *self._connects(),
                *self._handshakes(), *self._data(), *self._incidents(), *self._notes()]

    def _ist_id(self, ist: str) -> str:
        return f"{ist} (IST)" if ist == self.isb else ist

    def _messages(self) -> list[Step]:
        tags = ("login", "service", "setup", "data", "end")
        made = []
        opened = min((message.at_ns for message in self.story.messages if message.name == "open"),
                     default=self.story.end_ns)
        for message in self.story.messages:
            phase = phase_of(message.name)
            if message.name == "fault" and message.at_ns < opened:
                phase = 1
            user = message.user
            if user not in self.story.key[:2]:
                user = self._ist_id(user)
            ends = (user, self.isb) if message.up else (self.isb, user)
            tag = "status" if message.name in ("status", "splice-event") else tags[phase]
            if message.name == "splice-event" and "first" in message.label:
                tag = "setup"
            tone = "bad" if message.name in ("fault", "connection-ended") else "control"
            made.append(Step(message.at_ns, "arrow", tag, *ends, message.label, message.detail,
                             tone, message.received_ns, phase=phase))
        return made

    def _choices(self) -> list[Step]:
        made = []
        for event in self.story.isb:
            if event["event"] == "ist-chosen":
                made.append(Step(event["t"], "note", "choice", self.isb, label=
                                 f"chooses {event.get('ist', '')}", detail=_bare(event),
                                 tone="gold"))
            elif event.get("to") in ("opened", "asked") and event.get("reason"):
                again = event["to"] == "asked"
                made.append(Step(event["t"], "note", "path", self.isb, label=
                                 f"{'now ' if again else ''}{event.get('path', '')}",
                                 detail=_bare(event), tone="bad" if again else "gold"))
            elif event["event"] == "splice-fallback":
                made.append(Step(event["t"], "note", "fallback", self.isb, label=
                                 f"{event.get('to', '')} instead of {event.get('from', '')}",
                                 detail=_bare(event), tone="bad"))
        return made

    def _local(self) -> list[Step]:
        """The client and the server, who know only localhost."""
        story, made = self.story, []
        hello = "first datagram to localhost" if self.udp else "connect to localhost"
        words = {"connecting": ("client", story.subscriber, hello),
                 "first-byte": (story.subscriber, "client", "first byte of the answer"),
                 "closed": ("client", story.subscriber, "close"),
                 "failed": (story.subscriber, "client", "connection lost")}
        for event in story.client:
            if event.get("to") in words:
                source, target, label = words[event["to"]]
                tone = "bad" if event["to"] == "failed" else "data"
                phase = {"connecting": 2, "first-byte": 3}.get(event["to"], 4)
                made.append(Step(event["t"], "arrow", "local", source, target, label,
                                 event.get("reason", ""), tone, event["t"], phase=phase))
        if not story.client:
            made += [Step(event["t"], "arrow", "local", "client", story.subscriber, hello, "",
                          "data", event["t"])
                     for event in story.sides.get(story.subscriber, ())[:1]
                     if event.get("to") == "waiting"]
        serving = next((event for event in story.sides.get(story.provider, ())
                        if event.get("to") == "carrying"), None)
        if serving:
            words = "first datagram to the server" if self.udp else "connect to the server"
            made.append(Step(serving["t"], "arrow", "local", story.provider, "server", words, "",
                             "data", serving["t"], phase=3))
        return made

    def _other_end(self, user: str, event: dict) -> str:
        if (event.get("path") or self.story.path) == "translated":
            ist = event.get("ist") or self.story.ist
            if ist:
                return self._ist_id(ist)
        story = self.story
        return story.provider if user == story.subscriber else story.subscriber

    def _connects(self) -> list[Step]:
        """TCP connections as one arrow each, as the daemons tell them."""
        made = []
        for user, events in self.story.sides.items():
            for index, event in enumerate(events):
                if event.get("to") != "connecting" or self._awaits(user, event):
                    continue
                done = next((later for later in events[index + 1 :]
                             if later.get("to") != "connecting"), None)
                failed = done is None or done.get("to") in ("failed", "asked")
                end = self._other_end(user, event)
                label = "connect" if not self.udp else (
                    "first datagram" if end in self.story.key else "register")
                made.append(Step(event["t"], "arrow", "connect", user, end, label,
                                 event.get("dst", ""), "bad" if failed else "tcp",
                                 None if failed else done["t"]))
        return made

    def _awaits(self, user: str, event: dict) -> bool:
        """Whether a daemon that is making a connection waits for the other end's."""
        path = event.get("path") or self.story.path
        if path == "translated":
            return event.get("method") == "active" and user == self.story.provider
        ends = {"direct": self.story.provider, "reversed": self.story.subscriber}
        return user == ends.get(path)

    def _side_of(self, event: dict) -> str:
        """Which of the two users a packet at the IST belongs to, by the user's end of it."""
        here = event["node"]
        end = "src" if event.get("from") == "received" else "dst"
        address = event.get(end, "")
        own = event.get("src" if end == "dst" else "dst", "").rpartition(":")[2]
        order = next((item for item in self.story.carried if item["event"] == "splice-ordered"
                      and item["node"] == here), {})
        ports = {order.get("dst", "").rpartition(":")[2]: self.story.subscriber,
                 order.get("translated", "").rpartition(":")[2]: self.story.provider}
        if own in ports and own not in ("", "0"):
            return ports[own]
        for user in (self.story.subscriber, self.story.provider):
            places = {self.world.node_of(user), *self.world.nats(user)}
            if self.world.owner(address) in places:
                return user
        return self.story.subscriber

    def _handshakes(self) -> list[Step]:
        """Packets of the spliced handshake, and the states that they lead to."""
        made = []
        ists = {self.world.node_of(ist): self._ist_id(ist) for ist in self.story.ists}
        for event in self.story.carried:
            ist = ists[event["node"]]
            if event["event"] == "handshake-packet":
                user = self._side_of(event)
                out = event.get("from") != "received"
                ends = (ist, user) if out else (user, ist)
                flags = event.get("detail", "")
                phase = 4 if "FIN" in flags or "RST" in flags else 2
                made.append(Step(event["t"], "arrow", "packet", *ends, flags, _ports(event),
                                 "bad" if "RST" in flags else "tcp", event["t"],
                                 () if out else ("in",), phase))
            elif event["event"] == "splice-state":
                over = event.get("to") in ("IST_CLOSE_WAIT", "IST_TIME_WAIT", "CLOSED", "ENDED")
                made.append(Step(event["t"], "note", "state", ist, label=event.get("to", ""),
                                 detail=_bare(event), tone="deed",
                                 phase=4 if over else 2))
            elif event["event"] == "splice-fallback":
                made.append(Step(event["t"], "note", "fallback", ist, label="falls back to Passive",
                                 detail=_bare(event), tone="bad"))
            elif event["event"] == "proxy-paired":
                made.append(Step(event["t"], "note", "state", ist, label="both are here: joined",
                                 detail="application layer proxy", tone="deed"))
        return made

    def _data(self) -> list[Step]:
        story = self.story
        stood = [event["t"] for side in story.sides.values() for event in side
                 if event.get("to") == "established"]
        begin = story.client_at("first-byte") or max(stood, default=story.established_ns)
        if begin is None:
            return []
        ends = [event["t"] for side in story.sides.values() for event in side
                if event.get("to") in ("closed", "failed") and event["t"] >= begin]
        end = min(ends, default=None)
        way = [story.subscriber, story.provider]
        if story.path == "translated" and story.ist:
            way.insert(1, self._ist_id(story.ist))
        used = [item for item in self.traffic
                if self.world.services_of(item.get("name", "")) == story.key]
        label = ", ".join(sorted({item["kind"] for item in used})) or "service data"
        amount = sum(item.get("receivedBytes", 0) for item in used)
        parts = [f"{byte_count(amount)} received in the run" if amount else "",
                 f"until {'the end' if end is None else _seconds(end)}",]
        return [Step(begin, "bulk", "data", "", "", label, ", ".join(p for p in parts if p),
                     "data", end, tuple(way), 3)]

    def _incidents(self) -> list[Step]:
        here = {line.id: line.id for line in self.lifelines()}
        here |= {self.world.node_of(name): name for name in (
            *self.story.key[:2], *(ist for ist in self.story.ists if ist != self.isb), self.isb)}
        made = []
        for event in self.story.incidents:
            who = here.get(event.get("user", "")) or here.get(event["node"])
            if who and event["t"] <= self.story.over_ns:
                back = event.get("to") in ("restarted", "logged-in")
                made.append(Step(event["t"], "mark", "incident", who,
                                 label=event.get("to", "").replace("-", " "),
                                 tone="gold" if back else "bad", phase=0))
        return made

    def _notes(self) -> list[Step]:
        """What somebody came to know or to suffer, besides messages."""
        story, made = self.story, []
        over = story.established_ns or story.end_ns  # what is found out later is another story
        for event in story.sessions:
            if event["event"] == "reachability-known" and event["t"] <= over:
                made.append(Step(event["t"], "note", "reachability", self.isb,
                                 label=f"{event.get('user')} is {event.get('to')}",
                                 detail=_bare(event), tone="gold", phase=0))
            elif event.get("to") == "closed":
                made.append(Step(event["t"], "note", "session", self.isb,
                                 label=f"{event.get('user')}'s session ends",
                                 detail=_bare(event), tone="bad", phase=4))
        for event in story.subscription:
            if (event.get("reason") and event["event"] == "subscription-state"
                    and event["t"] <= over):
                made.append(Step(event["t"], "note", "refusal", self.isb,
                                 label=f"subscription {event.get('to', '')}",
                                 detail=_bare(event), tone="bad", phase=1))
        for event in story.isb:
            if event.get("to") == "failed":
                made.append(Step(event["t"], "note", "failure", self.isb, label="connection failed",
                                 detail=_bare(event), tone="bad", phase=4))
        for user, events in story.sides.items():
            made += [Step(event["t"], "note", "established", user, label="established",
                          detail=_how(event), tone="good") for event in events
                     if event.get("to") == "established"]
            made += [Step(event["t"], "note", "failure", user, label="connection failed",
                          detail=_bare(event), tone="bad", phase=4)
                     for event in events if event.get("to") == "failed"]
        return made


def _with_bands(steps: list[Step]) -> list[Step]:
    """A heading where each phase first begins, in the order of phases."""
    made, reached = [], -1
    for step in steps:
        if step.kind != "mark" and step.phase > reached:
            reached = step.phase
            made.append(Step(step.t, "band", "band", "", label=BANDS[reached], phase=reached))
        made.append(step)
    return made


def _ports(event: dict) -> str:
    source, target = (event.get(end, "").rpartition(":")[2] for end in ("src", "dst"))
    return f"{source} to {target}" if source and target else ""


def _bare(event: dict) -> str:
    """The reason without the prefix that says who found it."""
    return event.get("reason", "").rpartition(".")[2].replace("-", " ")


def _how(event: dict) -> str:
    return ", ".join(str(event[key]) for key in ("path", "method") if event.get(key))


def _seconds(ns: int) -> str:
    return duration(ns) if ns < 1_000_000_000 else f"{ns / 1e9:.3f} s"
