# SPDX-License-Identifier: GPL-2.0-or-later
"""The IST in the kernel with users behind NATs: Linux' own, ours, and one NAT before both."""

import socket

import pytest

from isblab.netlab import nat_rules

from ist_net import CARRIERS, Ist, IstNet
from ist_talk import PORT_A, PORT_B, connected, exchange, meet, say_and_hear

REGISTRATION = b"ISBREG1" + bytes(9)
SYMMETRIC = nat_rules("symmetric", "outside")
RESTRICTED = nat_rules("port-restricted-cone", "outside")


@pytest.mark.parametrize(("nat_a", "nat_b"), [(SYMMETRIC, SYMMETRIC), (RESTRICTED, None),
                                              (RESTRICTED, SYMMETRIC)],
                         ids=["symmetric", "one_cone", "cone_and_symmetric"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_behind_nftables(spliced, carrier, nat_a, nat_b):
    lab, ist = spliced(carrier, nat_a=nat_a, nat_b=nat_b)
    splice = ist.splice("passive", PORT_A, PORT_B, "--allow-a", lab.seen_a, "--allow-b", lab.seen_b)
    exchange(*meet(lab), 2_000_000)
    assert ist.show(splice)["side"][0]["peer"].startswith(lab.seen_a)


@pytest.mark.parametrize("method", ["passive", "pure"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_both_behind_one_nat(spliced, carrier, method):
    lab, ist = spliced(carrier, shared_nat=SYMMETRIC)
    splice = ist.splice(method, PORT_A, PORT_B)
    a, b = meet(lab, sources=(PORT_B, PORT_A))
    exchange(a, b, 2_000_000)
    shown = ist.show(splice)
    assert [side["peer"].rpartition(":")[0] for side in shown["side"]] == [lab.seen_a] * 2
    assert shown["method"] == "passive"  # this NAT changes ports, so Pure falls back


@pytest.mark.parametrize("carrier", CARRIERS)
def test_pure_finds_the_port_that_a_nat_chose(spliced, carrier):
    lab, ist = spliced(carrier, nat_a=SYMMETRIC)
    splice = ist.splice("pure", PORT_A)
    a = lab.connect(lab.a, lab.west, PORT_A, wait=False)
    port = 0
    while not port:
        peer = ist.show(splice)["side"][0]["peer"]
        port = int(peer.rpartition(":")[2]) if peer else 0
    b = lab.connect(lab.b, lab.east, port, source_port=PORT_A, wait=False)
    exchange(connected(a), connected(b), 1_000_000)
    assert ist.show(splice)["method"] == "pure"


@pytest.mark.parametrize("preset", ["symmetric", "port-restricted-cone"])
@pytest.mark.parametrize("carrier", ["bpf", "tun"])
def test_behind_natbox(net, built, carrier, preset):
    lab = IstNet(net, nat_a="", nat_b="")
    external = {"a": "198.51.100.7", "b": "203.0.113.7"}
    for side, nat, subnet in (("a", lab.nat_a, "198.51.100.0/24"),
                              ("b", lab.nat_b, "203.0.113.0/24")):
        net.natbox(nat, built("natbox"), f'preset = "{preset}"', external[side], subnet)
    ist = Ist(lab, built("ist"), carrier)
    splice = ist.splice("passive", PORT_A, PORT_B, "--allow-a", external["a"], "--allow-b",
                        external["b"])
    exchange(*meet(lab), 1_000_000)
    assert ist.show(splice)["side"][1]["peer"].startswith(external["b"])


@pytest.mark.parametrize("carrier", CARRIERS)
def test_datagrams_behind_nats(spliced, carrier):
    lab, ist = spliced(carrier, nat_a=SYMMETRIC, nat_b=RESTRICTED)
    ist.splice("udp", PORT_A, PORT_B)
    ends = []
    for space, address, port in ((lab.a, lab.west, PORT_A), (lab.b, lab.east, PORT_B)):
        made = lab.socket(space, address, socket.SOCK_DGRAM)
        made.connect((address, port))
        made.send(REGISTRATION)
        ends.append(made)
    while any(side["peer"] is None for side in ist.list()[0]["side"]):
        pass
    a, b = ends
    for size in (0, 1, 1000, 4000):
        for speaker, listener in ((a, b), (b, a)):
            speaker.send(bytes(size))
            assert len(listener.recv(65536)) == size


@pytest.mark.parametrize("carrier", CARRIERS)
def test_only_the_allowed_nat_takes_a_side(spliced, carrier):
    lab, ist = spliced(carrier, nat_a=SYMMETRIC)
    ist.splice("passive", PORT_A, PORT_B, "--allow-a", "198.51.100.9")
    lab.connect(lab.a, lab.west, PORT_A, wait=False)
    while not ist.drops("ist.source-refused"):
        pass
    assert ist.list()[0]["state"] == "LISTEN"
    ist.splice("passive", PORT_A + 2, PORT_B + 2, "--allow-a", lab.seen_a)
    say_and_hear(*meet(lab, ports=(PORT_A + 2, PORT_B + 2)))
