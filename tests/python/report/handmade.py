# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs written by hand, event for event as the machines trace them (model/core/trace)."""

from __future__ import annotations

import json

MS = 1_000_000
KEY = ("ann", "bob", "web")
CONNECTION, SPLICE = 7001, 8001


def lab(nat_a="port-restricted-cone", nat_b="symmetric", ists=("ist",), **want) -> dict:
    """ann behind ann-home uses bob/web behind bob-home; None: no NAT there."""
    hosts = [("isb", "198.18.0.2"), *((ist, f"198.18.1.{2 + i}") for i, ist in enumerate(ists))]
    boxes = [{"name": "internet", "role": "forwarder", "ports": [], "nat": None}]
    links = [[name, "internet:p"] for name, _ in hosts]
    sites, users = [], []
    for number, (user, nat) in enumerate((("ann", nat_a), ("bob", nat_b)), 1):
        site = None
        if nat is None:
            hosts.append((user, f"198.18.{number + 1}.2"))
            links.append([user, "internet:p"])
        else:
            site = f"{user}-home"
            hosts.append((user, f"10.0.{number}.2"))
            role = "firewall" if nat == "firewall" else "nat"
            boxes.append({"name": site, "role": role, "nat": None if role == "firewall" else nat,
                          "ports": [{"name": "lan", "address": f"10.0.{number}.1"},
                                    {"name": "wan", "address": f"198.18.{number + 1}.2"}]})
            links += [[user, f"{site}:lan"], [f"{site}:wan", "internet:p"]]
            sites.append({"name": site, "box": site, "behind": None})
        users.append({"name": user, "host": user, "site": site, "provides": [], "wants": []})
    users[0]["wants"] = [{"provider": "bob", "service": "web", "protocol": "tcp",
                          "method": "passive", "require_ist": False, "prepared": 0,
                          "local_port": 8000} | want]
    users[1]["provides"] = [{"name": "web", "protocol": "tcp", "server": "127.0.0.1:80",
                             "open": True, "allowed": []}]
    return {
        "name": "handmade", "title": "Two users", "duration_ns": 5000 * MS, "seed": 1,
        "hosts": [{"name": name, "machine": "", "address": address} for name, address in hosts],
        "boxes": boxes,
        "links": [{"between": ends, "subnet": "", "rate_bps": 100_000_000, "delay_ns": MS}
                  for ends in links],
        "sites": sites, "users": users,
        "brokers": [{"name": "isb", "host": "isb", "port": 7470, "forwards": False}],
        "translators": [{"name": ist, "host": ist, "methods": ["passive"], "capacity": 10}
                        for ist in ists],
        "incidents": [], "expectations": [],
        "traffic": [{"name": "pages", "kind": "request-response", "from": "ann", "to": "bob",
                     "via": None, "connections": 1, "start_ns": 1000 * MS, "stop_ns": 5000 * MS,
                     "service": {"user": "ann", "provider": "bob", "service": "web"}}],
    }


class Trace:
    """Collects events; `send` makes both ends of a control message."""

    def __init__(self):
        self.events: list[dict] = []
        self._sequence: dict[tuple[str, bool], int] = {}
        self.known = set()

    def at(self, ms: float, node: str, event: str, **fields) -> None:
        """One event."""
        self.events.append({"t": round(ms * MS), "node": node, "event": event, **fields})

    def send(self, ms: float, user: str, up: bool, message: str, delay: float = 2,
             lost: bool = False, **fields) -> None:
        """A control message of `user`'s session; up = towards the ISB."""
        sequence = self._sequence[user, up] = self._sequence.get((user, up), 0) + 1
        ends = (user, "isb") if up else ("isb", user)
        both = {"sequence": sequence, "message": message, "bytes": 60, **fields}
        for name, node, when in zip(("sent", "received"), ends, (ms, ms + delay)):
            known = {"user": user} if node != "isb" or message != "hello" else {}
            if name == "sent" or not lost:
                self.at(when, node, f"message-{name}", **known, **both)

    def text(self, result: dict | None = None) -> str:
        """The file, in order of time."""
        ordered = sorted(self.events, key=lambda event: event["t"])
        lines = [*ordered, {"event": "result", "t": 5000 * MS, **(result or {})}]
        return "".join(json.dumps(line) + "\n" for line in lines)


def result(**changes) -> dict:
    """The worker's result line."""
    return {"scenario": "handmade", "seed": 1, "t": 5000 * MS, "boxes": [],
            "traffic": [{"name": "pages", "kind": "request-response", "from": "ann", "to": "bob",
                         "connections": 1, "established": 1, "sentBytes": 4000,
                         "receivedBytes": 400_000, "sentPackets": 0, "receivedPackets": 0,
                         "sentRateBps": 0, "receivedRateBps": 0, "throughputBps": 800_000,
                         "lossRatio": 0, "firstByteNs": {"count": 1, "mean": 21e6, "p99": 21e6},
                         "failed": 0, "completed": 40}],
            "subscriptions": [{"user": "ann", "provider": "bob", "service": "web",
                               "state": "subscribed", "asked": 1, "established": 1, "failed": 0,
                               "fromPrepared": 0, "paths": {"translated": 1},
                               "methods": {"passive": 1}, "ists": {"ist": 1}, "codes": {}}],
            "brokers": [{"name": "isb", "counters": {"logins": 3, "connections": 1}}],
            "translators": [{"name": "ist", "counters": {"paired": 1}}],
            "expectations": [{"text": "ann -> bob/web: path translated", "measured": "translated",
                              "holds": True}], **changes}


def logins(trace: Trace, reach=("private", "private")) -> None:
    """ist, ann and bob log in, bob announces, ann subscribes."""
    trace.send(1, "ist", False, "hello")
    trace.send(3, "ist", True, "login", detail="role=ist")
    trace.send(5, "ist", False, "logged-in")
    trace.at(5, "isb", "ist-state", ist="ist", to="registered")
    for offset, user, known in ((0, "ann", reach[0]), (1, "bob", reach[1])):
        trace.send(10 + offset, user, False, "hello")
        trace.send(12 + offset, user, True, "login", detail="listen=7471")
        trace.at(14 + offset, "isb", "session-state", user=user, session=5 + offset,
                 **{"from": "connected", "to": "logged-in"})
        trace.send(14 + offset, user, False, "logged-in", detail="hello=10s")
        trace.send(14.1 + offset, user, False, "ist-list")
        trace.at(14.2 + offset, "isb", "reachability-known", user=user, to=known,
                 reason="isb.address-differs" if known == "private" else "isb.probe-seen")
        trace.send(14.2 + offset, user, False, "nat-status", detail=f"reachability={known}")
    trace.send(20, "bob", True, "announce", id=1, service="web", detail="protocol=tcp")
    trace.at(22, "isb", "service-state", user="bob", service="web", to="announced")
    trace.send(22, "bob", False, "announced", id=1)
    trace.send(30, "ann", True, "subscribe", id=1, peer="bob", service="web")
    trace.at(32, "isb", "subscription-state", user="ann", peer="bob", service="web", to="offered")
    trace.send(32, "bob", False, "offer", id=99, peer="ann", service="web")
    trace.send(34, "bob", True, "answer", id=99, detail="accepted")
    trace.at(36, "isb", "subscription-state", user="ann", peer="bob", service="web",
             to="subscribed", **{"from": "offered"})
    trace.send(36, "ann", False, "subscribed", id=1)
    for n in range(4):
        trace.send(1000 * n + 500, "ann", True, "ping")
        trace.send(1000 * n + 502, "ann", False, "pong")


def side(trace: Trace, ms: float, user: str, to: str, **fields) -> None:
    """A daemon's state of the connection."""
    peer = "bob" if user == "ann" else "ann"
    trace.at(ms, user, "connection-state", id=1, user=user, peer=peer, service="web", to=to,
             **fields)


def broker(trace: Trace, ms: float, to: str, **fields) -> None:
    """The ISB's state of the connection."""
    trace.at(ms, "isb", "connection-state", user="ann", peer="bob", service="web",
             connection=CONNECTION, to=to, **fields)


def opened(trace: Trace, path="translated", reason="both-private") -> None:
    """A client comes at 1 s, ann opens a connection."""
    trace.at(1000, "ann", "client-state", to="connecting", detail="pages")
    side(trace, 1000, "ann", "waiting")
    side(trace, 1000, "ann", "asked", **{"from": "waiting"})
    trace.send(1000, "ann", True, "open", method="passive", id=1)
    broker(trace, 1002, "opened", path=path, reason=f"isb.{reason}")


def carried(trace: Trace, ms: float, until: float = 4000) -> None:
    """From the first byte to the end."""
    trace.at(ms, "ann", "client-state", to="connected", detail="pages")
    side(trace, ms + 1, "bob", "carrying", connection=CONNECTION)
    trace.at(ms + 6, "ann", "client-state", to="first-byte", detail="pages")
    trace.at(until, "ann", "client-state", to="closed", detail="pages")
    for user in ("ann", "bob"):
        side(trace, until + 1, user, "closed", connection=CONNECTION)
        trace.send(until + 1, user, True, "status", connection=CONNECTION, detail="phase=closed")
    broker(trace, until + 3, "closed")


def translated(method="passive") -> Trace:
    """Both NATed: the IST joins them (thesis Figures 3.3, 3.5, 3.8, 4.5)."""
    trace = Trace()
    logins(trace)
    opened(trace)
    facts = {"connection": CONNECTION, "path": "translated", "method": method}
    trace.at(1002, "isb", "ist-chosen", user="ann", peer="bob", service="web", ist="ist",
             connection=CONNECTION, splice=SPLICE, path="translated", reason="isb.nearest")
    trace.send(1002, "ist", False, "splice-request", splice=SPLICE, method=method,
               detail="a=0 b=0")
    trace.send(1002, "bob", False, "prepare", **facts, detail="attempt=1")
    broker(trace, 1002, "asked", path="translated", method=method, ist="ist")
    trace.at(1004, "ist", "splice-ordered", splice=SPLICE, method=method, dst="198.18.1.2:20000",
             src="0.0.0.0:0", translated="198.18.1.2:20001")
    trace.send(1004, "ist", True, "splice-ready", splice=SPLICE, method=method,
               detail="subscriber=198.18.1.2:20000 provider=198.18.1.2:20001")
    trace.send(1004.1, "bob", True, "ready", connection=CONNECTION, detail="attempt=1")
    for offset, user, port in ((0, "ann", 20000), (0.1, "bob", 20001)):
        trace.send(1006.2 + offset, user, False, "instruct", **facts, ist="ist",
                   detail=f"role=connect target=198.18.1.2:{port} attempt=1")
        side(trace, 1008.2 + offset, user, "connecting", ist="ist", **facts)
    spliced(trace, 1010)
    for offset, user in ((0, "ann"), (0.1, "bob")):
        side(trace, 1014 + offset, user, "proving", ist="ist", **facts)
        side(trace, 1018 + offset, user, "established", ist="ist", **facts)
        trace.send(1018 + offset, user, True, "status", connection=CONNECTION,
                   detail="phase=established")
    broker(trace, 1020.1, "established", path="translated", method=method, ist="ist")
    carried(trace, 1019)
    return trace


def spliced(trace: Trace, ms: float) -> None:
    """The handshake of Figure 4.5 at the IST, and what the first data packets look like."""
    ends = {"ann": ("198.18.2.2:40001", "198.18.1.2:20000"),
            "bob": ("198.18.3.2:40002", "198.18.1.2:20001")}

    def packet(when: float, user: str, flags: str, how: str) -> None:
        peer, own = ends[user]
        pair = (peer, own) if how == "received" else (own, peer)
        trace.at(when, "ist", "handshake-packet", proto="tcp", src=pair[0], dst=pair[1],
                 detail=flags, id=1, splice=SPLICE, **{"from": how})

    def state(when: float, before: str, after: str) -> None:
        trace.at(when, "ist", "splice-state", id=1, splice=SPLICE,
                 src=ends["ann"][0], dst=ends["ann"][1],
                 **{"from": before, "to": after})

    packet(ms, "ann", "SYN", "received")
    state(ms, "LISTEN", "IST_SYN_LOOKUP")
    packet(ms + 0.1, "bob", "SYN", "received")
    state(ms + 0.1, "IST_SYN_LOOKUP", "IST_SYN_RCVD")
    packet(ms + 0.1, "ann", "SYN-ACK", "sent")
    packet(ms + 0.1, "bob", "SYN-ACK", "sent")
    packet(ms + 4, "ann", "ACK", "received")
    packet(ms + 4.1, "bob", "ACK", "received")
    state(ms + 4.1, "IST_SYN_RCVD", "ESTABLISHED")
    trace.at(ms + 4.2, "ist", "header-rewritten", id=1, splice=SPLICE,
                 src=ends["ann"][0], dst=ends["ann"][1],
             method="passive", detail="ip.src=198.18.2.2>198.18.1.2 ip.dst=198.18.1.2>198.18.3.2 "
             "tcp.sport=40001>20001 tcp.dport=20000>40002 ip.checksum=4660>22136 "
             "tcp.checksum=1>2")
    trace.at(ms + 4.3, "ist", "header-rewritten", id=1, splice=SPLICE,
             src=ends["bob"][0], dst=ends["bob"][1],
             method="passive", detail="ip.src=198.18.3.2>198.18.1.2 ip.dst=198.18.1.2>198.18.2.2 "
             "tcp.sport=40002>20000 tcp.dport=20001>40001 ip.checksum=4660>22136 "
             "tcp.checksum=1>2")
    packet(4002, "ann", "FIN", "received")
    state(4002, "ESTABLISHED", "IST_CLOSE_WAIT")
    packet(4003, "bob", "FIN", "received")
    state(4003, "IST_CLOSE_WAIT", "IST_TIME_WAIT")


def reversed_() -> Trace:
    """Only the provider NATed: he connects to the subscriber (thesis Figure 3.4)."""
    trace = Trace()
    logins(trace, ("public", "private"))
    opened(trace, "reversed", "subscriber-public")
    facts = {"connection": CONNECTION, "path": "reversed"}
    trace.send(1002, "bob", False, "prepare", **facts, detail="attempt=1")
    trace.send(1004, "bob", True, "ready", connection=CONNECTION, detail="attempt=1")
    trace.send(1006, "ann", False, "instruct", **facts, detail="role=await attempt=1")
    trace.send(1006, "bob", False, "instruct", **facts,
               detail="role=connect target=198.18.2.2:7471 attempt=1")
    broker(trace, 1006, "instructed", path="reversed")
    side(trace, 1008, "bob", "connecting", dst="198.18.2.2:7471", **facts)
    side(trace, 1012, "bob", "proving", **facts)
    for user in ("ann", "bob"):
        side(trace, 1014, user, "established", **facts)
        trace.send(1014, user, True, "status", connection=CONNECTION, detail="phase=established")
    broker(trace, 1016, "established", path="reversed")
    carried(trace, 1015)
    return trace


def pure() -> Trace:
    """Only bob can choose his source port, P1 = 40100; ann's is seen as P2 = 41234 (Fig 4.7)."""
    trace = Trace()
    logins(trace)
    opened(trace)
    facts = {"connection": CONNECTION, "path": "translated", "method": "pure"}
    trace.at(1002, "isb", "ist-chosen", user="ann", peer="bob", service="web", ist="ist",
             connection=CONNECTION, splice=SPLICE, path="translated", reason="isb.nearest")
    trace.send(1002, "ist", False, "splice-request", splice=SPLICE, method="pure",
               detail="a=0 b=0")
    trace.send(1002.1, "bob", False, "prepare", **facts, detail="attempt=1")
    trace.at(1004, "ist", "splice-ordered", splice=SPLICE, method="pure", dst="198.18.1.2:40100",
             src="0.0.0.0:0", translated="198.18.1.2:0")
    trace.send(1004, "ist", True, "splice-ready", splice=SPLICE, method="pure",
               detail="subscriber=198.18.1.2:40100 provider=198.18.1.2:0")
    trace.send(1004.1, "bob", True, "ready", connection=CONNECTION, detail="attempt=1")
    trace.send(1006.2, "ann", False, "instruct", **facts, ist="ist",
               detail="role=connect target=198.18.1.2:40100 attempt=1")
    side(trace, 1008, "ann", "connecting", ist="ist", **facts)
    trace.at(1010, "ist", "handshake-packet", src="198.18.2.2:41234", dst="198.18.1.2:40100",
             detail="SYN", id=1, splice=SPLICE, **{"from": "received"})
    trace.send(1010, "ist", True, "splice-event", splice=SPLICE,
               detail="news=first-syn port=41234")
    trace.send(1012, "bob", False, "instruct", **facts, ist="ist",
               detail="role=connect target=198.18.1.2:41234 from=40100 attempt=1")
    side(trace, 1014, "bob", "connecting", ist="ist", **facts)
    trace.at(1016, "ist", "handshake-packet", src="198.18.3.2:40100", dst="198.18.1.2:41234",
             detail="SYN", id=1, splice=SPLICE, **{"from": "received"})
    for peer, own in (("198.18.2.2:41234", "198.18.1.2:40100"),
                      ("198.18.3.2:40100", "198.18.1.2:41234")):
        trace.at(1016, "ist", "handshake-packet", src=own, dst=peer, detail="SYN-ACK", id=1,
                 splice=SPLICE, **{"from": "sent"})
    for user in ("ann", "bob"):
        side(trace, 1020, user, "established", ist="ist", **facts)
    broker(trace, 1022, "established", path="translated", method="pure", ist="ist")
    carried(trace, 1021)
    return trace


def refused() -> Trace:
    """The service is not open to ann."""
    trace = Trace()
    logins(trace)
    kept = [event for event in trace.events if event["t"] < 32 * MS or event.get("message")
            in ("ping", "pong")]
    trace.events = kept
    trace.at(32, "isb", "subscription-state", user="ann", peer="bob", service="web", to="refused",
             reason="isb.not-allowed")
    trace.send(32, "ann", False, "fault", id=1, reason="not-allowed",
               detail="web is not open to ann")
    trace.at(1000, "ann", "client-state", to="connecting", detail="pages")
    side(trace, 1000, "ann", "waiting")
    side(trace, 1001, "ann", "failed", reason="daemon.not-allowed")
    trace.at(1001, "ann", "client-state", to="failed", detail="pages")
    return trace
