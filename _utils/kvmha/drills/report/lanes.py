"""What happened, as lanes over time: one for each VM and address, in its host's colour.

The width is 100 % and all places along it are in per cent: the picture fits a phone and a sheet
of paper alike, and its text keeps its size on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import drawsvg as draw

from kvmha.drills.record import Cut, Record
from kvmha.drills.report import facts, palette
from kvmha.drills.report.shapes import Element, Nested, picture, shortened, text

_AXIS = 34.0
_LANE = 42.0
_BAR = 18.0
_WIDE = 80.0  # that a host's name in a bar may be
_FEW = 3  # cuts that are named
_TICKS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


@dataclass(frozen=True)
class Span:
    """What was so from ``begin`` to ``end``."""

    begin: float
    end: float
    what: str

    def text(self) -> str:
        """Return it as a part of a sentence."""
        return f"{self.what}, {self.begin:.1f} to {self.end:.1f} s"


def drawn(record: Record, name: str) -> Element:
    """Return the lanes of ``record``; ``name`` is the beginning of the picture's ids."""
    long = length(record)
    names = watched(record)
    cuts = [span for span in _cuts(record, long) if span.what]
    lanes = len(names) + bool(cuts)
    height = _AXIS + _LANE * lanes + 22
    title = "Where each VM and address was, over time"
    drawing = picture("100%", height, name, title, described(record), viewBox=None)
    drawing.extend(_axis(long, height))
    y = _AXIS
    if cuts:
        for span in cuts:
            drawing.extend(_span(span, long, y + 16, ["cut-bar"], told=f"cut: {span.text()}"))
        y += _LANE
    for each in names:
        drawing.extend(_lane(record, each, long, y))
        y += _LANE
    drawing.extend(_steps(record, long, height))
    drawing.extend(_names(record, bool(cuts)))
    return drawing


def described(record: Record) -> str:
    """Return the lanes in words."""
    told = []
    for name in watched(record):
        places = [
            f"{' and '.join(facts.at(span.what))} from {span.begin:.1f} s"
            for span in spans({one.time: one.where.get(name) for one in record.watched}, 0.0)
        ]
        gone = [gap.text() for gap in facts.gaps(record, name)]
        told.append(
            f"{name}: {', then '.join(places) or 'nowhere'};"
            f" {'away ' + ', '.join(gone) if gone else 'never away'}."
        )
    return " ".join(told) or "Nothing was watched."


def watched(record: Record) -> list[str]:
    """Return what has a lane: VMs, then addresses."""
    names = {name for one in record.watched for name in {*one.where, *one.answers}}
    return sorted(names, key=lambda name: (facts.is_address(name), name))


def length(record: Record) -> float:
    """Return how many seconds the lanes show."""
    last = [one.time for one in record.watched[-1:]] + [step.at for step in record.steps]
    return max([record.seconds, *last, 1.0])


def spans(told: Mapping[float, str | None], end: float) -> list[Span]:
    """Return how long each value was told without a change; None is nothing."""
    if not told:
        return []
    times = list(told)
    found: list[Span] = []
    for begin, following in zip(times, [*times[1:], max(end, times[-1])], strict=True):
        what = told[begin] or ""
        if found and found[-1].what == what:
            begin = found.pop().begin  # noqa: PLW2901
        found.append(Span(begin, following, what))
    return [span for span in found if span.what]


def _lane(record: Record, name: str, long: float, y: float) -> Iterator[Element]:
    hosts = facts.hosts(record)
    yield draw.Rectangle(0, y + 16, "100%", _BAR, class_="lane")
    for gap in facts.gaps(record, name):
        span = Span(gap.begin, long if gap.end is None else gap.end, "away")
        yield from _span(span, long, y + 16, ["gap"], told=f"{name} away {gap.text()}")
    for span in spans({one.time: one.where.get(name) for one in record.watched}, long):
        places = facts.at(span.what)
        kinds = [palette.host(hosts.index(place)) for place in places]
        words = facts.TWO.join(_short(place, hosts) for place in places)
        yield from _span(span, long, y + 16, kinds, told=f"{name} on {span.text()}", words=words)
    yield from _probe(record, name, long, y + 16 + _BAR)


def _probe(record: Record, name: str, long: float, y: float) -> Iterator[Element]:
    """A thin line below a lane: whether what runs there answered."""
    words = {True: "answers", False: "does not answer", None: None}
    told = {one.time: words[one.answers.get(name)] for one in record.watched}
    for span in spans(told, long):
        kind = "answers" if span.what == "answers" else "mute"
        bar = draw.Rectangle(_x(span.begin, long), y + 1, _wide(span, long), 3, class_=kind)
        bar.append_title(f"{name} {span.text()}")
        yield bar


def _span(
    span: Span, long: float, y: float, kinds: Sequence[str], *, told: str, words: str = ""
) -> Iterator[Element]:
    """A bar with its words, as far as they fit; one above the other where it is in two places."""
    box = Nested(x=_x(span.begin, long), y=round(y, 1), width=_wide(span, long), height=_BAR)
    box.append_title(told)
    tall = _BAR / len(kinds)
    for row, kind in enumerate(kinds):
        box.append(draw.Rectangle(0, row * tall, "100%", tall, class_=kind))
    if len(kinds) > 1:
        box.append(draw.Rectangle(0, 0, "100%", "100%", class_="twice-frame"))
    box.append(text(words or span.what, 11, 5, _BAR / 2 + 4, "on-bar"))
    yield box


def _names(record: Record, are_cuts: bool) -> Iterator[Element]:
    """The names of the lanes, above the lines of the steps, and how long each was away."""
    long = length(record)
    for row, name in enumerate(["cuts in force"] * are_cuts + watched(record)):
        y = _AXIS + row * _LANE + 11
        yield text(name, 11.5, 0, y, "lane-name")
        gaps = facts.gaps(record, name)
        away = sum((long if gap.end is None else gap.end) - gap.begin for gap in gaps)
        if gaps:
            yield text(f"away {away:.1f} s", 11.5, "100%", y, "bad away", text_anchor="end")


def _axis(long: float, height: float) -> Iterator[Element]:
    apart = next((tick for tick in _TICKS if long / tick <= 8), _TICKS[-1])
    for number in range(int(long / apart) + 1):
        time = number * apart
        yield draw.Rectangle(_x(time, long), _AXIS - 6, 1, height - _AXIS - 12, class_="tick")
        anchor = "start" if not number else "end" if time / long > 0.94 else "middle"
        yield text(f"{time} s", 10, _x(time, long), height - 6, "soft", text_anchor=anchor)


def _steps(record: Record, long: float, height: float) -> Iterator[Element]:
    """A line through all lanes where a step began, with its number, and where something broke."""
    before = -1.0
    row = 0
    for number, step in enumerate(record.steps, 1):
        share = step.at / long
        row = 1 - row if before >= 0 and share - before < 0.06 else 0
        before = share
        line = draw.Rectangle(_x(step.at, long), 14, 1.5, height - 34, class_="step-line")
        line.append_title(f"step {number}: {step.name}, at {step.at:.1f} s")
        yield line
        yield _flag(f"{number}", share, 10 + row * 14, "step-flag")
    for breach in record.breaches:
        line = draw.Rectangle(_x(breach.at, long), 14, 2.5, height - 34, class_="breach-line")
        line.append_title(f"{breach.invariant}: {breach.evidence}")
        yield line
        yield _flag("!", breach.at / long, 24, "breach-flag")


def _flag(words: str, share: float, y: float, kind: str) -> Element:
    """A number in a box, kept inside of the picture at both ends."""
    wide = 8.0 + 7 * len(words)
    back = -wide if share > 0.94 else 0.0
    box = draw.Group(class_=kind, transform=f"translate({back} {y - 8})")
    inner = Nested(x=f"{share * 100:.2f}%", y=0, width=wide, height=16, class_="free")
    inner.append(draw.Rectangle(0, 0, wide, 15, rx=3))
    inner.append(text(words, 10.5, wide / 2, 11, "flag-ink", text_anchor="middle"))
    box.append(inner)
    return box


def _cuts(record: Record, long: float) -> list[Span]:
    ends = [*(step.at for step in record.steps[1:]), long]
    found: list[Span] = []
    for step, end in zip(record.steps, ends, strict=False):
        found.append(Span(step.at, end, _cut_words(step.cuts, facts.hosts(record))))
    return found


def _cut_words(cuts: Sequence[Cut], hosts: Sequence[str]) -> str:
    if len(cuts) > _FEW:
        return f"{len(cuts)} pairs of nodes"
    pairs = ", ".join(f"{_short(one, hosts)} | {_short(other, hosts)}" for one, other in cuts)
    return f"{len(cuts)} pairs: {pairs}" if len(cuts) > 1 else pairs


def _short(name: str, hosts: Sequence[str]) -> str:
    return shortened(name, 11, _WIDE, hosts)


def _x(time: float, long: float) -> str:
    return f"{time / long * 100:.2f}%"


def _wide(span: Span, long: float) -> str:
    return f"{max((span.end - span.begin) / long * 100, 0.15):.2f}%"


def legend(names: Iterable[str]) -> list[dict[str, Any]]:
    """Return each host with the class of its bars."""
    return [{"name": name, "kind": palette.host(place)} for place, name in enumerate(names)]
