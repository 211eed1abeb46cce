"""``corosync.conf``: parse, render, an address for every value, and what each change costs.

Source: corosync.conf(5), votequorum(5) and coroparse.c of corosync 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kvmha.errors import InvalidInput, Problem
from kvmha.plan import Action, Change, Disruption
from kvmha.values import canonical

FILE = "corosync.conf"

# The key that tells repeated sections of one name apart.
_IDENTITY = {
    "node": ("name", "nodeid", "ring0_addr"),
    "interface": ("linknumber", "ringnumber"),
    "logger_subsys": ("subsys",),
}

# What corosync 3 takes over at `corosync-cfgtool -R` (totem_volatile_config_read in
# totemconfig.c, and votequorum's runtime keys). Crypto and cluster_name are not among them:
# crypto can be switched live, but every node reads its own file, so between the first and the
# last node's change the cluster would be cut; cluster_name is also the name that DLM and the
# cluster filesystems carry.
# fmt: off
_TOTEM_RELOADS = frozenset({
    "token", "token_warning", "token_coefficient", "token_retransmit",
    "token_retransmits_before_loss_const", "hold", "consensus", "join", "send_join",
    "merge", "downcheck", "fail_recv_const", "seqno_unchanged_const",
    "heartbeat_failures_allowed", "max_network_delay", "window_size", "max_messages",
    "miss_count_const", "knet_pmtud_interval", "knet_mtu", "knet_compression_model",
    "knet_compression_threshold", "knet_compression_level", "block_unlisted_ips",
    "cancel_token_hold_on_retransmit", "config_version",
})
_INTERFACE_RELOADS = frozenset({
    "knet_link_priority", "knet_ping_interval", "knet_ping_timeout", "knet_ping_precision",
    "knet_pong_count",
})
# fmt: on
_QUORUM_RELOADS = frozenset({"expected_votes"})


@dataclass
class Entry:
    """``key: value``; a comment has the key ``#``."""

    key: str
    value: str


@dataclass
class Section:
    """``name { ... }``; the document itself is the section without a name."""

    name: str = ""
    items: list[Entry | Section] = field(default_factory=list)

    def sections(self, name: str) -> list[Section]:
        """Return the sections directly below that are called ``name``."""
        return [item for item in self.items if isinstance(item, Section) and item.name == name]

    def section(self, name: str) -> Section:
        """Return the last section called ``name``; append one when there is none."""
        found = self.sections(name)
        if not found:
            found = [Section(name)]
            self.items.append(found[0])
        return found[-1]

    def get(self, key: str) -> str | None:
        """Return the value of ``key``, the last one as corosync does, or None."""
        values = [item.value for item in self.items if isinstance(item, Entry) and item.key == key]
        return values[-1] if values else None

    def set(self, key: str, value: str | None) -> None:
        """Make ``key`` say ``value`` in its present place; None removes it.

        A value that means the same already is left as it is written.
        """
        entries = [item for item in self.items if isinstance(item, Entry) and item.key == key]
        for extra in entries if value is None else entries[:-1]:
            self.items = [item for item in self.items if item is not extra]
        if value is None:
            return
        if not entries:
            self.items.append(Entry(key, value))
        elif canonical(entries[-1].value) != canonical(value):
            entries[-1].value = value


def parse(text: str) -> Section:
    """Return the document in ``text``; unknown sections and keys are kept as they are.

    Raises InvalidInput with every line that corosync would refuse.
    """
    root = Section()
    open_sections = [root]
    problems = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        place = f"{FILE}:{number}"
        if not line:
            continue
        if line.startswith("#"):
            open_sections[-1].items.append(Entry("#", line[1:].strip()))
        elif "{" in line:
            section = Section(line.split("{", 1)[0].strip())
            open_sections[-1].items.append(section)
            open_sections.append(section)
        elif ":" in line:
            key, value = line.split(":", 1)
            open_sections[-1].items.append(Entry(key.strip(), value.strip()))
        elif line == "}":
            if len(open_sections) == 1:
                problems.append(Problem(place, "closing brace without an open section"))
            else:
                open_sections.pop()
        else:
            problems.append(Problem(place, f"{line!r} is neither a section nor `key: value`"))
    problems += [Problem(FILE, f"section {left.name} is not closed") for left in open_sections[1:]]
    if problems:
        raise InvalidInput(FILE, problems)
    return root


def render(document: Section) -> str:
    """Return the text of ``document``, which ``parse`` reads back to the same."""
    return "\n".join(_lines(document, 0)) + "\n"


def _lines(section: Section, depth: int) -> Iterator[str]:
    indent = "    " * depth
    for item in section.items:
        if isinstance(item, Section):
            yield f"{indent}{item.name} {{"
            yield from _lines(item, depth + 1)
            yield f"{indent}}}"
        elif item.key == "#":
            yield f"{indent}# {item.value}".rstrip()
        else:
            yield f"{indent}{item.key}: {item.value}"


def flatten(document: Section) -> dict[str, str]:
    """Return every value under its address, such as ``nodelist.node[ha-host1].ring0_addr``."""
    return _flatten(document, {})


def _flatten(section: Section, labels: Mapping[int, str], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for item in section.items:
        if isinstance(item, Entry):
            if item.key != "#":
                found[f"{prefix}{item.key}"] = item.value
            continue
        index = seen[item.name] = seen.get(item.name, -1) + 1
        label = labels.get(id(item)) or _label(item, index, bool(prefix))
        found |= _flatten(item, labels, f"{prefix}{item.name}{label}.")
    return found


def _label(section: Section, index: int, nested: bool) -> str:
    if not nested:  # corosync merges repeated top-level sections
        return ""
    values = (section.get(key) for key in _IDENTITY.get(section.name, ()))
    identity = next((value for value in values if value), None)
    if identity is None and section.name not in _IDENTITY and index == 0:
        return ""
    return f"[{identity or index}]"


def nodes(document: Section) -> list[Section]:
    """Return the ``node`` sections of every nodelist."""
    return [node for part in document.sections("nodelist") for node in part.sections("node")]


def same_node(candidates: list[Section], wanted: Section) -> Section | None:
    """Return the section among ``candidates`` that describes the node ``wanted``, or None.

    A node keeps its identity under a new name, id or address, as long as one of them stays.
    """
    for key in _IDENTITY["node"]:
        value = wanted.get(key)
        found = [node for node in candidates if value and node.get(key) == value]
        if found:
            return found[0]
    return None


def is_placeholder(document: Section) -> bool:
    """Tell whether this is what a package ships: a cluster of one node at the loopback."""
    addresses = [node.get("ring0_addr") or "" for node in nodes(document)]
    return bool(addresses) and all(
        address.startswith("127.") or address in ("::1", "localhost") for address in addresses
    )


def diff(old: Section | None, new: Section, *, running: bool) -> tuple[Change, ...]:
    """Return what differs, each with its disruption.

    Without ``old``, when corosync does not run, or when it runs on a package's placeholder,
    nothing is disturbed by any change.
    """
    calm = old is None or not running or is_placeholder(old)
    before = old or Section()
    labels = {}
    left = nodes(before)
    for node in nodes(new):
        if mate := same_node(left, node):
            left.remove(mate)
            labels[id(mate)] = _label(node, 0, True)
    was, wanted = _flatten(before, labels), flatten(new)
    _fold_lone_nodes(was, wanted)
    transport = was.get("totem.transport", "knet")
    changes = []
    for address in [*wanted, *(address for address in was if address not in wanted)]:
        theirs, ours = was.get(address), wanted.get(address)
        if ours == theirs or (ours and theirs and canonical(ours) == canonical(theirs)):
            continue
        action = _action(theirs, ours)
        cost = Disruption.NONE if calm else _cost(address, action, transport)
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


def _cost(address: str, action: Action, transport: str) -> Disruption:
    top, _, rest = address.partition(".")
    key = rest.rpartition(".")[2]
    reloads = {
        "logging": True,
        "totem": rest in _TOTEM_RELOADS
        or (rest.startswith("interface[") and key in _INTERFACE_RELOADS),
        # Seen with 3.1.7: a reload with a third node drops the flag 2Node.
        "quorum": key in _QUORUM_RELOADS or (rest == "two_node" and action is Action.DELETE),
        "nodelist": _node_reloads(rest, key, action, transport),
    }
    return Disruption.RELOAD if reloads.get(top) else Disruption.CLUSTER_STOP


def _node_reloads(rest: str, key: str, action: Action, transport: str) -> bool:
    """Tell whether corosync takes over this change of a node while it runs.

    Nodes can be added (corosync.conf(5), "To add a new node"), knet links added and removed.
    A node that leaves must be stopped first; an address that moves cuts the nodes that have
    read it from those that have not.
    """
    if rest.endswith("]"):
        return action is Action.CREATE
    if key == "quorum_votes":
        return True
    added_or_removed = action in (Action.CREATE, Action.DELETE)
    return (
        transport == "knet" and key.startswith("ring") and key != "ring0_addr" and added_or_removed
    )
