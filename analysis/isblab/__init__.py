# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab: a testbed for NAT traversal through a broker (ISB) and translators (IST).

    import isblab
    lab = isblab.Lab.load("examples/five-phases/ist-kernel.toml")
    print(lab.run(seed=2).result["traffic"][0]["throughputBps"])

    nat = isblab.NatBox("203.0.113.1", "symmetric", internal=["10.0.0.0/8"])
    verdict = nat.process(now=0, side="inside", packet=packet)
"""

import importlib
from pkgutil import extend_path

# The compiled part, isblab._core, stands in the build tree: PYTHONPATH=analysis:<build>/python.
__path__ = extend_path(__path__, __name__)

# Loaded at first use: the command line starts without the compiled part.
_HOMES = {
    "EnvironmentFailure": "isblab.errors",
    "IsblabError": "isblab.errors",
    "ScenarioError": "isblab.errors",
    "WorkerError": "isblab.errors",
    "Lab": "isblab.lab",
    "LabBuilder": "isblab.lab_builder",
    "events_frame": "isblab.frames",
    "frame": "isblab.frames",
    "Job": "isblab.worker",
    "Result": "isblab.worker",
    "run_scenarios": "isblab.worker",
    "IstEngine": "isblab._core",
    "NatBox": "isblab._core",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'isblab' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
