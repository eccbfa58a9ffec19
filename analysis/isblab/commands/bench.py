# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab bench: microbenchmarks as ratios."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess

from isblab.environment import describe
from isblab.errors import EnvironmentFailure
from isblab.paths import program
from isblab.text import duration, table

HELP = "run the microbenchmarks and print ratios"
DESCRIPTION = """\
Run the microbenchmarks of the splice core and of the ns-3 models (google-benchmark). Rounds are
interleaved at random and the first is dropped; the median over rounds and its spread (half of
largest minus smallest, in percent of the median) are printed, with the ratio to the first
benchmark of the same group. Times are of this machine; only ratios compare."""

BENCHES = ("bench_splice", "bench_ns3")
_ROUNDS, _QUICK_ROUNDS = 9, 3
_SECONDS, _QUICK_SECONDS = 0.2, 0.02
_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("--quick", action="store_true",
                        help=f"{_QUICK_ROUNDS} rounds of {_QUICK_SECONDS} s instead of {_ROUNDS} "
                             f"of {_SECONDS} s")


def main(args: argparse.Namespace) -> int:
    """Run all benches; speed never fails a command."""
    host = describe()["host"]
    print(f"{host['cpu']}, {host['cores']} cores, kernel {host['kernel']}")
    for bench in BENCHES:
        print(f"\n{bench}")
        print(_table(_measure(bench, args.quick)))
    return 0


def _measure(bench: str, quick: bool) -> dict[str, list[float]]:
    """Name -> CPU nanoseconds an iteration in each round, the first round dropped."""
    command = [str(program(bench)), "--benchmark_format=json",
               "--benchmark_enable_random_interleaving=true",
               f"--benchmark_repetitions={_QUICK_ROUNDS if quick else _ROUNDS}",
               f"--benchmark_min_time={_QUICK_SECONDS if quick else _SECONDS}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EnvironmentFailure(f"{bench} failed: {done.stderr.strip()[-500:]}")
    rounds: dict[str, list[float]] = {}
    for item in json.loads(done.stdout)["benchmarks"]:
        if item.get("run_type") == "iteration":
            time = item["cpu_time"] * _NANOSECONDS[item["time_unit"]]
            rounds.setdefault(item["run_name"], []).append(time)
    return {name: times[1:] or times for name, times in rounds.items()}


def _table(measured: dict[str, list[float]]) -> str:
    baselines: dict[str, float] = {}
    rows = []
    for name, times in measured.items():
        median = statistics.median(times)
        baseline = baselines.setdefault(name.partition("/")[0], median)
        spread = (max(times) - min(times)) / 2 / median
        rows.append((name, duration(median), f"{100 * spread:.1f} %", f"{median / baseline:.2f}"))
    return table(("benchmark", "CPU time", "spread", "ratio"), rows)
