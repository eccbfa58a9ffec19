# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line `isblab COMMAND`: parsing, dispatch, errors as one line, exit status.

A command is a module in isblab.commands with HELP (one line), DESCRIPTION, add_arguments(parser)
and main(args) -> exit status. Modules import what is slow or not always installed inside main.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import signal
import sys
from collections.abc import Sequence

from isblab.errors import IsblabError

COMMANDS = ("figures", "run", "show", "sweep", "grid", "predict", "check", "list", "test", "bench",
            "fuzz", "conformance")

_EPILOG = """\
exit status:
  0  done, and everything expected holds
  1  done, but an expectation, claim or test failed
  2  the command line or a scenario is wrong; nothing was started
  3  the environment: something is missing, a worker crashed, a folder cannot be written

'isblab packages' prints the Debian packages that are needed and those that are missing.
"""


class _Parser(argparse.ArgumentParser):
    """Errors in one line, with the nearest valid choice."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            nearest = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
            hint = f"did you mean '{nearest[0]}'?" if nearest else "one of: " + ", ".join(choices)
            raise argparse.ArgumentError(action, f"'{value}' is unknown; {hint}")


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of descriptions; shows defaults other than None and False."""

    def _get_help_string(self, action):
        if action.default in (None, False) or isinstance(action.default, list):
            return action.help
        return super()._get_help_string(action)


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = _Parser(prog="isblab", formatter_class=_Formatter, epilog=_EPILOG,
                     description="Testbed for NAT traversal through a broker (ISB) and "
                                 "translators (IST).")
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"isblab.commands.{name}")
        sub = subparsers.add_parser(name, help=module.HELP, description=module.DESCRIPTION,
                                    formatter_class=_Formatter)
        module.add_arguments(sub)
        sub.set_defaults(main=module.main)
    return parser


def _print_error(error: IsblabError) -> None:
    print(f"isblab: {error}", file=sys.stderr)
    for further in getattr(error, "more", ()):
        print(f"isblab: {further}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments == ["help"]:
        arguments = ["--help"]
    args = build_parser().parse_args(arguments)
    try:
        return args.main(args)
    except IsblabError as error:
        _print_error(error)
        return error.exit_status
    except KeyboardInterrupt:
        print("isblab: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader of our output left, as in `isblab list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
