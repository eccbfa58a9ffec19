# SPDX-License-Identifier: GPL-2.0-or-later
"""Our NAT engine and Linux' agree on who leaves from where and who gets in, packet by packet."""

import random

import pytest

import isblab
from differential import (ALICE, BOB, EXTERNAL, SERVER, SERVER_OTHER_PORT, STRANGER, EngineWorld,
                          LinuxWorld, Outcome, Step, play, three_way)
from isblab.netlab import NAT_TYPES, nat_rules
from raw_packets import ACK, FIN, RST, SYN

REMOTES = (SERVER, SERVER_OTHER_PORT, STRANGER)

# Masquerade with a filter as in nat_rules: what nobody inside asked for is dropped before it makes
# an entry.
_LINUX = nat_rules("port-restricted-cone", "outside")
_LINUX_RANDOM = nat_rules("symmetric", "outside")
# The bare rule, as a router that forgot its filter has it.
_BARE = """
table ip bare {
    chain translate {
        type nat hook postrouting priority srcnat;
        oifname "outside" masquerade
    }
}
"""


@pytest.fixture
def engine():
    """engine(preset): our NAT as a world."""

    def make(preset):
        return EngineWorld(isblab.NatBox(EXTERNAL, preset, internal=["10.0.0.0/24"]))

    return make


@pytest.fixture
def linux(net):
    """linux(rules): Linux' NAT as a world; the devices are closed after the test."""
    worlds = []

    def make(rules):
        worlds.append(LinuxWorld(net, rules))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


def compare(ours, theirs, script):
    """Play the script in both worlds; both outcomes, which are equal but for the port."""
    mine, other = play(ours, script), play(theirs, script)
    for number, (a, b) in enumerate(zip(mine, other)):
        assert (a.arrived, a.shares) == (b.arrived, b.shares), (number, script[number], a, b)
    return mine


def compare_random_ports(ours, theirs, script):
    """The same where Linux draws ports at random: two flows may draw the same one, which is no
    difference between the NATs. A real one shows in three worlds in a row.

    Args:
        ours, theirs: make a world each.
    """
    for last in (False, False, True):
        try:
            return compare(ours(), theirs(), script)
        except AssertionError:
            if last:
                raise
    return None


def questions(protocol):
    """The two questions of a NAT: which endpoint does ALICE leave from, and who gets in there?"""
    script = [Step(protocol, ALICE, SERVER)]
    script += [Step(protocol, ALICE, remote, 0) for remote in REMOTES]
    script += [Step(protocol, ALICE, remote) for remote in REMOTES[1:]]
    script += [Step(protocol, ALICE, remote, to) for remote in REMOTES for to in (0, 4, 5)]
    script += [Step(protocol, ALICE, SERVER, "unused"), Step(protocol, BOB, SERVER)]
    return script


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("kind", NAT_TYPES)
def test_both_answer_the_two_questions_alike(engine, linux, kind, protocol):
    outcomes = compare(engine(kind), linux(nat_rules(kind, "outside")), questions(protocol))
    reused = outcomes[4].shares == 0
    assert reused == (kind != "symmetric")
    assert (outcomes[3].arrived == ALICE) == (kind == "full-cone")


def random_script(seed, protocol, length):
    """Steps of three insiders, each with ports of its own (see the overloading below)."""
    rng = random.Random(seed)
    insiders = [(f"10.0.0.{host}", 4000 + host * 10 + port) for host in (2, 3, 4) for port in (0, 1)]
    remotes = [(f"198.51.100.{host}", 80 + port) for host in (1, 2, 3) for port in (0, 1)]
    script, sent = [], []
    for number in range(length):
        if not sent or rng.random() < 0.4:
            script.append(Step(protocol, rng.choice(insiders), rng.choice(remotes)))
            sent.append(number)
        else:
            to = rng.choice(sent)
            script.append(Step(protocol, script[to].internal, rng.choice(remotes), to))
    return script


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("kind", NAT_TYPES)
def test_random_packets_meet_the_same_fate(engine, linux, kind, protocol):
    compare_random_ports(lambda: engine(kind), lambda: linux(nat_rules(kind, "outside")),
                         random_script(7, protocol, 250))


@pytest.mark.parametrize(("preset", "rules"), [("linux-masquerade", _LINUX),
                                               ("linux-masquerade-random", _LINUX_RANDOM)],
                         ids=["plain", "fully-random"])
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_the_presets_of_linux_behave_as_linux(engine, linux, preset, rules, protocol):
    compare_random_ports(lambda: engine(preset), lambda: linux(rules),
                         random_script(11, protocol, 250))


@pytest.mark.parametrize("kind", ["port-restricted-cone", "symmetric"])
def test_echo_replies_come_back_from_the_host_that_was_pinged(engine, linux, kind):
    script = [Step("icmp", ALICE, SERVER), Step("icmp", ALICE, SERVER, 0),
              Step("icmp", ALICE, STRANGER, 0), Step("icmp", BOB, STRANGER),
              Step("icmp", BOB, STRANGER, 3), Step("icmp", BOB, SERVER, 3)]
    outcomes = compare(engine(kind), linux(nat_rules(kind, "outside")), script)
    assert [bool(outcome.arrived) for outcome in outcomes] == [True, True, False, True, True, False]


@pytest.mark.parametrize("protocol", ["udp", "tcp", "icmp"])
@pytest.mark.parametrize("kind", ["port-restricted-cone", "symmetric"])
def test_icmp_errors_reach_the_sender_and_end_nothing(engine, linux, kind, protocol):
    script = [Step(protocol, ALICE, SERVER), Step(protocol, ALICE, SERVER, 0, error=True),
              Step(protocol, ALICE, SERVER, 0, SYN | ACK), Step(protocol, ALICE, SERVER)]
    outcomes = compare(engine(kind), linux(nat_rules(kind, "outside")), script)
    assert outcomes[1].arrived == (ALICE[0], 0)
    assert outcomes[2].arrived is not None


@pytest.mark.parametrize("kind", NAT_TYPES)
def test_a_tcp_connection_lives_and_closes_alike(engine, linux, kind):
    script = [Step("tcp", ALICE, SERVER), *three_way(SERVER, 0),
              Step("tcp", ALICE, SERVER, 0, ACK), Step("tcp", ALICE, SERVER, None, FIN | ACK),
              Step("tcp", ALICE, SERVER, 0, ACK), Step("tcp", ALICE, SERVER, 0, FIN | ACK),
              Step("tcp", ALICE, SERVER, None, ACK)]
    outcomes = compare(engine(kind), linux(nat_rules(kind, "outside")), script)
    assert all(outcome.arrived for outcome in outcomes)


@pytest.mark.parametrize("kind", NAT_TYPES)
def test_syns_that_cross_open_one_connection(engine, linux, kind):
    script = [Step("tcp", ALICE, SERVER), Step("tcp", ALICE, SERVER, 0, SYN),
              Step("tcp", ALICE, SERVER, None, SYN | ACK), Step("tcp", ALICE, SERVER, 0, SYN | ACK),
              Step("tcp", ALICE, SERVER, None, ACK), Step("tcp", ALICE, SERVER, 0, ACK)]
    outcomes = compare(engine(kind), linux(nat_rules(kind, "outside")), script)
    assert all(outcome.arrived for outcome in outcomes)


def two_hosts_one_port(protocol):
    """ALICE and a neighbour use the same port, towards different servers."""
    neighbour = ("10.0.0.3", ALICE[1])
    return [Step(protocol, ALICE, SERVER), Step(protocol, neighbour, STRANGER),
            Step(protocol, ALICE, SERVER, 0, SYN | ACK),
            Step(protocol, neighbour, STRANGER, 1, SYN | ACK)]


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_difference_masquerade_overloads_a_port_and_a_cone_does_not(engine, linux, protocol):
    script = two_hosts_one_port(protocol)
    theirs = play(linux(_LINUX), script)
    assert [outcome.preserved for outcome in theirs[:2]] == [True, True]
    cone = play(engine("port-restricted-cone"), script)
    assert [outcome.preserved for outcome in cone[:2]] == [True, False]
    assert play(engine("linux-masquerade"), script) == theirs


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_two_hosts_with_one_port_to_one_server_are_told_apart(engine, linux, protocol):
    neighbour = ("10.0.0.3", ALICE[1])
    script = [Step(protocol, ALICE, SERVER), Step(protocol, neighbour, SERVER),
              Step(protocol, ALICE, SERVER, 0, SYN | ACK),
              Step(protocol, neighbour, SERVER, 1, SYN | ACK)]
    outcomes = compare(engine("linux-masquerade"), linux(_LINUX), script)
    assert outcomes[0].preserved and not outcomes[1].preserved


def test_difference_a_probe_that_comes_first_takes_the_port_of_bare_masquerade(engine, linux):
    # SERVER's datagram to an external port that nobody has yet makes an entry of the box' own.
    script = [Step("udp", ALICE, SERVER), Step("udp", BOB, STRANGER)]
    before = play(linux(_BARE), script)
    assert before[0].preserved and before[1].preserved
    probed = linux(_BARE)
    ours = engine("linux-masquerade")
    first = [Step("udp", ("10.0.0.9", 4321), SERVER, "unused"),
             Step("udp", ("10.0.0.9", 4321), SERVER)]
    assert play(probed, first) == [Outcome(), Outcome(SERVER, 1, False)]
    assert play(ours, first) == [Outcome(), Outcome(SERVER, 1, True)], "not modelled"


def test_a_reset_does_not_end_a_connection_at_once(engine, linux):
    script = [Step("tcp", ALICE, SERVER), *three_way(SERVER, 0),
              Step("tcp", ALICE, SERVER, None, RST), Step("tcp", ALICE, SERVER, 0, ACK)]
    outcomes = compare(engine("port-restricted-cone"), linux(_LINUX), script)
    assert outcomes[4].arrived == ALICE
