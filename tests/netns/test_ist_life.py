# SPDX-License-Identifier: GPL-2.0-or-later
"""The IST in the kernel outlives its programs, leaves nothing behind, and minds its own business."""

import json
import signal
import socket
import subprocess
import threading
import time

import pytest

from ist_net import CARRIERS, Ist, IstNet
from ist_talk import PORT_A, PORT_B, Sniffer, exchange, meet, say_and_hear

KERNEL = ("bpf", "bpf+xdp")


@pytest.mark.parametrize("carrier", KERNEL)
def test_a_transfer_outlives_the_program_and_is_adopted(spliced, carrier):
    lab, ist = spliced(carrier)
    splice = ist.splice("passive", PORT_A, PORT_B, "--label", 7)
    watch = lab.net.start(lab.ist, *ist.command("watch"))
    a, b = meet(lab)
    watch.wait_for("both users are there")
    say_and_hear(a, b)
    before = ist.show(splice)["side"][0]["packets"]
    watch.signal(signal.SIGKILL)
    watch.finish(status=None)
    say_and_hear(a, b)  # no program of ours runs
    transfer = threading.Thread(target=exchange, args=(a, b, 20_000_000))
    transfer.start()
    for _ in range(3):
        ist.attach()
    transfer.join(60)
    assert not transfer.is_alive()
    assert ist.show(splice)["side"][0]["packets"] > before
    # An adopted IST takes orders.
    ist.splice("passive", PORT_A, PORT_B)
    exchange(*meet(lab), 10_000)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_detach_removes_all(spliced, carrier):
    lab, ist = spliced(carrier)
    ist.splice("passive", PORT_A, PORT_B)
    say_and_hear(*meet(lab))
    ist.detach()
    for device in lab.devices:
        shown = json.loads(lab.ist.run("tc", "-json", "qdisc", "show", "dev", device))
        assert [qdisc["kind"] for qdisc in shown if qdisc["kind"] == "clsact"] == []
        assert lab.ist.run("tc", "filter", "show", "dev", device, "ingress") == ""
        assert "xdp" not in json.loads(lab.ist.run("ip", "-json", "link", "show", device))[0]
    assert not (ist.bpffs / "isblab").exists()
    devices = {link["ifname"] for link in json.loads(lab.ist.run("ip", "-json", "link"))}
    assert devices == {"lo", *lab.devices}
    assert lab.ist.run("ip", "rule").count("\n") == 3
    end = time.monotonic() + 20
    while subprocess.run(["ip", "netns", "pids", lab.ist.full_name], text=True, check=True,
                         capture_output=True).stdout:
        assert time.monotonic() < end, "a program of the IST's runs on"
    # And once more from the start.
    ist.attach()
    ist.splice("passive", PORT_A, PORT_B)
    say_and_hear(*meet(lab))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_is_not_the_ists_goes_on_while_it_comes_and_goes(net, built, carrier):
    lab = IstNet(net)
    lab.forward()
    ist = Ist(lab, built("ist"), carrier, attach=False)
    listener = lab.socket(lab.ist, lab.west, socket.SOCK_STREAM)
    listener.bind((lab.west, 80))
    listener.listen()
    local = lab.connect(lab.a, lab.west, 80)
    served, _ = listener.accept()
    through = lab.socket(lab.b, lab.host_b6, socket.SOCK_STREAM)
    through.bind((lab.host_b6, 80))
    through.listen()
    routed = lab.connect(lab.a, lab.host_b6, 80)
    answered, _ = through.accept()
    with served, answered:
        transfers = [threading.Thread(target=exchange, args=(*ends, 30_000_000))
                     for ends in ((local, served), (routed, answered))]
        for transfer in transfers:
            transfer.start()
        for _ in range(2):
            ist.attach()
            splice = ist.splice("passive", PORT_A, PORT_B)
            say_and_hear(*meet(lab))
            ist.remove(splice)
            ist.detach()
        for transfer in transfers:
            transfer.join(60)
            assert not transfer.is_alive()


def test_a_packet_of_others_is_not_touched(spliced):
    lab, ist = spliced("bpf")
    lab.forward()
    ist.splice("passive", PORT_A, PORT_B)
    seen = Sniffer(lab, lab.b, "eth0")
    # To the number of an IST port, but at another address: forwarded by the host, SYN and all.
    lab.connect(lab.a, lab.host_b, PORT_B, wait=False)
    syn = seen.wait(lambda segment: segment.destination_port == PORT_B)
    assert syn.source == socket.inet_aton(lab.host_a)
    # To no IST port at the IST's address: the host answers.
    with pytest.raises(ConnectionRefusedError):
        lab.connect(lab.a, lab.west, PORT_A + 7)
    assert ist.list()[0]["state"] == "LISTEN"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_news_tell_what_happened(spliced, carrier):
    lab, ist = spliced(carrier)
    watch = lab.net.start(lab.ist, *ist.command("watch", "--json"))
    splice = ist.splice("passive", PORT_A, PORT_B, "--label", 9)
    a, b = meet(lab)
    watch.wait_for('"first-side"')
    watch.wait_for('"paired"')
    say_and_hear(a, b)
    ist.remove(splice)
    ended = json.loads(watch.wait_for('.*"ended".*').group(0))
    assert ended["id"] == splice and ended["label"] == 9 and ended["bytes"] > 0


def test_what_a_machine_cannot_is_said(net, built):
    lab = IstNet(net)
    ist = Ist(lab, built("ist"), attach=False)
    with pytest.raises(RuntimeError, match="no-such-device"):
        lab.ist.run(*ist.command("attach", "no-such-device"))
    assert not (ist.bpffs / "isblab").exists()
    shown = lab.ist.run(*ist.command("check"))
    assert "bpf" in shown
