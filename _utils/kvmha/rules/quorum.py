"""Rules for votes, qdevices, and what else corosync.conf says."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import repeated
from kvmha.rules.registry import rule
from kvmha.spec.corosync_words import repeats, unwritable
from kvmha.spec.model import ClusterSpec

_QUORUM = "corosync.quorum"
_DEVICE = "corosync.quorum.device"
_NET = "corosync.quorum.device.net"
_LMS = (f"{_QUORUM}.last_man_standing", f"{_QUORUM}.wait_for_all")
_VOTES = ("nodes[].name", "corosync.nodelist[].name", "corosync.nodelist[].quorum_votes")
_KNET_ONLY = ("link_mode", "crypto_model")
_MULTICAST = ("bindnetaddr", "broadcast", "mcastaddr", "ttl")


@rule(f"{_QUORUM}.two_node", f"{_DEVICE}.model", *_VOTES)
def two_node_has_two_votes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want two votes and no qdevice with ``two_node`` (votequorum(5))."""
    quorum = spec.corosync.quorum
    votes = sum(_votes(spec))
    if quorum.two_node and (quorum.device.model or votes != 2):
        device = " and a qdevice" if quorum.device.model else ""
        message = f"two_node is for two votes without a qdevice, here are {votes}{device}"
        hint = "take it out: it is derived"
        yield Problem("corosync.quorum.two_node", message, hint, "TWO_NODE_UNFIT")


@rule(*_LMS)
def last_man_standing_waits_for_all(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``wait_for_all`` with ``last_man_standing``.

    Source: votequorum(5), "It is essential to enable WFA when using LMS".
    """
    quorum = spec.corosync.quorum
    if quorum.last_man_standing and not quorum.wait_for_all:
        message = "needs wait_for_all, or a part that starts apart has quorum by itself"
        hint = "set corosync.quorum.wait_for_all: true"
        yield Problem("corosync.quorum.last_man_standing", message, hint, "LMS_WITHOUT_WFA")


@rule(*_LMS, *_VOTES)
def last_man_standing_wants_equals(spec: ClusterSpec) -> Iterator[Problem]:
    """Want one vote per node with ``last_man_standing`` (votequorum(5))."""
    if spec.corosync.quorum.last_man_standing and set(_votes(spec)) - {1}:
        message = "does not work with nodes that have other than one vote"
        hint = "take quorum_votes out of corosync.nodelist"
        yield Problem("corosync.quorum.last_man_standing", message, hint, "LMS_UNEVEN")


@rule(f"{_DEVICE}.model")
def qdevice_decides_alone(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse a qdevice beside what switches it off.

    Source: votequorum(5): with last_man_standing or auto_tie_breaker it will be disabled.
    """
    quorum = spec.corosync.quorum
    for key in ("last_man_standing", "auto_tie_breaker"):
        if quorum.device.model and getattr(quorum, key):
            message = "switches the qdevice off"
            hint = "take it or corosync.quorum.device out"
            yield Problem(f"corosync.quorum.{key}", message, hint, "QDEVICE_DISABLED")


@rule(f"{_DEVICE}.model", f"{_NET}.host")
def qdevice_is_complete(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a model for a qdevice, and a server for model net (corosync-qdevice(8))."""
    device = spec.corosync.quorum.device
    if device != type(device)() and not device.model:
        yield Problem(f"{_DEVICE}.model", "is missing", "for example net", "QDEVICE_INCOMPLETE")
    if device.model == "net" and not device.net.host:
        hint = "the name or address of the qnetd server"
        yield Problem(f"{_NET}.host", "is missing", hint, "QDEVICE_INCOMPLETE")


@rule(f"{_DEVICE}.votes", f"{_NET}.algorithm", *_VOTES)
def qdevice_votes_suit_its_algorithm(spec: ClusterSpec) -> Iterator[Problem]:
    """Want one vote with ffsplit, corosync's own reckoning with lms (corosync-qdevice(8))."""
    device = spec.corosync.quorum.device
    if device.model != "net":
        return
    algorithm = device.net.algorithm or "ffsplit"
    if algorithm == "ffsplit" and (device.votes != 1 or set(_votes(spec)) - {1}):
        message = "ffsplit wants one vote for the qdevice and for every node"
        yield Problem(f"{_DEVICE}.votes", message, "set it to 1", "QDEVICE_VOTES")
    if algorithm == "lms" and device.votes is not None:
        message = "lms wants as many votes as corosync reckons"
        yield Problem(f"{_DEVICE}.votes", message, "take it out", "QDEVICE_VOTES")


@rule("nodes[].id", f"{_QUORUM}.auto_tie_breaker_node", f"{_NET}.tie_breaker")
def tie_breakers_are_nodes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want lowest, highest or ids of nodes for who wins a tie.

    Source: votequorum(5), auto_tie_breaker_node; corosync-qdevice(8), tie_breaker.
    """
    quorum = spec.corosync.quorum
    ids = {str(node.id) for node in spec.nodes}
    said = (
        ("corosync.quorum.auto_tie_breaker_node", (quorum.auto_tie_breaker_node or "").split()),
        (f"{_NET}.tie_breaker", [quorum.device.net.tie_breaker or "lowest"]),
    )
    for place, chosen in said:
        if unknown := [one for one in chosen if one not in ids | {"lowest", "highest"}]:
            message = f"{' '.join(unknown)} is no node's id"
            hint = f"lowest, highest or of {', '.join(sorted(ids))}"
            yield Problem(place, message, hint, "TIE_BREAKER_UNKNOWN")


@rule(f"{_QUORUM}.expected_votes", f"{_DEVICE}.votes", *_VOTES)
def expected_votes_are_all(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse fewer expected votes than there are: both halves would have quorum."""
    quorum = spec.corosync.quorum
    votes = sum(_votes(spec)) + (quorum.device.votes or 0 if quorum.device.model else 0)
    if quorum.expected_votes is not None and quorum.expected_votes < votes:
        message = f"{quorum.expected_votes} is less than the {votes} votes there are"
        hint = "take it out: corosync counts the nodelist"
        yield Problem("corosync.quorum.expected_votes", message, hint, "VOTES_MISSING")


@rule("nodes[].name", "corosync.nodelist[].name")
def nodelist_adds_to_nodes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want nodes' names in ``corosync.nodelist``, and nothing that ``nodes`` says."""
    for index, extra in enumerate(spec.corosync.nodelist):
        place = f"corosync.nodelist[{index}]"
        if extra.name is None or not spec.node(extra.name):
            hint = f"one of {', '.join(node.name for node in spec.nodes)}"
            yield Problem(f"{place}.name", "names no node", hint, "NODE_UNKNOWN")
        for key in ("nodeid", *(f"ring{number}_addr" for number in range(8))):
            if getattr(extra, key) is not None:
                hint = "say it at nodes[].id and nodes[].links"
                yield Problem(f"{place}.{key}", "is said by nodes", hint, "SAID_TWICE")


@rule("cluster.name", "corosync.totem.cluster_name", "corosync.totem.version")
def totem_agrees_with_the_cluster(spec: ClusterSpec) -> Iterator[Problem]:
    """Want no other name and version in ``corosync.totem`` than the cluster's."""
    for key, value in (("cluster_name", spec.cluster.name), ("version", 2)):
        said = getattr(spec.corosync.totem, key)
        if said not in (None, value):
            message = f"{said} is not the cluster's {value}"
            yield Problem(f"corosync.totem.{key}", message, "take it out", "TOTEM_DISAGREES")


@rule("nodes[].links", "corosync.interfaces[].linknumber")
def interfaces_are_links(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each interface to be a link that nodes have (corosync.conf(5), linknumber)."""
    count = max((len(node.links) for node in spec.nodes), default=0)
    numbers = []
    for index, interface in enumerate(spec.corosync.interfaces):
        key = "ringnumber" if interface.linknumber is None else "linknumber"
        number = getattr(interface, key) or 0
        place = f"corosync.interfaces[{index}].{key}"
        numbers.append((place, "", number))
        if number >= count:
            hint = f"links count from 0, nodes have {count}"
            yield Problem(place, f"no node has a link {number}", hint, "LINK_UNKNOWN")
    hint = "one item for each link"
    yield from repeated(numbers, hint=hint, code="INTERFACE_DUPLICATE")


@rule("corosync.transport")
def words_suit_the_transport(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse knet's words without knet, and multicast's with it (corosync.conf(5))."""
    corosync = spec.corosync
    knet = corosync.transport == "knet"
    scopes: list[tuple[str, object]] = [("corosync.totem", corosync.totem)]
    scopes += [(f"corosync.interfaces[{i}]", each) for i, each in enumerate(corosync.interfaces)]
    for place, scope in scopes:
        for key, value in vars(scope).items():
            of_knet = key.startswith("knet_") or key in _KNET_ONLY
            others = key in _MULTICAST or key.startswith("rrp_")
            if value is not None and (others if knet else of_knet):
                hint = "take it out, or choose another corosync.transport"
                message = f"means nothing to {corosync.transport}"
                yield Problem(f"{place}.{key}", message, hint, "TRANSPORT_UNFIT")


@rule("corosync.interfaces[].knet_ping_interval")
def pings_come_in_pairs(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a ping's interval with its timeout (corosync.conf(5), knet_ping_interval)."""
    for index, link in enumerate(spec.corosync.interfaces):
        if (link.knet_ping_interval is None) != (link.knet_ping_timeout is None):
            missing = "interval" if link.knet_ping_interval is None else "timeout"
            place = f"corosync.interfaces[{index}].knet_ping_{missing}"
            hint = "say both, or none: they follow from the token"
            yield Problem(place, "is missing beside its pair", hint, "PING_HALF_SAID")


@rule("corosync")
def corosync_conf_can_say_it(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse what would be another line of corosync.conf than it seems (coroparse.c)."""
    yield from unwritable(spec.corosync)


@rule("corosync")
def free_keys_have_no_word(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse in ``more`` what has a word: rules and defaults would not see it."""
    yield from repeats(spec.corosync)


def _votes(spec: ClusterSpec) -> list[int]:
    said = {extra.name: extra.quorum_votes for extra in spec.corosync.nodelist}
    votes = (said.get(node.name) for node in spec.nodes)
    return [1 if count is None else count for count in votes]
