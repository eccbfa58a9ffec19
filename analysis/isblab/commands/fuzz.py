# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab fuzz: every fuzz target for some seconds."""

from __future__ import annotations

import argparse
import subprocess
import sys

from isblab.commands.options import positive
from isblab.errors import EnvironmentFailure, UsageError
from isblab.paths import ROOT, shown

HELP = "run the fuzz targets with libFuzzer"
DESCRIPTION = """\
Build the fuzz targets with clang, libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer in
build/fuzz and run each on its corpus. Inputs found are kept in build/fuzz/corpus, inputs that
crash a target in build/fuzz/crashes."""

BUILD = ROOT / "build" / "fuzz"
CORPUS = ROOT / "tests" / "fuzz" / "corpus"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("--seconds", metavar="N", type=positive, default=30,
                        help="seconds for each target")
    parser.add_argument("targets", metavar="TARGET", nargs="*",
                        help="names as in tests/fuzz/corpus (default: all)")


def main(args: argparse.Namespace) -> int:
    """Build and run; 1 when a target crashed."""
    known = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())
    unknown = [name for name in args.targets if name not in known]
    if unknown:
        raise UsageError(f"no fuzz target '{unknown[0]}'; there are: {', '.join(known)}")
    names = args.targets or known
    _build([f"fuzz-{name}" for name in names])
    crashed = [name for name in names if not _run(name, args.seconds)]
    if crashed:
        print(f"crashed: {', '.join(crashed)}; inputs in {shown(BUILD / 'crashes')}")
    return 1 if crashed else 0


def _build(targets: list[str]) -> None:
    for command in (["cmake", "-S", str(ROOT), "--preset", "fuzz"],
                    ["ninja", "-C", str(BUILD), *targets]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
            raise EnvironmentFailure(f"{' '.join(command)} failed, see above")


def _run(name: str, seconds: int) -> bool:
    found, crashes = BUILD / "corpus" / name, BUILD / "crashes"
    found.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    log = BUILD / f"fuzz-{name}.log"
    command = [str(BUILD / "bin" / f"fuzz-{name}"), f"-max_total_time={seconds}",
               "-print_final_stats=1", "-timeout=10", f"-artifact_prefix={crashes}/{name}-",
               str(found), str(CORPUS / name)]
    print(f"fuzz-{name}: {seconds} s ... ", end="", flush=True)
    with log.open("wb") as output:
        status = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    runs = _statistic(text, "number_of_executed_units")
    print(f"{runs} runs, {len(list(found.iterdir()))} new inputs"
          + ("" if status == 0 else f", CRASHED ({_reason(text)}), see {shown(log)}"))
    return status == 0


def _statistic(text: str, name: str) -> str:
    for line in text.splitlines():
        if line.startswith(f"stat::{name}:"):
            return line.split()[-1]
    return "unknown number of"


def _reason(text: str) -> str:
    for line in text.splitlines():
        if "ERROR:" in line or "runtime error:" in line:
            return line.strip()
    return "no message"
