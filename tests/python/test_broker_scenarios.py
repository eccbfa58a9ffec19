# SPDX-License-Identifier: GPL-2.0-or-later
"""What the shipped scenarios of the broker's world show, and what must not hold once their point is
taken away."""

import pytest

from isblab.paths import EXAMPLES
from isblab.worker import Job, run_one


def run(name, **overrides):
    """One run of examples/NAME.toml; overrides with "__" for "."."""
    paths = {path.replace("__", "."): value for path, value in overrides.items()}
    return run_one(Job(path=EXAMPLES / f"{name}.toml", overrides=paths))


def throughput(ists):
    """Bits per second that the receivers of ten-ists get with so many translators. (What senders got
    rid of includes what lies in their daemons.)"""
    result = run("ten-ists", ist__ist__count=ists, expect=None).result
    return sum(traffic["receivedRateBps"] for traffic in result["traffic"])


def test_throughput_grows_with_the_number_of_translators():
    one, two, five = map(throughput, (1, 2, 5))
    assert 1.6 < two / one < 2.4
    assert 4 < five / one < 6


@pytest.mark.parametrize("name, overrides", [
    # A firewall that does not let the translator through.
    ("firewall", {"site__ann-office__firewall": ["isb"]}),
    # A door that is open to all refuses nobody.
    ("not-allowed", {"service__web__allowed": None}),
    # Without a translator two users behind NATs do not meet.
    ("both-behind-nat", {"ist__ist__methods": ["udp"]}),
    # Nothing prepared, nothing found ready.
    ("prepared", {"subscription__0__prepared": 0}),
    # Nobody can choose a port, nothing is pure.
    ("pure", {"user__ann__can-choose-port": False, "user__bob__can-choose-port": False}),
    # The other translator dies too.
    ("ist-dies", {"incident__1__at": "7 s", "incident__1__restart": None,
                  "incident__1__crash": "ist-b"}),
    # The provider stays away.
    ("provider-logs-out", {"incident__1__at": "19 s"}),
])
def test_a_scenario_without_its_point_does_not_hold(name, overrides):
    assert not run(name, **overrides).passed
