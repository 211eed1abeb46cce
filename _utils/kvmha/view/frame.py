"""A look at a cluster as a picture of one screen; the only home of rich's words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from kvmha.view.snapshot import NodeSeen, Snapshot

_LEAST_LOG = 6
_HEIGHT = 24  # where the terminal does not tell its own


@dataclass(frozen=True)
class Line:
    """A line of the log: ``clock`` is the time of day, as text."""

    clock: str
    name: str
    what: str


@dataclass(frozen=True)
class Frame:
    """One screen. It is laid out anew for the size that the terminal has while it is drawn.

    ``places`` are VMs and addresses with (host, sign of life); ``drill`` is empty without one.
    """

    title: str
    snapshot: Snapshot
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    log: Sequence[Line] = ()
    drill: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield nodes, VMs and the end of the log, so that all of it fits the screen."""
        height = options.height or options.size.height or _HEIGHT
        head = [_cut(Text(self.title, style="bold"))]
        head += [_cut(Text(f"drill: {self.drill}", style="bold magenta"))] if self.drill else []
        least = min(_LEAST_LOG, height // 4)
        nodes = _nodes(self.snapshot, height - len(head) - least - 3)
        used = len(head) + nodes.row_count + 1
        places = _places(self.places, max(height - used - least - 1, 1))
        used += places.row_count + 1
        lines = [_line(one) for one in self.log[-max(height - used - 1, 1) :]]
        yield from head
        yield nodes
        yield places
        yield Text("events", style="bold underline")
        yield from lines


def _nodes(snapshot: Snapshot, most: int) -> Table:
    """Nodes by number, so that membership and links are short: ``1 2`` sees 1 and 2."""
    table = _table("node", "state", "quorum", "DC", "sees", "links")
    numbers = {node.name: str(number) for number, node in enumerate(snapshot.nodes, 1)}
    for node in snapshot.nodes[: max(most, 1)]:
        table.add_row(f"{numbers[node.name]} {node.name}", *_cells(node, numbers))
    return table


def _cells(node: NodeSeen, numbers: Mapping[str, str]) -> tuple[Text, ...]:
    if not node.answered:
        return (Text("silent", style="bold red"), *(Text("?", style="dim") for _ in range(4)))
    sees = " ".join(sorted(numbers.get(name, name) for name in node.members))
    return (_state(node), _quorum(node), Text(node.dc or "none"), Text(sees), _links(node, numbers))


def _state(node: NodeSeen) -> Text:
    if not node.corosync:
        return Text("no corosync", style="red")
    if not node.pacemaker:
        return Text("no pacemaker", style="red")
    flags = node.flags.get(node.name, ())
    if node.name not in node.online:
        flags = ("offline", *flags)
    return Text(", ".join(flags), style="yellow") if flags else Text("online", style="green")


def _quorum(node: NodeSeen) -> Text:
    """Quorum with its reason: the votes beside the expected ones, and those that it takes."""
    votes = f"{node.votes} of {node.expected_votes}"
    votes += f", needs {node.needed}" if node.needed else ""
    return Text(f"yes, {votes}", style="green") if node.quorate else Text(f"NO, {votes}", "red")


def _links(node: NodeSeen, numbers: Mapping[str, str]) -> Text:
    down = [
        f"{link.number} to {numbers.get(link.peer, link.peer)}"
        for link in node.links
        if not link.connected
    ]
    if down:
        return Text(f"down: {', '.join(down)}", style="red")
    return Text(f"{len(node.links)} up", style="green" if node.links else "dim")


def _places(places: Mapping[str, tuple[str, str]], most: int) -> Table:
    table = _table("VM or address", "host", "sign of life")
    shown = list(places.items())
    if len(shown) > most:
        shown = shown[: most - 1]
    for name, (host, alive) in shown:
        where = Text(host or "nowhere", style="" if host else "bold red")
        if " and " in host:
            where.stylize("bold white on red")
        table.add_row(name, where, alive)
    if len(places) > len(shown):
        table.add_row(Text(f"and {len(places) - len(shown)} more", style="dim"), "", "")
    return table


def _line(line: Line) -> Text:
    bad = any(word in line.what for word in ("not", "no quorum", "down", "gone", " and "))
    style = "red" if bad else ""
    return _cut(Text.assemble((line.clock, "dim"), f" {line.name:<12} ", (line.what, style)))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, header_style="bold underline")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    return table


def _cut(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
