# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories in words."""

import re

import pytest
import handmade

from isblab.errors import UsageError
from isblab.paths import ROOT
from isblab.report import why, words
from isblab.report.report import find


def told(report) -> str:
    return why.as_text(report.tale(handmade.KEY))


def test_a_translated_connection_is_told_from_login_to_close(reported):
    text = told(reported(handmade.translated(), handmade.lab()))
    assert text.startswith("ann -> bob/web: worked, translated over ist (passive)\n")
    moments = [
        "The ISB found ann to be private", "ann stood behind ann-home (port-restricted-cone).",
        "bob announced web.", "ann asked the ISB for bob/web.", "bob accepted.",
        "A client connected to 127.0.0.1:8000",
        "Neither could be reached from outside, so both were to connect to an IST.",
        "The ISB chose ist: its round trips to both users were the least in sum.",
        "The ISB told ann to connect to 198.18.1.2:20000.",
        "The connection stood (translated, Passive TCP Splice)",
        "The client saw the first byte of the answer, 25 ms after it had connected.",
        "The client closed its connection.",
    ]
    places = [text.find(moment) for moment in moments]
    assert -1 not in places
    assert places == sorted(places)


def test_a_reversed_connection_says_why_it_ran_backwards(reported):
    text = told(reported(handmade.reversed_(), handmade.lab(nat_a=None)))
    assert "bob could not be reached from outside but ann could" in text
    assert "The ISB chose" not in text


def test_a_fall_back_says_what_had_failed(reported):
    trace = handmade.Trace()
    handmade.logins(trace, ("private", "public"))
    handmade.opened(trace, "direct", "provider-public")
    facts = {"connection": handmade.CONNECTION}
    handmade.side(trace, 1008, "ann", "connecting", path="direct", **facts)
    trace.send(3008, "ann", True, "status", reason="connect-failed", detail="phase=failed", **facts)
    handmade.side(trace, 3008, "ann", "asked", reason="daemon.connect-failed", **facts)
    handmade.broker(trace, 3010, "asked", path="translated", ist="ist", method="passive",
                     reason="isb.direct-failed", detail="connect-failed")
    handmade.broker(trace, 3030, "established", path="translated", ist="ist", method="passive")
    report = reported(trace, handmade.lab(nat_b=None))
    text = told(report)
    assert "bob could be reached from outside, so ann was to connect to bob directly." in text
    assert ("The ISB fell back to an IST: the direct connection had failed (a connection could not "
            "be made as instructed).") in text
    assert "worked, translated over ist" in text
    lost, = [step for step in report.charts["chart"].steps if step.tag == "connect"]
    assert (lost.source, lost.target, lost.until) == ("ann", "bob", None)


def test_the_port_negotiation_of_pure_is_told(reported):
    text = told(reported(handmade.pure(), handmade.lab()))
    assert "ist saw the first SYN and reported its source port 41234." in text
    assert "The ISB told bob to connect to 198.18.1.2:41234 from port 40100." in text


def test_a_refusal_says_what_was_checked_and_what_the_client_saw(reported):
    report = reported(handmade.refused(), handmade.lab())
    assert report.tale(handmade.KEY).outcome == "refused"
    text = told(report)
    assert "refused: the service was not open to this user" in text
    assert "The client saw its connection reset." in text
    assert "accepted" not in text


def test_a_dropped_packet_is_told_with_box_and_rule(reported):
    trace = handmade.refused()
    trace.at(1002, "bob-home", "packet-dropped", src="198.18.2.2:40001", dst="198.18.3.2:7471",
             reason="nat.filtered", rule="RFC 4787 REQ-8")
    trace.at(1003, "elsewhere", "packet-dropped", src="192.0.2.1:1", dst="192.0.2.2:2",
             reason="nat.filtered")
    text = told(reported(trace, handmade.lab()))
    assert ("bob-home dropped a packet from 198.18.2.2:40001 to 198.18.3.2:7471: the NAT let in "
            "only answers to what had gone out (RFC 4787 REQ-8).") in text
    assert "elsewhere" not in text


def test_a_lost_ist_ends_the_story(reported):
    trace = handmade.translated()
    trace.events = [event for event in trace.events if event["t"] < 2000 * handmade.MS]
    trace.at(2000, "ist", "node-state", to="crashed")
    handmade.broker(trace, 4000, "failed", reason="isb.ist-lost")
    handmade.side(trace, 4002, "ann", "failed", reason="daemon.ist-lost",
                   connection=handmade.CONNECTION)
    trace.at(4002, "ann", "client-state", to="failed", detail="pages")
    report = reported(trace, handmade.lab())
    assert report.tale(handmade.KEY).verdict == (
        "stood, translated over ist (passive), then failed: the IST that carried it was gone")
    text = told(report)
    assert text.index("ist crashed.") < text.index("The ISB gave the connection up")


def test_every_code_of_the_protocol_has_a_sentence():
    header = (ROOT / "model" / "wire" / "isb-message.h").read_text()
    body = re.search(r"enum class IsbCode[^{]*{(.*?)};", header, re.DOTALL).group(1)
    names = re.findall(r"^\s*(\w+) = \d+", body, re.MULTILINE)
    codes = {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in names} - {"none"}
    assert codes == set(words.CODES)
    for code in codes:
        assert words.sentence(f"isb.{code}").endswith(".")
        assert words.phrase(f"daemon.{code}") == words.CODES[code]


def test_a_reason_that_nobody_described_stands_for_itself():
    assert words.phrase("isb.brand-new") == "brand new"
    assert words.phrase("") == words.sentence("") == ""


def test_names_cannot_act_on_the_terminal(reported):
    trace = handmade.refused()
    trace.at(5, "isb", "session-state", user="ann", to="closed", reason="isb.\x1b[31mred\n")
    assert "\x1b" not in told(reported(trace, handmade.lab()))


def test_a_subscription_is_found_by_name_or_the_nearest_is_named():
    keys = [("ann", "bob", "web"), ("ann", "eve", "web"), ("eve", "bob", "files")]
    assert find(keys, "ann", "bob/web") == keys[0]
    assert find(keys, "eve", "files") == keys[2]
    with pytest.raises(UsageError, match="more than one 'web'; name one of: bob/web, eve/web"):
        find(keys, "ann", "web")
    with pytest.raises(UsageError, match="nearest is eve bob/files"):
        find(keys, "eve", "bob/file")
    with pytest.raises(UsageError, match="none at all"):
        find([], "ann", "web")
