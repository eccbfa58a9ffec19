# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab bench ist in its quick form: every way carries every load, the result is complete. What
was measured is not looked at."""

import json
import shutil

import pytest

from isblab.errors import EnvironmentFailure
from isblab.ist_bench import budgets, main
from isblab.ist_bench.agents import Agent, together
from isblab.ist_bench.samples import LOADS
from isblab.netlab import missing_capability


@pytest.fixture
def agents(net, built):
    """Two agents in namespaces that share a wire: A 10.0.0.1, B 10.0.0.2."""
    built("isblab-traffic")
    a, b = net.namespace("a"), net.namespace("b")
    net.wire(a, "10.0.0.1/24", b, "10.0.0.2/24")
    return Agent(net, a), Agent(net, b)


def test_the_quick_form_measures_everything(built, tmp_path):
    missing = missing_capability(*main.PROGRAMS)
    if missing:
        pytest.skip(missing)
    for name in ("ist", "isblab-traffic", "isblab-relay", "isblab-ist-probe"):
        built(name)
    assert main.run(budgets.QUICK, tmp_path / "result") == 0
    document = json.loads((tmp_path / "result" / "bench.json").read_text())
    measured = {(cell["load"], cell["x"], cell["offload"], cell["way"])
                for cell in document["samples"]}
    for way in budgets.QUICK.ways:
        for mode in way.modes:
            if way.tcp:
                assert {("tcp", count, mode, way.key) for count in budgets.QUICK.counts} < measured
                assert ("rtt-tcp", 0, mode, way.key) in measured
            if way.udp:
                assert {(load, 64, mode, way.key) for load in ("udp-rate", "udp-cpu")} < measured
                assert ("rtt-udp", 0, mode, way.key) in measured
    assert {cell["load"] for cell in document["samples"]} == set(LOADS)
    assert all(len(cell["values"]) == budgets.QUICK.rounds for cell in document["samples"])
    assert [one["splices"] for one in document["tables"]] == list(budgets.QUICK.tables)
    assert all(one["memory"] and one["hot"] and one["spread"] for one in document["tables"])
    assert len({(one["program"], one["kind"]) for one in document["programs"]}) == 6
    assert document["bars"]
    assert (tmp_path / "result" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "result" / "figure-tcp.png").exists()


def test_a_missing_program_is_named_before_anything_starts(monkeypatch, tmp_path):
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "socat" else real(name))
    missing_capability.cache_clear()
    try:
        with pytest.raises(EnvironmentFailure, match="socat"):
            main.run(budgets.QUICK, tmp_path / "result")
    finally:
        missing_capability.cache_clear()
    assert not (tmp_path / "result").exists()


def test_a_bulk_transfer_is_received_to_its_last_byte(agents):
    a, b = agents
    b.ask("listen", port=5001)
    b.tell("accept", count=3)
    a.tell("connect", to="10.0.0.2:5001", count=3)
    together(a, b)
    b.tell("receive", warm=5, ms=10)
    sent = a.ask("send", connections=2, ms=30)["bytes"]
    b.tell("drain", bytes=sent)
    got = b.hear()
    assert got["total"] == sent
    assert 0 < got["bytes"] <= sent


def test_short_connections_are_all_counted(agents):
    a, b = agents
    b.ask("listen", port=5001)
    b.tell("answer", count=100)
    a.tell("dial", to="10.0.0.2:5001", count=100, parallel=16)
    for said in together(a, b):
        assert (said["done"], said["failed"]) == (100, 0)


def test_a_refused_connection_is_counted_as_failed(agents):
    a, _ = agents
    said = a.ask("dial", to="10.0.0.2:5999", count=10)
    assert (said["done"], said["failed"]) == (0, 10)
    assert said["fault"] == "Connection refused"


def test_datagrams_of_another_flood_do_not_count(agents):
    a, b = agents
    b.ask("udp-listen", port=5001)
    a.ask("udp-connect", to="10.0.0.2:5001")
    b.ask("udp-accept")
    a.ask("udp-flood", number=1, size=64, ms=5, rate=2000)
    b.tell("udp-count", number=2)
    sent = a.ask("udp-flood", number=2, size=64, ms=10, rate=2000)
    assert b.hear()["packets"] == sent["packets"] > 0


def test_an_order_that_is_none_is_answered_in_words(agents):
    a, _ = agents
    with pytest.raises(EnvironmentFailure, match="there is no 'fly'"):
        a.ask("fly")
    with pytest.raises(EnvironmentFailure, match="listen: port is missing"):
        a.ask("listen")
    assert a.ask("close") == {}
