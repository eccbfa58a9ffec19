# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab: a testbed for NAT traversal through a broker (ISB) and translators (IST).

    import isblab
    lab = isblab.Lab.load("examples/five-phases/ist-kernel.toml")
    result = lab.run(seed=2)
    print(result.result["traffic"][0]["throughputBps"])
"""

from pkgutil import extend_path

# The compiled part, isblab._core, stands in the build tree.
__path__ = extend_path(__path__, __name__)

from isblab.errors import EnvironmentFailure, IsblabError, ScenarioError, WorkerError  # noqa: E402

__all__ = ["EnvironmentFailure", "IsblabError", "ScenarioError", "WorkerError"]
