# SPDX-License-Identifier: GPL-2.0-or-later
"""Events are read line by line and kept within bounds."""

import json

import pytest

from isblab.report import trace
from isblab.report.messages import matched


def write(path, events):
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def test_the_result_and_broken_lines_are_no_events(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"t":1,"node":"a","event":"x"}\n\nnull\n[1]\n{"event":"result"}\n{"t":2,"no')
    assert [event["event"] for event in trace.events_of(path)] == ["x"]


def test_names_in_utf_8_come_back_whole(tmp_path):
    line = '{"t":1,"node":"gr\\u00c3\\u00bcn","event":"x","user":"\\u00ff"}\n'
    (tmp_path / "e").write_text(line)
    event, = trace.events_of(tmp_path / "e")
    assert event["node"] == "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n"
    assert event["user"] == "\N{LATIN SMALL LETTER Y WITH DIAERESIS}"


def test_floods_are_counted_not_kept(tmp_path):
    events = [{"t": n, "node": "box", "event": kind, "reason": "box.ring-full", "bytes": 100,
               "message": "ping", "user": "ann"}
              for n in range(500) for kind in ("packet-dropped", "mapping-created", "message-sent")]
    made = trace.digest(write(tmp_path / "e", events))
    assert made.kept == []
    assert made.dropped == []
    drop = made.drops["box", "box.ring-full", ""]
    assert (drop.count, drop.bytes, drop.last_ns) == (500, 50_000, 499)
    assert made.mappings["box"] == made.hello["ann"] == 500


def test_what_is_kept_is_bounded_and_a_focus_finds_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(trace, "MOST_KEPT", 10)
    events = [{"t": n, "node": "isb", "event": "session-state", "user": f"u{n}", "to": "closed"}
              for n in range(50)]
    path = write(tmp_path / "e", events)
    made = trace.digest(path)
    assert (len(made.kept), made.cut) == (10, 40)
    focused = trace.digest(path, focus=["u42"])
    assert [event["user"] for event in focused.kept] == ["u42"]
    assert focused.cut == 0


def test_transitions_are_told_apart_by_who_walks_them(tmp_path):
    step = {"t": 1, "event": "connection-state", "from": "asked", "to": "established"}
    made = trace.digest(write(tmp_path / "e", [{**step, "node": "isb"}, {**step, "node": "ann"},
                                               {**step, "node": "ann"}]), ["isb"])
    assert made.edges["isb-connection", "asked", "established"] == 1
    assert made.edges["daemon-connection", "asked", "established"] == 2


def end(t, node, what, sequence, user="ann", message="bye"):
    return {"t": t, "node": node, "event": f"message-{what}", "user": user, "message": message,
            "sequence": sequence}


@pytest.mark.parametrize(("node", "up"), [("ann", True), ("isb", False)])
def test_messages_that_go_both_ways_know_their_direction(node, up):
    made, = matched([end(1, node, "sent", 1)], ["isb"])
    assert (made.up, made.sent_ns, made.received_ns) == (up, 1, None)


def test_a_hello_to_somebody_not_yet_known_is_named_by_who_receives_it(tmp_path):
    events = [end(1, "isb", "sent", 1, "", "hello"), end(2, "isb", "sent", 1, "", "hello"),
              end(4, "ann", "received", 1, "ann", "hello")]
    first, second = matched(trace.digest(write(tmp_path / "e", events)).kept, ["isb"])
    assert (first.sent_ns, first.received_ns, first.user) == (1, 4, "ann")
    assert (second.sent_ns, second.received_ns, second.user) == (2, None, "")


def test_the_second_login_of_a_session_is_matched_with_its_own_end():
    events = [end(1, "ann", "sent", 1, message="login"), end(9, "ann", "sent", 1, message="login"),
              end(11, "isb", "received", 1, message="login")]
    first, second = matched(events, ["isb"])
    assert (first.sent_ns, first.received_ns) == (1, None)
    assert (second.sent_ns, second.received_ns) == (9, 11)
