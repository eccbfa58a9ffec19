# SPDX-License-Identifier: GPL-2.0-or-later
"""The rounds: each measures every way once for a load, in turning order, so that what else the
machine does hits all alike. The first round is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from isblab.ist_bench import measure
from isblab.ist_bench.budgets import Budget
from isblab.ist_bench.line import OFFLOADS
from isblab.ist_bench.route import Route, Routes
from isblab.ist_bench.samples import Samples

__all__ = ["run_loads"]

_SMALL, _KILOBYTE = 64, 1024

Announce = Callable[[str], None]
_Measure = Callable[[Route], Mapping[str, float]]


def run_loads(routes: Routes, budget: Budget, announce: Announce) -> Samples:
    """All loads through all routes in both offload modes."""
    samples = Samples()
    for mode in OFFLOADS:
        routes.offload(mode)
        shown = f"offloads {mode}"
        tcp = [route for route in routes.all.values() if route.way.tcp and mode in route.way.modes]
        udp = [route for route in routes.all.values() if route.way.udp and mode in route.way.modes]

        def each(load: str, x: int, on: Sequence[Route], once: _Measure) -> None:
            _rounds(samples, budget.rounds, x, mode, on, once)
            announce(f"{shown}: {load}")

        for route in (*tcp, *udp):
            route.spread()
        for count in budget.counts:
            each(f"TCP, {count} connections", count, tcp,
                 lambda route, n=count: measure.bulk(route, n, budget.warm, budget.bulk))
        for size in (_SMALL, _KILOBYTE):
            each(f"UDP, {size} bytes", size, udp,
                 lambda route, n=size: measure.datagrams(route, n, budget.flood))
        each("UDP, paced", _SMALL, udp,
             lambda route: measure.paced(route, _SMALL, 2 * budget.flood))
        if mode == "on":
            for rate in budget.rates:
                each(f"UDP, 6 KB, {rate or 'all'} Mb/s", rate, udp,
                     lambda route, n=rate: {"udp-loss": measure.loss(route, n, budget.flood)})
        each("set-up", 0, [route for route in tcp if route.way.method != "pure"],  # as Passive's
             lambda route: measure.dial(route, budget.dials))
        for route in (*tcp, *udp):
            route.gather()
        each("TCP ping-pong", 0, tcp,
             lambda route: {"rtt-tcp": measure.ping(route, "tcp", budget.ping)})
        each("UDP ping-pong", 0, udp,
             lambda route: {"rtt-udp": measure.ping(route, "udp", budget.ping)})
    return samples


def _rounds(samples: Samples, rounds: int, x: int, mode: str, routes: Sequence[Route],
            once: _Measure) -> None:
    for number in range(rounds + 1):
        turn = number % len(routes)
        for route in (*routes[turn:], *routes[:turn]):
            for load, value in once(route).items():
                if number > 0:
                    samples.add(load, x, mode, route.way.key, value)
