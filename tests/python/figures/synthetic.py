# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables in which every claim of the thesis holds, to be bent one at a time by tests."""

from __future__ import annotations

from isblab.figures import phases as ph
from isblab.figures.budgets import QUICK
from isblab.figures.experiments import LINE_TCP, LINE_UDP, LINE_UDP_RATE
from isblab.figures.tables import DropCount, Row, Table

SEEDS = (1, 2, 3, 4, 5)
DIRECTIONS = (ph.MAC_TO_PCI, ph.PCI_TO_MAC)

RTT = {"direct": 185, "forwarder": 300, "nat": 315, "ist-app": 497, "ist-kernel": 424,
       "ist-kernel-pure": 424, "ist-kernel-tuned": 316}  # fmt: skip


def throughput(phase: str, count: float) -> float:
    """Mb/s; IST-Kernel passes a NAT with a list, and one with a hash, between 60 and 80."""
    rise = 1.5 * count / (count + 20)
    level = {"direct": 92.5, "forwarder": 92.0, "nat": 91.8, "ist-kernel": 91.5,
             "ist-kernel-pure": 91.55, "ist-app": 30.0, "nat-list": 91.8}[phase]  # fmt: skip
    slope = {"nat": 0.004, "nat-list": 0.004}.get(phase, 0.0)
    return level + rise + slope * (72 - count) - (0.3 if slope else 0.0)


def loss_by_rate(figure: str, phase: str, rate: float) -> float:
    if phase.startswith("ist-app"):
        if figure == "5.9":
            return 97.0 if phase == "ist-app-large-buffer" else 99.0
        return max(0.0, 100 * (1 - 30 / rate))
    if figure == "5.9" and phase in ("nat", "ist-kernel"):
        limit = 63.0 if phase == "nat" else 62.5
        return max(0.0, 100 * (1 - limit / min(rate, 95.0)))
    return 0.0


def loss_by_size(phase: str, size: float) -> float:
    if phase in ("direct", "forwarder"):
        return 0.0
    extra = 15.0 if phase.startswith("ist-app") else (1.0 if phase == "ist-kernel" else 0.0)
    if size < 768:
        return 70.0 * (1 - size / 768) + extra
    if size <= 1472:
        return extra if phase.startswith("ist-app") else 0.0
    return 20.0 + 25 * (size / 8192) + extra


def table(directions=DIRECTIONS) -> Table:
    """Everything a campaign measures, with a little spread between the seeds."""
    made = Table()
    for direction in directions:
        for seed in SEEDS:
            wobble = 1 + 0.0005 * (seed - 3)
            _fill(made, direction, seed, wobble)
            _drops(made, direction, seed)
    for seed in SEEDS:
        for phase, rate in (("direct", 94.0), ("ist-kernel", 93.6)):
            made.rows.append(Row(LINE_TCP, phase, ph.ON_CHIP, 10, seed, rate))
            made.rows.append(Row(LINE_UDP, phase, ph.ON_CHIP, 1024, seed, 0.0))
            made.rows.append(Row(LINE_UDP_RATE, phase, ph.ON_CHIP, 1024, seed, rate))
    return made


def _fill(made: Table, direction: str, seed: int, wobble: float) -> None:
    def add(figure: str, phase: str, x: float, value: float) -> None:
        made.rows.append(Row(figure, phase, direction, x, seed, value * wobble))

    for phase, value in RTT.items():
        add("5.5", phase, 0, value)
    for phase in ("direct", "forwarder", "nat", "ist-app", "ist-kernel", "nat-list"):
        for count in QUICK.counts:
            add("5.6", phase, count, throughput(phase, count))
    for phase in (p.key for p in ph.FIVE):
        for rate in QUICK.rates_1k:
            add("5.8", phase, rate, loss_by_rate("5.8", phase, rate))
    for phase in (*(p.key for p in ph.FIVE), "ist-app-large-buffer"):
        for size in QUICK.sizes:
            add("5.10", phase, size, loss_by_size(phase, size))
        for rate in QUICK.rates_6k:
            add("5.9", phase, rate, loss_by_rate("5.9", phase, rate))


def _drops(made: Table, direction: str, seed: int) -> None:
    main, other = ("box.backlog-full:mac0", "box.ring-full:pci0")
    if direction == ph.PCI_TO_MAC:
        main, other = "box.ring-full:pci0", "box.txqueue-full:mac0"
    for phase in ("nat", "ist-kernel", "ist-app"):
        for regime, count in (("small", 900), ("whole", 0), ("fragments", 400)):
            if count:
                made.drops.append(DropCount("5.10", phase, direction, regime, seed, main, count))
                made.drops.append(DropCount("5.10", phase, direction, regime, seed, other, 10))
        if phase == "ist-app":
            reason = "ist.socket-full"
            made.drops.append(DropCount("5.10", phase, direction, "fragments", seed, reason, 700))
