# SPDX-License-Identifier: GPL-2.0-or-later
"""Labs built in code, results as pandas frames."""

import pytest

import isblab


def two_hosts():
    builder = isblab.LabBuilder("two", duration="200 ms")
    builder.host(name="a").host(name="b")
    builder.link(between=["a", "b"], subnet="10.0.0.0/30", rate="10 Mb/s", delay="1 ms")
    builder.traffic(name="ping", kind="udp-ping-pong", from_="a", to="b", payload="64 B")
    return builder.expect(traffic="ping", measure="rtt", at_most="3 ms")


def test_a_lab_built_in_code_runs_and_gives_frames(tmp_path):
    events = tmp_path / "events.jsonl"
    result = two_hosts().build().run(events=events)
    assert result.passed
    traffic = isblab.frame(result, "traffic")
    assert list(traffic["name"]) == ["ping"]
    assert 2e6 < traffic["rttNs.mean"][0] < 3e6
    assert list(isblab.frame(result, "expectations")["holds"]) == [True]
    assert isblab.frame(result, "boxes").empty
    frame = isblab.events_frame(events)
    assert list(frame["event"]) == ["traffic-started", "traffic-stopped"]
    assert isblab.events_frame(events, kinds=["traffic-stopped"])["t"].tolist() == [200_000_000]


def test_a_lab_built_in_code_is_the_lab_of_its_text():
    builder = two_hosts()
    assert isblab.Lab(builder.text(), "two").to_dict() == builder.build().to_dict()


def test_a_wrong_key_is_named():
    builder = two_hosts().expect(traffic="ping", measure="rtt", at_mots="3 ms", at_most="3 ms")
    with pytest.raises(isblab.ScenarioError, match="unknown key 'at-mots'"):
        builder.build()


def test_keys_without_value_are_left_out():
    assert "delay" not in isblab.LabBuilder("x", duration="1 s").link(delay=None).text()


def test_an_unknown_table_is_refused():
    with pytest.raises(isblab.ScenarioError, match="there are traffic, boxes"):
        isblab.frame({}, "trafic")


def test_a_broker_world_built_in_code_gives_subscriptions_and_counters():
    builder = isblab.LabBuilder("two-homes", duration="3 s")
    builder.site(name="ann-home", nat="symmetric").site(name="bob-home", nat="full-cone")
    builder.isb(name="isb").ist(name="ist")
    builder.user(name="ann", site="ann-home", subscribes=["bob/web"])
    builder.user(name="bob", site="bob-home").service(name="web", provider="bob", port=80)
    builder.traffic(name="pages", kind="request-response", from_="ann", service="bob/web",
                    request="200 B", response="5 kB", start="2 s")
    result = builder.build().run()
    [subscription] = isblab.frame(result, "subscriptions").to_dict("records")
    assert (subscription["user"], subscription["state"]) == ("ann", "subscribed")
    assert subscription["paths.translated"] == subscription["established"] == 1
    assert isblab.frame(result, "brokers")["counters.logins"].tolist() == [3]
    assert isblab.frame(result, "translators")["counters.paired"].tolist() == [1]
