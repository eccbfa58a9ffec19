# SPDX-License-Identifier: GPL-2.0-or-later
"""The claims table: every statement of thesis 5.3 and 5.4 that the figures must show.

Where the thesis uses a word ("far below", "almost everything", "rapidly"), the reading chosen here
stands in the claim's text. Statements with several parts are one claim a part, so that each part
can fail alone.
"""

from __future__ import annotations

from isblab.figures import measures as m
from isblab.figures import phases as ph
from isblab.figures.claims import HYPOTHESIS, PREDICTED, Claim
from isblab.figures.experiments import LINE_TCP, LINE_UDP, LINE_UDP_RATE
from isblab.figures.places import KERNEL, NIC

_DIRECT, _FORWARDER, _NAT = ph.DIRECT.key, ph.FORWARDER.key, ph.NAT.key
_APP, _KERNEL = ph.IST_APP.key, ph.IST_KERNEL.key
_PLAIN = (_DIRECT, _FORWARDER)
_TRANSLATORS = (_NAT, _KERNEL)
_BUT_APP = (*_PLAIN, *_TRANSLATORS)

_LARGE = ph.IST_APP_LARGE_BUFFER.key
_BUFFER = (
    "the application receives into a fixed buffer that one Ethernet payload fits "
    "(application-buffer of the box), so that every larger datagram is cut short and is lost"
)

_ON_CHIP = (ph.ON_CHIP,)

# A TCP segment with 1448 bytes of payload is an Ethernet frame of 1518 (timestamps, headers, FCS),
# a UDP datagram with 1024 one of 1070. The thesis' "about 98 Mbps" can only be a rate of frames.
_TCP_FRAME = 1518 / 1448
_UDP_FRAME = 1070 / 1024

_RTT = (
    Claim(
        "1.1", "5.5", "Direct Connect has the lowest RTT, below Forwarder and NAT", "lowest",
        PREDICTED, "us", m.least_gap_over("5.5", _DIRECT, (_FORWARDER, _NAT)), m.above(0)),
    Claim(
        "1.2", "5.5", "Forwarder is 100 to 150 us above Direct Connect", "more than one hundred",
        PREDICTED, "us", m.gap("5.5", _FORWARDER, _DIRECT), m.between(100, 150),
        parameters=("pci-latency",)),
    Claim(
        "1.3", "5.5", "NAT is 100 to 150 us above Direct Connect", "more than one hundred",
        PREDICTED, "us", m.gap("5.5", _NAT, _DIRECT), m.between(100, 150),
        parameters=("pci-latency",)),
    Claim(
        "1.4", "5.5", "NAT < IST-Kernel < IST-App",
        "NAT < 423 < 498", PREDICTED, "us",
        m.least_step("5.5", (_NAT, _KERNEL, _APP)), m.above(0),
        parameters=("untuned-latency", "wakeup-cost")),
    Claim(
        "1.5", "5.5", "IST-Kernel's RTT is 423 us +-3 %", "423 (also 425)", PREDICTED, "us",
        m.single("5.5", _KERNEL), m.within_percent(423, 3), parameters=("untuned-latency",)),
    Claim(
        "1.6", "5.5", "IST-App's RTT is 498 us +-3 %", "about 498", PREDICTED, "us",
        m.single("5.5", _APP), m.within_percent(498, 3), parameters=("wakeup-cost",)),
)  # fmt: skip

_LINE_SPEED = (
    Claim(
        "2.1", "5.6", "On-chip to on-chip, TCP: IST-Kernel carries at least 97 % of Direct Connect",
        "full line speed", PREDICTED, "%",
        m.greatest_share(LINE_TCP, _KERNEL, _DIRECT), m.at_least(97), _ON_CHIP),
    Claim(
        "2.2", "5.6", "On-chip to on-chip, UDP at full speed: IST-Kernel carries at least 97 % of "
        "Direct Connect", "full line speed", PREDICTED, "%",
        m.greatest_share(LINE_UDP_RATE, _KERNEL, _DIRECT), m.at_least(97), _ON_CHIP),
    Claim(
        "2.3", "5.6", "On-chip to on-chip: the box drops nothing, TCP and UDP", "nothing lost",
        PREDICTED, "packets", m.box_drops((LINE_TCP, LINE_UDP), _KERNEL), m.zero, _ON_CHIP),
    Claim(
        "2.4", "5.6", "On-chip to on-chip: frame rate about 98 Mb/s (+-2 %), TCP", "about 98",
        PREDICTED, "Mb/s", m.frame_rate(LINE_TCP, _KERNEL, _TCP_FRAME), m.within_percent(98, 2),
        _ON_CHIP),
    Claim(
        "2.5", "5.6", "On-chip to on-chip: frame rate about 98 Mb/s (+-2 %), UDP", "about 98",
        PREDICTED, "Mb/s", m.frame_rate(LINE_UDP_RATE, _KERNEL, _UDP_FRAME),
        m.within_percent(98, 2), _ON_CHIP),
)  # fmt: skip

_THROUGHPUT = (
    Claim(
        "3.1", "5.6", "IST-App's throughput is far below NAT's at every count (at most 75 %)",
        "only IST-App is poor", PREDICTED, "% of NAT",
        m.greatest_share("5.6", _APP, _NAT), m.at_most(75),
        otherwise="The mean of both rates counts what the box' sockets take from the sender before "
        "they push back; what the receiver gets is less."),
    Claim(
        "3.2", "5.6", "The other four are within 10 % of one another at every count",
        "as well as", PREDICTED, "%", m.widest_band("5.6", _BUT_APP), m.at_most(10)),
    Claim(
        "3.3", "5.6", "Throughput does not fall as connections are added (by more than 2 %)",
        "increases with connections", PREDICTED, "%",
        m.greatest_fall("5.6", (*_BUT_APP, _APP)), m.at_most(2)),
    Claim(
        "4.1", "5.7", "Direct Connect is best at every count", "best", PREDICTED, "%",
        m.least_lead("5.6", _DIRECT, (_FORWARDER, _NAT, _KERNEL, _APP)), m.at_least(0)),
    Claim(
        "4.2", "5.7", "IST-Kernel overtakes NAT near 70 connections (+-10), NAT's table hashed as "
        "in Linux 2.4", "above 70", PREDICTED, "connections",
        m.crossing("5.6", _KERNEL, _NAT), m.between(60, 80),
        otherwise="A hash costs the same at any count, and the box has processor time left in both "
        "phases, so nothing makes NAT fall behind; the longer round trip of IST-Kernel keeps it a "
        "little below. The thesis' crossing needs a look-up that grows (claim 4.3)."),
    Claim(
        "4.3", "5.7", "IST-Kernel overtakes NAT near 70 connections (+-10), NAT's table a list",
        "above 70", HYPOTHESIS, "connections",
        m.crossing("5.6", _KERNEL, ph.NAT_LIST.key), m.between(60, 80),
        assumption="NAT walks its connections in a list, at a cost for each (thesis 5.4 guesses "
        "at a growing look-up; Linux 2.4 hashes them into 2,048 buckets at 256 MB)",
        parameters=("walk-cost",)),
)  # fmt: skip

_LOSS_BY_RATE = (
    Claim(
        "5.1", "5.8", "1 KB: Direct, Forwarder, NAT and IST-Kernel lose nothing up to 100 Mb/s",
        "only IST-App drops", PREDICTED, "%", m.greatest("5.8", _BUT_APP), m.zero),
    Claim(
        "5.2", "5.8", "1 KB: IST-App loses (at least 1 % at some rate)", "drops", PREDICTED, "%",
        m.greatest("5.8", (_APP,)), m.at_least(1)),
    Claim(
        "6.1", "5.9", "6 KB: Direct and Forwarder lose nothing", "never drop", PREDICTED, "%",
        m.greatest("5.9", _PLAIN), m.zero),
    Claim(
        "6.2", "5.9", "6 KB: NAT begins to lose at 63 +-3 Mb/s (half a per cent lost)",
        "above 63", PREDICTED, "Mb/s", m.onset("5.9", _NAT), m.between(60, 66),
        parameters=("reassembly-cost",)),
    Claim(
        "6.3", "5.9", "6 KB: IST-Kernel begins to lose at 63 +-3 Mb/s (half a per cent lost)",
        "above 63", PREDICTED, "Mb/s", m.onset("5.9", _KERNEL), m.between(60, 66),
        parameters=("reassembly-cost",)),
    Claim(
        "6.4", "5.9", "6 KB: IST-App loses almost everything at any rate (at least 90 %), by the "
        "cost of its copies", "almost all", PREDICTED, "%", m.least("5.9", _LARGE),
        m.at_least(90),
        otherwise="At low rates the processor is idle most of the time, so no cost of copies can "
        "lose a datagram; a structural cause is needed (claim 6.5)."),
    Claim(
        "6.5", "5.9", "6 KB: IST-App loses almost everything at any rate (at least 90 %), by the "
        "size of its receive buffer", "almost all", HYPOTHESIS, "%", m.least("5.9", _APP),
        m.at_least(90), assumption=_BUFFER),
)  # fmt: skip

_LOSS_BY_SIZE = (
    Claim(
        "7.1", "5.10", "Direct and Forwarder lose nothing at any size", "never drop", PREDICTED,
        "%", m.greatest("5.10", _PLAIN), m.zero, parameters=("forward-cost",)),
    Claim(
        "7.2", "5.10", "IST-Kernel's loss is within 5 points of NAT's at every size", "similar",
        PREDICTED, "points", m.widest_difference("5.10", _KERNEL, _NAT), m.at_most(5)),
    Claim(
        "7.3", "5.10", "IST-App loses most at every size, by its costs", "the worst", PREDICTED,
        "points", m.least_excess("5.10", _LARGE, _BUT_APP), m.at_least(0)),
    Claim(
        "7.4", "5.10", "NAT and IST-Kernel lose least near 1 KB (768 to 1472 B)",
        "optimized around 1 KB", PREDICTED, "B", m.farthest_minimum("5.10", _TRANSLATORS),
        m.between(768, 1472)),
    Claim(
        "7.5", "5.10", "NAT's and IST-Kernel's loss rises steeply below 1 KB (20 points or more at "
        "64 B)", "increases rapidly", PREDICTED, "points",
        m.least_rise("5.10", _TRANSLATORS, m.one_kib, min), m.at_least(20)),
    Claim(
        "7.6", "5.10", "NAT's and IST-Kernel's loss rises again from the first fragment on",
        "also increases", PREDICTED, "points",
        m.least_rise("5.10", _TRANSLATORS, m.last_whole, m.first_fragmented), m.above(0)),
    Claim(
        "7.7", "5.10", "NAT and IST-Kernel lose more at 8 KB than at 1 KB", "also increases",
        PREDICTED, "points", m.least_rise("5.10", _TRANSLATORS, m.one_kib, max), m.above(0)),
    Claim(
        "7.8", "5.10", "NAT's and IST-Kernel's loss keeps growing as packets shrink from 1 KB to "
        "64 B (never falls by more than 5 points)", "increases rapidly", PREDICTED, "points",
        m.greatest_dip("5.10", _TRANSLATORS, m.shrinking_from_1k), m.at_most(5),
        otherwise="For the smallest packets the sending PC is the limit: it sends equally many of "
        "any size, and the box copies fewer bytes of each."),
    Claim(
        "7.9", "5.10", "NAT's and IST-Kernel's loss keeps growing from the first fragment to 8 KB "
        "(never falls by more than 5 points)", "the bigger, the more", PREDICTED, "points",
        m.greatest_dip("5.10", _TRANSLATORS, m.growing_fragmented), m.at_most(5),
        otherwise="Fragments cost the box the same whatever their size, so at full line speed the "
        "load is greatest for a short second fragment and nearly even for large datagrams."),
    Claim(
        "7.10", "5.10", "IST-App loses most at every size, by its costs and the size of its "
        "receive buffer", "the worst", HYPOTHESIS, "points", m.least_excess("5.10", _APP, _BUT_APP),
        m.at_least(0), assumption=_BUFFER),
)  # fmt: skip

_WHAT_IF = (
    Claim(
        "8.1", "5.5", "A finely tuned IST-Kernel reaches NAT's RTT (+-3 %)",
        "maybe reduced to equal NAT", HYPOTHESIS, "%",
        m.difference_percent("5.5", ph.IST_KERNEL_TUNED.key, _NAT), m.between(-3, 3),
        assumption="the latency of IST-Kernel beyond its costs (untuned-latency) is zero"),
    Claim(
        "8.2", "5.10", "From on-chip MAC to PCI NIC, packets die in the kernel's buffers "
        "(more than half of them; NAT and IST-Kernel)", "kernel buffer", PREDICTED, "%",
        m.drop_share("5.10", _TRANSLATORS, KERNEL), m.above(50), (ph.MAC_TO_PCI,)),
    Claim(
        "8.3", "5.10", "From PCI NIC to on-chip MAC, packets die in the NIC's buffer "
        "(more than half of them; NAT and IST-Kernel)", "PCI NIC buffer", PREDICTED, "%",
        m.drop_share("5.10", _TRANSLATORS, NIC), m.above(50), (ph.PCI_TO_MAC,)),
)  # fmt: skip

CLAIMS = (*_RTT, *_LINE_SPEED, *_THROUGHPUT, *_LOSS_BY_RATE, *_LOSS_BY_SIZE, *_WHAT_IF)


def claims_of(figures: set[str]) -> list[Claim]:
    """The claims that these figures' experiments can answer."""
    return [claim for claim in CLAIMS if claim.figure in figures]
