"""The ``corosync.conf`` that a ClusterSpec wants."""

from __future__ import annotations

import copy

from kvmha.documents import corosync_conf
from kvmha.documents.corosync_conf import Section
from kvmha.spec.model import ClusterSpec, Node


def build(spec: ClusterSpec, observed: Section | None = None) -> Section:
    """Return ``observed`` with what ``spec`` decides set; None starts from nothing.

    Ours are totem's version, name, transport, token, consensus and crypto, the nodelist, and
    quorum's provider and ``two_node``; everything else is kept. Logging goes to syslog
    unless the document says where.
    """
    document = copy.deepcopy(observed) if observed else Section()
    _totem(document.section("totem"), spec)
    _nodelist(document, spec)
    quorum = document.section("quorum")
    quorum.set("provider", "corosync_votequorum")
    # Only for two votes without a qdevice; it implies wait_for_all (votequorum(5)).
    quorum.set("two_node", "1" if len(spec.nodes) == 2 else None)
    logging = document.section("logging")
    if logging.get("to_syslog") is None:
        logging.set("to_syslog", "yes")
    if logging.get("timestamp") is None:
        logging.set("timestamp", "on")
    return document


def _totem(totem: Section, spec: ClusterSpec) -> None:
    corosync = spec.corosync
    knet = corosync.transport == "knet"
    totem.set("version", "2")
    totem.set("cluster_name", spec.cluster.name)
    totem.set("transport", corosync.transport)
    totem.set("token", str(corosync.token))
    totem.set("consensus", str(corosync.consensus) if corosync.consensus else None)
    # corosync 3 encrypts over knet only and refuses to start otherwise.
    totem.set("crypto_cipher", corosync.crypto_cipher if knet else None)
    totem.set("crypto_hash", corosync.crypto_hash if knet else None)
    if not knet:
        totem.set("secauth", None)


def _nodelist(document: Section, spec: ClusterSpec) -> None:
    left = corosync_conf.nodes(document)
    nodelist = document.section("nodelist")
    sections = []
    for node in spec.nodes:
        wanted = _node(node)
        mate = corosync_conf.same_node(left, wanted)
        if mate:
            left.remove(mate)
            sections.append(_updated(mate, wanted))
        else:
            sections.append(wanted)
    for part in document.sections("nodelist"):
        part.items = [item for item in part.items if item not in part.sections("node")]
    nodelist.items += sections


def _node(node: Node) -> Section:
    section = Section("node")
    for number, address in enumerate(node.links):
        section.set(f"ring{number}_addr", address)
    section.set("name", node.name)
    section.set("nodeid", str(node.id))
    return section


def _updated(section: Section, wanted: Section) -> Section:
    for number in range(8):  # knet's links
        key = f"ring{number}_addr"
        section.set(key, wanted.get(key))
    for key in ("name", "nodeid"):
        section.set(key, wanted.get(key))
    return section
