# SPDX-License-Identifier: GPL-2.0-or-later
"""Labs built in code instead of in a file."""

from __future__ import annotations

from isblab import scenario
from isblab.lab import Lab

__all__ = ["LabBuilder"]


class LabBuilder:
    """Collects the sections of a scenario (doc/scenario.md); build() checks them and makes a Lab.

        builder = LabBuilder("two-homes", duration="5 s")
        builder.site(name="ann-home", nat="symmetric").site(name="bob-home", nat="full-cone")
        builder.isb(name="isb").ist(name="ist")
        builder.user(name="ann", site="ann-home", subscribes=["bob/web"])
        builder.user(name="bob", site="bob-home").service(name="web", provider="bob", port=80)
        builder.traffic(name="page", kind="request-response", from_="ann", service="bob/web")
        lab = builder.build()

    Every method appends one section and returns the builder. Keywords are the section's keys with
    '_' for '-' (uplink_delay); `from_` is the key `from`. Values are texts with unit, numbers,
    booleans, lists, and dicts for tables. A key's value None leaves it out.
    """

    def __init__(self, name: str, duration: str, **head):
        self._document = {"schema": 1, "name": name, "duration": duration, **_keys(head)}

    def host(self, **keys) -> LabBuilder:
        """A node that sends and receives."""
        return self._append("host", keys)

    def box(self, **keys) -> LabBuilder:
        """A node that forwards, translates or splices."""
        return self._append("box", keys)

    def link(self, **keys) -> LabBuilder:
        """A wire between two of them."""
        return self._append("link", keys)

    def site(self, **keys) -> LabBuilder:
        """A private network behind a NAT or firewall."""
        return self._append("site", keys)

    def isb(self, **keys) -> LabBuilder:
        """The broker."""
        return self._append("isb", keys)

    def ist(self, **keys) -> LabBuilder:
        """A translator."""
        return self._append("ist", keys)

    def user(self, **keys) -> LabBuilder:
        """A user daemon on a host."""
        return self._append("user", keys)

    def service(self, **keys) -> LabBuilder:
        """A service that a user provides."""
        return self._append("service", keys)

    def subscription(self, **keys) -> LabBuilder:
        """A service that a user wants."""
        return self._append("subscription", keys)

    def crowd(self, **keys) -> LabBuilder:
        """Many users of mixed kind."""
        return self._append("crowd", keys)

    def traffic(self, **keys) -> LabBuilder:
        """A source and a sink."""
        return self._append("traffic", keys)

    def incident(self, **keys) -> LabBuilder:
        """Something that happens to somebody during the run."""
        return self._append("incident", keys)

    def expect(self, **keys) -> LabBuilder:
        """What the run must show."""
        return self._append("expect", keys)

    def machine(self, name: str, **parameters) -> LabBuilder:
        """Parameters of a machine, for hosts and boxes with a CPU model."""
        self._document.setdefault("machine", {})[name] = _keys(parameters)
        return self

    def text(self) -> str:
        """The scenario as TOML, as a file would hold it."""
        return scenario.dump(self._document)

    def build(self) -> Lab:
        """The complete Lab.

        Raises:
            ScenarioError: it is refused; the line is that of text().
        """
        return Lab(self.text(), str(self._document["name"]))

    def _append(self, section: str, keys: dict) -> LabBuilder:
        self._document.setdefault(section, []).append(_keys(keys))
        return self


def _keys(keywords: dict) -> dict:
    return {name.rstrip("_").replace("_", "-"): value for name, value in keywords.items()
            if value is not None}
