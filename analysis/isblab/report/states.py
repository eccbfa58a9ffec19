# SPDX-License-Identifier: GPL-2.0-or-later
"""Which states were walked: the splice of the thesis' Figure 5.2, connections, sessions."""

from __future__ import annotations

from dataclasses import dataclass

from isblab.report.ladder import Edge, Machine, draw
from isblab.report.svg import Canvas
from isblab.report.trace import Digest

__all__ = ["MACHINES", "Walk", "walks"]

_END = "reset or time-out"

MACHINES = {
    "splice": Machine(
        "A splice in the IST's network layer", "Thesis Figure 5.2",
        ("LISTEN", "IST_SYN_LOOKUP", "IST_SYN_RCVD", "ESTABLISHED", "IST_CLOSE_WAIT",
         "IST_TIME_WAIT", "CLOSED"),
        (Edge("LISTEN", "IST_SYN_LOOKUP", "first SYN, kept in the IST table"),
         Edge("IST_SYN_LOOKUP", "IST_SYN_RCVD", "second SYN; two SYN-ACKs are sent"),
         Edge("IST_SYN_RCVD", "ESTABLISHED", "two ACKs"),
         Edge("ESTABLISHED", "IST_CLOSE_WAIT", "a FIN"),
         Edge("IST_CLOSE_WAIT", "IST_TIME_WAIT", "the other FIN"),
         Edge("IST_TIME_WAIT", "CLOSED", "2 MSL"),
         Edge("LISTEN", "CLOSED", "nobody came, or cancelled"),
         Edge("IST_SYN_LOOKUP", "CLOSED", "no partner came"),
         Edge("IST_SYN_RCVD", "CLOSED", "no ACK, or a reset"),
         Edge("ESTABLISHED", "CLOSED", _END), Edge("IST_CLOSE_WAIT", "CLOSED", _END))),
    "splice-active": Machine(
        "A splice that connects to the provider itself", "Thesis 4.2",
        ("LISTEN", "IST_SYN_RCVD", "IST_SYN_LOOKUP", "ESTABLISHED", "IST_CLOSE_WAIT",
         "IST_TIME_WAIT", "CLOSED"),
        (Edge("LISTEN", "IST_SYN_RCVD", "SYN; a SYN-ACK is sent"),
         Edge("IST_SYN_RCVD", "IST_SYN_LOOKUP", "ACK; a SYN goes to the provider"),
         Edge("IST_SYN_LOOKUP", "ESTABLISHED", "the provider's SYN-ACK"),
         Edge("ESTABLISHED", "IST_CLOSE_WAIT", "a FIN"),
         Edge("IST_CLOSE_WAIT", "IST_TIME_WAIT", "the other FIN"),
         Edge("IST_TIME_WAIT", "CLOSED", "2 MSL"),
         Edge("LISTEN", "CLOSED", "nobody came, or cancelled"),
         Edge("IST_SYN_LOOKUP", "CLOSED", "the provider did not answer"),
         Edge("ESTABLISHED", "CLOSED", _END), Edge("IST_CLOSE_WAIT", "CLOSED", _END))),
    "splice-udp": Machine(
        "A splice of datagrams", "Thesis 5.2, without the handshake",
        ("LISTEN", "IST_SYN_LOOKUP", "ESTABLISHED", "CLOSED"),
        (Edge("LISTEN", "IST_SYN_LOOKUP", "first registration"),
         Edge("IST_SYN_LOOKUP", "ESTABLISHED", "second registration"),
         Edge("ESTABLISHED", "CLOSED", "cancelled, or silent for too long"),
         Edge("LISTEN", "CLOSED", "nobody came"),
         Edge("IST_SYN_LOOKUP", "CLOSED", "no partner came"))),
    "proxy": Machine(
        "A pair in the application layer proxy", "Thesis 4.1", ("WAITING", "JOINED", "ENDED"),
        (Edge("WAITING", "JOINED", "both connections are here"),
         Edge("JOINED", "ENDED", "both directions over, or a reset"),
         Edge("WAITING", "ENDED", "a side never came"))),
    "daemon-connection": Machine(
        "A service connection at the users' daemons", "Thesis 3.4",
        ("waiting", "asked", "connecting", "proving", "established", "carrying", "closed",
         "failed"),
        (Edge("waiting", "asked", "the ISB is asked"),
         Edge("asked", "connecting", "instructed: connect, or wait for it"),
         Edge("connecting", "proving", "TCP stands, prefaces go out"),
         Edge("proving", "established", "the other end's preface is right"),
         Edge("established", "carrying", "client or server is joined"),
         Edge("carrying", "closed", "both directions over"),
         Edge("connecting", "asked", "failed: another way is asked for"),
         Edge("proving", "asked", "failed: another way is asked for"),
         Edge("established", "closed", "over before it was used"),
         Edge("waiting", "failed", ""), Edge("asked", "failed", ""),
         Edge("connecting", "failed", ""), Edge("proving", "failed", ""),
         Edge("established", "failed", ""), Edge("carrying", "failed", "")),
        frozenset({"failed"})),
    "isb-connection": Machine(
        "A service connection at the ISB", "Thesis 3.3",
        ("opened", "asked", "instructed", "established", "started", "closed", "failed"),
        (Edge("opened", "asked", "provider, and IST if any, are asked"),
         Edge("asked", "instructed", "ready: both are told how"),
         Edge("instructed", "established", "both ends report it"),
         Edge("established", "started", "a prepared one is taken into use"),
         Edge("instructed", "asked", "failed: another way is asked for"),
         Edge("started", "closed", "over"), Edge("established", "closed", "over"),
         Edge("opened", "failed", ""), Edge("asked", "failed", ""),
         Edge("instructed", "failed", ""), Edge("established", "failed", ""),
         Edge("started", "failed", "")),
        frozenset({"failed"})),
    "isb-session": Machine(
        "A session at the ISB", "Thesis 3.3", ("connected", "logged-in", "closed"),
        (Edge("connected", "logged-in", "the proof is right"),
         Edge("logged-in", "closed", "logged out, lost or replaced"),
         Edge("connected", "closed", "refused, or too late")),
        frozenset()),
}


@dataclass
class Walk:
    """One machine as a run walked it."""

    name: str
    title: str
    source: str
    walked: dict[tuple[str, str], int]
    canvas: Canvas

    def lines(self) -> list[str]:
        """As text for a terminal."""
        return [f"{self.title} ({self.source})"] + [
            f"  {count:6}  {source or '(new)'} -> {target}"
            for (source, target), count in self.walked.items()]


def walks(digest: Digest) -> list[Walk]:
    """The machines that took a step in the run."""
    made = []
    for name, machine in MACHINES.items():
        walked = {(source, target): count for (what, source, target), count
                  in digest.edges.items() if what == name and target and source != target}
        if name == "proxy" and walked:
            walked[("WAITING", "JOINED")] = digest.kinds["proxy-paired"]
        elif name == "proxy" and digest.kinds["proxy-paired"]:
            walked = {("WAITING", "JOINED"): digest.kinds["proxy-paired"]}
        if walked:
            order = {state: i for i, state in enumerate(machine.states)}
            walked = dict(sorted(walked.items(), key=lambda item: (
                order.get(item[0][0], -1), order.get(item[0][1], 99))))
            made.append(Walk(name, machine.title, machine.source, walked, draw(machine, walked)))
    return made
