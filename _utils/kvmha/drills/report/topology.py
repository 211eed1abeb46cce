"""A cluster as a picture: nodes, links, partitions, DC and quorum, what runs where, and cuts."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import drawsvg as draw

from kvmha.drills.record import Cut, Outcome
from kvmha.drills.report import facts, palette
from kvmha.drills.report.geometry import CARD, WIDTH, Box, Point, bend, half, ring
from kvmha.drills.report.shapes import (
    Element,
    badge,
    cross,
    curve,
    icon,
    picture,
    pill,
    shortened,
    text,
)
from kvmha.view.snapshot import NodeSeen, Partition, Snapshot

_MOST = 8  # lines of a card; what is more is in the table
_HEAD = 42.0
_ROW = 14.5
_WORDY = 4  # nodes up to which links that are down say which they are


@dataclass(frozen=True)
class Scene:
    """What is drawn: a look, and what is known of it besides. ``letters`` order the partitions."""

    snapshot: Snapshot
    vips: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    letters: tuple[Partition, ...] = ()
    fenced: frozenset[str] = frozenset()
    restarted: frozenset[str] = frozenset()
    doubles: frozenset[str] = field(default_factory=frozenset)

    def place(self, members: Sequence[str]) -> int:
        """Return the place of the partition of ``members`` among the letters."""
        known = [frozenset(one.members) for one in self.letters]
        wanted = frozenset(members)
        return known.index(wanted) if wanted in known else len(known)

    @property
    def vms(self) -> frozenset[str]:
        """Return the names of all VMs."""
        return frozenset(vm for node in self.snapshot.nodes for vm in node.domains)

    def is_cut(self, one: str, other: str) -> bool:
        """Tell whether no packet passes between two nodes."""
        return (one, other) in self.cuts or (other, one) in self.cuts


def drawn(scene: Scene, name: str, title: str) -> Element:
    """Return the picture of ``scene``; ``name`` is the beginning of its ids."""
    nodes = scene.snapshot.nodes
    rows = {node.name: list(_rows(node, scene)) for node in nodes}
    boxes, height = ring([_HEAD + _ROW * len(rows[node.name]) + 4 for node in nodes])
    places = {node.name: box for node, box in zip(nodes, boxes, strict=True)}
    drawing = picture(WIDTH, height, name, title, described(scene))
    centre = (WIDTH / 2, height / 2)
    drawing.extend(_tubes(scene, places, centre))
    marks: list[Element] = []
    for one, other in itertools.combinations(nodes, 2):
        lines, signs = _links(scene, one, other, places, centre)
        drawing.extend(lines)
        marks += signs
    drawing.extend(marks)
    for node in nodes:
        drawing.append(_card(node, scene, places[node.name], rows[node.name]))
    return drawing


def small(outcome: Outcome, scene: Scene, name: str) -> Element:
    """Return an outcome as a small picture: the nodes where ``drawn`` has them, by letters."""
    nodes = [node.name for node in scene.snapshot.nodes]
    boxes, height = ring([52.0] * len(nodes))
    factor = 96 / WIDTH
    drawing = picture(96, max(height * factor, 30), name, "Predicted", facts.words(outcome))
    drawing.view_box = (0, 0, 96, round(max(height * factor, 30), 1))
    spots = {
        node: (
            round((box.x + CARD / 2) * factor, 1),
            round((box.y + box.height / 2) * factor + (6 if height * factor < 30 else 0), 1),
        )
        for node, box in zip(nodes, boxes, strict=True)
    }
    for partition in outcome.partitions:
        kind = f"tube part{scene.place(partition.members) % len(palette.PARTITIONS)}"
        for one, other in _chain([node for node in nodes if node in partition.members]):
            drawing.append(draw.Line(*spots[one], *spots[other], class_=f"{kind} thin"))
    for node, (x, y) in spots.items():
        drawing.extend(_spot(node, outcome, scene, x, y))
    return drawing


def described(scene: Scene) -> str:
    """Return the picture in words: what a screen reader tells instead."""
    lines = [f"Partition {line}." for line in told(scene.snapshot.partitions, scene)]
    for node in scene.snapshot.nodes:
        words = [*_state(node, scene), *(f"runs {one}" for _, one, _ in _things(node, scene))]
        lines += [f"{node.name}: {', '.join(words)}."] * bool(words)
    lines += [f"Cut between {one} and {other}." for one, other in scene.cuts]
    return " ".join(lines) or "Nobody answered."


def told(partitions: Sequence[Partition], scene: Scene) -> list[str]:
    """Return a line for each partition, with the letter that the picture gives it."""
    return [
        f"{palette.letter(scene.place(one.members))}: {facts.standing_of(one)}"
        for one in partitions
    ]


def _tubes(scene: Scene, places: dict[str, Box], centre: Point) -> Iterator[Element]:
    """A band in a partition's colour from member to member."""
    for partition in scene.snapshot.partitions:
        kind = f"tube part{scene.place(partition.members) % len(palette.PARTITIONS)}"
        members = [name for name in places if name in partition.members]
        band = draw.Group(class_="band")
        for one, other in _chain(members):
            band.append(curve(bend(places[one].port, places[other].port, centre), kind))
        yield band


def _chain(members: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each member with the next, and the last with the first."""
    yield from itertools.pairwise(members)
    if len(members) > 2:
        yield members[-1], members[0]


def _links(
    scene: Scene, one: NodeSeen, other: NodeSeen, places: dict[str, Box], centre: Point
) -> tuple[list[Element], list[Element]]:
    """The lines between two nodes, one for each link, and the signs upon them."""
    numbers = sorted({link.number for node in scene.snapshot.nodes for link in node.links}) or [0]
    begin, end = places[one.name].port, places[other.name].port
    is_cut = scene.is_cut(one.name, other.name)
    if is_cut and len(places) > _WORDY:
        numbers = numbers[:1]
    lines, down, spot = [], [], half(bend(begin, end, centre))
    for place, number in enumerate(numbers):
        aside = (place - (len(numbers) - 1) / 2) * 7
        path = bend(begin, end, centre, aside)
        state = "cut" if is_cut else _link(one, other, number)
        line = curve(path, f"link {state}{' many' * (len(places) > _WORDY)}")
        line.append_title(f"link {number}, {one.name} to {other.name}: {state}")
        lines.append(line)
        if state == "down":
            down.append((number, half(path)))
    if not (one.answered and other.answered):
        down = []  # its card says why
    if is_cut:
        few = len(places) <= _WORDY
        return lines, pill("cut", *spot, "cut-sign") if few else [cross(*spot, "cut-mark", 4.5)]
    signs = [cross(*where, "down-sign") for _, where in down]
    if down and len(places) <= _WORDY:
        said = "links" if len(down) == len(numbers) > 1 else f"link {down[0][0]}"
        if len(down) == len(numbers) == 1:
            said = "link"
        signs = pill(f"{said} down", *down[0][1], "down-word")
    return lines, signs


def _link(one: NodeSeen, other: NodeSeen, number: int) -> str:
    """What both ends say of a link; ``down`` when either does, ``unknown`` when none knows."""
    told = [
        link.connected
        for node, peer in ((one, other), (other, one))
        for link in node.links
        if link.number == number and link.peer == peer.name
    ]
    return "unknown" if not told else "up" if all(told) else "down"


def _card(node: NodeSeen, scene: Scene, box: Box, rows: Sequence[Row]) -> Element:
    group = draw.Group(class_="node")
    group.append_title(f"{node.name}: {', '.join(_state(node, scene)) or 'as it should be'}")
    place = scene.place(node.members) if node.corosync else None
    part = "lost" if place is None else f"part{place % len(palette.PARTITIONS)}"
    x, y = round(box.x, 1), round(box.y, 1)
    frame = draw.Rectangle(x, y, CARD, round(box.height, 1), rx=9, class_=f"card {part}")
    group.append(frame)
    left = x + 9
    if place is not None:
        group.extend(badge(place, x + 15, y + 15, full=node.quorate))
        left = x + 28
    room = x + CARD - left - 6
    names = [one.name for one in scene.snapshot.nodes]
    group.append(text(shortened(node.name, 13.5, room, names), 12.5, left, y + 19, "name"))
    group.extend(_second(node, scene, x, y + 33))
    for number, row in enumerate(rows):
        group.extend(_row(row, x, round(y + _HEAD + 9 + number * _ROW, 1), scene.vms))
    return group


def _second(node: NodeSeen, scene: Scene, x: float, y: float) -> list[Element]:
    """The line below the name: quorum and DC, or why there is none."""
    if not node.answered:
        if node.name in scene.fenced:
            return [icon("bolt", x + 14, y), text("fenced", 11, x + 23, y + 4, "bad")]
        return [text("silent", 11, x + 9, y + 4, "bad")]
    if not node.corosync:
        return [text("corosync is down", 11, x + 9, y + 4, "bad")]
    votes = f" {node.votes}/{node.expected_votes}" if node.expected_votes else ""
    said = f"quorum{votes}" if node.quorate else f"no quorum{votes}"
    shown = [text(said, 11, x + 9, y + 4, "good" if node.quorate else "bad")]
    if node.dc == node.name:
        shown += pill("DC", x + CARD - 18, y, "dc")
    return shown


Row = tuple[str, str, str]  # the icon, the words, the class


def _rows(node: NodeSeen, scene: Scene) -> Iterator[Row]:
    rows: list[Row] = [("", word, "bad") for word in _state(node, scene)[1:]]
    rows += _things(node, scene)
    yield from rows[: _MOST if len(rows) > _MOST + 1 else len(rows)]
    if len(rows) > _MOST + 1:
        yield "", f"and {len(rows) - _MOST} more", "soft"


def _state(node: NodeSeen, scene: Scene) -> list[str]:
    """What a card says of its node, beside what runs there; the first is the second line's."""
    if not node.answered:
        return ["fenced" if node.name in scene.fenced else "silent"]
    votes = f" {node.votes} of {node.expected_votes}" if node.expected_votes else ""
    first = f"{'' if node.quorate else 'no '}quorum{votes}" if node.corosync else "corosync is down"
    back = "fenced and back" if node.name in scene.fenced else "restarted"
    told = [first, *([back] if node.name in scene.restarted else [])]
    told += [word for word in facts.notes(node, scene.snapshot) if word != "corosync is down"]
    return told


def _things(node: NodeSeen, scene: Scene) -> list[Row]:
    found: list[Row] = []
    for vm, state in sorted(node.domains.items()):
        if state not in {"shut off", "shutoff"}:
            words = vm if state == "running" else f"{vm} ({state})"
            found.append(("vm", words, "twice" if vm in scene.doubles else "thing"))
    for vip in scene.vips:
        if vip in node.addresses:
            found.append(("vip", vip, "twice" if vip in scene.doubles else "thing"))
    return found


def _row(row: Row, x: float, y: float, vms: Collection[str]) -> list[Element]:
    mark, words, kind = row
    twice = " twice!" if kind == "twice" else ""
    room = CARD - (30 if mark else 14) - len(twice) * 5.5
    shown = [icon(mark, x + 14, y)] if mark else []
    said = shortened(words, 11, room, vms if mark == "vm" else ()) + twice
    return [*shown, text(said, 11, x + (22 if mark else 9), round(y + 4, 1), kind)]


def _spot(node: str, outcome: Outcome, scene: Scene, x: float, y: float) -> list[Element]:
    is_fenced = node in outcome.fenced
    for partition in outcome.partitions:
        if node in partition.members:
            shown = badge(scene.place(partition.members), x, y, 7.0, partition.quorate)
            return [*shown, icon("bolt", x + 11, y - 5)] if is_fenced else shown
    return [
        draw.Circle(x, y, 8.5, class_="card lost"),
        *([icon("bolt", x, y)] if is_fenced else []),
    ]
