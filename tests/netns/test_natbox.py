# SPDX-License-Identifier: GPL-2.0-or-later
"""natbox on real packets: downloads, datagrams, ICMP, reload, statistics, impairment, checksums.

    host 10.0.0.2 --- 10.0.0.1 box, natbox 203.0.113.1 --- 203.0.113.254 core (198.51.100.1 behind it)
"""

import errno
import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest

EXTERNAL = "203.0.113.1"
SERVER = "203.0.113.254"
HOST = "10.0.0.2"
IP_RECVERR = 11
IP_MTU_DISCOVER, IP_MTU, IP_PMTUDISC_DO, IP_PMTUDISC_DONT = 10, 14, 2, 0
MANY_BYTES = 1 << 24


class Lab:
    """A host behind a natbox, and the internet."""

    def __init__(self, net, program, folder, nat, natbox):
        self.core, self.box, self.host = (net.namespace(name) for name in ("core", "box", "host"))
        net.wire(self.core, f"{SERVER}/24", self.box, None, names=("eth0", "outside"))
        net.wire(self.box, "10.0.0.1/24", self.host, f"{HOST}/24", names=("inside", "eth0"))
        self.host.route("default", "10.0.0.1")
        self._statistics = folder / "natbox.sock"
        self.natbox = net.natbox(self.box, program, nat, EXTERNAL, "203.0.113.0/24",
                                 natbox=f'statistics = "{self._statistics}"\nseed = 1\n{natbox}')

    def statistics(self):
        """What natbox says to whoever connects."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(20)
            asking.connect(str(self._statistics))
            return json.loads(b"".join(iter(lambda: asking.recv(1 << 16), b"")))

    def statistics_when(self, holds):
        """The first statistics of which `holds` is true."""
        for _ in range(100_000):
            statistics = self.statistics()
            if holds(statistics):
                return statistics
        raise AssertionError(f"never true of the statistics: {statistics}")

    def config(self):
        """The configuration file, as natbox's command line names it."""
        words = Path(f"/proc/{self.natbox.pid}/cmdline").read_text().split("\0")
        return Path(words[words.index("--config") + 1])

    def connect(self):
        """A TCP connection through the box: the host's end and the server's."""
        listener = self.core.socket(bind=(SERVER, 0), listen=True)
        client = self.host.socket()
        client.connect(listener.getsockname())
        server, peer = listener.accept()
        server.settimeout(20)
        assert peer[0] == EXTERNAL
        return client, server


@pytest.fixture
def lab(net, built, tmp_path):
    """lab(nat, natbox): a Lab with these lines in its configuration."""
    return lambda nat='preset = "port-restricted-cone"', natbox="": Lab(
        net, built("natbox"), tmp_path, nat, natbox)


def exchange(sender, receiver, data):
    """All of the data goes over a connection."""
    thread = threading.Thread(target=sender.sendall, args=(data,))
    thread.start()
    got = bytearray()
    while len(got) < len(data):
        part = receiver.recv(1 << 20)
        assert part, "the connection ended early"
        got += part
    thread.join()
    assert bytes(got) == data


@pytest.mark.parametrize("offload", [True, False])
def test_a_download_by_curl_is_intact(lab, net, tool, tmp_path, offload):
    curl, size = tool("curl"), 100_000_000 if offload else 20_000_000
    this = lab(natbox=f"offload = {str(offload).lower()}")
    served = tmp_path / "served"
    served.mkdir()
    block = os.urandom(1 << 20)
    content = (block * (size // len(block) + 1))[:size]
    (served / "file").write_bytes(content)
    server = net.start(this.core, "python3", "-u", "-m", "http.server", "--bind", SERVER,
                       "--directory", served, "8080")
    server.wait_for("Serving")
    this.host.run(curl, "-sS", "-m", "60", "-o", tmp_path / "got", f"http://{SERVER}:8080/file",
                  patience=90)
    assert (hashlib.sha256((tmp_path / "got").read_bytes()).digest()
            == hashlib.sha256(content).digest())
    statistics = this.statistics()
    assert statistics["outside"]["receivedBytes"] > size
    assert (statistics["outside"]["receivedLarge"] > 0) == offload
    assert statistics["unwritten"] == 0


def test_an_upload_is_intact(lab):
    client, server = lab().connect()
    exchange(client, server, os.urandom(MANY_BYTES))
    exchange(server, client, b"thanks")


@pytest.mark.parametrize("size", [0, 1, 1472, 1473, 9000, 40_000])
def test_datagrams_and_their_fragments_pass_both_ways(lab, size):
    this = lab()
    inside, outside = this.host.udp(HOST, 4000), this.core.udp(SERVER, 3000)
    data = os.urandom(size)
    inside.sendto(data, (SERVER, 3000))
    got, seen = outside.recvfrom(65535)
    assert (got, seen) == (data, (EXTERNAL, 4000))
    outside.sendto(data[::-1], seen)
    assert inside.recvfrom(65535) == (data[::-1], (SERVER, 3000))


def test_a_series_of_datagrams_passes_whole(lab):
    this = lab()
    inside, outside = this.host.udp(HOST, 4000), this.core.udp(SERVER, 3000)
    udp_segment = 103
    inside.setsockopt(socket.SOL_UDP, udp_segment, 500)
    data = os.urandom(5000)
    inside.sendto(data, (SERVER, 3000))
    got = [outside.recv(65535) for _ in range(10)]
    assert b"".join(got) == data
    assert {len(part) for part in got} == {500}


def test_what_is_too_large_outside_is_cut_or_refused(lab):
    this = lab(natbox="outside-mtu = 1000")
    inside, outside = this.host.udp(HOST, 4000), this.core.udp(SERVER, 3000)
    data = os.urandom(1400)
    inside.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
    inside.sendto(data, (SERVER, 3000))
    assert outside.recv(65535) == data
    assert this.statistics()["outside"]["fragmented"] == 1
    inside.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    inside.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    inside.connect((SERVER, 3000))
    inside.send(data)
    this.statistics_when(lambda s: s["inside"]["emitted"] == 1)
    with pytest.raises(OSError) as refused:
        inside.send(data)
    assert refused.value.errno == errno.EMSGSIZE
    assert inside.getsockopt(socket.IPPROTO_IP, IP_MTU) == 1000


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def test_an_echo_comes_back(lab):
    this = lab()
    with this.host.entered():
        ping = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with ping:
        ping.settimeout(20)
        body = struct.pack("!HH", 4711, 1) + os.urandom(56)
        head = struct.pack("!BBH", 8, 0, checksum(b"\x08\0\0\0" + body))
        ping.sendto(head + body, (SERVER, 0))
        answer, source = ping.recvfrom(1500)
    assert source[0] == SERVER
    assert answer[20:22] == b"\0\0"
    assert answer[24:] == body


def test_time_exceeded_tells_the_host_where(lab, net):
    this = lab()
    far = net.namespace("far")
    net.wire(this.core, "198.51.100.1/24", far, "198.51.100.2/24", names=("eth1", "eth0"))
    this.core.forward()
    this.box.run("ip", "route", "add", "198.51.100.0/24", "via", SERVER, "dev", "outside")
    probe = this.host.udp(HOST, 4000)
    probe.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    probe.connect(("198.51.100.2", 33434))
    seen = []
    for ttl in (1, 3):  # the box' kernel routes twice, to natbox and from it
        probe.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        probe.send(b"probe")
        with pytest.raises(OSError) as told:
            probe.recv(1500)
        assert told.value.errno == errno.EHOSTUNREACH
        _, ancillary, _, _ = probe.recvmsg(1500, 512, socket.MSG_ERRQUEUE)
        offender = ancillary[0][2][16:]  # behind struct sock_extended_err
        seen.append(socket.inet_ntoa(offender[4:8]))
    assert seen == ["10.0.0.1", SERVER]


def test_a_reload_keeps_a_running_transfer(lab):
    this = lab()
    client, server = this.connect()
    data = os.urandom(MANY_BYTES)
    sender = threading.Thread(target=server.sendall, args=(data,))
    sender.start()
    got = bytearray(client.recv(1 << 16))
    config = this.config()
    config.write_text(config.read_text() + 'udp-timeout = "30 s"\n')
    this.natbox.signal(signal.SIGHUP)
    this.natbox.wait_for("reloaded")
    while len(got) < len(data):
        part = client.recv(1 << 20)
        assert part, "the connection ended early"
        got += part
    sender.join()
    assert bytes(got) == data
    statistics = this.statistics()
    assert (statistics["reloads"], statistics["mappings"]) == (1, 1)


@pytest.mark.parametrize("line, said", [
    ("udp-timout = 3", "unknown key 'udp-timout' in [nat]"),
    ("[impair.inside]\nloss = 3", "'loss' in [impair.inside]"),
])
def test_a_reload_that_is_wrong_changes_nothing(lab, line, said):
    this = lab()
    client, server = this.connect()
    config = this.config()
    config.write_text(config.read_text() + line + "\n")
    this.natbox.signal(signal.SIGHUP)
    this.natbox.wait_for("reload refused")
    assert said in this.natbox.output()
    exchange(client, server, b"still here")
    assert this.statistics()["refusedReloads"] == 1


def test_a_reload_that_needs_a_restart_is_refused(lab):
    this = lab()
    config = this.config()
    config.write_text(config.read_text().replace("seed = 1", "seed = 2"))
    this.natbox.signal(signal.SIGHUP)
    this.natbox.wait_for("reload refused.*'seed'")


def test_statistics_tell_mappings_and_reasons(lab):
    this = lab()
    inside, outside = this.host.udp(HOST, 4000), this.core.udp(SERVER, 3000)
    inside.sendto(b"out", (SERVER, 3000))
    outside.recv(100)
    this.core.udp(SERVER, 3001).sendto(b"stranger", (EXTERNAL, 4000))
    statistics = this.statistics_when(lambda s: s["drops"].get("nat.filtered") == 1)
    assert statistics["nat"]["outbound"] == 1
    assert statistics["mappings"] == 1
    mapping = statistics["mappingList"][0]
    assert mapping["protocol"] == "udp"
    assert mapping["internal"] == f"{HOST}:4000"
    assert mapping["external"] == f"{EXTERNAL}:4000"


def received_numbers(this, count):
    """Which of so many numbered datagrams come through the impairment of the inside."""
    inside, outside = this.host.udp(HOST, 4000), this.core.udp(SERVER, 3000)
    outside.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    for number in range(count):
        inside.sendto(struct.pack("!I", number), (SERVER, 3000))
        if number % 100 == 99:  # natbox' queue is finite
            this.statistics_when(
                lambda s, n=number: s["inside"]["impairment"]["submitted"] == n + 1)
    statistics = this.statistics_when(lambda s: s["inside"]["impairment"]["inFlight"] == 0)
    departed = statistics["inside"]["impairment"]["departed"]
    return [struct.unpack("!I", outside.recv(100))[0] for _ in range(departed)], statistics


def test_the_same_seed_loses_the_same_packets(net, built, tmp_path):
    nat = 'preset = "full-cone"\n[impair.inside]\nloss = "10 %"\n'
    runs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        runs.append(received_numbers(Lab(net, built("natbox"), folder, nat, ""), 1000))
    (first, statistics), (second, _) = runs
    assert first == second == sorted(first)
    assert statistics["drops"]["impair.loss"] == 1000 - len(first)
    assert 60 < 1000 - len(first) < 140


def test_duplicates_and_reordering_come_as_counted(lab):
    this = lab('preset = "full-cone"\n[impair.inside]\nduplicate = "5 %"\n'
               'reorder = "5 %"\nreorder-by = "5 ms"\n')
    numbers, statistics = received_numbers(this, 500)
    impairment = statistics["inside"]["impairment"]
    assert len(numbers) == 500 + impairment["duplicated"]
    assert set(numbers) == set(range(500))
    assert impairment["duplicated"] > 0
    assert impairment["reordered"] > 0
    assert numbers != sorted(numbers)


def test_delayed_packets_are_on_their_way(lab):
    this = lab('preset = "full-cone"\n[impair.inside]\ndelay = "10 min"\n')
    inside = this.host.udp(HOST, 4000)
    for _ in range(5):
        inside.sendto(b"late", (SERVER, 3000))
    impairment = this.statistics_when(
        lambda s: s["inside"]["impairment"]["submitted"] == 5)["inside"]["impairment"]
    assert (impairment["inFlight"], impairment["departed"]) == (5, 0)


def test_a_transfer_survives_a_bad_link(lab):
    this = lab('preset = "full-cone"\n'
               '[impair.inside]\ndelay = "1 ms"\njitter = "1 ms"\nloss = "0.5 %"\n'
               '[impair.outside]\nrate = "200 Mb/s"\nqueue-packets = 200\nduplicate = "1 %"\n'
               'reorder = "1 %"\nreorder-by = "1 ms"\n')
    client, server = this.connect()
    exchange(server, client, os.urandom(1 << 21))
    statistics = this.statistics()
    assert statistics["outside"]["receivedLarge"] == 0
    assert statistics["outside"]["impairment"]["reordered"] > 0


def test_checksums_on_the_wire_are_right(lab, net, tool):
    this = lab()
    for space, device in ((this.box, "inside"), (this.box, "outside"), (this.core, "eth0"),
                          (this.host, "eth0")):
        space.offload(device, False)  # what leaves natbox undone is computed by the kernel
    dumps = [net.start(space, tool("tcpdump"), "-i", "eth0", "-n", "-vv", "-l", "-c", "40", "-Q",
                       "in", "tcp or udp") for space in (this.core, this.host)]
    for dump in dumps:
        dump.wait_for("listening on")
    inside, outside = this.host.udp(HOST, 4000), this.core.udp(SERVER, 3000)
    for size in (0, 1, 500, 1400):
        inside.sendto(os.urandom(size), (SERVER, 3000))
        outside.sendto(os.urandom(size), outside.recvfrom(2000)[1])
    client, server = this.connect()
    exchange(client, server, os.urandom(200_000))
    exchange(server, client, os.urandom(200_000))
    for dump in dumps:
        said = dump.finish()
        assert len(re.findall(r"cksum 0x\w+ \(correct\)", said)) > 20
        assert len(re.findall("udp sum ok", said)) == 4
        assert not re.search("incorrect|bad udp cksum", said)


def test_privileges_are_given_up(lab):
    status = Path(f"/proc/{lab().natbox.pid}/status").read_text()
    for kind in ("CapPrm", "CapEff", "CapInh"):
        assert re.search(rf"^{kind}:\s+0+$", status, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)


def test_without_the_privilege_it_says_what_it_needs(built, net, tool, tmp_path):
    config = tmp_path / "n.toml"
    config.write_text(f'[natbox]\ninside = "a"\noutside = "b"\nexternal = "{EXTERNAL}"\n')
    done = subprocess.run(
        net.namespace("box").command(tool("setpriv"), "--bounding-set=-net_admin",
                                     built("natbox"), "--config", config),
        capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "attach to TUN interface a (needs CAP_NET_ADMIN" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(lab, number):
    this = lab()
    socket_path = this._statistics
    assert socket_path.exists()
    this.natbox.signal(number)
    this.natbox.finish(status=0)
    assert not socket_path.exists()
    assert "nat-in" not in this.box.run("ip", "-o", "link")


def natbox_c(built, path, *more):
    return subprocess.run([built("natbox"), "--config", path, "-c", *more], capture_output=True,
                          text=True, timeout=20, check=False)


def test_c_checks_without_privilege_or_interface(built, tmp_path):
    config = tmp_path / "n.toml"
    config.write_text(f'[natbox]\ninside = "a"\noutside = "b"\nexternal = "{EXTERNAL}"\n')
    assert natbox_c(built, config).returncode == 0
    config.write_text(f'[natbox]\ninside = "a"\noutside = "a"\nexternal = "{EXTERNAL}"\nmut = 3\n')
    done = natbox_c(built, config)
    assert done.returncode == 1
    assert f"{config}:3: 'outside' in [natbox] is the same interface" in done.stderr
    assert f"{config}:5: unknown key 'mut' in [natbox]" in done.stderr
    missing = natbox_c(built, tmp_path / "none.toml")
    assert missing.returncode == 1
    assert f"read configuration {tmp_path}/none.toml: No such file" in missing.stderr


def test_every_example_is_right(built):
    examples = sorted((Path(__file__).resolve().parents[2] / "examples" / "natbox").glob("*.toml"))
    assert examples
    for path in examples:
        done = natbox_c(built, path)
        assert (done.returncode, done.stderr) == (0, ""), path


def test_help_and_version(built):
    for option, said in (("--help", "--config"), ("--version", "natbox ")):
        done = subprocess.run([built("natbox"), option], capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode == 0
        assert said in done.stdout
