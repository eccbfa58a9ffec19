# SPDX-License-Identifier: GPL-2.0-or-later
"""What networks of namespaces need of the machine."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess

__all__ = ["missing_capability"]

_CLONE_NEWNET = 0x40000000


@functools.cache
def missing_capability(*programs: str) -> str | None:
    """What a network of namespaces cannot be made without, in words, or None.

    Args:
        programs: commands that are needed besides ip and nft.
    """
    for name in ("ip", "nft", *programs):
        if shutil.which(name) is None:
            return f"the program {name} is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "there is no /dev/net/tun"
    # In a child, because a process cannot leave a namespace that it cannot open again.
    child = os.fork()
    if child == 0:
        os._exit(0 if ctypes.CDLL(None).unshare(_CLONE_NEWNET) == 0 else 1)
    if os.waitpid(child, 0)[1] != 0:
        return "this kernel or container gives no network namespace"
    done = subprocess.run(["unshare", "--net", "nft", "-f", "-"], text=True, check=False,
                          input="table ip t {\nchain c { type nat hook postrouting priority 0; }\n}\n",
                          capture_output=True)
    return None if done.returncode == 0 else "this kernel has no NAT for nftables"
