# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is not a user of the IST does it no harm: each test tries to, and shows beside it that the
same thing done by the right one works (doc/ist-kernel.md, "Under attack").

The flood's campaign prints what was offered and what was served meanwhile:

    ISBLAB_BUILD=build/release /usr/bin/python3 tests/netns/test_ist_attack.py --full
"""

import argparse
import ipaddress
import sys
import time
from pathlib import Path

import pytest

from ist_attack import ACK, RST, SYN, Attacker, icmp, segment, until
from ist_net import CARRIERS
from ist_talk import PORT_A, PORT_B, Sniffer, connected, exchange, meet, reset_by, say_and_hear

FLOODED = (6000, 6063)  # IST ports; all but the last two belong to splices of nobody
USERS = FLOODED[1] - 1, FLOODED[1]  # ports of legitimate users, flooded too
NOBODYS = FLOODED[1] - 1 - FLOODED[0]
MARK = b"attacker was here"
FAR = 1 << 30  # of sequence numbers: out of every window

pytestmark = pytest.mark.parametrize("carrier", CARRIERS)


@pytest.fixture
def besieged(net, built):
    """besieged(carrier, settings...): an Attacker with the IstNet and the Ist that he attacks."""

    def make(carrier, *settings):
        return Attacker(net, built("ist"), carrier, settings)

    return make


@pytest.fixture
def talking(besieged):
    """talking(carrier, settings...): the Attacker, the splice, two users who talk, and the newest
    segment of each at his own device (so that an attacker is given what he would have to guess)."""

    def make(carrier, *settings):
        mallory = besieged(carrier, *settings)
        lab = mallory.lab
        splice = mallory.ist.splice("passive", PORT_A, PORT_B)
        sniffers = Sniffer(lab, lab.a, "eth0"), Sniffer(lab, lab.b, "eth0")
        a, b = meet(lab)
        say_and_hear(a, b)
        newest = [[one for one in sniffer.drain() if one.source == packed(own) and one.payload][-1]
                  for sniffer, own in zip(sniffers, (lab.host_a, lab.host_b))]
        return mallory, splice, (a, b), sniffers, newest

    return make


def packed(address):
    """An IPv4 address as in a packet."""
    return ipaddress.IPv4Address(address).packed


def flood_while_users_meet(mallory, program, seconds=0.0, urgent=False):
    """Flood all ports; what was offered, and how many pairs of users met and talked meanwhile."""
    lab, ist = mallory.lab, mallory.ist
    ist.splice("passive", FLOODED[0], FLOODED[0] + 1000, "--count", NOBODYS)
    flood = mallory.flood(program, *FLOODED, urgent)
    mallory.drops("ist.side-taken")
    met = 0
    end = time.monotonic() + seconds
    while met < 3 or time.monotonic() < end:
        ist.splice("passive", *USERS, "--allow-a", lab.seen_a, "--allow-b", lab.seen_b)
        a, b = meet(lab, USERS, patience=60.0)
        say_and_hear(a, b)
        reset_by(a)
        b.close()
        met += 1
    return mallory.end_flood(flood), met


def test_a_flood_of_forged_syns_holds_little_and_is_answered_by_nothing(besieged, built, carrier):
    mallory = besieged(carrier)
    ist = mallory.ist
    offered, met = flood_while_users_meet(mallory, built("isblab-syn-flood"))
    assert offered["sent"] > 1000
    assert mallory.heard() == 0
    stats = ist.stats()
    assert stats["added"] == NOBODYS + met  # no splice but those ordered
    assert stats["paired"] == met
    assert stats["drops"]["ist.source-refused"] > 0
    for splice in ist.list():  # one forged user each at most
        assert splice["state"] != "LISTEN" or splice["side"][0]["peer"] is None
        if splice["state"] == "IST_SYN_LOOKUP":
            assert splice["side"][1]["peer"] is None
    # The attacker would have heard: a user of a pair, he is answered.
    ist.splice("passive", PORT_A, PORT_B)
    mallory.send(segment(("10.66.1.1", 1000), (mallory.lab.west, PORT_A), SYN, 1))
    mallory.lab.connect(mallory.lab.b, mallory.lab.east, PORT_B, wait=False)
    until("the answer to a paired user", lambda: mallory.heard() > 0)


def test_flooded_ports_return_by_themselves(besieged, carrier):
    mallory = besieged(carrier, "--unmatched-timeout", "2", "--unmatched-limit", "4")
    mallory.ist.splice("passive", PORT_A, PORT_B)
    mallory.send(segment(("10.66.1.1", 1000), (mallory.lab.west, PORT_A), SYN, 1))
    until("the held SYN is forgotten", lambda: mallory.ist.list() == [])
    mallory.ist.splice("passive", PORT_A, PORT_B)
    say_and_hear(*meet(mallory.lab))


def test_only_the_expected_source_takes_a_side(besieged, carrier):
    mallory = besieged(carrier)
    lab, ist = mallory.lab, mallory.ist
    splice = ist.splice("passive", PORT_A, PORT_B, "--allow-a", lab.seen_a, "--allow-b", lab.seen_b)
    for source, port in (((mallory.own, 40000), PORT_A), (("10.66.1.1", 40000), PORT_A),
                         ((lab.seen_b, 40000), PORT_A), ((lab.seen_a, 40000), PORT_B)):
        refused = ist.drops("ist.source-refused")
        mallory.send(segment(source, (lab.west, port), SYN, 1))
        mallory.drops("ist.source-refused", refused)
        assert ist.show(splice)["state"] == "LISTEN"
    say_and_hear(*meet(lab))
    assert mallory.heard() == 0


def test_a_third_host_cannot_answer_for_a_side(besieged, carrier):
    mallory = besieged(carrier)
    lab, ist = mallory.lab, mallory.ist
    splice = ist.splice("passive", PORT_A, PORT_B, "--allow-b", lab.seen_b)
    a = lab.connect(lab.a, lab.west, PORT_A, 40000, wait=False)
    until("A's SYN is held", lambda: ist.show(splice)["state"] == "IST_SYN_LOOKUP")
    mallory.send(segment((mallory.own, 5), (lab.east, PORT_B), SYN, 1))
    mallory.drops("ist.source-refused")
    # As B, but with what comes after a SYN; as A, whose ISN he does not know.
    before = sum(ist.stats()["drops"].values())
    for flags in (SYN | ACK, ACK, RST, RST | ACK, ACK | 1):
        mallory.send(segment((lab.seen_b, 50000), (lab.east, PORT_B), flags, 77, 78, MARK))
        mallory.send(segment((lab.seen_a, 40000), (lab.west, PORT_A), flags, 77, 78, MARK))
    until("all are dropped", lambda: sum(ist.stats()["drops"].values()) >= before + 9)
    assert ist.show(splice)["state"] == "IST_SYN_LOOKUP"
    b = lab.connect(lab.b, lab.east, PORT_B, wait=False)
    say_and_hear(connected(a), connected(b))
    assert mallory.heard() == 0


def test_guessed_ports_reach_nobody(talking, carrier):
    mallory, splice, (a, b), (at_a, at_b), (of_a, _) = talking(carrier)
    lab = mallory.lab
    real = of_a.source_port
    before = mallory.ist.show(splice)["side"]
    for port in [*range(real - 50, real), *range(real + 1, real + 50)]:
        mallory.send(segment((lab.seen_a, port), (lab.west, PORT_A), ACK, of_a.seq + 5, of_a.ack,
                             MARK))
    # They are no splice's: the IST's host itself refuses the last of them, as that of another host.
    at_a.wait(lambda one: one.destination_port == real + 49 and one.flags & RST)
    assert mallory.ist.show(splice)["side"] == before
    # The right port would have passed.
    mallory.send(segment((lab.seen_a, real), (lab.west, PORT_A), ACK, of_a.seq + 5, of_a.ack, MARK))
    assert at_b.wait(lambda one: one.payload == MARK).source == packed(lab.east)
    assert b.recv(100) == MARK


def test_guessed_numbers_reach_no_user(talking, carrier):
    mallory, splice, (a, b), _, (of_a, _) = talking(carrier)
    lab, ist = mallory.lab, mallory.ist
    flow = (lab.seen_a, of_a.source_port), (lab.west, PORT_A)
    following = of_a.seq + len(of_a.payload)
    for far in (FAR, -FAR, 1 << 31):
        mallory.send(segment(*flow, ACK, following + far, of_a.ack, MARK))
        mallory.send(segment(*flow, ACK, following + 1, of_a.ack + far, MARK))
        mallory.send(segment(*flow, ACK | 1, following + far, of_a.ack + far, MARK))
        refused = ist.drops("ist.rst-out-of-window")
        mallory.send(segment(*flow, RST, following + far))
        mallory.drops("ist.rst-out-of-window", refused)
    mallory.send(segment(*flow, SYN, following + FAR))
    mallory.drops("ist.syn-challenged")
    mallory.send(segment(*flow, RST, following + 1))
    mallory.drops("ist.rst-challenged")
    assert ist.show(splice)["state"] == "ESTABLISHED"
    assert mallory.heard() == 0  # nor has the way back moved to him
    exchange(a, b, 200_000)


def test_a_reset_with_the_right_number_ends_the_splice(talking, carrier):
    mallory, splice, (_, b), _, (of_a, _) = talking(carrier)
    mallory.send(segment((mallory.lab.seen_a, of_a.source_port), (mallory.lab.west, PORT_A), RST,
                         of_a.seq + len(of_a.payload)))
    with pytest.raises(ConnectionResetError):
        b.recv(1)
    until("it is gone", lambda: splice not in [one["id"] for one in mallory.ist.list()])


def test_blind_icmp_errors_reach_no_user(talking, carrier):
    mallory, splice, (a, b), (_, at_b), (of_a, of_b) = talking(carrier)
    lab, ist = mallory.lab, mallory.ist
    # About a segment that the IST would have sent to A; B is who sent it.
    towards_a = (lab.west, PORT_A), (lab.seen_a, of_a.source_port)
    too_big, host_unreachable, port_unreachable = (3, 4, 576), (3, 1, 0), (3, 3, 0)
    for kind, code, mtu in (too_big, host_unreachable, port_unreachable):
        for far in (FAR, -FAR, 1 << 31):
            refused = ist.drops("ist.icmp-out-of-window")
            quoted = segment(*towards_a, ACK, of_b.seq + far, 0, MARK)
            mallory.send(icmp(mallory.own, lab.west, kind, code, quoted, mtu))
            mallory.drops("ist.icmp-out-of-window", refused)
    say_and_hear(a, b)
    assert "mtu 576" not in lab.b.run("ip", "route", "get", lab.east)
    assert ist.show(splice)["state"] == "ESTABLISHED"
    # With a number that is under way it is B's to judge.
    number = [one for one in at_b.drain() if one.source == packed(lab.host_b) and one.payload][-1]
    quoted = segment(*towards_a, ACK, number.seq + len(number.payload), 0, MARK)
    mallory.send(icmp(mallory.own, lab.west, *too_big[:2], quoted, too_big[2]))
    until("B has learned the MTU", lambda: "mtu 576" in lab.b.run("ip", "route", "get", lab.east))
    exchange(a, b, 50_000)


def test_replays_after_the_close_reach_nobody(besieged, carrier):
    mallory = besieged(carrier, "--time-wait", "0.3")
    lab, ist = mallory.lab, mallory.ist
    lab.offload(False, gro=True)  # what is recorded is what was on the wire
    ist.splice("passive", PORT_A, PORT_B, "--allow-a", lab.seen_a)
    at_a, at_b = Sniffer(lab, lab.a, "eth0"), Sniffer(lab, lab.b, "eth0")
    exchange(*meet(lab), 20_000)
    until("the splice is over", lambda: ist.list() == [])
    # The ports wait for other users; what the old ones said is said again.
    splice = ist.splice("passive", PORT_A, PORT_B, "--allow-a", "192.0.2.77")
    recorded = [one for one in at_a.drain() if one.source == packed(lab.host_a)]
    at_b.drain()
    assert recorded[0].flags & SYN and len(recorded) > 4
    before = sum(ist.stats()["drops"].values())
    for one in recorded:
        mallory.send(one.frame[14:14 + int.from_bytes(one.frame[16:18], "big")])
    until("all are dropped",
          lambda: sum(ist.stats()["drops"].values()) >= before + len(recorded))
    shown = ist.show(splice)
    assert shown["state"] == "LISTEN" and shown["side"][0]["peer"] is None
    assert [one for one in at_b.drain() if one.source == packed(lab.east)] == []
    # Had A been expected, his recorded SYN would have been taken for one.
    ist.remove(splice)
    splice = ist.splice("passive", PORT_A, PORT_B)
    mallory.send(recorded[0].frame[14:14 + int.from_bytes(recorded[0].frame[16:18], "big")])
    until("a SYN is a SYN", lambda: ist.show(splice)["state"] == "IST_SYN_LOOKUP")


def campaign():
    """The flood for as long as is asked, on every carrier; prints what was offered and served."""
    # pylint: disable=import-outside-toplevel; conftest finds the package and the programs
    from conftest import BUILD
    from isblab.netlab import Net

    parser = argparse.ArgumentParser(description=campaign.__doc__)
    parser.add_argument("--full", action="store_true", help="10 s a carrier instead of 1")
    seconds = 10.0 if parser.parse_args().full else 1.0
    for carrier in CARRIERS:
        with Net() as net:
            mallory = Attacker(net, BUILD / "bin" / "ist", carrier)
            offered, met = flood_while_users_meet(
                mallory, BUILD / "bin" / "isblab-syn-flood", seconds, urgent=True)
            rate = offered["sent"] / offered["seconds"]
            share = offered["cpu"] / offered["seconds"]
            print(f"{carrier}: offered {rate:,.0f} SYN/s ({offered['sent']:,} in "
                  f"{offered['seconds']:.1f} s by {share:.0%} of a processor), answered {mallory.heard()}, splices held "
                  f"{len(mallory.ist.list())} of {NOBODYS} ordered; {met} pairs of users met "
                  f"meanwhile, {met / offered['seconds']:.1f}/s")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    campaign()
