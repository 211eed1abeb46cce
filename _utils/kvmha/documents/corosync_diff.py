"""What differs between two corosync.conf, each difference with its cost."""

from __future__ import annotations

from kvmha.documents import corosync_cost
from kvmha.documents.corosync_conf import (
    FILE,
    Section,
    flatten,
    identity,
    is_placeholder,
    nodes,
    same_node,
)
from kvmha.documents.secrets import fingerprint
from kvmha.plan import Action, Change, Disruption
from kvmha.values import canonical

_SECRET = "totem.key"


def diff(old: Section | None, new: Section, *, running: bool) -> tuple[Change, ...]:
    """Return what differs, each with its disruption; of a secret only its fingerprint.

    Without ``old``, when corosync does not run, or when it runs on a package's placeholder,
    nothing is disturbed by any change.
    """
    calm = old is None or not running or is_placeholder(old)
    before = old or Section()
    labels = {}
    left = nodes(before)
    for node in nodes(new):
        if mate := same_node(left, node):
            left = [other for other in left if other is not mate]
            labels[id(mate)] = identity("nodelist.node", node)
    was, wanted = flatten(before, labels), flatten(new)
    _fold_lone_nodes(was, wanted)
    transport = was.get("totem.transport", "knet")
    changes = []
    for address in [*wanted, *(address for address in was if address not in wanted)]:
        theirs, ours = was.get(address), wanted.get(address)
        if ours == theirs or (ours and theirs and canonical(ours) == canonical(theirs)):
            continue
        action = _action(theirs, ours)
        cost = Disruption.NONE if calm else corosync_cost.of(address, action, transport)
        if address == _SECRET:
            theirs, ours = (value and fingerprint(value) for value in (theirs, ours))
        changes.append(Change(action, f"{FILE}:{address}", theirs, ours, cost))
    return tuple(changes)


def _action(old: str | None, new: str | None) -> Action:
    if new is None:
        return Action.DELETE
    return Action.CREATE if old is None else Action.UPDATE


def _fold_lone_nodes(was: dict[str, str], wanted: dict[str, str]) -> None:
    """Make a node that only one side has a single value, so that it is a single change."""
    sides = (was, wanted)
    names = [
        {key.rpartition(".")[0] for key in side if key.startswith("nodelist.node[")}
        for side in sides
    ]
    for side, lone in zip(sides, (names[0] - names[1], names[1] - names[0]), strict=True):
        for node in sorted(lone):
            keys = [key for key in side if key.rpartition(".")[0] == node]
            said = {key.rpartition(".")[2]: side.pop(key) for key in keys}
            side[node] = ", ".join(f"{key} {value}" for key, value in said.items())
