# SPDX-License-Identifier: GPL-2.0-or-later
"""What stopped a cell is told from the run's events."""

import json

import pytest

from isblab.grid import behaviours, labs, ways
from isblab.grid.outcome import judge
from isblab.grid.plan import Cell, Plan, batches

LAB = {
    "boxes": [{"name": "p0-nat", "ports": [{"address": "198.18.0.22"}, {"address": "10.0.0.1"}]},
              {"name": "s1-nat", "ports": [{"address": "198.18.0.26"}]},
              {"name": "s1-carrier", "ports": [{"address": "198.18.0.30"}]}],
    "hosts": [{"name": "isb", "address": "198.18.0.2"}, {"name": "ist", "address": "198.18.0.6"},
              {"name": "s0", "address": "198.18.0.10"}, {"name": "p1", "address": "198.18.0.14"}],
}
LATER = labs.START_NS + 7


def cell(provider="eim-apdf", subscriber="public", way="direct", protocol="tcp"):
    return Cell(protocol, behaviours.find(provider), behaviours.find(subscriber), ways.find(way))


def result(*works, path="direct", method=None, ist=None):
    """A worker's result for cells that work or not."""
    return {"event": "result", "scenario": "grid-000",
            "traffic": [{"name": f"t{i}", "rttNs": {"count": int(good)}}
                        for i, good in enumerate(works)],
            "subscriptions": [{"user": f"s{i}", "paths": {path: 1} if good else {},
                               "methods": {method: 1} if good and method else {},
                               "ists": {ist: 1} if good and ist else {}}
                              for i, good in enumerate(works)]}


def dropped(node, src, dst, reason="nat.filtered", rule="RFC 4787 REQ-8", t=LATER,
            event="packet-dropped"):
    return {"t": t, "node": node, "event": event, "proto": "tcp", "src": src, "dst": dst,
            "reason": reason, "rule": rule}


def judged(tmp_path, cells, outcome, *events):
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in (*events, outcome)))
    return judge(cells, outcome, path, LAB)


def test_a_cell_that_works_needs_no_explanation(tmp_path):
    [found] = judged(tmp_path, [cell()], result(True),
                     dropped("p0-nat", "198.18.0.10:1", "198.18.0.22:2"))
    assert found.works and found.path == "direct" and found.why == "" and not found.stops


def test_packet_box_and_rule_are_named(tmp_path):
    events = [dropped("p0-nat", "198.18.0.10:49155", "198.18.0.22:49153", t=LATER + i)
              for i in range(3)]
    [found] = judged(tmp_path, [cell()], result(False), *events)
    [stop] = found.stops
    assert stop.packet == "tcp 198.18.0.10:49155 -> 198.18.0.22:49153"
    assert (stop.node, stop.sender, stop.reason, stop.rule, stop.count, stop.at_ns) == (
        "p0-nat", "subscriber", "nat.filtered", "RFC 4787 REQ-8", 3, LATER)
    assert found.why == ("tcp 198.18.0.10:49155 -> 198.18.0.22:49153 of the subscriber was stopped "
                         "at the provider's NAT (EIM / APDF): the NAT let in only answers to what "
                         "had gone out (nat.filtered, RFC 4787 REQ-8).")


def test_the_brokers_tests_of_who_can_be_reached_stop_nothing(tmp_path):
    [found] = judged(tmp_path, [cell()], result(False),
                     dropped("p0-nat", "198.18.0.10:1", "198.18.0.22:2", t=LATER - 100),
                     dropped("p0-nat", "198.18.0.2:1", "198.18.0.22:2"))
    assert not found.works and not found.stops


def test_a_daemon_that_turns_its_own_client_away_stops_nothing(tmp_path):
    [found] = judged(tmp_path, [cell()], result(False),
                     dropped("s0", "127.0.0.1:49153", "127.0.0.1:8000", "daemon.held-off", ""))
    assert not found.stops


def test_the_address_of_a_socket_without_one_is_its_hosts(tmp_path):
    [found] = judged(tmp_path, [cell()], result(False),
                     dropped("s0", "198.18.0.22:5", "0.0.0.0:49153", "daemon.unproven", ""))
    [stop] = found.stops
    assert stop.packet == "tcp 198.18.0.22:5 -> 198.18.0.10:49153"
    assert (stop.sender, stop.rule) == ("provider", "the daemon's own, doc/daemon.md")


def test_events_of_other_cells_are_left_to_them(tmp_path):
    cells = [cell(), cell("public", "cgn", "reversed")]
    outcome = result(False, False)
    first, second = judged(tmp_path, cells, outcome,
                           dropped("p0-nat", "198.18.0.10:1", "198.18.0.22:2"),
                           dropped("s1-nat", "198.18.0.14:1", "198.18.0.26:2"))
    assert [stop.node for stop in first.stops] == ["p0-nat"]
    assert [(stop.node, stop.sender, stop.box) for stop in second.stops] == [
        ("s1-nat", "provider", "the subscriber's home NAT")]


@pytest.mark.parametrize(("subscriber", "node", "words"), [
    ("cgn", "s1-carrier", "the subscriber's carrier's NAT"),
    ("firewall", "s1-nat", "the subscriber's firewall"),
    ("cgn", "s1", "the subscriber's host"),
])
def test_boxes_have_names_that_people_know(tmp_path, subscriber, node, words):
    cells = [cell(), cell("public", subscriber, "reversed")]
    _, found = judged(tmp_path, cells, result(True, False),
                      dropped(node, "198.18.0.14:1", "198.18.0.26:2", event="packet-refused"))
    assert [stop.box for stop in found.stops] == [words]


def test_without_a_stopped_packet_it_says_who_gave_up(tmp_path):
    gave_up = {"t": LATER, "node": "s0", "event": "connection-state", "user": "s0",
               "to": "failed", "reason": "daemon.connect-failed"}
    [found] = judged(tmp_path, [cell()], result(False), gave_up)
    assert found.why == ("The subscriber's host gave up: a connection could not be made as "
                         "instructed (daemon.connect-failed).")


@pytest.mark.parametrize(("way", "path", "method", "ist", "works"), [
    ("direct", "direct", None, None, True),
    ("direct", "translated", "passive", "ist", False),
    ("punched", "direct", None, None, False),
    ("ist-passive", "translated", "passive", "ist", True),
    ("ist-passive", "translated", "proxy", "ist", False),
    ("ist-proxy", "translated", "proxy", "ist", True),
    ("ist-user", "translated", "proxy", "helper", True),
    ("ist-user", "translated", "proxy", "ist", False),
])
def test_only_the_way_that_was_asked_for_counts(tmp_path, way, path, method, ist, works):
    outcome = result(True, path=path, method=method, ist=ist)
    [found] = judged(tmp_path, [cell(way=way)], outcome)
    assert found.works is works


def test_a_truncated_line_is_passed_over(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"t":3000000001,"event":"packet-dropped","node":"p0-na')
    [found] = judge([cell()], result(False), path, LAB)
    assert not found.works and not found.stops


def test_batches_hold_every_cell_once_and_do_not_mix():
    plan = Plan(ways.PROTOCOLS, tuple(behaviours.BEHAVIOURS.values()), tuple(ways.WAYS.values()))
    cells = plan.cells()
    assert len(cells) == 2 * 12 * 12 * 7
    parts = batches(cells, 8)
    assert sorted(c.key for part in parts for c in part) == sorted(c.key for c in cells)
    for part in parts:
        assert len(part) <= 8
        assert len({(c.protocol, c.way.name == "ist-user") for c in part}) == 1
