# SPDX-License-Identifier: GPL-2.0-or-later
"""The experiments of thesis 5.4 as scenarios for the worker, and their results as table rows.

Each experiment starts from a shipped scenario of examples/five-phases (the topology of Figure 5.4)
and replaces its traffic. A sweep over rates or sizes is one run: its stations follow one another,
with a pause in which the box drains, so that each station's loss is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from isblab import scenario
from isblab.figures import phases as ph
from isblab.figures.budgets import KIB, Budget
from isblab.figures.phases import Phase
from isblab.figures.tables import DropCount, Row, Table
from isblab.paths import EXAMPLES
from isblab.worker import Job, Result

RTT, TCP, UDP_1K, UDP_6K, UDP_SIZES = "5.5", "5.6", "5.8", "5.9", "5.10"
LINE_TCP, LINE_UDP, LINE_UDP_RATE = "on-chip-tcp", "on-chip-udp", "on-chip-udp-rate"
FIGURES = (RTT, TCP, "5.7", UDP_1K, UDP_6K, UDP_SIZES)

_START = 0.010  # s, before it nothing is sent
_PAUSE = 0.250  # s, between two stations of a sweep: longer than any queue takes to drain

# The stations of Figure 5.10 by what happens to a packet: (name, least size, greatest size).
REGIMES = (("small", 0, KIB - 1), ("whole", KIB, 1472), ("fragments", 1473, 1 << 16))

_PING_BYTES = 64
_TCP_LINE_CONNECTIONS = 10


@dataclass(frozen=True)
class Station:
    """One traffic of a sweep: x of the figure, and keys of [[traffic]] besides name, from, to,
    via, start, stop."""

    x: float
    traffic: tuple[tuple[str, Any], ...]
    seconds: float


@dataclass(frozen=True)
class Experiment:
    """One run of the worker: a phase of a figure in one direction with one seed."""

    figure: str
    phase: Phase
    direction: str
    regime: str
    seed: int
    stations: tuple[Station, ...]
    weight: float

    def job(self) -> Job:
        return Job(
            text=scenario.dump(document(self)),
            seed=self.seed,
            key=self,
            weight=self.weight,
        )

    def __str__(self) -> str:
        parts = (self.figure, self.phase.key, self.direction, self.regime, f"seed {self.seed}")
        return " ".join(part for part in parts if part)


def plan(budget: Budget, figures: Iterable[str], directions: Sequence[str], seed: int):
    """Every experiment that the figures need, longest first so that the last ones to end are
    short. The on-chip runs of claim 2 belong to Figure 5.6, the sizes' drops to Figure 5.10."""
    makers: dict[str, list[Callable[[Budget], list[Experiment]]]] = {
        RTT: [_rtt],
        TCP: [_tcp, _line_speed],
        "5.7": [_tcp],
        UDP_1K: [lambda b: _udp_rates(UDP_1K, KIB, b.rates_1k, b.rate_1k_seconds)],
        UDP_6K: [lambda b: _udp_rates(UDP_6K, 6 * KIB, b.rates_6k, b.rate_6k_seconds)],
        UDP_SIZES: [_udp_sizes],
    }
    chosen = dict.fromkeys(maker for figure in figures for maker in makers[figure])
    experiments = []
    for maker in chosen:
        for made in maker(budget):
            ways = (ph.ON_CHIP,) if made.direction == ph.ON_CHIP else directions
            if made.phase is ph.DIRECT and len(ways) > 1:
                ways = ways[:1]  # without a box there is no direction: collect() copies it
            experiments += [
                replace(made, direction=way, seed=seed + n)
                for way in ways
                for n in range(budget.seeds)
            ]
    return sorted(experiments, key=lambda e: -e.weight)


def _rtt(budget: Budget) -> list[Experiment]:
    ping = (("kind", "udp-ping-pong"), ("payload", f"{_PING_BYTES} B"))
    stations = (Station(0, ping, budget.rtt_seconds),)
    return [
        Experiment(RTT, phase, "", "", 0, stations, weight=budget.rtt_seconds * 0.1)
        for phase in (*ph.FIVE, ph.IST_KERNEL_PURE, ph.IST_KERNEL_TUNED)
    ]


def _tcp(budget: Budget) -> list[Experiment]:
    phases = (*ph.FIVE, ph.NAT_LIST, *((ph.IST_KERNEL_PURE,) if budget.pure_over_tcp else ()))
    made = []
    for phase in phases:
        seconds = budget.tcp_app_seconds if phase is ph.IST_APP else budget.tcp_seconds
        for count in budget.counts:
            weight = seconds * (0.3 if phase is ph.DIRECT else 0.4) * (1 + count / 100)
            made.append(Experiment(TCP, phase, "", "", 0, (_bulk(count, seconds),), weight))
    return made


def _bulk(count: int, seconds: float) -> Station:
    return Station(count, (("kind", "tcp-bulk"), ("connections", count)), seconds)


def _udp(x: float, payload: int, rate: str, seconds: float) -> Station:
    return Station(
        x, (("kind", "udp-rate"), ("payload", f"{payload} B"), ("rate", rate)), seconds
    )


def _udp_rates(figure: str, payload: int, rates, seconds: float) -> list[Experiment]:
    stations = tuple(_udp(rate, payload, f"{rate} Mb/s", seconds) for rate in rates)
    weight = seconds * len(rates) * 0.25
    phases = ph.FIVE if figure == UDP_1K else (*ph.FIVE, ph.IST_APP_LARGE_BUFFER)
    return [Experiment(figure, phase, "", "", 0, stations, weight) for phase in phases]


def _udp_sizes(budget: Budget) -> list[Experiment]:
    made = []
    for phase in (*ph.FIVE, ph.IST_APP_LARGE_BUFFER):
        for regime, least, greatest in REGIMES:
            sizes = [size for size in budget.sizes if least <= size <= greatest]
            stations = tuple(_udp(size, size, "full", budget.size_seconds) for size in sizes)
            weight = budget.size_seconds * len(sizes) * (0.8 if regime == "small" else 0.4)
            made.append(Experiment(UDP_SIZES, phase, "", regime, 0, stations, weight))
    return made


def _line_speed(budget: Budget) -> list[Experiment]:
    """Claim 2: both ports on chip, Direct beside it."""
    seconds = budget.line_speed_seconds
    made = []
    for phase in (ph.DIRECT, ph.IST_KERNEL):
        tcp = (_bulk(_TCP_LINE_CONNECTIONS, seconds),)
        udp = (_udp(KIB, KIB, "full", seconds),)
        made.append(Experiment(LINE_TCP, phase, ph.ON_CHIP, "", 0, tcp, seconds))
        made.append(Experiment(LINE_UDP, phase, ph.ON_CHIP, "", 0, udp, seconds))
    return made


@cache
def _example(name: str) -> dict[str, Any]:
    return scenario.load(EXAMPLES / "five-phases" / f"{name}.toml").unwrap()


def document(experiment: Experiment) -> dict[str, Any]:
    """The scenario of an experiment as a plain document."""
    base = _example(experiment.phase.example)
    first = base["traffic"][0]
    ends = {key: first[key] for key in ("from", "to", "via") if key in first}
    traffic, now = [], _START
    for index, station in enumerate(experiment.stations):
        stop = now + station.seconds
        traffic.append(
            {"name": f"station-{index}", **dict(station.traffic), **ends}
            | {"start": _seconds(now), "stop": _seconds(stop)}
        )
        now = stop + _PAUSE
    changed = {key: value for key, value in base.items() if key not in ("expect", "traffic")}
    changed["name"] = f"figures/{experiment.figure}/{experiment.phase.key}"
    changed["duration"] = _seconds(now)
    if "box" in base:
        changed |= _turned(base, experiment)
        if experiment.phase.machine:
            machine = base["box"][0]["machine"]
            machines = dict(changed.get("machine", {}))
            machines[machine] = {**machines.get(machine, {}), **experiment.phase.machine}
            changed["machine"] = machines
    changed["traffic"] = traffic
    return changed


def _turned(base: dict[str, Any], experiment: Experiment) -> dict[str, Any]:
    """The box with the phase's keys and the direction's NICs, and the links to its ports. Ports
    are named after their NICs, "mac0" and "pci0", so that drops name them right."""
    box = {**base["box"][0], **experiment.phase.box}
    near, far = ph.DIRECTION_NICS[experiment.direction]
    facing = _port_facing(base, box["name"], base["traffic"][0]["from"])
    names, ports = {}, []
    for port in box["ports"]:
        nic = near if port["name"] == facing else far
        stem = "pci" if nic == "pci" else "mac"
        name = f"{stem}{sum(other['name'].startswith(stem) for other in ports)}"
        names[port["name"]] = name
        ports.append({**port, "name": name, "nic": nic})
    box["ports"] = ports
    if "outside" in box:
        box["outside"] = names[box["outside"]]
    ends = {f"{box['name']}:{old}": f"{box['name']}:{new}" for old, new in names.items()}
    links = [
        {**link, "between": [ends.get(end, end) for end in link["between"]]}
        for link in base["link"]
    ]
    return {"box": [box], "link": links}


def _port_facing(base: dict[str, Any], box: str, host: str) -> str:
    for link in base["link"]:
        ends = list(link["between"])
        if host in ends:
            other = ends[1 - ends.index(host)]
            return other.removeprefix(f"{box}:")
    raise ValueError(f"no link between {host} and {box}")


def _seconds(value: float) -> str:
    return f"{value * 1000:.6g} ms"


def collect(results: Iterable[Result], directions: Sequence[str]) -> Table:
    """Rows and drops of all results. Direct Connect, measured once, stands in each direction."""
    table = Table()
    for result in results:
        experiment: Experiment = result.key
        ways = (experiment.direction,)
        if experiment.phase is ph.DIRECT and experiment.direction in directions:
            ways = tuple(directions)
        for way in ways:
            if result.result is None:
                table.gaps.add((experiment.figure, experiment.phase.key, way, experiment.seed))
            else:
                _add(table, experiment, way, result.result)
    return table


def _add(table: Table, experiment: Experiment, direction: str, result: dict[str, Any]) -> None:
    figure, phase, seed = experiment.figure, experiment.phase.key, experiment.seed
    for station, traffic in zip(experiment.stations, result["traffic"], strict=True):
        value = _measured(dict(station.traffic)["kind"], traffic)
        table.rows.append(Row(figure, phase, direction, station.x, seed, value))
        if figure == LINE_UDP:
            rate = traffic["receivedRateBps"] / 1e6
            table.rows.append(Row(LINE_UDP_RATE, phase, direction, station.x, seed, rate))
    for box in result["boxes"]:
        table.drops += [
            DropCount(figure, phase, direction, experiment.regime, seed, reason, count)
            for reason, count in sorted(box["drops"].items())
            if count
        ]



def _measured(kind: str, traffic: dict[str, Any]) -> float:
    """Microseconds, Mb/s or per cent, by kind of traffic."""
    if kind == "udp-ping-pong":
        return traffic["rttNs"]["mean"] / 1000.0
    if kind == "tcp-bulk":
        return traffic["throughputBps"] / 1e6
    return traffic["lossRatio"] * 100.0
