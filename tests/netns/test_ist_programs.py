# SPDX-License-Identifier: GPL-2.0-or-later
"""Unmodified programs through the kernel's IST: client at A, server at B, a small forwarder each."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from ist_net import CARRIERS
from ist_talk import PORT_A, PORT_B

FORWARDER = Path(__file__).resolve().parent / "ist_forwarder.py"
LOCAL = 8000


def forwarders(lab, ist, server_port, count=1, family=4):
    """Splices, and both users' forwarders at work."""
    for number in range(count):
        ist.splice("passive", PORT_A + number, PORT_A + 1000 + number)
    west, east = (lab.west, lab.east) if family == 4 else (lab.west6, lab.east6)
    for space, words in ((lab.a, ("listen", LOCAL, west, PORT_A, count)),
                         (lab.b, ("connect", server_port, east, PORT_A + 1000, count))):
        lab.net.start(space, sys.executable, FORWARDER, *words).wait_for("ready")


def nginx(lab, folder, program):
    """A web server of B's on 127.0.0.1:8080 that serves `folder`."""
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off;\nmaster_process off;\nerror_log stderr notice;\npid {folder}/nginx.pid;\n"
        "events {}\nhttp {\n access_log off;\n"
        + "".join(f" {kind}_temp_path {folder}/{kind};\n"
                  for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        + f" server {{ listen 127.0.0.1:8080; location / {{ root {folder}; }} }}\n}}\n",
        encoding="utf-8")
    server = lab.net.start(lab.b, program, "-p", folder, "-c", config)
    server.wait_for("start worker|using the|Linux")
    lab.b.run(sys.executable, "-c", "import socket,sys\nwhile True:\n try:\n  "
              "socket.create_connection(('127.0.0.1', 8080)); break\n except OSError: pass")


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_curl_and_nginx(spliced, tool, tmp_path, carrier, family):
    lab, ist = spliced(carrier)
    octets = bytes(range(256)) * 8192
    (tmp_path / "file").write_bytes(octets)
    tmp_path.chmod(0o755)
    nginx(lab, tmp_path, tool("nginx"))
    forwarders(lab, ist, 8080, family=family)
    # Two requests on the one connection.
    lab.a.run(tool("curl"), "--silent", "--fail", "-o", tmp_path / "one", "-o", tmp_path / "two",
              f"http://127.0.0.1:{LOCAL}/file", f"http://127.0.0.1:{LOCAL}/file")
    assert (tmp_path / "one").read_bytes() == octets
    assert (tmp_path / "two").read_bytes() == octets


@pytest.mark.parametrize("carrier", CARRIERS)
def test_socat_joins_a_browser_and_a_server(spliced, tool, tmp_path, carrier):
    lab, ist = spliced(carrier)
    (tmp_path / "file").write_bytes(b"served\n" * 1000)
    tmp_path.chmod(0o755)
    nginx(lab, tmp_path, tool("nginx"))
    ist.splice("passive", PORT_A, PORT_B)
    lab.net.start(lab.b, tool("socat"), f"TCP:{lab.east}:{PORT_B}", "TCP:127.0.0.1:8080")
    lab.net.start(lab.a, tool("socat"), "-d", "-d", f"TCP-LISTEN:{LOCAL},bind=127.0.0.1",
                  f"TCP:{lab.west}:{PORT_A}").wait_for("listening")
    assert lab.a.run(tool("curl"), "--silent", "--fail",
                     f"http://127.0.0.1:{LOCAL}/file") == "served\n" * 1000


@pytest.mark.parametrize("carrier", CARRIERS)
def test_iperf3(spliced, tool, carrier):
    lab, ist = spliced(carrier)
    iperf3 = tool("iperf3")
    lab.net.start(lab.b, iperf3, "--server", "--one-off", "--port", 5201, "--bind", "127.0.0.1",
                  "--forceflush").wait_for("listening")
    forwarders(lab, ist, 5201, count=3)  # control and two streams
    report = json.loads(lab.a.run(iperf3, "--client", "127.0.0.1", "--port", LOCAL, "--time", 1,
                                  "--parallel", 2, "--json"))
    assert report["end"]["sum_received"]["bytes"] > 1_000_000
    assert len(report["end"]["streams"]) == 2


@pytest.mark.parametrize("carrier", CARRIERS)
def test_ssh(spliced, tool, tmp_path, carrier):
    lab, ist = spliced(carrier)
    tool("dropbearkey")
    tool("ssh-keygen")
    lab.b.run("dropbearkey", "-t", "ed25519", "-f", tmp_path / "host")
    lab.a.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key")
    # The server's user gets a home that nobody else sees; $1: folder, $2: dropbear, $3: client's key.
    script = ('home=$(getent passwd $(id -u) | cut -d: -f6) && host=$(cat $1/host | base64 -w0) && '
              'mount -t tmpfs -o mode=700 none $home && mkdir -m 700 $home/.ssh && '
              'echo "$3" > $home/.ssh/authorized_keys && chmod 600 $home/.ssh/authorized_keys && '
              'echo $host | base64 -d > $home/host && '
              'exec $2 -F -E -s -p 127.0.0.1:2222 -r $home/host -P $home/dropbear.pid')
    key = (tmp_path / "key.pub").read_text(encoding="utf-8").strip()
    lab.net.start(lab.b, "unshare", "--mount", "sh", "-c", script, "sh", tmp_path, tool("dropbear"),
                  key).wait_for("Not backgrounding")
    forwarders(lab, ist, 2222)
    octets = bytes(range(256)) * 4000
    (tmp_path / "octets").write_bytes(octets)
    shown = lab.a.run("sh", "-c", f"{tool('ssh')} -F /dev/null -i {tmp_path}/key -p {LOCAL} "
                      "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
                      f"-o BatchMode=yes root@127.0.0.1 sha256sum < {tmp_path}/octets")
    assert shown.split()[0] == hashlib.sha256(octets).hexdigest()


@pytest.mark.parametrize("way", ["tcp", "udp"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_dig(spliced, tool, carrier, way):
    lab, ist = spliced(carrier)
    records = [word for number in range(60)
               for word in ("--txt-record", f"many.isblab.test,{number:02d}" + "x" * 60)]
    lab.net.start(lab.b, tool("dnsmasq"), "--no-daemon", "--conf-file=/dev/null", "--no-resolv",
                  "--no-hosts", "--port", 5353, "--listen-address", "127.0.0.1", "--bind-interfaces",
                  "--user=root", "--edns-packet-max=8192", "--host-record=isblab.test,192.0.2.55",
                  *records).wait_for("started")
    if way == "tcp":
        forwarders(lab, ist, 5353)
    else:
        ist.splice("udp", PORT_A, PORT_B)
        for space, words in ((lab.a, (LOCAL, lab.west, PORT_A, "listen")),
                             (lab.b, (5353, lab.east, PORT_B, "connect"))):
            lab.net.start(space, sys.executable, FORWARDER, "datagrams", *words).wait_for("ready")
        while any(side["peer"] is None for side in ist.list()[0]["side"]):
            pass
    dig = (tool("dig"), "@127.0.0.1", "-p", LOCAL, "+short", "+tries=1", "+bufsize=8192",
           "+keepopen" if way == "tcp" else "+ignore", f"+{'' if way == 'tcp' else 'no'}tcp")
    assert lab.a.run(*dig, "isblab.test").strip() == "192.0.2.55"
    if way == "udp":
        # One answer of more than 4 kB: fragments through the splice.
        assert len(lab.a.run(*dig, "many.isblab.test", "TXT").splitlines()) == 60
