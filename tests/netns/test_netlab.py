# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground that the other tests of this folder stand on: namespaces, nftables' NATs, clean-up."""

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isblab.netlab import FIREWALL, NAT_TYPES, Net, ProgramFailed, leftovers, nat_rules

CLIENT = ("10.0.0.2", 4000)
NAT = "198.51.100.2"
FIRST, SECOND = "198.51.100.1", "198.51.100.3"
SHORT = 0.2  # s until a packet that must not come counts as not delivered; here it takes microseconds
LONG = 20.0  # s: the watchdog of one that must


@pytest.fixture
def behind(net):
    """behind("symmetric"): a host (10.0.0.2) behind that NAT; and the internet's namespace."""

    def build(kind):
        core, box, host = net.namespace("core"), net.namespace("box"), net.namespace("host")
        net.wire(core, f"{FIRST}/24", box, f"{NAT}/24", names=("eth0", "outside"))
        core.address("eth0", f"{SECOND}/24")
        net.wire(box, "10.0.0.1/24", host, "10.0.0.2/24", names=("inside", "eth0"))
        host.route("default", "10.0.0.1")
        core.route("10.0.0.0/24", NAT)
        box.forward()
        box.nft(nat_rules(kind, "outside"))
        return core, host

    return build


def check_arrival(receiver, sender, to, expected):
    """A datagram from sender to `to` comes to receiver, or does not."""
    receiver.settimeout(LONG if expected else SHORT)
    sender.sendto(b"probe", to)
    try:
        arrived = receiver.recv(100) == b"probe"
    except TimeoutError:
        arrived = False
    assert arrived == expected


@pytest.mark.parametrize("kind", NAT_TYPES)
def test_udp_types_are_what_their_names_say(behind, kind):
    core, host = behind(kind)
    inside = host.udp(*CLIENT)
    servers = [core.udp(address, port) for address in (FIRST, SECOND) for port in (3000, 3001)]
    seen = []
    for server in (servers[0], servers[2]):
        inside.sendto(b"hello", server.getsockname())
        seen.append(server.recvfrom(100)[1])
    assert (seen[0] == seen[1]) == (kind != "symmetric")
    other_port = core.udp(FIRST, 3002)
    check_arrival(inside, servers[0], seen[0], True)
    check_arrival(inside, other_port, seen[0], kind in ("full-cone", "restricted-cone"))


@pytest.mark.parametrize("kind", NAT_TYPES)
def test_only_a_full_cone_admits_a_stranger(behind, kind):
    core, host = behind(kind)
    inside, server, stranger = host.udp(*CLIENT), core.udp(FIRST, 3000), core.udp(SECOND, 3000)
    inside.sendto(b"hello", server.getsockname())
    seen = server.recvfrom(100)[1]
    check_arrival(inside, stranger, seen, kind == "full-cone")


@pytest.mark.parametrize("kind", NAT_TYPES)
def test_a_probe_before_the_first_packet_changes_nothing(behind, kind):
    core, host = behind(kind)
    inside, server = host.udp(*CLIENT), core.udp(FIRST, 3000)
    check_arrival(inside, server, (NAT, CLIENT[1]), False)
    inside.sendto(b"hello", server.getsockname())
    seen = server.recvfrom(100)[1]
    assert (seen == (NAT, CLIENT[1])) == (kind != "symmetric")


@pytest.mark.parametrize("kind", NAT_TYPES)
def test_tcp_types_are_what_their_names_say(behind, kind):
    core, host = behind(kind)
    servers = [core.socket(bind=(address, 3000), listen=True) for address in (FIRST, SECOND)]
    accepted, seen = [], []
    for server in servers:
        client = host.socket(bind=CLIENT)
        client.connect(server.getsockname())
        connection, peer = server.accept()
        accepted += [client, connection]
        seen.append(peer)
    assert (seen[0] == seen[1]) == (kind != "symmetric")
    host.socket(bind=CLIENT, listen=True)
    for address, port, kinds in ((FIRST, 4444, ("full-cone", "restricted-cone")),
                                 ("198.51.100.4", 4444, ("full-cone",))):
        if address not in (FIRST, SECOND):
            core.address("eth0", f"{address}/24")
        caller = core.socket(bind=(address, port), patience=LONG if kind in kinds else SHORT)
        with contextlib.ExitStack() as stack:
            if kind not in kinds:
                stack.enter_context(pytest.raises(TimeoutError))
            caller.connect(seen[0])
    for one in accepted:
        one.close()


def test_firewall_lets_answers_in_and_nothing_else(behind):
    core, host = behind(FIREWALL)
    inside, server, stranger = host.udp(*CLIENT), core.udp(FIRST, 3000), core.udp(SECOND, 3000)
    check_arrival(inside, server, CLIENT, False)
    check_arrival(server, inside, server.getsockname(), True)
    check_arrival(inside, server, CLIENT, True)
    check_arrival(inside, stranger, CLIENT, False)


def test_a_socket_belongs_to_its_namespace_and_the_thread_comes_home(net):
    before = socket.if_nameindex()
    space = net.namespace("one")
    with space.entered():
        assert [name for _, name in socket.if_nameindex()] == ["lo"]
    assert socket.if_nameindex() == before


def test_all_is_gone_after_an_exception():
    with pytest.raises(ZeroDivisionError):
        with Net() as net:
            space = net.namespace("one")
            net.start(space, "sleep", "600")
            assert len(leftovers()) == 2
            raise ZeroDivisionError
    assert leftovers() == []


def test_what_a_killed_process_left_goes_with_the_next_net():
    script = ("import os, signal\nfrom isblab.netlab import Net\n"
              "net = Net()\nspace = net.namespace('lost')\n"
              "program = net.start(space, 'sleep', '600')\n"
              "print(space, program.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)")
    words = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/sbin:/usr/bin"},
                          check=False).stdout
    name, program = words.split()

    def names():
        return subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout

    assert name in names()
    deadline = time.monotonic() + LONG
    while Path(f"/proc/{program}/exe").exists():  # a dead process has none
        assert time.monotonic() < deadline, "a program outlived its Net"
    with Net():
        assert name not in names()


def test_waiting_for_a_program_that_ends_says_what_it_printed(net):
    program = net.start(None, "sh", "-c", "echo one; echo two >&2; exit 3")
    assert program.wait_for("on.").group() == "one"
    with pytest.raises(ProgramFailed, match="(?s)three.*two"):
        program.wait_for("three")
    with pytest.raises(ProgramFailed, match="status 3"):
        program.finish()


@pytest.mark.parametrize("kind", ("no-nat", ""))
def test_unknown_types_are_refused(kind):
    with pytest.raises(ValueError, match="there are: full-cone"):
        nat_rules(kind, "outside")
