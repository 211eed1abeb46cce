"""Where the nodes of a picture stand, and the lines between them. All in the picture's units.

Nodes stand on a ring of three columns: the first at the top, then down the right side, the last
of an even number at the bottom, and up the left side. The middle is free for lines: no line
crosses a card. The width is a phone's, so that text keeps its size there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 360
CARD = 130
_EDGE = 4.0
_BETWEEN = 22.0
_ABOVE = 60.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A card: its left upper corner, its height, and where lines come to it."""

    x: float
    y: float
    height: float
    port: Point


def ring(heights: Sequence[float]) -> tuple[list[Box], float]:
    """Return the place of each card, given their heights, and the height of the picture."""
    if not heights:
        return [], 2 * _EDGE
    if len(heights) == 1:
        middle = (WIDTH - CARD) / 2
        return [Box(middle, _EDGE, heights[0], (WIDTH / 2, _EDGE))], heights[0] + 2 * _EDGE
    if len(heights) == 2:
        return _pair(heights)
    return _around(heights)


def bend(a: Point, b: Point, centre: Point, aside: float = 0.0) -> tuple[Point, Point, Point]:
    """Return begin, control and end of a curve from ``a`` to ``b``, bowed to ``centre``.

    ``aside`` moves it sidewards, for several beside each other.
    """
    across, down = b[0] - a[0], b[1] - a[1]
    length = (across**2 + down**2) ** 0.5 or 1.0
    right, low = -down / length * aside, across / length * aside
    control = ((a[0] + b[0]) / 2 + centre[0]) / 2, ((a[1] + b[1]) / 2 + centre[1]) / 2
    return (
        (a[0] + right, a[1] + low),
        (control[0] + right, control[1] + low),
        (b[0] + right, b[1] + low),
    )


def half(curve: tuple[Point, Point, Point]) -> Point:
    """Return the point in the middle of a curve."""
    begin, control, end = curve
    return (
        (begin[0] + 2 * control[0] + end[0]) / 4,
        (begin[1] + 2 * control[1] + end[1]) / 4,
    )


def _pair(heights: Sequence[float]) -> tuple[list[Box], float]:
    tall = max(heights)
    port = _EDGE + min(heights) / 2
    right = WIDTH - CARD - _EDGE
    return [
        Box(_EDGE, _EDGE, heights[0], (_EDGE + CARD, port)),
        Box(right, _EDGE, heights[1], (right, port)),
    ], tall + 2 * _EDGE


def _around(heights: Sequence[float]) -> tuple[list[Box], float]:
    sides = (len(heights) - 1) // 2
    last = sides + 1 if len(heights) % 2 == 0 else None  # the one at the bottom
    middle, right = (WIDTH - CARD) / 2, WIDTH - CARD - _EDGE
    boxes: dict[int, Box] = {}
    y = _EDGE + heights[0]
    boxes[0] = Box(middle, _EDGE, heights[0], (WIDTH / 2, y))
    y += _ABOVE
    for row in range(sides):
        one, other = 1 + row, len(heights) - 1 - row
        boxes[one] = Box(right, y, heights[one], (right, y + heights[one] / 2))
        boxes[other] = Box(_EDGE, y, heights[other], (_EDGE + CARD, y + heights[other] / 2))
        y += max(heights[one], heights[other]) + _BETWEEN
    y -= _BETWEEN
    if last is not None:
        y += _ABOVE
        boxes[last] = Box(middle, y, heights[last], (WIDTH / 2, y))
        y += heights[last]
    return [boxes[place] for place in range(len(heights))], y + _EDGE
