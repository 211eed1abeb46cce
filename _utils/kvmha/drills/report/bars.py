"""How long each VM and address was away, beside the worst that the timeouts imply."""

from __future__ import annotations

from collections.abc import Iterator

import drawsvg as draw

from kvmha.drills.record import Absence, Record
from kvmha.drills.report import facts
from kvmha.drills.report.shapes import Element, Nested, picture, text

_ROW = 58.0


def drawn(record: Record, name: str) -> Element:
    """Return a bar beside its limit for each absence; ``name`` begins the picture's ids."""
    height = max(_ROW * len(record.absences), 1)
    words = " ".join(f"{one.name}: {facts.away(one)}." for one in record.absences)
    drawing = picture("100%", height, name, "Seconds away, beside the limit", words, viewBox=None)
    longest = max([1.0, *(max(one.seconds, one.worst) for one in record.absences)])
    for row, absence in enumerate(record.absences):
        drawing.extend(_bar(absence, longest * 1.01, row * _ROW))
    return drawing


def _bar(absence: Absence, longest: float, y: float) -> Iterator[Element]:
    yield text(absence.name, 11.5, 0, y + 12, "lane-name")
    kind = "bad" if facts.is_over(absence) else "soft"
    yield text(facts.away(absence), 11.5, "100%", y + 12, kind, text_anchor="end")
    yield draw.Rectangle(0, y + 17, "100%", 16, class_="lane")
    bar = draw.Rectangle(
        0,
        y + 17,
        _share(absence.seconds, longest),
        16,
        class_="over" if facts.is_over(absence) else "was",
    )
    bar.append_title(f"{absence.name} was away {absence.seconds:.1f} s")
    yield bar
    at = 0.0
    for place, (part, seconds) in enumerate(absence.parts.items()):
        box = Nested(x=_share(at, longest), y=y + 36, width=_share(seconds, longest), height=14)
        box.append_title(f"{part} {seconds:.1f} s")
        box.append(draw.Rectangle(0, 0, "100%", "100%", class_=f"piece piece{place % 2}"))
        box.append(text(f"{part} {seconds:g}", 10, 4, 10.5, "on-bar"))
        yield box
        at += seconds
    if absence.worst:
        limit = draw.Rectangle(_share(absence.worst, longest), y + 14, 2.5, 36, class_="limit")
        limit.append_title(f"limit {absence.worst:.1f} s")
        yield limit


def _share(seconds: float, longest: float) -> str:
    return f"{seconds / longest * 100:.2f}%"
