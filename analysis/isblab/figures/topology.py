# SPDX-License-Identifier: GPL-2.0-or-later
"""Figure 5.4 of the thesis, drawn anew: (A) the box between the hosts, (B) the hosts directly."""

from __future__ import annotations

_STYLE = """
text { font-family: "DejaVu Sans", Verdana, sans-serif; fill: #222222; text-anchor: middle; }
.name { font-size: 15px; font-weight: bold; }
.small { font-size: 11.5px; fill: #555555; }
.note { font-size: 12.5px; text-anchor: start; }
.host { fill: #f4f6f8; stroke: #556070; stroke-width: 1.5; }
.box { fill: #eef6f2; stroke: #009E73; stroke-width: 2; }
.port { fill: #ffffff; stroke: #009E73; stroke-width: 1.5; }
.cpu { fill: #d5ece2; stroke: #009E73; stroke-width: 1.2; }
.wire { stroke: #333333; stroke-width: 2.5; }
.bus { stroke: #009E73; stroke-width: 1.5; stroke-dasharray: 5 3; }
"""


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="7"/>'


def _text(kind: str, x: float, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{words}</text>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _host(x: float, y: float, name: str) -> str:
    return (
        _rect("host", x, y, 116, 76)
        + _text("name", x + 58, y + 29, f"Host {name}")
        + _text("small", x + 58, y + 48, "PC, 568 MHz")
        + _text("small", x + 58, y + 64, "256 MB")
    )


def _through_the_box(top: float) -> str:
    middle = top + 75
    return "".join(
        (
            _text("note", 16, top - 12, "(A) Forwarder, NAT, IST - App., IST - Kernel"),
            _line("wire", 132, middle, 236, middle),
            _line("wire", 524, middle, 628, middle),
            _text("small", 180, middle - 9, "100 Mb/s"),
            _text("small", 578, middle - 9, "100 Mb/s"),
            _host(16, middle - 38, "A"),
            _host(628, middle - 38, "B"),
            _rect("box", 230, top, 300, 150),
            _text("name", 380, top + 24, "Intel IXP425 (IXDP425)"),
            _text("small", 380, top + 138, "MontaVista Linux, 256 MB"),
            _line("bus", 318, middle, 442, middle),
            _rect("port", 222, middle - 28, 96, 56),
            _text("small", 270, middle - 6, "on-chip MAC"),
            _text("small", 270, middle + 10, "133 MHz bus"),
            _rect("cpu", 333, middle - 28, 94, 56),
            _text("small", 380, middle - 6, "XScale"),
            _text("small", 380, middle + 10, "533 MHz"),
            _rect("port", 442, middle - 28, 96, 56),
            _text("small", 490, middle - 6, "PCI NIC"),
            _text("small", 490, middle + 10, "33/66 MHz"),
        )
    )


def _direct(top: float) -> str:
    return "".join(
        (
            _text("note", 16, top - 12, "(B) Direct Connect"),
            _line("wire", 132, top + 38, 628, top + 38),
            _text("small", 380, top + 29, "100 Mb/s"),
            _host(16, top, "A"),
            _host(628, top, "B"),
        )
    )


def drawing() -> str:
    """The topologies as one SVG document."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 340" role="img" '
        'aria-label="Host A and host B, with the IXP425 between them and without it">'
        f"<style>{_STYLE}</style>"
        '<rect x="0" y="0" width="760" height="340" fill="#ffffff"/>'
        f"{_through_the_box(40)}{_direct(244)}</svg>"
    )
