"""The status of a cluster for a terminal: compact, aligned, partitions side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from textwrap import wrap
from typing import Any

from kvmha import plain
from kvmha.values import age
from kvmha.view.judge import is_hidden, line
from kvmha.view.ledger import Proof
from kvmha.view.snapshot import NodeSeen, Partition
from kvmha.view.status import LinkState, Place, Status

WIDTH = 96  # salt-run indents by four
_MOST_PLACES = 12  # VMs with a line each; above that a line for each host
_SILENT = "no answer"


def text(status: Status) -> str:
    """Return the whole status as lines of at most 96 characters, but for words of others."""
    parts = [
        [_title(status)],
        _bulleted("wrong", status.problems, "!"),
        _nodes(status),
        _partitions(status) if len(status.partitions) > 1 else [],
        [*_links(status), *_fencing(status), *_storage(status)],
        _places(status),
        _bulleted("drift from the pillar", _drift(status), "-"),
        _bulleted("to know", status.notes, "-"),
    ]
    return "\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def of_data(data: Mapping[str, Any]) -> str:
    """Return the text of a status that comes as plain data."""
    return text(plain.of(Status, data))


def table(rows: Iterable[Sequence[str]], gap: str = "  ") -> list[str]:
    """Return ``rows`` as lines with their columns aligned."""
    listed = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    return [
        gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in listed
    ]


def when(seconds: float) -> str:
    """Return a time since 1970 in words, in UTC."""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def _title(status: Status) -> str:
    nodes = status.snapshot.nodes
    answered = sum(node.answered for node in nodes)
    count = len(status.problems)
    verdict = "all is well" if not count else f"{count} problem{'s' * (count != 1)}"
    return (
        f"cluster {status.cluster}: {verdict}"
        f"   {answered} of {len(nodes)} nodes answer   {when(status.snapshot.time)}"
    )


def _bulleted(title: str, lines: Sequence[str], mark: str) -> list[str]:
    if not lines:
        return []
    found = ["", title]
    for each in lines:
        found += wrap(
            each, WIDTH, initial_indent=f"  {mark} ", subsequent_indent="    ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return found


def _nodes(status: Status) -> list[str]:
    rows: list[Sequence[str]] = [("", "members it sees", "quorum", "DC", "state", "up")]
    rows += [_node(status, node) for node in status.snapshot.nodes]
    return ["", *table(rows)]


def _node(status: Status, node: NodeSeen) -> tuple[str, ...]:
    if not node.answered:
        return (node.name, _SILENT, "", "", "", "")
    every = {one.name for one in status.snapshot.nodes}
    away = [name for name in (one.name for one in status.snapshot.nodes)
            if name not in node.members]  # fmt: skip
    members = f"all {len(every)}" if not away else ", ".join(node.members) or "none"
    quorum = status.quorum.get(node.name, "corosync does not run")
    dc = node.dc or ("unknown" if "pacemaker" in node.errors else "none")
    return (node.name, members, quorum, dc, _state(status, node), age(node.uptime))


def _state(status: Status, node: NodeSeen) -> str:
    """Return what the others' Pacemaker, or its own, says of a node."""
    if not node.pacemaker:
        return "unknown" if "pacemaker" in node.errors else "stopped"
    views = [one for one in status.snapshot.nodes if one.pacemaker and one.dc == one.name]
    view = next((one for one in views if node.name in one.online), node)
    flags = view.flags.get(node.name, ())
    return ", ".join(flags) or ("online" if node.name in view.online else "offline")


def _partitions(status: Status) -> list[str]:
    """Return the partitions side by side: who is in each, and what runs there."""
    columns = [_column(status, part) for part in status.partitions]
    heads = ("partitions", "members", "votes", "DC", "VMs", "addresses")
    rows = [(head, *(column[place] for column in columns)) for place, head in enumerate(heads)]
    return ["", *table(rows, gap=" | ")]


def _column(status: Status, part: Partition) -> tuple[str, ...]:
    first = next((n for n in status.snapshot.nodes if n.name in part.members and n.corosync), None)
    return (
        "quorate" if part.quorate else "no quorum",
        ", ".join(part.members),
        f"{first.votes} of {first.expected_votes}" if first else "",
        part.dc or "none",
        _within(status.vms, part) or "none",
        _within(status.addresses, part) or "none",
    )


def _within(places: Sequence[Place], part: Partition) -> str:
    inside = [one for one in places if set(one.nodes) & set(part.members)]
    return ", ".join(one.address or one.name for one in inside)


def _links(status: Status) -> list[str]:
    rows: list[str] = []
    for number in sorted({link.number for link in status.links}):
        mine = [link for link in status.links if link.number == number]
        down = [link for link in mine if link.broken]
        told = ", ".join(map(_pair, down))
        up = f"{len(mine) - len(down)} of {len(mine)} connections up"
        rows.append(f"link {number}: {up}" + (f"; down: {told}" if down else ""))
    return ["", *rows] if rows else []


def _pair(link: LinkState) -> str:
    return " - ".join(filter(None, link.nodes))


def _fencing(status: Status) -> Iterator[str]:
    """Yield the devices, and when each node was last fenced."""
    rows = [("fencing", "active on", "fences")]
    every = {node.name for node in status.snapshot.nodes}
    for device in status.devices:
        fences = f"all {len(every)}" if every <= set(device.fences) else ", ".join(device.fences)
        rows.append((f"  {device.name}", ", ".join(device.nodes) or "nowhere", fences))
    yield from ["", *table(rows)]
    now = status.snapshot.time
    proofs = [("  last fenced", "", "")]
    for proof in status.ledger:
        ago = f"{age(now - proof.time)} ago" if proof.time else "never seen"
        proofs.append((f"    {proof.node}", ago, _devices(proof, now)))
    yield from table(proofs)


def _devices(proof: Proof, now: float) -> str:
    """Return which devices are known to have fenced a node, and which are not."""
    if not proof.time:
        return f"by {' or '.join(proof.devices) or 'nothing'}"
    known = [
        f"{device} {age(now - proof.proven[device])} ago"
        if device in proof.proven
        else f"{device} never seen"
        for device in proof.devices
    ]
    by = known if len(known) > 1 else proof.devices
    return f"by {', '.join(by)}" + (f", from {proof.delegate}" if proof.delegate else "")


def _storage(status: Status) -> Iterator[str]:
    every = [node.name for node in status.snapshot.nodes]
    rows = [("storage", "", "")]
    for store in status.stores:
        where = f"all {len(every)}" if list(store.nodes) == every else ", ".join(store.nodes)
        rows.append((f"  {store.name}", store.kind, where or "nowhere"))
    spaces = {node.name: len(node.lockspaces) for node in status.snapshot.nodes if node.lockspaces}
    if spaces:
        counts = ", ".join(f"{name} {count}" for name, count in spaces.items())
        rows.append(("  lockspaces", "DLM", counts))
    rows += _slots(status)
    if len(rows) > 1:
        yield from ["", *table(rows)]


def _slots(status: Status) -> Iterator[tuple[str, str, str]]:
    for disk in sorted({disk for node in status.snapshot.nodes for disk in node.slots}):
        views = [node.slots[disk] for node in status.snapshot.nodes if disk in node.slots]
        words = {f"{name} {said}" for view in views for name, said in view.items()}
        bad = sorted(word for word in words if not word.endswith(" clear"))
        told = ", ".join(bad) or f"{max(map(len, views))} slots clear"
        yield f"  {disk.rpartition('/')[2]}", "SBD", f"{told}, read by {len(views)}"


def _places(status: Status) -> list[str]:
    found: list[str] = []
    if len(status.vms) > _MOST_PLACES:
        for node in status.snapshot.nodes:
            mine = ", ".join(vm.name for vm in status.vms if node.name in vm.nodes)
            if mine:
                found += wrap(
                    f"  {node.name}: {mine}", WIDTH, subsequent_indent="    ",
                    break_on_hyphens=False,
                )  # fmt: skip
        found = [f"{len(status.vms)} VMs", *found]
    elif status.vms:
        rows = [("VM", "on", "for Pacemaker on", "heartbeat")]
        rows += [(*_row(status, vm, vm.name), _beat(vm)) for vm in status.vms]
        found = table(rows)
    if status.addresses:
        rows = [("address", "on", "for Pacemaker on", "tier")]
        rows += [(*_row(status, one, one.address), one.name) for one in status.addresses]
        found += table(rows)
    return ["", *found] if found else []


def _row(status: Status, place: Place, name: str) -> tuple[str, str, str]:
    hidden = not place.nodes and is_hidden(status, place)
    return f"  {name}", "not seen" if hidden else _hosts(place.nodes), _hosts(place.believed)


def _hosts(nodes: Sequence[str]) -> str:
    return ", ".join(nodes) or "nowhere"


def _beat(vm: Place) -> str:
    return "" if vm.heartbeat is None else str(vm.heartbeat)


def _drift(status: Status) -> list[str]:
    return [
        f"{where}: {line(change)}" for where, changes in status.drift.items() for change in changes
    ]
