"""cluster.conf of OCFS2's classic stack: stanzas of parameters, ocfs2.cluster.conf(5).

A stanza begins in the first column and ends with a colon, its parameters follow after a tab, a
blank line ends it. A file can hold several clusters; what is not of ours is kept byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kvmha.plan import Action, Change

_HEAD = re.compile(r"^(\w+):\s*$")
_PARAMETER = re.compile(r"^\s+(\w+)\s*=\s*(.*?)\s*$")

# Name of a node -> its parameters; the cluster's own stand beside them.
Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Stanza:
    """One stanza with its lines; ``kind`` is empty for what stands between stanzas."""

    kind: str
    lines: tuple[str, ...]

    def get(self, key: str) -> str | None:
        """Return the value of a parameter, None where it is not said."""
        for line in self.lines:
            match = _PARAMETER.match(line)
            if match and match.group(1) == key:
                return match.group(2)
        return None

    def set(self, values: Parameters) -> Stanza:
        """Return the stanza with ``values``; other parameters and their order are kept."""
        left, lines = dict(values), []
        for line in self.lines:
            match = _PARAMETER.match(line)
            key = match.group(1) if match else ""
            new = left.pop(key, None)
            said = line if new is None or (match and match.group(2) == new) else f"\t{key} = {new}"
            lines.append(said)
        lines += [f"\t{key} = {value}" for key, value in left.items()]
        return replace(self, lines=tuple(lines))


@dataclass(frozen=True)
class Wanted:
    """A cluster as it should stand in the file; ``nodes`` are parameters by name."""

    name: str
    nodes: Mapping[str, Parameters]


def parse(text: str) -> tuple[Stanza, ...]:
    """Return the stanzas of ``text``; together their lines are the text again."""
    found: list[Stanza] = []
    for line in text.splitlines():
        head = _HEAD.match(line)
        inside = found and found[-1].kind and line.strip() and line[:1].isspace()
        if head:
            found.append(Stanza(head.group(1), (line,)))
        elif inside or (found and not found[-1].kind):
            found[-1] = replace(found[-1], lines=(*found[-1].lines, line))
        else:
            found.append(Stanza("", (line,)))
    return tuple(found)


def render(stanzas: tuple[Stanza, ...]) -> str:
    """Return the text, with a blank line between two stanzas that have none."""
    lines: list[str] = []
    before = ""
    for stanza in stanzas:
        if stanza.kind and before and lines[-1].strip():
            lines.append("")
        lines += stanza.lines
        before = stanza.kind
    return "".join(f"{line}\n" for line in lines)


def diff(stanzas: tuple[Stanza, ...], wanted: Wanted) -> tuple[Change, ...]:
    """Return what differs from ``wanted``: addresses are ``cluster.conf:NAME:node/NODE``."""
    base = f"cluster.conf:{wanted.name}"
    standing = _nodes(stanzas, wanted.name)
    changes = []
    for name, values in wanted.nodes.items():
        stanza = standing.get(name)
        old = _said(stanza, values) if stanza else None
        if old != _text(values):
            action = Action.UPDATE if stanza else Action.CREATE
            changes.append(Change(action, f"{base}:node/{name}", old, _text(values)))
    for name in standing.keys() - wanted.nodes.keys():
        number = standing[name].get("number")
        changes.append(Change(Action.DELETE, f"{base}:node/{name}", f"number = {number}"))
    cluster = _cluster(stanzas, wanted.name)
    values = {"node_count": str(len(wanted.nodes))}
    old = _said(cluster, values) if cluster else None
    if old != _text(values):
        action = Action.UPDATE if cluster else Action.CREATE
        changes.append(Change(action, base, old, _text(values)))
    return tuple(changes)


def changed(stanzas: tuple[Stanza, ...], wanted: Wanted) -> tuple[Stanza, ...]:
    """Return the file with the cluster as ``wanted``; the stanzas of others are kept."""
    missing, kept = dict(wanted.nodes), []
    for stanza in stanzas:
        name = stanza.get("name") or ""
        if _is_node(stanza, wanted.name):
            values = missing.pop(name, None)
            if values is not None:
                kept.append(stanza.set(values))
        elif _is_cluster(stanza, wanted.name):
            kept.append(stanza.set({"node_count": str(len(wanted.nodes))}))
        else:
            kept.append(stanza)
    for name, values in missing.items():
        kept.append(
            Stanza("node", ("node:",)).set({**values, "name": name, "cluster": wanted.name})
        )
    if _cluster(stanzas, wanted.name) is None:
        head = {"node_count": str(len(wanted.nodes)), "name": wanted.name}
        kept.append(Stanza("cluster", ("cluster:",)).set(head))
    return tuple(kept)


def without(stanzas: tuple[Stanza, ...], name: str) -> tuple[Stanza, ...]:
    """Return the file without the cluster ``name`` and all that belongs to it."""
    return tuple(
        stanza
        for stanza in stanzas
        if not (_is_cluster(stanza, name) or (stanza.kind and stanza.get("cluster") == name))
    )


def _is_node(stanza: Stanza, cluster: str) -> bool:
    return stanza.kind == "node" and stanza.get("cluster") == cluster


def _is_cluster(stanza: Stanza, name: str) -> bool:
    return stanza.kind == "cluster" and stanza.get("name") == name


def _nodes(stanzas: tuple[Stanza, ...], cluster: str) -> dict[str, Stanza]:
    return {each.get("name") or "": each for each in stanzas if _is_node(each, cluster)}


def _cluster(stanzas: tuple[Stanza, ...], name: str) -> Stanza | None:
    return next((each for each in stanzas if _is_cluster(each, name)), None)


def _said(stanza: Stanza, values: Parameters) -> str:
    return _text({key: stanza.get(key) or "" for key in values})


def _text(values: Parameters) -> str:
    return ", ".join(f"{key} = {value}" for key, value in values.items())
