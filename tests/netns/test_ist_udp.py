# SPDX-License-Identifier: GPL-2.0-or-later
"""6 KB datagrams, five fragments each: the kernel's IST loses none that plain forwarding keeps.

At line rate: `./isblab bench ist`, whose 6 kB load compares the ways' losses.
"""

import socket

import pytest

from ist_net import IstNet
from ist_talk import PORT_A, PORT_B, addresses

REGISTRATION = b"ISBREG1" + bytes(9)
SIZE = 6000
BURST = 8  # what a socket's buffer holds


def users(lab, families):
    """Both registered."""
    ends = []
    for space, address, port in zip((lab.a, lab.b), addresses(lab, families), (PORT_A, PORT_B)):
        made = lab.socket(space, address, socket.SOCK_DGRAM)
        made.connect((address, port))
        made.send(REGISTRATION)
        ends.append(made)
    return ends


def bursts(sender, receiver, count):
    """Datagrams with numbers, a burst at a time; all arrive, whole."""
    for first in range(0, count, BURST):
        wanted = {bytes([number % 256]) * SIZE for number in range(first, first + BURST)}
        for datagram in sorted(wanted):
            sender.send(datagram)
        assert {receiver.recv(65536) for _ in range(BURST)} == wanted


def learn_path(sender, receiver):
    """Between families fragments grow by a header: the first that is too long for the way may be
    lost, and its sender is told (RFC 7915 section 4.1), after which he sends shorter ones."""
    patience = receiver.gettimeout()
    receiver.settimeout(0.2)
    for _ in range(50):
        try:
            sender.send(bytes(SIZE))
            receiver.recv(65536)
            break
        except OSError:  # EMSGSIZE, or nothing came
            pass
    else:
        pytest.fail("no datagram of 6 kB comes through")
    receiver.settimeout(patience)


@pytest.mark.parametrize("families", [(4, 4), (6, 6), (4, 6), (6, 4)],
                         ids=["v4", "v6", "v4v6", "v6v4"])
@pytest.mark.parametrize("carrier", ["bpf", "bpf+xdp", "tun"])
def test_no_datagram_of_6_kb_is_lost(spliced, carrier, families):
    lab, ist = spliced(carrier)
    splice = ist.splice("udp", PORT_A, PORT_B)
    a, b = users(lab, families)
    while any(side["peer"] is None for side in ist.show(splice)["side"]):
        pass
    if families[0] != families[1]:
        learn_path(a, b)
        learn_path(b, a)
    count = 2000 if carrier != "tun" else 400
    bursts(a, b, count)
    bursts(b, a, count)
    fragments = ist.show(splice)["side"][0]["packets"]
    assert fragments >= count * 5, "they were fragments"


def test_plain_forwarding_loses_none_either(net):
    lab = IstNet(net)
    lab.forward()
    b = lab.socket(lab.b, lab.host_b, socket.SOCK_DGRAM, source_port=9000)
    a = lab.socket(lab.a, lab.host_b, socket.SOCK_DGRAM)
    a.connect((lab.host_b, 9000))
    bursts(a, b, 2000)


@pytest.mark.parametrize("carrier", ["bpf", "bpf+xdp"])
def test_datagrams_without_checksum(spliced, carrier):
    lab, ist = spliced(carrier)
    splice = ist.splice("udp", PORT_A, PORT_B)
    a, b = users(lab, (4, 4))
    while any(side["peer"] is None for side in ist.show(splice)["side"]):
        pass
    a.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
    bursts(a, b, 80)
    a.send(b"short")
    assert b.recv(100) == b"short"
