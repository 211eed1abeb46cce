"""What speaks for a node as the place of a resource, and what against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kvmha.documents.cib_read import INFINITY, Pair, Reading, Wish, number, score_text
from kvmha.documents.scores import Scores

_CLEAR = "crm_resource --clear --resource"


@dataclass(frozen=True)
class NodeReason:
    """A node with the scheduler's ``score`` for the resource there.

    ``bars`` are why it may not run there, ``wishes`` what speaks for or against it, with the
    score of each.
    """

    name: str
    score: int
    runs: bool = False
    bars: tuple[str, ...] = ()
    wishes: tuple[str, ...] = ()


def on_node(reading: Reading, scores: Scores, name: str, node: str) -> NodeReason:
    """Return what speaks for and against ``node`` as the place of the primitive ``name``."""
    bars = [
        *_state(scores, node),
        *_bans(reading, name, node),
        *_failures(reading, name, node),
    ]
    if not any(_state(scores, node)):  # where nothing runs, everything is missing
        bars += _missing(reading, scores, name, node)
        bars += _room(reading, scores, name, node)
    score = scores.scores.get(name, {}).get(node, -INFINITY if bars else 0)
    return NodeReason(
        node,
        score,
        node in scores.now.get(name, ()),
        tuple(dict.fromkeys(bars)),
        tuple(dict.fromkeys(_wishes(reading, scores, name, node))),
    )


def _state(scores: Scores, node: str) -> Iterator[str]:
    flags = scores.states.get(node)
    if flags is None or not flags.get("online"):
        yield "the node is offline"
        return
    for word, text in (
        ("unclean", "the node must be fenced first"),
        ("pending", "the node is joining"),
        ("standby", "the node is in standby"),
        ("standby_onfail", "the node is in standby, since something failed there"),
        ("maintenance", "the node is in maintenance"),
        ("shutdown", "the node is shutting down"),
    ):
        if flags.get(word):
            yield text


def _bans(reading: Reading, name: str, node: str) -> Iterator[str]:
    for wish in reading.wishes(name, node):
        if wish.score <= -INFINITY:
            yield _ban(wish, name)
    allowed = any(wish.score >= 0 for wish in reading.wishes(name, node))
    if reading.option("symmetric-cluster") == "false" and not allowed:
        yield "symmetric-cluster is false, and no location allows it there"


def _ban(wish: Wish, name: str) -> str:
    if wish.id.startswith("cli-ban-"):
        return f"an operator banned it from there ({wish.id}; {_CLEAR} {name} lifts it)"
    if wish.id.startswith("cli-prefer-"):
        return f"an operator moved it elsewhere ({wish.id}; {_CLEAR} {name} ends that)"
    return f"it is ruled out there ({wish.id})"


def _failures(reading: Reading, name: str, node: str) -> Iterator[str]:
    count = reading.failcount(name, node)
    threshold = number(reading.meta(name, "migration-threshold")[0] or "INFINITY")
    if not count or not threshold or count < threshold:
        return
    said = reading.failure(name, node)
    often = "for good" if count >= INFINITY else f"{count} times"
    told = f" ({said})" if said else ""
    end = reading.meta(name, "failure-timeout")[0]
    until = f"for {end}, or until" if end and end != "0" else "until"
    limit = "" if threshold >= INFINITY else f", migration-threshold is {threshold}"
    clean = f"crm_resource --cleanup --resource {name} --node {node}"
    yield f"{name} failed there {often}{told}{limit}: not tried again {until} {clean}"


def _missing(reading: Reading, scores: Scores, name: str, node: str) -> Iterator[str]:
    """Yield what it has to run beside, and is not there; what it must not, and is there."""
    for pair in _about(reading, name):
        if pair.score >= INFINITY:
            absent = [one for one in reading.primitives(pair.other)
                      if node not in scores.then.get(one, ())]  # fmt: skip
            for one in absent[:1]:
                why = "; ".join((*_bans(reading, one, node), *_failures(reading, one, node)))
                yield f"{pair.other} is not started there ({pair.id})" + (f": {why}" if why else "")
        elif pair.score <= -INFINITY and _is_there(reading, scores, pair.other, node):
            yield f"{pair.other} is there, and they are kept apart ({pair.id})"


def _about(reading: Reading, name: str) -> Iterator[Pair]:
    """Yield the colocations of a resource, seen from it; a ban binds both sides alike."""
    ids = {one.get("id") for one in reading.chain(name)}
    for pair in reading.colocations():
        if pair.rsc in ids:
            yield pair
        elif pair.other in ids and pair.score < INFINITY:
            yield Pair(pair.id, pair.other, pair.rsc, pair.score)


def _is_there(reading: Reading, scores: Scores, name: str, node: str) -> bool:
    return any(node in scores.then.get(one, ()) for one in reading.primitives(name))


def _room(reading: Reading, scores: Scores, name: str, node: str) -> Iterator[str]:
    """Yield what the node has too little of; it counts what is left when all is placed."""
    counts = reading.option("placement-strategy", "default") != "default"
    if not counts or node in scores.then.get(name, ()) or node not in scores.left:
        return
    has, left = reading.utilization(node), scores.left[node]
    for what, needed in reading.utilization(name).items():
        if left.get(what, 0) < needed:
            yield (
                f"there is no room: it needs {what} {needed},"
                f" {left.get(what, 0)} of {has.get(what, 0)} are left"
            )


def _wishes(reading: Reading, scores: Scores, name: str, node: str) -> Iterator[str]:
    """Yield what counts with a finite score, or draws it there."""
    stick = number(reading.meta(name, "resource-stickiness")[0])
    if stick and node in scores.now.get(name, ()):
        yield f"it runs there already, and stays (resource-stickiness {score_text(stick)})"
    for wish in reading.wishes(name, node):
        if wish.score > -INFINITY and wish.score:
            yield _wish(wish, name)
    for pair in _about(reading, name):
        if 0 < abs(pair.score) < INFINITY and _is_there(reading, scores, pair.other, node):
            verb = "drawn to" if pair.score > 0 else "kept away from"
            yield f"it is {verb} {pair.other}, which is there ({pair.id}, {pair.score})"
    count = reading.failcount(name, node)
    if count and not any(_failures(reading, name, node)):
        yield f"it failed there {count} times"


def _wish(wish: Wish, name: str) -> str:
    if wish.id.startswith("cli-prefer-"):
        return f"an operator moved it there ({wish.id}; {_CLEAR} {name} ends that)"
    verb = "prefers" if wish.score > 0 else "avoids"
    return f"it {verb} the node ({wish.id}, {score_text(wish.score)})"
