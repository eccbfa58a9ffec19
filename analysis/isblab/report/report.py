# SPDX-License-Identifier: GPL-2.0-or-later
"""A run's result folder, understood: every view of it is made at most once."""

from __future__ import annotations

import difflib
from functools import cached_property
from pathlib import Path

from isblab.errors import UsageError
from isblab.report import fields, sequence, states, story, trace, why
from isblab.report.world import World

__all__ = ["Report"]


class Report:
    """What can be shown of one run.

    Args:
        run: the content of run.json, with the lab as "lab".
        events: its events.jsonl; may be missing.
        of: (subscriber, service) whose story is drawn, as on the command line; None: the first
            connection that stood.
    """

    def __init__(self, run: dict, events: Path, of: tuple[str, str] | None = None):
        self.run = run
        self.result = run.get("result") or {}
        self.world = World(run.get("lab") or {})
        self._events = events
        self._of = of
        self._stories: dict[story.Key, story.Story] = {}

    @cached_property
    def digest(self) -> trace.Digest:
        """The events; when they are too many to keep, those of the story asked for."""
        if not self._events.exists():
            return trace.Digest()
        made = trace.digest(self._events, self.world.broker_nodes)
        if made.cut and self._of:
            focus = {self._of[0], self._of[1].partition("/")[0]}
            return trace.digest(self._events, self.world.broker_nodes, focus)
        return made

    @cached_property
    def keys(self) -> list[story.Key]:
        """All subscriptions."""
        return story.keys(self.digest, self.world)

    def story(self, key: story.Key) -> story.Story:
        """The story of a subscription."""
        if key not in self._stories:
            self._stories[key] = story.tell(self.digest, self.world, key)
        return self._stories[key]

    @cached_property
    def chosen(self) -> story.Key | None:
        """The subscription whose story is drawn; None when there is none."""
        if self._of:
            return find(self.keys, *self._of)
        for key in self._likely():
            if self.story(key).established_ns is not None:
                return key
        return next(iter(self.keys), None)

    def _likely(self) -> list[story.Key]:
        """Subscriptions worth a look: those with a connection, in order of the scenario."""
        stood = {(item["user"], item["provider"], item["service"])
                 for item in self.result.get("subscriptions", ()) if item.get("established")}
        return [key for key in self.keys if key in stood][:3] or self.keys[:3]

    @cached_property
    def chart(self) -> sequence.Chart | None:
        """The chart of the chosen story, with all steps."""
        if self.chosen is None:
            return None
        hello = sum(self.digest.hello[name] for name in (*self.chosen[:2],
                                                         *self.story(self.chosen).ists))
        return sequence.chart(self.story(self.chosen), self.world,
                              self.result.get("traffic", ()), hello)

    @cached_property
    def charts(self) -> dict[str, sequence.Chart]:
        """Charts by name: "chart", then the thesis' figures that it shows ("figure-3.3")."""
        if self.chart is None or not self.chart.arrows():
            return {}
        figures = sequence.figures_of(self.story(self.chosen))
        return {"chart": sequence.whole(self.chart)} | {
            f"figure-{figure}": sequence.view(self.chart, figure) for figure in figures}

    @cached_property
    def walks(self) -> list[states.Walk]:
        """State machines that took a step."""
        return states.walks(self.digest)

    @cached_property
    def rewritings(self) -> list[fields.Rewriting]:
        """Forwarding methods that were seen."""
        return fields.rewritings(self.digest)

    def tale(self, key: story.Key) -> why.Tale:
        """A subscription's story in words."""
        return why.write(self.story(key), self.world)


def find(keys: list[story.Key], user: str, service: str) -> story.Key:
    """The subscription of "ann" to "bob/web" (or "web", when that is one).

    Raises:
        UsageError: there is none, or more than one.
    """
    fitting = [key for key in keys if key[0] == user
               and service in (key[2], f"{key[1]}/{key[2]}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"{user} subscribes to more than one '{service}'; name one of: "
                         + ", ".join(f"{key[1]}/{key[2]}" for key in fitting))
    names = {f"{key[0]} {key[1]}/{key[2]}": key for key in keys}
    if not names:
        raise UsageError(f"no subscription of {user} to {service}: this scenario has none at all")
    nearest = difflib.get_close_matches(f"{user} {service}", names, n=1, cutoff=0.0)
    raise UsageError(f"no subscription of {user} to {service}; nearest is {nearest[0]}")
