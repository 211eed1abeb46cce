"""Rules for the cluster's name, its nodes, and how they talk."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import repeated
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec
from kvmha.values import duration

_NAME_LIMIT = 15
_LINK_LIMIT = {"knet": 8, "udpu": 2, "udp": 2}


@rule("cluster.name")
def cluster_name_fits(spec: ClusterSpec) -> Iterator[Problem]:
    """Keep the name within the superblock of a cluster filesystem.

    Source: ocfs2_fs.h, OCFS2_CLUSTER_NAME_LEN is 16 bytes; one is left for the end.
    """
    length = len(spec.cluster.name)
    if length > _NAME_LIMIT:
        message = f"{spec.cluster.name!r} has {length} characters"
        hint = f"at most {_NAME_LIMIT}, which is what OCFS2 keeps of it"
        yield Problem("cluster.name", message, hint, "CLUSTER_NAME_LONG")


@rule("nodes")
def nodes_are_enough(spec: ClusterSpec) -> Iterator[Problem]:
    """Want two nodes: a virtual machine needs somewhere else to go."""
    if len(spec.nodes) < 2:
        yield Problem("nodes", "one node is no cluster", "name two or more", "NODES_TOO_FEW")


@rule()
def node_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a name per node: Pacemaker knows nodes by name (corosync.conf(5), nodelist)."""
    names = ((f"nodes[{i}].name", "", node.name) for i, node in enumerate(spec.nodes))
    hint = "a node's name is what `uname -n` prints there"
    yield from repeated(names, hint=hint, code="NODE_NAME_DUPLICATE")


@rule()
def node_ids_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want an id per node (corosync.conf(5), nodeid)."""
    ids = ((f"nodes[{i}].id", node.name, node.id) for i, node in enumerate(spec.nodes))
    yield from repeated(ids, hint="give every node its own id", code="NODE_ID_DUPLICATE")


@rule()
def minions_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a minion per node: it finds itself in the spec by the id of its minion."""
    first: dict[str, str] = {}
    for index, node in enumerate(spec.nodes):
        other = first.setdefault(node.minion_id, node.name)
        if other != node.name:
            message = f"{node.minion_id} is already the minion of '{other}'"
            hint = "every node runs a minion of its own"
            yield Problem(f"nodes[{index}].minion", message, hint, "MINION_DUPLICATE")


@rule()
def addresses_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each address once, over all nodes and links (corosync.conf(5), ringX_addr)."""
    addresses = (
        (f"nodes[{i}].links[{j}]", node.name, address)
        for i, node in enumerate(spec.nodes)
        for j, address in enumerate(node.links)
    )
    yield from repeated(
        addresses, hint="every link of every node has an address of its own", code="LINK_DUPLICATE"
    )


@rule()
def addresses_reach_others(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse addresses that no other host can reach, such as 127.0.0.1."""
    for i, node in enumerate(spec.nodes):
        for j, text in enumerate(node.links):
            address = _parsed(text)
            if address and (address.is_loopback or address.is_multicast or address.is_unspecified):
                message = f"other nodes cannot reach {text}"
                hint = "write the address of the host's interface on that network"
                yield Problem(f"nodes[{i}].links[{j}]", message, hint, "LINK_UNREACHABLE")


@rule("nodes[].links")
def links_are_as_many(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the same number of links on every node.

    Source: corosync.conf(5), ringX_addr; a node without a link's address cannot use it.
    """
    if not spec.nodes:
        return
    model = spec.nodes[0]
    for index, node in enumerate(spec.nodes[1:], start=1):
        if len(node.links) != len(model.links):
            message = f"{len(node.links)} instead of the {len(model.links)} of '{model.name}'"
            hint = "every node needs an address on every link"
            yield Problem(f"nodes[{index}].links", message, hint, "LINKS_UNEVEN")


@rule()
def links_keep_their_family(spec: ClusterSpec) -> Iterator[Problem]:
    """Want IPv4 or IPv6 on all ends of one link (corosync.conf(5), ip_version)."""
    first: dict[int, tuple[int, str]] = {}
    for i, node in enumerate(spec.nodes):
        for j, text in enumerate(node.links):
            address = _parsed(text)
            if address is None:
                continue
            version, other = first.setdefault(j, (address.version, node.name))
            if version != address.version:
                message = f"{text} is IPv{address.version}, '{other}' has IPv{version} on link {j}"
                hint = "use one family for all ends of a link"
                yield Problem(f"nodes[{i}].links[{j}]", message, hint, "LINK_FAMILY_MIXED")


@rule("corosync.transport")
def links_suit_transport(spec: ClusterSpec) -> Iterator[Problem]:
    """Keep to the links a transport has: 8 for knet, 2 for udpu and udp.

    Source: corosync.conf(5); two rings (RRP) are of corosync 2, 3 has one.
    """
    limit = _LINK_LIMIT.get(spec.corosync.transport, 8)
    for index, node in enumerate(spec.nodes):
        if len(node.links) > limit:
            message = f"{len(node.links)} links are too many for {spec.corosync.transport}"
            yield Problem(f"nodes[{index}].links", message, f"at most {limit}", "LINKS_TOO_MANY")


@rule(
    *("corosync.transport", "corosync.crypto_cipher", "corosync.crypto_hash"),
    "corosync.totem.secauth",
)
def encryption_needs_knet(spec: ClusterSpec) -> Iterator[Problem]:
    """Want no encryption without knet: only that allows it (corosync.conf(5), transport)."""
    corosync = spec.corosync
    used = {corosync.crypto_cipher, corosync.crypto_hash} != {"none"} or corosync.totem.secauth
    if corosync.transport != "knet" and used:
        message = f"{corosync.transport} cannot encrypt"
        secauth = " and no totem.secauth" if corosync.totem.secauth else ""
        hint = f"set crypto_cipher: none and crypto_hash: none{secauth}, or transport: knet"
        yield Problem("corosync.transport", message, hint, "CRYPTO_WITH_UDPU")


@rule("corosync.crypto_cipher", "corosync.crypto_hash")
def cipher_needs_hash(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a hash with a cipher (corosync.conf(5), crypto_cipher)."""
    if spec.corosync.crypto_cipher != "none" and spec.corosync.crypto_hash == "none":
        message = f"cipher {spec.corosync.crypto_cipher} needs a hash"
        yield Problem("corosync.crypto_hash", message, "for example sha256", "CIPHER_WITHOUT_HASH")


@rule("corosync.token", "corosync.consensus")
def consensus_outlasts_token(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a consensus of at least 1.2 times the token (corosync.conf(5), consensus)."""
    least = spec.corosync.token * 12 // 10
    consensus = spec.corosync.consensus
    if consensus is not None and consensus < least:
        message = f"{duration(consensus)} is less than 1.2 times the token"
        hint = f"at least {duration(least)}, or take it out"
        yield Problem("corosync.consensus", message, hint, "CONSENSUS_SHORT")


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
