# SPDX-License-Identifier: GPL-2.0-or-later
"""How much is measured: the forms of `isblab bench ist`."""

from __future__ import annotations

from dataclasses import dataclass

from isblab.ist_bench import ways

__all__ = ["FULL", "LONG", "QUICK", "Budget"]


@dataclass(frozen=True)
class Budget:
    """One form.

    Attributes:
        name: of the form.
        rounds: that count; one more comes before and is dropped.
        ways: see isblab.ist_bench.ways.
        counts: of TCP connections.
        warm, bulk: ms before and of the measured interval of a TCP transfer.
        ping, flood: ms of a ping-pong, of a UDP flood.
        dials: short connections of one measurement.
        rates: of 6 KB datagrams, Mb/s of payload; 0: as fast as the sender can.
        tables: numbers of splices whose cost is compared.
        repeats: runs of one BPF_PROG_TEST_RUN.
    """

    name: str
    rounds: int
    ways: tuple[ways.Way, ...]
    counts: tuple[int, ...]
    warm: int
    bulk: int
    ping: int
    flood: int
    dials: int
    rates: tuple[int, ...]
    tables: tuple[int, ...]
    repeats: int


_COUNTS = (1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
_TABLES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
_RATES = (10, 20, 40, 63, 80, 100, 0)

FULL = Budget("normal", 8, ways.ALL, _COUNTS, 12, 50, 80, 80, 300, _RATES, _TABLES, 300_000)
LONG = Budget("long", 12, ways.ALL, _COUNTS, 40, 250, 300, 300, 600,
              (*range(10, 101, 10), 500, 0), _TABLES, 1_000_000)
QUICK = Budget("quick", 1, ways.QUICK, (1, 10), 5, 20, 20, 20, 40, (50, 0), (10, 1_000), 20_000)
