# SPDX-License-Identifier: GPL-2.0-or-later
"""Two real TCPs through the kernel's IST: every byte arrives, whatever the stacks negotiate.

ISBLAB_FULL=1 makes the transfers 1 GB each way.
"""

import itertools
import os
import socket

import pytest

from ist_net import CARRIERS
from ist_talk import PORT_A, PORT_B, Sniffer, exchange, meet, say_and_hear

FULL = os.environ.get("ISBLAB_FULL", "") not in ("", "0")
OCTETS = 1_000_000_000 if FULL else 12_000_000
FAMILIES = {"v4": (4, 4), "v6": (6, 6), "v4v6": (4, 6), "v6v4": (6, 4)}
KERNEL = ("bpf", "bpf+xdp")


def octets_for(carrier):
    """User space is slower, and not what 1 GB is asked of."""
    return OCTETS if carrier in KERNEL else 4_000_000


@pytest.mark.parametrize("families", FAMILIES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_both_ways_at_once(spliced, carrier, families):
    lab, ist = spliced(carrier)
    splice = ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab, families=FAMILIES[families])
    octets = octets_for(carrier)
    seconds = exchange(a, b, octets)
    sides = ist.show(splice)["side"]
    assert all(side["bytes"] > octets for side in sides), sides
    if FULL:
        print(f"\n{carrier} {families}: 2 x {octets} bytes in {seconds:.1f} s, "
              f"{16 * octets / seconds / 1e9:.2f} Gb/s in sum, sha256 equal")


@pytest.mark.parametrize("families", ["v4", "v6", "v4v6"])
@pytest.mark.parametrize("carrier", ["bpf", "tun"])
def test_both_ways_at_once_without_offloads(spliced, carrier, families):
    lab, ist = spliced(carrier, offloads=False)
    ist.splice("passive", PORT_A, PORT_B)
    exchange(*meet(lab, families=FAMILIES[families]), octets_for(carrier))


@pytest.mark.parametrize("method", ["pure", "active"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_pure_and_active_both_ways_at_once(spliced, carrier, method):
    lab, ist = spliced(carrier)
    octets = octets_for(carrier)
    if method == "pure":
        splice = ist.splice("pure", PORT_A, PORT_B)
        a, b = meet(lab, sources=(PORT_B, PORT_A))
        exchange(a, b, octets)
        assert ist.show(splice)["method"] == "pure"
        return
    listener = lab.socket(lab.b, lab.east, socket.SOCK_STREAM)
    listener.bind((lab.host_b, 8080))
    listener.listen()
    ist.splice("active", PORT_A, 0, "--target", f"{lab.host_b}:8080")
    a = lab.connect(lab.a, lab.west, PORT_A)
    b, _ = listener.accept()
    with b:
        exchange(a, b, octets)


# Each row: sysctls of A, sysctls of B, what the SYN-ACK to A then has.
TIMESTAMPS, SACK, WSCALE, ECN = ("net.ipv4.tcp_timestamps", "net.ipv4.tcp_sack",
                                 "net.ipv4.tcp_window_scaling", "net.ipv4.tcp_ecn")
MIXES = {
    "all": ({ECN: 1}, {ECN: 1}, "mss sack timestamps wscale ecn"),
    "no_ecn": ({ECN: 0}, {ECN: 1}, "mss sack timestamps wscale"),
    "no_timestamps": ({TIMESTAMPS: 0}, {}, "mss sack wscale"),
    "no_sack": ({}, {SACK: 0}, "mss timestamps wscale"),
    "no_wscale": ({WSCALE: 0}, {}, "mss sack timestamps"),
    "nothing": ({TIMESTAMPS: 0, SACK: 0, WSCALE: 0}, {ECN: 1}, "mss"),
}
KINDS = {2: "mss", 3: "wscale", 4: "sack", 8: "timestamps"}


def options_of(segment):
    """Names of the TCP options of a SYN-ACK, and "ecn"."""
    names, options = {"ecn"} if segment.flags & 0x40 else set(), segment.options
    while options:
        if options[0] == 1:
            options = options[1:]
            continue
        names.add(KINDS[options[0]])
        options = options[options[1]:]
    return names


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("carrier", ["bpf", "tun"])
def test_only_what_both_stacks_want_is_used(spliced, carrier, mix):
    lab, ist = spliced(carrier)
    of_a, of_b, wanted = MIXES[mix]
    for space, settings in ((lab.a, of_a), (lab.b, of_b)):
        space.set(ECN, 0)
        for key, value in settings.items():
            space.set(key, value)
    sniffer = Sniffer(lab, lab.a, "eth0")
    ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab)
    answer = sniffer.wait(lambda segment: segment.flags & 0x12 == 0x12)
    assert options_of(answer) == set(wanted.split())
    exchange(a, b, 3_000_000 if carrier == "bpf" else 1_000_000)


@pytest.mark.parametrize(("mtu_a", "mtu_b"), [(1280, 1500), (1500, 9000), (9000, 1400)])
@pytest.mark.parametrize("families", ["v4", "v6", "v4v6"])
def test_mtus_that_differ(spliced, families, mtu_a, mtu_b):
    lab, ist = spliced("bpf")
    lab.mtu("a", mtu_a)
    lab.mtu("b", mtu_b)
    ist.splice("passive", PORT_A, PORT_B)
    exchange(*meet(lab, families=FAMILIES[families]), 3_000_000)


def test_an_mss_of_ones_own(spliced):
    lab, ist = spliced("bpf")
    for number, mss in enumerate((88, 536, 1200)):
        ist.splice("passive", PORT_A + 2 * number, PORT_B + 2 * number)
        a, b = meet(lab, ports=(PORT_A + 2 * number, PORT_B + 2 * number),
                    options=((socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss),))
        exchange(a, b, 300_000)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_splices_of_all_families_at_once(spliced, carrier):
    lab, ist = spliced(carrier)
    pairs = []
    for number, families in enumerate(itertools.product((4, 6), repeat=2)):
        ports = (PORT_A + 2 * number, PORT_B + 2 * number)
        ist.splice("passive", *ports)
        pairs.append(meet(lab, ports=ports, families=families))
    for a, b in pairs:
        say_and_hear(a, b)
    for a, b in pairs:
        exchange(a, b, 200_000)
