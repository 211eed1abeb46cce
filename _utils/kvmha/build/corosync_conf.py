"""The ``corosync.conf`` that a pillar document wants."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

from kvmha.documents import corosync_conf
from kvmha.documents.corosync_conf import Entry, Section
from kvmha.spec.corosync import Corosync
from kvmha.spec.corosync_totem import LinkInterface, RingNode
from kvmha.spec.corosync_words import Word, lists, scalar, words, written
from kvmha.spec.model import ClusterSpec, Node
from kvmha.spec.part import ClusterPart


def build(spec: ClusterSpec | ClusterPart, observed: Section | None = None) -> Section:
    """Return ``observed`` with what ``spec`` decides set; None starts from nothing.

    What the pillar names under ``corosync`` is set. For a ClusterSpec these are decided too:
    totem's version and name, transport, token, consensus and crypto, the nodelist, quorum's
    provider and ``two_node``, and that logs go to syslog unless the document says where.
    Everything else is kept, unless ``unmanaged`` is ``remove``.
    """
    builder = _built(spec, observed)
    if spec.unmanaged == "remove":
        builder.prune(builder.document)
    return builder.document


def unmanaged(spec: ClusterSpec | ClusterPart, observed: Section) -> tuple[str, ...]:
    """Return the addresses of what stands in ``observed`` and not in the pillar."""
    builder = _built(spec, observed)
    found = corosync_conf.walk(builder.document, {})
    return tuple(dict.fromkeys(address for address, entry in found if not builder.owns(entry)))


def _built(spec: ClusterSpec | ClusterPart, observed: Section | None) -> _Builder:
    builder = _Builder(copy.deepcopy(observed) if observed else Section())
    if isinstance(spec, ClusterSpec):
        _decide(builder, spec)
    else:
        builder.fill(builder.document, spec.corosync)
    return builder


class _Builder:
    """Sets values in a document and remembers which: the others are not ours."""

    def __init__(self, document: Section) -> None:
        self.document = document
        self._owned: set[int] = set()

    def owns(self, entry: Entry) -> bool:
        """Tell whether the pillar decides ``entry``."""
        return id(entry) in self._owned

    def own(self, section: Section, *keys: str) -> None:
        """Take over ``keys`` of ``section`` as they stand."""
        found = (item for item in section.items if isinstance(item, Entry) and item.key in keys)
        self._owned.update(id(entry) for entry in found)

    def set(self, path: str, value: str | None) -> None:
        """Make the value at ``path`` of the document say ``value``; None removes it."""
        self._put(self.document, path, value, lists(Corosync))

    def keep(self, path: str, default: str) -> None:
        """Take over the value at ``path`` as it stands, or ``default`` when there is none."""
        found = [
            entry.value
            for at, _, entry in corosync_conf.entries(self.document, lists(Corosync))
            if at == path
        ]
        self.set(path, found[-1] if found else default)

    def fill(self, section: Section, said: Any) -> None:
        """Set in ``section`` what ``said``, a scope of the vocabulary, says."""
        scope: type = type(said)
        for word in words(scope):
            value = word.of(said)
            if word.free:
                for key, item in value.items():
                    self._put(section, f"{word.prefix}{key}", scalar(item), lists(scope))
            elif word.meta.many:
                self._fill_each(section, word, value)
            elif value is not None:
                self._put(section, word.path, written(word, value), lists(scope))

    def prune(self, section: Section) -> None:
        """Take out what is not ours, and the sections that this leaves without anything."""
        for item in section.items:
            if isinstance(item, Section):
                self.prune(item)
                if not item.items:
                    section.drop(item)
            elif item.key != "#" and not self.owns(item):
                section.drop(item)

    def _put(
        self, section: Section, path: str, value: str | None, repeated: frozenset[str]
    ) -> None:
        entry = corosync_conf.put(section, path, value, repeated)
        if entry:
            self._owned.add(id(entry))

    def _fill_each(self, section: Section, word: Word, items: Sequence[Any]) -> None:
        """Fill the section of each item: the one that stands for it already, or a new one."""
        left = corosync_conf.at(section, word.path)
        *way, name = word.path.split(".")
        for item in items:
            wanted = Section(name)
            self.fill(wanted, item)
            mate = _mate(left, wanted, word.path)
            if mate is None:
                home = section
                for step in way:
                    home = home.section(step)
                home.items.append(wanted)
            else:
                left = [other for other in left if other is not mate]
                self.fill(mate, _unnumbered(self, mate, item))


def _unnumbered(builder: _Builder, section: Section, item: Any) -> Any:
    """Return ``item`` without the number of a link that ``section`` has already.

    It may have it as ``ringnumber`` or, for link 0, in not naming one.
    """
    if not isinstance(item, LinkInterface):
        return item
    builder.own(section, "linknumber", "ringnumber")
    return dataclasses.replace(item, linknumber=None, ringnumber=None)


def _mate(candidates: list[Section], wanted: Section, path: str) -> Section | None:
    if path == "nodelist.node":
        return corosync_conf.same_node(candidates, wanted)
    if path == "member":
        path = "totem.interface.member"
    label = corosync_conf.identity(path, wanted)
    mates = (each for each in candidates if corosync_conf.identity(path, each) == label)
    return next(mates, None)


# --- what a whole cluster decides ----------------------------------------------------------------


def _decide(builder: _Builder, spec: ClusterSpec) -> None:
    corosync = spec.corosync
    knet = corosync.transport == "knet"
    builder.set("totem.version", "2")
    builder.set("totem.cluster_name", spec.cluster.name)
    _nodelist(builder, spec.nodes)
    said: Any = dataclasses.replace(corosync, nodelist=())
    if not knet:
        # corosync 3 encrypts over knet only and refuses to start otherwise.
        said = dataclasses.replace(said, crypto_cipher=None, crypto_hash=None)
        for path in ("totem.crypto_cipher", "totem.crypto_hash", "totem.secauth"):
            builder.set(path, None)
    if corosync.consensus is None:
        builder.set("totem.consensus", None)
    builder.fill(builder.document, said)
    _extend_nodes(builder, corosync.nodelist)
    if corosync.quorum.provider is None:
        builder.set("quorum.provider", "corosync_votequorum")
    if corosync.quorum.two_node is None:
        builder.set("quorum.two_node", "1" if _has_two_votes(builder.document, spec) else None)
    builder.keep("logging.to_syslog", "yes")
    builder.keep("logging.timestamp", "on")


def _has_two_votes(document: Section, spec: ClusterSpec) -> bool:
    """Tell whether ``two_node`` fits: two votes, no qdevice (votequorum(5)).

    It implies wait_for_all. A qdevice of the document counts, if it stays.
    """
    device = spec.corosync.quorum.device.model
    if not device and spec.unmanaged != "remove":
        devices = corosync_conf.at(document, "quorum.device")
        device = next((model for each in devices if (model := each.get("model"))), None)
    votes = [node.get("quorum_votes") or "1" for node in corosync_conf.nodes(document)]
    return not device and votes == ["1", "1"]


def _nodelist(builder: _Builder, nodes: Sequence[Node]) -> None:
    """Make the nodelist that of ``nodes``, in their order; what else a node says stays."""
    document = builder.document
    left = corosync_conf.nodes(document)
    nodelist = document.section("nodelist")
    for part in document.sections("nodelist"):
        for section in part.sections("node"):
            part.drop(section)
    for node in nodes:
        wanted = _node(node)
        mate = corosync_conf.same_node(left, wanted)
        if mate:
            left = [other for other in left if other is not mate]
            section = _updated(mate, wanted)
        else:
            section = wanted
        builder.own(section, "name", "nodeid", *_RINGS)
        nodelist.items.append(section)


def _extend_nodes(builder: _Builder, extras: Sequence[RingNode]) -> None:
    """Add to the nodes what ``corosync.nodelist`` says beside their names."""
    for extra in extras:
        for section in corosync_conf.nodes(builder.document):
            if section.get("name") == extra.name:
                builder.fill(section, extra)


_RINGS = tuple(f"ring{number}_addr" for number in range(8))  # knet's links


def _node(node: Node) -> Section:
    section = Section("node")
    for key, address in zip(_RINGS, node.links, strict=False):
        section.set(key, address)
    section.set("name", node.name)
    section.set("nodeid", str(node.id))
    return section


def _updated(section: Section, wanted: Section) -> Section:
    for key in (*_RINGS, "name", "nodeid"):
        section.set(key, wanted.get(key))
    return section
