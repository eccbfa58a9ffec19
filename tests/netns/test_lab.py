# SPDX-License-Identifier: GPL-2.0-or-later
"""isblab-netns: scenarios with real sockets and packets."""

import json
import subprocess
from pathlib import Path

import pytest

from isblab.netlab import missing_capability

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

HEAD = 'schema = 1\nname = "netns"\nduration = "20 s"\n[[isb]]\nname = "isb"\n[[ist]]\nname = "ist"\n'


def user(name, nat=None, punch=False):
    """A user, behind a NAT or a firewall if one is named."""
    site = ""
    if nat:
        kind = 'firewall = ["*"]' if nat == "firewall" else f'nat = "{nat}"'
        site = f'[[site]]\nname = "{name}-nat"\n{kind}\n'
    return (site + f'[[user]]\nname = "{name}"\n' + (f'site = "{name}-nat"\n' if nat else "")
            + ("punch = true\n" if punch else ""))


def service(protocol="tcp", ways=None, method="proxy", traffic=None):
    """ann uses bob's service once."""
    way = f"ways = {json.dumps(ways)}\n" if ways else ""
    client = traffic or ('kind = "udp-ping-pong"\npayload = "64 B"\nstop = "2 s"\n'
                         if protocol == "udp" else
                         'kind = "request-response"\nresponse = "1 kB"\nrequests = 1\n'
                         'pause = "1 min"\n')
    return (f'[[service]]\nname = "web"\nprovider = "bob"\nport = 5000\nprotocol = "{protocol}"\n'
            f'[[subscription]]\nuser = "ann"\nservice = "bob/web"\nmethod = "{method}"\n{way}'
            f'[[traffic]]\nname = "client"\nfrom = "ann"\nservice = "bob/web"\nstart = "1 s"\n'
            + client)


@pytest.fixture
def netns(built):
    """netns(text): runs a scenario; (exit status, events, result)."""
    program = built("isblab-netns")
    missing = missing_capability()
    if missing:
        pytest.skip(missing)

    def run(text, *options):
        done = subprocess.run([program, "run", "-", *options], input=text, text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.stdout, done.stderr
        *events, result = map(json.loads, done.stdout.splitlines())
        assert result["event"] == "result"
        return done.returncode, events, result

    return run


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("subscriber, provider, path", [
    (None, None, "direct"), ("symmetric", None, "direct"), (None, "full-cone", "reversed"),
    ("port-restricted-cone", "symmetric", "translated"), ("firewall", "firewall", "translated")])
def test_the_path_is_that_of_the_thesis(netns, protocol, subscriber, provider, path):
    text = (HEAD + user("ann", subscriber) + user("bob", provider)
            + service(protocol, method="udp" if protocol == "udp" else "proxy"))
    status, events, result = netns(text)
    assert status == 0
    assert result["subscriptions"][0]["paths"] == {path: 1}
    assert result["traffic"][0]["rttNs"]["count"] >= 1
    assert result["t"] < 10e9, "it ends when there is nothing left to do"
    assert [event["t"] for event in events] == sorted(event["t"] for event in events)


@pytest.mark.parametrize("method", ["proxy", "active", "passive", "pure"])
def test_every_method_joins_real_connections(netns, method):
    provider = None if method == "active" else "symmetric"
    text = (HEAD + user("ann", "port-restricted-cone") + user("bob", provider)
            + service(ways=["translated"], method=method))
    if method == "pure":  # ann's NAT keeps the port that she chooses
        text = text.replace('name = "ann"\n', 'name = "ann"\ncan-choose-port = true\n', 1)
    status, _, result = netns(text)
    assert status == 0
    assert result["subscriptions"][0]["methods"] == {method: 1}
    assert result["traffic"][0]["completed"] == 1


@pytest.mark.parametrize("nat, connects", [("full-cone", True), ("port-restricted-cone", True),
                                           ("symmetric", False)])
def test_holes_are_punched_as_the_nats_allow(netns, nat, connects):
    traffic = ('kind = "request-response"\nresponse = "1 kB"\nrequests = 1\npause = "1 min"\n'
               'stop = "9 s"\n')
    text = (HEAD + user("ann", nat, punch=True) + user("bob", nat, punch=True)
            + service(ways=["punched"], traffic=traffic)).replace('"20 s"', '"9 s"')
    _, events, result = netns(text)
    assert result["subscriptions"][0]["paths"] == ({"punched": 1} if connects else {})
    if not connects:
        dropped = [event for event in events if event["event"] == "packet-dropped"]
        assert {"ann-nat", "bob-nat"} & {event["node"] for event in dropped}
        assert all(event["reason"] and event["rule"] for event in dropped)


def test_bulk_bytes_go_through_two_nats(netns):
    traffic = 'kind = "tcp-bulk"\nconnections = 2\nstop = "4 s"\n'
    text = HEAD + user("ann", "symmetric") + user("bob", "symmetric") + service(traffic=traffic)
    status, _, result = netns(text)
    client = result["traffic"][0]
    assert status == 0
    assert (client["established"], client["failed"]) == (2, 0)
    assert 100_000 < client["receivedBytes"] <= client["sentBytes"]


def test_a_nat_that_reboots_ends_what_it_carried(netns):
    traffic = ('kind = "request-response"\nresponse = "1 kB"\npause = "100 ms"\nstop = "4 s"\n')
    text = ((HEAD + user("ann") + user("bob", "full-cone") + service(traffic=traffic))
            .replace('"20 s"', '"4 s"')
            + '[[incident]]\nat = "2 s"\nreboot = "bob-nat"\n')
    _, events, result = netns(text)
    assert any(event["event"] == "nat-state" and event["to"] == "rebooted" for event in events)
    completed = result["traffic"][0]["completed"]
    assert 1 <= completed <= 12  # requests of the one second before
    _, _, calm = netns(text.partition("[[incident]]")[0])
    assert calm["traffic"][0]["completed"] > completed


def test_expectations_are_judged(netns):
    text = HEAD + user("ann") + user("bob") + service()
    wrong = '[[expect]]\nsubscription = "ann -> bob/web"\npath = "translated"\n'
    status, _, result = netns(text.replace('"20 s"', '"3 s"') + wrong)
    assert status == 1
    assert [item["holds"] for item in result["expectations"]] == [False]


def test_only_the_result_is_printed_when_asked(netns):
    text = HEAD + user("ann") + user("bob") + service()
    _, events, result = netns(text, "--events", "none", "--seed", "7")
    assert events == []
    assert result["seed"] == 7


@pytest.mark.parametrize("example, why", [
    ("five-phases/nat", "has a model of a machine"), ("udp-and-tcp", "sends at a rate"),
    ("isb-restarts", "does not happen in namespaces")])
def test_what_this_world_cannot_do_is_refused(built, example, why):
    program = built("isblab-netns")
    for command in ("check", "run"):
        done = subprocess.run([program, command, EXAMPLES / f"{example}.toml"], text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 2
        assert why in done.stderr and done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_a_scenario_with_faults_is_refused_with_its_line(built):
    done = subprocess.run([built("isblab-netns"), "check", "-"], input="schema = 1\nnaem = 3\n",
                          text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "<stdin>:2: " in done.stderr
