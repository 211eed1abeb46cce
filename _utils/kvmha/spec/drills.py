"""Faults that are made on purpose, and what they prove: the words of ``drills``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kvmha.spec.cib_parts import Scalar
from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

# What each fault does, for the reference page and for people; who makes them is kvmha_fault.
FAULTS = {
    "cut": "no packet passes between the node and its `peers`, on `links` or on all",
    "isolate": "no packet of the cluster reaches the node or leaves it",
    "link_down": "the node's `links` carry nothing",
    "sbd_disk_loss": "the node reads and writes no disk of SBD's",
    "san_loss": "the node reads and writes no shared disk",
    "kill": "`daemon` is killed",
    "freeze": "the node stands still for `seconds` (30), and goes on as if nothing had been",
    "power_off": "the node loses its power",
    "crash": "the kernel of the node ends at once, and boots again",
    "fill": "`filesystem`, the first where none is named, is full",
    "clock_jump": "the node's clock jumps by `seconds`",
    "restart": "`unit` of libvirt is restarted, its daemon where none is named",
    "kill_guest": "the process of VM `vm` is killed",
    "migrate": "VM `vm` is moved to the node",
}
# What a fault has to be told, beside where it is.
NEEDED = {
    "cut": ("peers",),
    "link_down": ("links",),
    "kill": ("daemon",),
    "clock_jump": ("seconds",),
    "kill_guest": ("vm",),
    "migrate": ("vm",),
}


@dataclass(frozen=True)
class Selector:
    """A node, as a step says it: ``kind`` is dc, host, place or name; ``negated`` is any other."""

    kind: str
    value: str = ""
    negated: bool = False


def selector(text: str) -> Selector:
    """Return what ``text`` says of a node: ``1``, ``dc``, ``not host-of:db1``, or its name."""
    word = text.strip().removeprefix("not ").strip()
    negated = word != text.strip()
    if word == "dc":
        return Selector("dc", negated=negated)
    if word.startswith("host-of:"):
        return Selector("host", word.partition(":")[2], negated)
    return Selector("place" if word.isdecimal() else "name", word, negated)


@vocabulary(frozen=True)
class Step:
    """``drills[].steps[]``: one thing that is done, or a wait, and a look at what follows."""

    name: str = said("text", "What it is, for people.", example="cut 1 from 3")
    fault: str = said(
        "text",
        "What is done; empty: nothing.",
        default="",
        choices=("", *FAULTS),
        example="cut",
    )
    node: str = said(
        "word",
        "Where: a node's name, its place (`1`), `dc`, `not dc`, `host-of:VM` or `not host-of:VM`;"
        " a VM by its place too (`host-of:1`).",
        default="",
        example="1",
    )
    peers: tuple[str, ...] = said(
        "word", "Nodes at the other end of a cut, said as `node`.", many=True, default=(),
        example=["3"],
    )  # fmt: skip
    links: tuple[int, ...] = said(
        "integer", "Links that it is about; none: all.", many=True, default=(), example=[0]
    )
    arguments: Mapping[str, Scalar] = said(
        "scalars", "What else the fault is told.", default=dict, example={"daemon": "corosync"}
    )
    heal: bool = said("boolean", "Take all faults away.", default=False, example=True)
    leave: bool = said(
        "boolean",
        "Touch nothing, as if the master were gone, until the nodes have healed themselves.",
        default=False,
        example=True,
    )
    wait: int | None = said(
        "duration",
        "Longest wait for the cluster to stand; unsaid: what the timeouts imply.",
        default=None,
        example="5min",
    )


@vocabulary(frozen=True)
class Drill:
    """``drills[]``: a scenario of one's own, for ``salt-run kvmha.drill NAME``."""

    name: str = said("name", "Its name.", example="cut13")
    proves: str = said(
        "text", "What a run that passes has shown.", example="Two of three go on without the third."
    )
    steps: tuple[Step, ...] = said("object", "What is done, in order.", many=True, of=Step)
    fencing: str = said(
        "text",
        "`off`: everything that runs is stopped first, then nobody is fenced while it lasts.",
        default="on",
        choices=("on", "off"),
        example="on",
    )
    nodes: int = said("integer", "Nodes that it needs at least.", default=2, minimum=2, example=3)
    needs: tuple[str, ...] = said(
        "text",
        "What the cluster has to have.",
        many=True,
        default=(),
        choices=("links", "sbd", "san", "dlm", "vm", "migration"),
        example=["links"],
    )
