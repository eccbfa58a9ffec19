# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks of namespaces on this machine, for tests and benches with real sockets.

    with Net() as net:
        core, box, host = net.namespace("core"), net.namespace("box"), net.namespace("host")
        net.wire(core, "198.51.100.1/24", box, "198.51.100.2/24", names=("eth0", "outside"))
        net.wire(box, "10.0.0.1/24", host, "10.0.0.2/24", names=("inside", "eth0"))
        host.route("default", "10.0.0.1")
        box.forward()
        box.nft(nat_rules("port-restricted-cone", "outside"))
        server = net.start(core, "turnserver", ...)
        server.wait_for("listening")

Everything that a Net made is gone when its block is left, also by an exception: programs are killed,
namespaces deleted. Namespaces carry the process id in their names; what a killed process left behind
goes when the next Net is made.
"""

from isblab.netlab.capability import missing_capability
from isblab.netlab.net import Namespace, Net, leftovers
from isblab.netlab.nft import FIREWALL, NAT_TYPES, nat_rules
from isblab.netlab.program import Program, ProgramFailed

__all__ = ["FIREWALL", "NAT_TYPES", "Namespace", "Net", "Program", "ProgramFailed", "leftovers",
           "missing_capability", "nat_rules"]
