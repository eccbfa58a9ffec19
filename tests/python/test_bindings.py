# SPDX-License-Identifier: GPL-2.0-or-later
"""The bindings: labs, the NAT and the IST engine on packets written by hand."""

import struct

import pytest

import isblab
from isblab.paths import ROOT

SYN, SYN_ACK = 0x02, 0x12
A, B, IST, NAT = "198.51.100.1", "198.51.100.2", "192.0.2.9", "203.0.113.1"


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(map(int, text.split(".")))


def ipv4(protocol, source, destination, transport, checksum_at):
    """A whole packet; `checksum_at` is where the transport checksum stands in `transport`."""
    pseudo = address(source) + address(destination) + struct.pack("!HH", protocol, len(transport))
    value = checksum(pseudo + transport)
    transport = transport[:checksum_at] + struct.pack("!H", value) + transport[checksum_at + 2:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(transport), 1, 0x4000, 64, protocol, 0)
    header += address(source) + address(destination)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + transport


def udp(source, sport, destination, dport, payload=b"data"):
    return ipv4(17, source, destination,
                struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload, 6)


def tcp(source, sport, destination, dport, seq, ack=0, flags=SYN):
    return ipv4(6, source, destination,
                struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 8192, 0, 0), 16)


def endpoints(packet):
    """(source, source port, destination, destination port)"""
    sport, dport = struct.unpack("!HH", packet[20:24])
    return (".".join(map(str, packet[12:16])), sport, ".".join(map(str, packet[16:20])), dport)


def checksums_are_right(packet):
    pseudo = packet[12:20] + struct.pack("!HH", packet[9], len(packet) - 20)
    return checksum(packet[:20]) == 0 and checksum(pseudo + packet[20:]) == 0


# --- Lab

def test_a_lab_is_complete():
    values = isblab.Lab.load(ROOT / "examples" / "five-phases" / "ist-kernel.toml").to_dict()
    assert values["name"] == "five-phases/ist-kernel"
    assert [host["name"] for host in values["hosts"]] == ["A", "B"]
    assert values["boxes"][0]["role"] == "ist-kernel"
    assert values["links"][0]["rate_bps"] == 100_000_000
    assert values["traffic"][0]["via"] == "box"
    assert set(values["machines"]) == {"pc-568", "ixp425"}
    assert values["machines"]["ixp425"]["nat-cost"].endswith(" us")


def test_a_lab_of_users_shows_who_stands_where():
    values = isblab.Lab.load(ROOT / "examples" / "both-behind-nat.toml").to_dict()
    kinds = {host["name"]: (host["kind"], host["site"]) for host in values["hosts"]}
    assert kinds == {"isb": ("isb", None), "ist": ("ist", None),
                     "ann": ("user", "ann-home"), "bob": ("user", "bob-home")}
    nats = {box["name"]: box["nat"] for box in values["boxes"]}
    assert nats == {"ann-home": "port-restricted-cone", "bob-home": "symmetric", "internet": None}
    assert values["sites"][1] == {"name": "bob-home", "box": "bob-home", "behind": None}
    (wanted,) = values["users"][0]["wants"]
    assert (wanted["provider"], wanted["service"], wanted["method"]) == ("bob", "web", "passive")
    (service,) = values["users"][1]["provides"]
    assert (service["server"], service["server_host"]) == ("127.0.0.1:80", "bob")
    assert values["traffic"][0]["service"] == {"user": "ann", "provider": "bob", "service": "web"}
    assert values["brokers"][0]["host"] == "isb"
    assert "passive" in values["translators"][0]["methods"]
    assert values["incidents"] == []


def test_a_bad_lab_raises_with_file_line_and_nearest_key():
    with pytest.raises(isblab.ScenarioError) as error:
        isblab.Lab('schema = 1\nnaem = "x"\n', "f.toml")
    assert isinstance(error.value, isblab.IsblabError)
    faults = (error.value, *error.value.more)
    assert {fault.file for fault in faults} == {"f.toml"}
    (fault,) = [fault for fault in faults if fault.line == 2]
    assert "naem" in fault.what
    assert "name" in fault.what


def test_overrides_make_another_lab():
    lab = isblab.Lab.load(ROOT / "examples" / "five-phases" / "nat.toml")
    other = lab.with_overrides({"seed": 99})
    assert other.to_dict()["seed"] == 99
    assert lab.to_dict()["seed"] != 99
    with pytest.raises(isblab.ScenarioError, match="nat.toml"):
        lab.with_overrides({"duration": "0 s"})


def test_what_to_dict_gives_is_a_copy():
    lab = isblab.Lab.load(ROOT / "examples" / "first.toml")
    lab.to_dict()["hosts"].clear()
    assert lab.to_dict()["hosts"]


def test_a_lab_runs():
    result = isblab.Lab.load(ROOT / "examples" / "first.toml").run(seed=3)
    assert result.passed
    assert result.result["seed"] == 3


# --- NatBox

def translated(nat, side, packet, now=0):
    verdict = nat.process(now, side, packet)
    assert verdict["action"] == "forward", verdict
    assert checksums_are_right(verdict["packet"])
    return verdict["packet"]


def test_nat_translates_there_and_back_and_back_is_the_inverse():
    nat = isblab.NatBox(NAT, internal=["10.0.0.0/8"])
    out = translated(nat, "inside", udp("10.0.0.2", 5000, B, 80))
    source, port, *rest = endpoints(out)
    assert (source, rest) == (NAT, [B, 80])
    answer = translated(nat, "outside", udp(B, 80, NAT, port))
    assert endpoints(answer) == (B, 80, "10.0.0.2", 5000)
    (mapping,) = nat.mappings()
    assert mapping["internal"] == "10.0.0.2:5000"
    assert mapping["external"] == f"{NAT}:{port}"
    assert nat.counters()["outbound"] == nat.counters()["inbound"] == 1


@pytest.mark.parametrize(("preset", "stranger", "comes_in"), [
    ("full-cone", (A, 7), True),
    ("restricted-cone", (A, 7), False),
    ("restricted-cone", (B, 7), True),
    ("port-restricted-cone", (B, 7), False),
    ("port-restricted-cone", (B, 80), True),
    ("symmetric", (B, 7), False),
])
def test_presets_filter_as_the_thesis_says(preset, stranger, comes_in):
    nat = isblab.NatBox(NAT, preset)
    port = endpoints(translated(nat, "inside", udp("10.0.0.2", 5000, B, 80)))[1]
    verdict = nat.process(1, "outside", udp(*stranger, NAT, port))
    assert (verdict["action"] == "forward") == comes_in
    if not comes_in:
        assert verdict["reason"].startswith("nat.")
        assert verdict["rule"]
        assert nat.counters()["drops"] == {verdict["reason"]: 1}


def test_filtering_and_mapping_are_independent():
    nat = isblab.NatBox(NAT, "symmetric", filtering="endpoint-independent")
    port = endpoints(translated(nat, "inside", udp("10.0.0.2", 5000, B, 80)))[1]
    other = endpoints(translated(nat, "inside", udp("10.0.0.2", 5000, A, 80)))[1]
    assert port != other
    translated(nat, "outside", udp(A, 7, NAT, port))


def external_of(nat, internal="10.0.0.2", port=5000, remote=(B, 80), now=0):
    source, port, *_ = endpoints(translated(nat, "inside", udp(internal, port, *remote), now))
    return source, port


def test_ports_step_as_the_settings_say():
    nat = isblab.NatBox(NAT, "symmetric", assignment="sequential", step=3, ports=(4000, 4999))
    ports = [external_of(nat, remote=(B, 80 + i))[1] for i in range(4)]
    assert ports == [4000, 4003, 4006, 4009]
    preserving = isblab.NatBox(NAT, "symmetric")
    assert [external_of(preserving, remote=(B, 80 + i))[1] for i in range(2)] == [5000, 5001]


def test_one_protocol_may_have_its_own_axes():
    nat = isblab.NatBox(NAT, assignment="preserving", udp={"assignment": "sequential", "step": 2},
                        ports=(4000, 4999))
    assert external_of(nat)[1] == 4000
    assert external_of(nat, port=5001)[1] == 4002


@pytest.mark.parametrize(("pooling", "addresses"), [("paired", 1), ("arbitrary", 3)])
def test_pooling_spreads_mappings_of_a_host_or_does_not(pooling, addresses):
    nat = isblab.NatBox(NAT, pooling=pooling, further_externals=["203.0.113.8", "203.0.113.9"])
    assert len({external_of(nat, port=5000 + i)[0] for i in range(6)}) == addresses


def test_overloaded_ports_are_told_apart_by_the_remote():
    nat = isblab.NatBox(NAT, "linux-masquerade")
    assert external_of(nat, "10.0.0.2", remote=(A, 80)) == (NAT, 5000)
    assert external_of(nat, "10.0.0.3", remote=(B, 80)) == (NAT, 5000)
    assert endpoints(translated(nat, "outside", udp(B, 80, NAT, 5000)))[2] == "10.0.0.3"


def test_port_blocks_are_events():
    nat = isblab.NatBox(NAT, "cgn", port_block=(64, 1), max_mappings_each=None)
    external_of(nat)
    events = nat.take_events()
    assert [event["event"] for event in events] == ["port-block-assigned", "mapping-created"]
    assert events[0]["detail"] == "1024-1087"


def test_a_forward_lets_strangers_in():
    nat = isblab.NatBox(NAT, forwards=[("udp", 53, ["10.0.0.2:5353"])])
    assert endpoints(translated(nat, "outside", udp(A, 7, NAT, 53)))[2:] == ("10.0.0.2", 5353)
    assert nat.process(0, "outside", udp(A, 7, NAT, 54))["action"] != "forward"


def test_mappings_move_are_lost_and_stay_on_command():
    nat = isblab.NatBox(NAT)
    first = external_of(nat)
    nat.rebind(1)
    moved = external_of(nat, now=1)
    assert moved != first
    nat.reconfigure(2, timers={"udp": 60})
    assert external_of(nat, now=2) == moved
    assert nat.next_timeout == 60 * 10**9 + 2
    nat.set_full(3, True)
    assert nat.process(3, "inside", udp("10.0.0.3", 1, B, 80))["reason"] == "nat.table-full"
    nat.set_full(3, False)
    nat.reboot(4, "203.0.113.8")
    assert nat.mappings() == []
    assert external_of(nat, now=4) == ("203.0.113.8", 5000)


def test_an_answer_of_the_nat_itself_can_be_taken():
    nat = isblab.NatBox(NAT, unsolicited_syn="reset")
    assert nat.process(0, "outside", tcp(B, 80, NAT, 5000, seq=1))["action"] == "drop"
    (emitted,) = nat.take_emitted()
    assert emitted["side"] == "outside"
    assert endpoints(emitted["packet"]) == (NAT, 5000, B, 80)
    assert nat.take_emitted() == []


def test_an_unknown_option_of_a_nat_is_refused():
    with pytest.raises(TypeError, match="no option 'maping'"):
        isblab.NatBox(NAT, maping="endpoint-independent")
    with pytest.raises(TypeError, match="no option 'steps'"):
        isblab.NatBox(NAT, udp={"steps": 1})


def test_mappings_expire_with_an_event():
    nat = isblab.NatBox(NAT)
    translated(nat, "inside", udp("10.0.0.2", 5000, B, 80))
    assert [event["event"] for event in nat.take_events()] == ["mapping-created"]
    nat.timeout(nat.next_timeout)
    assert nat.mappings() == []
    assert nat.next_timeout is None
    assert [event["event"] for event in nat.take_events()] == ["mapping-expired"]
    assert nat.take_events() == []


@pytest.mark.parametrize(("arguments", "options", "complaint"), [
    (("nowhere",), {}, "'nowhere' is not an IPv4 address"),
    ((NAT, "cone"), {}, "NAT preset 'cone' is none of full-cone, restricted-cone"),
    ((NAT,), {"internal": ["10.0.0.0"]}, "'10.0.0.0' is not a subnet"),
    ((NAT,), {"mapping": "some"}, "behaviour 'some' is none of"),
    ((NAT,), {"assignment": "best"}, "assignment 'best' is none of"),
    ((NAT,), {"ports": (9, 8)}, "port"),
    ((NAT,), {"assignment": "overloading"}, "RFC 4787 section 4.2.1"),
    ((NAT,), {"step": 0}, "step 0"),
    ((NAT,), {"step": "much"}, "'step' has a value of a wrong type"),
    ((NAT,), {"further_externals": [NAT]}, "is there twice"),
    ((NAT,), {"forwards": [("udp", 53)]}, "a forward is"),
    ((NAT,), {"faults": ["kill"]}, "fault 'kill' is none of"),
    ((NAT,), {"timers": {"udp": float("nan")}}, "no number of seconds"),
    ((NAT,), {"pooling": "pair"}, "pooling 'pair' is none of paired, arbitrary"),
])
def test_wrong_settings_of_a_nat_are_refused(arguments, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        isblab.NatBox(*arguments, **options)


def test_wrong_arguments_of_process_are_refused():
    nat = isblab.NatBox(NAT)
    packet = udp("10.0.0.2", 5000, B, 80)
    nat.process(10, "inside", packet)
    for arguments, complaint in (((9, "inside", packet), "time goes back"),
                                 ((10, "beside", packet), "neither 'inside' nor 'outside'"),
                                 ((10, "inside", packet[:19]), "20 to 65535 bytes"),
                                 ((10, "inside", bytes(65536)), "20 to 65535 bytes")):
        with pytest.raises(ValueError, match=complaint):
            nat.process(*arguments)
    assert nat.counters()["outbound"] == 1


# --- IstEngine

def test_passive_splice_joins_two_handshakes():
    ist = isblab.IstEngine([IST])
    splice = ist.add(0, "passive", 7001, 7002)
    assert ist.process(1, tcp(A, 4000, IST, 7001, seq=111))["action"] == "consumed"
    assert ist.take_emitted() == []
    assert ist.process(2, tcp(B, 5000, IST, 7002, seq=222))["action"] == "consumed"
    answers = {endpoints(packet)[2]: packet for packet in ist.take_emitted()}
    assert set(answers) == {A, B}
    for to, seq, ack in ((A, 222, 112), (B, 111, 223)):
        assert checksums_are_right(answers[to])
        assert struct.unpack("!II", answers[to][24:32]) == (seq, ack)
        assert answers[to][33] & SYN_ACK == SYN_ACK
    forwarded = ist.process(3, tcp(A, 4000, IST, 7001, seq=112, ack=223, flags=0x10))
    (info,) = ist.splices()
    assert info["id"] == splice
    assert (info["a"]["peer"], info["b"]["peer"]) == (f"{A}:4000", f"{B}:5000")
    assert forwarded["action"] in ("consumed", "forward")
    assert [event["event"] for event in ist.take_events()].count("splice-paired") == 1


def test_udp_splice_rewrites_both_ways_after_registration():
    ist = isblab.IstEngine([IST])
    ist.add(0, "udp", 7001, 7002)
    registration = b"ISBREG1\0" + bytes(8)
    assert ist.process(1, udp(A, 4000, IST, 7001, b"early"))["action"] == "drop"
    for source, sport, dport in ((A, 4000, 7001), (B, 5000, 7002)):
        answer = ist.process(2, udp(source, sport, IST, dport, registration))
        assert answer["action"] == "consumed"
    for source, expected in (((A, 4000, IST, 7001), (IST, 7002, B, 5000)),
                             ((B, 5000, IST, 7002), (IST, 7001, A, 4000))):
        verdict = ist.process(3, udp(*source, b"some data"))
        assert verdict["action"] == "forward"
        assert endpoints(verdict["packet"]) == expected
        assert checksums_are_right(verdict["packet"])
        assert verdict["packet"].endswith(b"some data")


def test_packets_to_others_are_not_the_ists():
    ist = isblab.IstEngine([IST])
    ist.add(0, "udp", 7001, 7002)
    packet = udp(A, 4000, B, 7001)
    verdict = ist.process(1, packet)
    assert (verdict["action"], verdict["packet"]) == ("not-ours", packet)


def test_a_splice_can_be_removed_and_leaves_nothing():
    ist = isblab.IstEngine([IST])
    splice = ist.add(0, "passive", 7001, 7002)
    assert ist.next_timeout is not None
    assert ist.remove(1, splice)
    assert not ist.remove(1, splice)
    assert ist.splices() == []
    counters = ist.counters()
    assert (counters["added"], counters["ended"]) == (1, 1)


@pytest.mark.parametrize(("order", "complaint"), [
    (("passive", 0, 7002), "port"),
    (("passive", 7000, 7002), "7000"),
    (("clever", 7001, 7002), "splice method 'clever' is none of passive, pure, active, udp"),
])
def test_a_contradictory_order_is_refused(order, complaint):
    ist = isblab.IstEngine([IST])
    ist.add(0, "passive", 7000, 7100)
    with pytest.raises(ValueError, match=complaint):
        ist.add(0, *order)


@pytest.mark.parametrize("thing", [isblab.NatBox, isblab.NatBox.process, isblab.IstEngine,
                                   isblab.IstEngine.add, isblab.IstEngine.process, isblab.Lab,
                                   isblab.Lab.run, isblab.Lab.__init__])
def test_docstrings_name_arguments_units_and_errors(thing):
    doc = thing.__doc__
    assert doc is not None
    if callable(thing) and not isinstance(thing, type):
        assert "Args:" in doc
        assert "Raises:" in doc
