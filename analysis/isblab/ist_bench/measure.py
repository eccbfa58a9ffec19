# SPDX-License-Identifier: GPL-2.0-or-later
"""One measurement of each kind through one route; see doc/ist-bench.md for what each means."""

from __future__ import annotations

import itertools

from isblab.ist_bench.agents import together
from isblab.ist_bench.route import Route

__all__ = ["CPU_RATE", "bulk", "datagrams", "dial", "loss", "ping"]

SEGMENT = 1448  # bytes of TCP payload in a full frame with timestamps
PING = 64  # bytes of payload
CPU_RATE = 30_000  # packets a second at which CPU time a packet is taken: all ways carry it
LARGE = 6 * 1024  # bytes of payload: five fragments
_SLACK = 8  # ms that a sender goes on after the receiver's interval

_floods = itertools.count(1)


def bulk(route: Route, connections: int, warm: int, interval: int) -> dict[str, float]:
    """A TCP transfer from A to B: bits a second that B received within the interval, and CPU
    nanoseconds a full segment over all of the transfer."""
    before = route.cpu()
    route.b.tell("receive", warm=warm, ms=interval)
    sent = route.a.ask("send", connections=connections, ms=warm + interval + _SLACK)["bytes"]
    route.b.tell("drain", bytes=sent)
    got = route.b.hear()
    seconds, octets = got["seconds"], got["bytes"]
    if not seconds:  # slower than the interval: all of it
        seconds, octets = got["totalSeconds"], got["total"]
    return {"tcp": 8 * octets / seconds,
            "tcp-cpu": (route.cpu() - before) / sent * SEGMENT}


def ping(route: Route, kind: str, interval: int) -> float:
    """Median nanoseconds of a round trip; `kind`: "tcp" or "udp"."""
    prefix = "" if kind == "tcp" else "udp-"
    route.b.tell(f"{prefix}echo", size=PING)
    route.a.tell(f"{prefix}ping", size=PING, ms=interval)
    return together(route.a, route.b)[0]["medianNs"]


def datagrams(route: Route, size: int, interval: int, rate: int = 0) -> dict[str, float]:
    """UDP from A to B: packets a second that arrived, and CPU nanoseconds for each that did. A
    sends as fast as it can, or `rate` a second."""
    number = next(_floods)
    before = route.cpu()
    route.b.tell("udp-count", number=number)
    sent = route.a.ask("udp-flood", number=number, size=size, ms=interval, rate=rate)
    got = route.b.hear()
    return {"udp-rate": got["packets"] / max(got["seconds"], sent["seconds"]),
            "udp-cpu": (route.cpu() - before) / max(1, got["packets"])}


def paced(route: Route, size: int, interval: int) -> dict[str, float]:
    """CPU nanoseconds a UDP packet at a rate that all ways carry: wake-ups of a receiver that has
    nothing else to do are in it."""
    return {"udp-cpu-paced": datagrams(route, size, interval, CPU_RATE)["udp-cpu"]}


def loss(route: Route, megabits: int, interval: int) -> float:
    """Part of 6 KB datagrams that did not arrive; 0 Mb/s: as fast as A can."""
    number = next(_floods)
    route.b.tell("udp-count", number=number)
    sent = route.a.ask("udp-flood", number=number, size=LARGE, ms=interval,
                       rate=megabits * 1_000_000 // 8 // LARGE)
    got = route.b.hear()
    return 1 - got["packets"] / max(1, sent["packets"])


def dial(route: Route, count: int) -> dict[str, float]:
    """Connections a second that A sets up, uses for a byte and closes; of an IST also splices
    added a second."""
    said = route.dial(count)
    values = {"set-up": count / said["seconds"]}
    if said["addSeconds"]:
        values["add"] = count / said["addSeconds"]
    return values
