# SPDX-License-Identifier: GPL-2.0-or-later
"""How much is simulated for each figure: the one place that trades time for precision.

A UDP sweep costs 20 to 40 us of processor time a frame through the box, a hundred TCP flows about
one second for two simulated ones. A queue of 300 packets hides the first losses of an overload of
1 % for seconds, so the seconds per rate of Figure 5.9 bound how sharply the onset of loss is seen;
5.10 drives the box far beyond its limit and needs little. TCP is measured from its start, so the
opening of a hundred connections weighs on short runs; IST-App takes longest to settle, because its
sockets take up to 20 MB from the sender before they push back.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Budget:
    """Simulated seconds and points for each figure. Rates in Mb/s of UDP payload, sizes in bytes
    of UDP payload, counts in TCP connections."""

    name: str
    seeds: int
    rtt_seconds: float
    counts: tuple[int, ...]
    tcp_seconds: float
    tcp_app_seconds: float
    rates_1k: tuple[float, ...]
    rate_1k_seconds: float
    rates_6k: tuple[float, ...]
    rate_6k_seconds: float
    sizes: tuple[int, ...]
    size_seconds: float
    line_speed_seconds: float
    pure_over_tcp: bool


# From the last size that is one frame (1472 B) to the first of two is one step.
_SIZES = (64, 128, 256, 512, 768, KIB, 1280, 1472, 1536, 2 * KIB, 3 * KIB, 4 * KIB, 5 * KIB,
          6 * KIB, 7 * KIB, 8 * KIB)  # fmt: skip

FULL = Budget(
    name="full",
    seeds=5,
    rtt_seconds=2.0,
    counts=(1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100),
    tcp_seconds=2.0,
    tcp_app_seconds=6.0,
    rates_1k=tuple(range(5, 101, 5)),
    rate_1k_seconds=1.0,
    rates_6k=(5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 54, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65,
              66, 67, 68, 70, 72, 75, 80, 85, 90, 95, 100),
    rate_6k_seconds=2.0,
    sizes=_SIZES,
    size_seconds=1.0,
    line_speed_seconds=2.0,
    pure_over_tcp=True,
)  # fmt: skip

QUICK = Budget(
    name="quick",
    seeds=5,
    rtt_seconds=0.25,
    counts=(1, 10, 30, 60, 70, 80, 100),
    tcp_seconds=0.6,
    tcp_app_seconds=0.6,
    rates_1k=(10, 20, 40, 60, 80, 100),
    rate_1k_seconds=0.15,
    rates_6k=(10, 20, 40, 56, 60, 62, 64, 66, 70, 80, 100),
    rate_6k_seconds=0.5,
    sizes=(64, 128, 256, 512, KIB, 1472, 1536, 2 * KIB, 4 * KIB, 6 * KIB, 8 * KIB),
    size_seconds=0.2,
    line_speed_seconds=0.3,
    pure_over_tcp=False,
)
