# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run shows: sequence chart, states walked, header fields, stories in words, one page.

    trace.py      events.jsonl, streamed, into a Digest
    world.py      the lab as people and boxes: who stands behind which NAT
    story.py      one subscription's first connection, cut out of the digest
    sequence.py   a story as lifelines and steps        chart.py     drawn
    states.py     the states walked                     ladder.py    drawn
    fields.py     header fields rewritten, drawn
    why.py        a story in words                      words.py     reasons as sentences
    topology.py   the lab, drawn
    page.py       all of it as one self-contained report.html
    main.py       writes a result folder's report, serves the command line
"""
