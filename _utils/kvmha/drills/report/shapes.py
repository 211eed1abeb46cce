"""The parts of the pictures. Untrusted words go into text, titles and descriptions alone: drawsvg
escapes those, and writes attributes as they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import drawsvg as draw

from kvmha.drills.report import palette
from kvmha.drills.report.geometry import WIDTH, Point

Element = Any  # drawsvg has no types
_WIDE = 0.61  # of the font's size: a letter of a sans-serif font, on average


class Nested(draw.DrawingParentElement):  # type: ignore[misc]
    """An SVG inside of an SVG: cuts off what is wider, at a width in per cent too."""

    TAG_NAME = "svg"


class Description(draw.Title):  # type: ignore[misc]
    """What a picture shows, in words."""

    TAG_NAME = "desc"


def picture(width: Any, height: float, name: str, title: str, words: str, **more: Any) -> Element:
    """Return an empty drawing that tells a screen reader its ``title`` and, in full, ``words``."""
    drawing = draw.Drawing(WIDTH, round(height, 1), id_prefix=name, role="img", **more)
    kind = {"100%": "picture fluid", WIDTH: "picture scaled"}.get(width, "picture")
    drawing.svg_args |= {"width": width, "class": kind, "aria-labelledby": f"{name}-t {name}-d"}
    drawing.append(draw.Title(title, id=f"{name}-t"))
    drawing.append(Description(words, id=f"{name}-d"))
    return drawing


def text(words: str, size: float, x: Any, y: float, kind: str = "", **more: Any) -> Element:
    """Return a line of text; ``kind`` are its classes."""
    return draw.Text(words.replace("\n", " "), size, x=x, y=y, class_=kind or None, **more)


def shortened(words: str, size: float, width: float, among: Collection[str] = ()) -> str:
    """Return ``words`` short enough for ``width``, so that they still differ from those ``among``.

    What all begin with goes first; then the end where all end alike, or more of the beginning.
    One alone loses its middle.
    """
    most = max(int(width / (size * _WIDE)), 4)
    if len(words) <= most:
        return words
    if (begin := _common(among)) and len(among) > 1:
        words = f"…{words[begin:]}"
    if len(words) <= most:
        return words
    if len(among) > 1:
        alike = _common([name[::-1] for name in among])
        return f"{words[: most - 1]}…" if alike else f"…{words[1 - most :]}"
    head = (most - 1) // 2
    return f"{words[:head]}…{words[len(words) - (most - 1 - head) :]}"


def badge(place: int, x: float, y: float, size: float = 8.0, full: bool = True) -> list[Element]:
    """Return the letter of the partition at ``place`` in its shape; hollow without quorum."""
    kind = f"{'badge' if full else 'hollow'} part{place % len(palette.PARTITIONS)}"
    corners: dict[int, Sequence[Point]] = {
        1: ((-0.95, -0.95), (0.95, -0.95), (0.95, 0.95), (-0.95, 0.95)),
        2: ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        3: ((-1.25, -1), (1.25, -1), (0.75, 1), (-0.75, 1)),
        4: ((-0.6, -1.1), (0.6, -1.1), (1.2, 0), (0.6, 1.1), (-0.6, 1.1), (-1.2, 0)),
    }
    around = corners.get(place % len(palette.PARTITIONS))
    shape = polygon([(x + a * size, y + b * size) for a, b in around], kind) if around else None
    return [
        shape or draw.Circle(round(x, 1), round(y, 1), size * 1.1, class_=kind),
        text(palette.letter(place), size * 1.35, x, y, "letter" if full else kind, center=True),
    ]


def polygon(points: Sequence[Point], kind: str) -> Element:
    """Return a closed shape."""
    flat = [round(one, 1) for point in points for one in point]
    return draw.Lines(*flat, close=True, class_=kind)


def curve(points: tuple[Point, Point, Point], kind: str) -> Element:
    """Return a curve of three points."""
    (ax, ay), (bx, by), (cx, cy) = ((round(x, 1), round(y, 1)) for x, y in points)
    return draw.Path(class_=kind).M(ax, ay).Q(bx, by, cx, cy)


def cross(x: float, y: float, kind: str, size: float = 4.0) -> Element:
    """Return an X."""
    x, y = round(x, 1), round(y, 1)
    path = draw.Path(class_=kind)
    path.M(x - size, y - size).L(x + size, y + size)
    return path.M(x - size, y + size).L(x + size, y - size)


def pill(words: str, x: float, y: float, kind: str) -> list[Element]:
    """Return a short word on a rounded ground, its middle at ``x``, ``y``."""
    wide = round(len(words) * 5.8 + 9, 1)
    return [
        draw.Rectangle(round(x - wide / 2, 1), round(y - 7, 1), wide, 14, rx=7, class_=kind),
        text(words, 9.5, round(x, 1), round(y, 1), f"{kind}-ink", center=True),
    ]


def icon(kind: str, x: float, y: float) -> Element:
    """Return the mark of a VM (``vm``), an address (``vip``) or a fenced node (``bolt``)."""
    if kind == "vm":
        return draw.Rectangle(round(x - 3.5, 1), round(y - 3.5, 1), 7, 7, rx=1.5, class_="vm")
    if kind == "vip":
        return polygon([(x, y - 4.5), (x + 4.5, y), (x, y + 4.5), (x - 4.5, y)], "vip")
    bolt = ((1, -7), (-4, 1), (-0.5, 1), (-1, 7), (4, -1.5), (0.5, -1.5))
    return polygon([(x + a, y + b) for a, b in bolt], "bolt")


def _common(names: Collection[str]) -> int:
    """How many letters all begin with, up to the end of a word."""
    first, last = min(names, default=""), max(names, default="")
    same = next((n for n, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), 0)
    return max((n + 1 for n in range(same) if first[n] in "-_."), default=0)


def alone(drawing: Element, style: str, width: int) -> str:
    """Return the drawing as a file of its own, ``width`` wide, in light and dark."""
    grown = drawing.height * (width / WIDTH if "viewBox" not in drawing.svg_args else 1)
    drawing.svg_args |= {"width": width, "height": round(grown)}
    drawing.append_css(f"{style}.picture{{background:var(--card)}}")
    return f"{drawing.as_svg()}\n"


def svg(drawing: Element) -> str:
    """Return the drawing as it stands inside of a page, without a header."""
    return str(drawing.as_svg(header=""))
