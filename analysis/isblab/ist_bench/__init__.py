# SPDX-License-Identifier: GPL-2.0-or-later
"""What the IST in the kernel costs, beside direct connection, forwarding, NAT and user-space relays.

    budgets, ways            what is measured
    line, control, route     namespaces, the program `ist`, a way made real with its two agents
    agents, measure          orders to isblab-traffic, one measurement of each kind
    campaign, tables         the rounds of all loads; table sizes, memory, BPF_PROG_TEST_RUN
    samples, bars            values by load and way; the bars judged
    plots, report, main      figures, report.html, the command
"""
