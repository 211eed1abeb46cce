"""The key to the pictures: each sign small, beside its meaning."""

from __future__ import annotations

from typing import Any

import drawsvg as draw
from markupsafe import Markup

from kvmha.drills.report.shapes import Element, badge, cross, curve, icon, pill, svg


def key() -> list[dict[str, Any]]:
    """Return the signs and their meanings."""
    line = ((1.0, 9.0), (13.0, 9.0), (27.0, 9.0))
    return [
        _one("partition with quorum", 28, badge(0, 14, 9, 7)),
        _one("hollow: without quorum", 28, badge(1, 14, 9, 7, full=False)),
        _one("DC", 28, pill("DC", 14, 9, "dc")),
        _one("VM that runs", 14, [icon("vm", 7, 9)]),
        _one("address", 14, [icon("vip", 7, 9)]),
        _one("link that is up", 28, [curve(line, "link up")]),
        _one("link that is down", 28, [curve(line, "link down"), cross(14, 9, "down-sign")]),
        _one("nobody tells", 28, [curve(line, "link unknown")]),
        _one("cut by the drill; a cross among many nodes", 32, pill("cut", 16, 9, "cut-sign")),
        _one("silent", 28, [draw.Rectangle(2, 3, 24, 13, rx=4, class_="card lost")]),
        _one("fenced", 14, [icon("bolt", 7, 9)]),
    ]


def _one(words: str, wide: int, elements: list[Element]) -> dict[str, Any]:
    drawing = draw.Drawing(wide, 18)
    drawing.svg_args |= {"class": "picture", "style": "display:inline", "aria-hidden": "true"}
    drawing.extend(elements)
    return {"picture": Markup(svg(drawing)), "words": words}
