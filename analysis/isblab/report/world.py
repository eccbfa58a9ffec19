# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab as people and boxes: who runs where, and behind which NATs and firewalls.

Made from Lab.to_dict(). What stands between a host and the internet is read off the links (the way
to the broker, or to the busiest box of a scenario without one), so that scenarios which name their
boxes themselves are understood too.
"""

from __future__ import annotations

from collections import deque
from functools import cached_property

__all__ = ["World"]

_BARRIERS = ("nat", "firewall")


def _node(end: str) -> str:
    return end.partition(":")[0]


class World:
    """Look-ups in a lab; every answer is a name."""

    def __init__(self, lab: dict):
        self.lab = lab
        self.hosts = {item["name"]: item for item in lab.get("hosts", ())}
        self.boxes = {item["name"]: item for item in lab.get("boxes", ())}
        self.users = {item["name"]: item for item in lab.get("users", ())}
        self.brokers = {item["name"]: item.get("host", item["name"])
                        for item in lab.get("brokers", ())}
        self.translators = {item["name"]: item.get("host", item["name"])
                            for item in lab.get("translators", ())}
        self.links = [tuple(item["between"]) + (item,) for item in lab.get("links", ())]

    @property
    def broker(self) -> str:
        """Name of the broker; "isb" when there is none."""
        return next(iter(self.brokers), "isb")

    @property
    def broker_nodes(self) -> frozenset[str]:
        """Nodes that run a broker."""
        return frozenset(self.brokers.values()) or frozenset({"isb"})

    def node_of(self, name: str) -> str:
        """The node on which a user, broker or translator runs."""
        if name in self.users:
            return self.users[name].get("host", name)
        return self.brokers.get(name) or self.translators.get(name) or name

    def wants(self) -> list[tuple[str, str, str]]:
        """(subscriber, provider, service) of the scenario, in its order."""
        return [(user, want["provider"], want["service"]) for user, item in self.users.items()
                for want in item.get("wants", ())]

    def wanted(self, user: str, provider: str, service: str) -> dict:
        """The scenario's words about one subscription; {} when it has none."""
        for want in self.users.get(user, {}).get("wants", ()):
            if (want["provider"], want["service"]) == (provider, service):
                return want
        return {}

    def provided(self, provider: str, service: str) -> dict:
        """The scenario's words about one service; {} when it has none."""
        for item in self.users.get(provider, {}).get("provides", ()):
            if item["name"] == service:
                return item
        return {}

    @cached_property
    def neighbours(self) -> dict[str, list[str]]:
        """Nodes by the nodes that they are wired to."""
        found: dict[str, list[str]] = {name: [] for name in (*self.hosts, *self.boxes)}
        for a, b, _ in self.links:
            found.setdefault(_node(a), []).append(_node(b))
            found.setdefault(_node(b), []).append(_node(a))
        return found

    @cached_property
    def _towards_core(self) -> dict[str, str]:
        """Each node's next node on the way to the broker (or the busiest box)."""
        core = next(iter(self.brokers.values()), None)
        if core is None:
            core = max(self.boxes, key=lambda box: len(self.neighbours[box]), default=None)
        way: dict[str, str] = {}
        waiting = deque([core] if core in self.neighbours else [])
        while waiting:
            node = waiting.popleft()
            for other in self.neighbours[node]:
                if other not in way and other != core:
                    way[other] = node
                    waiting.append(other)
        return way

    def next_hop(self, node: str) -> str | None:
        """The node after this one on the way to the internet."""
        return self._towards_core.get(node)

    def nats(self, name: str) -> list[str]:
        """NATs and firewalls between a user, host or box and the internet, nearest first."""
        found, node, steps = [], self.node_of(name), 0
        while node in self._towards_core and steps < 64:
            node, steps = self._towards_core[node], steps + 1
            if self.boxes.get(node, {}).get("role") in _BARRIERS:
                found.append(node)
        return found

    def nat_kind(self, box: str) -> str:
        """"port-restricted-cone", "firewall", ...; "NAT" when the lab does not say."""
        item = self.boxes.get(box, {})
        if item.get("role") == "firewall":
            return "firewall"
        return str(item.get("nat") or "NAT")

    @cached_property
    def _owners(self) -> dict[str, str]:
        owners = {}
        for box in self.boxes.values():
            owners |= {port["address"]: box["name"] for port in box.get("ports", ())}
        return owners | {host["address"]: host["name"] for host in self.hosts.values()
                         if host.get("address")}

    def owner(self, endpoint: str) -> str | None:
        """The node with the address of "ADDRESS:PORT"."""
        return self._owners.get(endpoint.rpartition(":")[0])

    def services_of(self, traffic: str) -> tuple[str, str, str] | None:
        """(subscriber, provider, service) that a traffic uses."""
        return self._traffic.get(traffic)

    @cached_property
    def _traffic(self) -> dict[str, tuple[str, str, str] | None]:
        found = {}
        for item in self.lab.get("traffic", ()):
            service = item.get("service")
            if isinstance(service, dict):
                found[item["name"]] = (service.get("user") or item["from"],
                                       service["provider"], service["service"])
            elif isinstance(service, str) and "/" in service:
                found[item["name"]] = (item["from"], *service.split("/", 1))
        return found
