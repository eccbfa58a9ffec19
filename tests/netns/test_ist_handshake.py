# SPDX-License-Identifier: GPL-2.0-or-later
"""How a splice begins and ends between real TCPs, also when packets are lost, forged or late."""

import errno
import json
import socket
import time

import pytest

from ist_net import CARRIERS
from ist_talk import (PORT_A, PORT_B, RST, SYN, Sniffer, addresses, connected, exchange,
                      lose_first, lost, meet, reset_by, say_and_hear)

# XDP takes established splices only: what comes before and after is the same program's as with bpf.
SLOW_WAY = ("bpf", "tun")
LOSSES = {
    "syn": ("output", "tcp flags syn / fin,syn,rst,ack"),
    "syn_ack": ("input", "tcp flags syn,ack / fin,syn,rst,ack"),
    "first_ack": ("output", "tcp flags ack / fin,syn,rst,ack"),
}


def wait_until(question, patience=20.0):
    """Ask until it is so."""
    end = time.monotonic() + patience
    while not (answer := question()):
        assert time.monotonic() < end, "it never came to that"
    return answer


@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_a_syn_is_held_for_three_seconds(spliced, carrier):
    lab, ist = spliced(carrier)
    ist.splice("passive", PORT_A, PORT_B)
    wire = Sniffer(lab, lab.a, "eth0")
    a = lab.connect(lab.a, lab.west, PORT_A, wait=False)
    # Linux sends it at 0, 1 and 3 s.
    wire.wait(lambda segment: segment.flags == SYN, count=3)
    assert ist.list()[0]["state"] == "IST_SYN_LOOKUP"
    b = lab.connect(lab.b, lab.east, PORT_B)
    exchange(connected(a), b, 200_000)


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_a_lost_packet_of_the_handshake_is_made_up_for(spliced, carrier, loss, side):
    lab, ist = spliced(carrier, settings=("--handshake-retry", "0.3"))
    ist.splice("passive", PORT_A, PORT_B)
    space = lab.a if side == "a" else lab.b
    hook, match = LOSSES[loss]
    lose_first(space, hook, f"tcp {'d' if hook == 'output' else 's'}port {{ {PORT_A}, {PORT_B} }} "
               + match)
    a, b = meet(lab)
    exchange(a, b, 100_000)
    assert lost(space, hook) == 1


@pytest.mark.parametrize("carrier", CARRIERS)
def test_both_fins_cross(spliced, carrier):
    lab, ist = spliced(carrier)
    splice = ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab)
    say_and_hear(a, b)
    # Both lose their first FIN, so that each has sent one before it gets the other's.
    for space in (lab.a, lab.b):
        lose_first(space, "output", "tcp flags & fin == fin")
    a.shutdown(socket.SHUT_WR)
    b.shutdown(socket.SHUT_WR)
    assert a.recv(1) == b"" and b.recv(1) == b""
    assert lost(lab.a, "output") == 1 and lost(lab.b, "output") == 1
    wait_until(lambda: ist.show(splice)["state"] == "IST_TIME_WAIT")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_one_side_goes_on_after_the_other_has_closed(spliced, carrier):
    lab, ist = spliced(carrier)
    splice = ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab)
    say_and_hear(a, b)
    a.shutdown(socket.SHUT_WR)
    assert b.recv(1) == b""
    assert ist.show(splice)["state"] == "IST_CLOSE_WAIT"
    exchange_one_way(b, a, 3_000_000)


def exchange_one_way(sender, receiver, octets):
    """What one side still says, in steps that fit the buffers."""
    step = bytes(64000)
    for _ in range(octets // len(step)):
        sender.sendall(step)
        heard = 0
        while heard < len(step):
            part = receiver.recv(len(step) - heard)
            assert part
            heard += len(part)
    sender.shutdown(socket.SHUT_WR)
    assert receiver.recv(1) == b""


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("families", [(4, 4), (6, 4)])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_reset_reaches_the_other(spliced, carrier, families, side):
    lab, ist = spliced(carrier)
    ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab, families=families)
    say_and_hear(a, b)
    leaver, stayer = (a, b) if side == "a" else (b, a)
    reset_by(leaver)
    with pytest.raises(ConnectionResetError):
        stayer.recv(1)
    wait_until(lambda: ist.list() == [])


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("families", [(4, 4), (6, 6)])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_forged_resets_do_no_harm(spliced, carrier, families, side):
    lab, ist = spliced(carrier)
    ist.splice("passive", PORT_A, PORT_B)
    space, port = (lab.a, PORT_A) if side == "a" else (lab.b, PORT_B)
    wire = Sniffer(lab, space, "eth0")
    a, b = meet(lab, families=families)
    say_and_hear(a, b)
    own = [segment for segment in wire.drain() if segment.destination_port == port]
    last = max(own, key=lambda segment: len(segment.payload))
    after = last.seq + len(last.payload)
    wire.send(last.again(after + 100, RST))          # in the window, not exact
    wire.send(last.again(after + 0x40000000, RST))   # outside
    wait_until(lambda: ist.drops("ist.rst-challenged") >= 1
               and ist.drops("ist.rst-out-of-window") >= 1)
    say_and_hear(a, b)
    # The negative twin: the exact one ends it.
    wire.drain()
    say_and_hear(a, b, b"once more")
    own = [segment for segment in wire.drain() if segment.destination_port == port]
    last = max(own, key=lambda segment: segment.seq + len(segment.payload))
    wire.send(last.again(last.seq + len(last.payload), RST))
    with pytest.raises(ConnectionResetError):
        (b if side == "a" else a).recv(1)


@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_a_partner_never_comes(spliced, carrier):
    lab, ist = spliced(carrier, settings=("--unmatched-timeout", "0.5"))
    ist.splice("passive", PORT_A, PORT_B)
    a = lab.connect(lab.a, lab.west, PORT_A, wait=False)
    with pytest.raises(OSError) as refused:
        connected(a)
    assert refused.value.errno == errno.ECONNREFUSED
    wait_until(lambda: ist.list() == [])
    assert ist.stats()["ended"] == 1


@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_nobody_comes(spliced, carrier):
    lab, ist = spliced(carrier, settings=("--unmatched-timeout", "2"))
    ist.splice("passive", PORT_A, PORT_B)
    ist.splice("udp", PORT_A, PORT_B)
    wait_until(lambda: ist.list() == [])
    ist.splice("passive", PORT_A, PORT_B)
    say_and_hear(*meet(lab))


@pytest.mark.parametrize("families", [(4, 4), (6, 6)])
@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_the_same_ports_within_two_msl(spliced, carrier, families):
    lab, ist = spliced(carrier)
    source = 40000
    for _ in range(3):
        splice = ist.splice("passive", PORT_A, PORT_B)
        a, b = meet(lab, families=families, sources=(source, 0))
        say_and_hear(a, b)
        # B closes first: its host keeps the TIME_WAIT, A's port is free again.
        b.shutdown(socket.SHUT_WR)
        assert a.recv(1) == b""
        a.close()
        assert b.recv(1) == b""
        wait_until(lambda: ist.show(splice)["state"] == "IST_TIME_WAIT")
    assert ist.stats()["paired"] == 3


@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_time_wait_ends(spliced, carrier):
    lab, ist = spliced(carrier, settings=("--time-wait", "0.3"))
    ist.splice("passive", PORT_A, PORT_B)
    exchange(*meet(lab), 1000)
    wait_until(lambda: ist.list() == [])


@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_an_idle_splice_ends(spliced, carrier):
    lab, ist = spliced(carrier, settings=("--idle-timeout", "2"))
    ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab)
    wait_until(lambda: ist.list() == [])
    # Both users hear of it, by the IST's own RST or with their next segment.
    for connection in (a, b):
        with pytest.raises(ConnectionResetError):
            connection.send(b"x")
            connection.recv(1)


@pytest.mark.parametrize("carrier", SLOW_WAY)
def test_removing_a_splice_resets_both(spliced, carrier):
    lab, ist = spliced(carrier)
    splice = ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab)
    say_and_hear(a, b)
    ist.remove(splice)
    for connection in (a, b):
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert ist.list() == []


@pytest.mark.parametrize("carrier", CARRIERS)
def test_two_hundred_splices_at_once(spliced, carrier):
    lab, ist = spliced(carrier)
    count, first_a, first_b = 200, 10000, 20000
    added = json.loads(ist.run("splice", "add", "--method", "passive", "--port-a", first_a,
                               "--port-b", first_b, "--count", count, "--json"))
    assert len(added["ids"]) == count
    both = []
    for number in range(count):
        families = (4, 6) if number % 4 == 3 else (4, 4) if number % 2 else (6, 6)
        west, east = addresses(lab, families)
        both.append((lab.connect(lab.a, west, first_a + number, wait=False),
                     lab.connect(lab.b, east, first_b + number, wait=False)))
    for a, b in both:
        connected(a)
        connected(b)
    for number, (a, b) in enumerate(both):
        text = f"splice {number} ".encode() * 100
        a.sendall(text)
        b.sendall(text[::-1])
    for number, (a, b) in enumerate(both):
        text = f"splice {number} ".encode() * 100
        for connection, wanted in ((a, text[::-1]), (b, text)):
            heard = b""
            while len(heard) < len(wanted):
                heard += connection.recv(len(wanted) - len(heard))
            assert heard == wanted
    assert sum(splice["state"] == "ESTABLISHED" for splice in ist.list()) == count


def test_a_fin_after_a_lost_one_still_closes(spliced):
    lab, ist = spliced("bpf")
    splice = ist.splice("passive", PORT_A, PORT_B)
    a, b = meet(lab)
    lose_first(lab.a, "output", "tcp flags & fin == fin")
    exchange(a, b, 10_000)
    assert lost(lab.a, "output") == 1
    wait_until(lambda: ist.show(splice)["state"] == "IST_TIME_WAIT")
