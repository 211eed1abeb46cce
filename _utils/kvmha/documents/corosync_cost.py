"""What a change in corosync.conf costs, by its place: one decision for every known key.

Sources: totem_volatile_config_read in totemconfig.c and the reload in cfg.c of corosync 3.1,
corosync.conf(5); for quorum votequorum(5), "Only votes, quorum_votes, expected_votes and
two_node can be changed at runtime". tests/contract/test_corosync_reload.py asks corosync itself.
"""

from __future__ import annotations

import re

from kvmha.plan import Action, Disruption

# Taken over at `corosync-cfgtool -R`. Crypto and cluster_name are not among them: crypto can
# be switched live, but every node reads its own file, so between the first and the last
# node's change the cluster would be cut; cluster_name is also the name that DLM and the
# cluster filesystems carry.
# fmt: off
RELOADS = frozenset({
    *(f"totem.{key}" for key in (
        "token", "token_warning", "token_coefficient", "token_retransmit",
        "token_retransmits_before_loss_const", "hold", "consensus", "join", "send_join",
        "merge", "downcheck", "fail_recv_const", "seqno_unchanged_const",
        "heartbeat_failures_allowed", "max_network_delay", "window_size", "max_messages",
        "miss_count_const", "knet_pmtud_interval", "knet_mtu", "knet_compression_model",
        "knet_compression_threshold", "knet_compression_level", "block_unlisted_ips",
        "cancel_token_hold_on_retransmit", "config_version",
    )),
    *(f"totem.interface.{key}" for key in (
        "knet_link_priority", "knet_ping_interval", "knet_ping_timeout", "knet_ping_precision",
        "knet_pong_count",
        # A number alone says nothing: another one is another address for all keys beside it.
        "linknumber", "ringnumber",
    )),
    "nodelist.node.quorum_votes",
    "quorum.expected_votes", "quorum.votes", "quorum.two_node",
    # Read into cmap again at a reload, and looked up there whenever a client connects.
    "uidgid.uid", "uidgid.gid",
})
# Read at the start only, or the same on all nodes at any time.
STOPS = frozenset({
    *(f"totem.{key}" for key in (
        "version", "cluster_name", "cluster_uuid", "transport", "crypto_cipher", "crypto_hash",
        "nodeid", "clear_node_high_bit", "ip_version", "link_mode", "netmtu", "secauth",
        "crypto_model", "crypto_type", "crypto_compat", "keyfile",
        "rrp_mode", "rrp_problem_count_timeout",
        "rrp_problem_count_threshold", "rrp_problem_count_mcast_threshold",
        "rrp_token_expired_timeout", "rrp_autorecovery_check_timeout", "threads", "vsftype",
    )),
    *(f"totem.interface.{key}" for key in (
        "knet_transport", "bindnetaddr", "broadcast", "mcastaddr", "mcastport", "ttl",
        "member.memberaddr",
    )),
    # Who leaves must be stopped first; an address that moves cuts the nodes that have read it
    # from those that have not.
    *(f"nodelist.node.{key}" for key in ("name", "nodeid", "ring0_addr")),
    *(f"quorum.{key}" for key in (
        "provider", "wait_for_all", "last_man_standing", "last_man_standing_window",
        "auto_tie_breaker", "auto_tie_breaker_node", "allow_downscale",
        "expected_votes_tracking", "leaving_timeout", "cancel_wait_for_all",
    )),
})
# Of these sections everything costs the same. corosync reads logging again, makes the nozzle
# anew, and reckons with the device's votes; corosync-qdevice itself has to be restarted, which
# disturbs no resource.
_SECTIONS = {
    "logging": Disruption.RELOAD,
    "nozzle": Disruption.RELOAD,
    "quorum.device": Disruption.RELOAD,
    "system": Disruption.CLUSTER_STOP,
    "resources": Disruption.CLUSTER_STOP,
    "service": Disruption.CLUSTER_STOP,
}
# fmt: on
_LABEL = re.compile(r"\[[^\]]*\]")
_LINK = re.compile(r"nodelist\.node\.ring[1-7]_addr\Z")


def of(address: str, action: Action, transport: str) -> Disruption:
    """Return what ``action`` at ``address`` costs where corosync runs with ``transport``.

    What is not known to be taken over needs the cluster stopped.
    """
    found = decided(address, action, transport)
    return Disruption.CLUSTER_STOP if found is None else found


def bare(address: str) -> str:
    """Return ``address`` without the labels of repeated sections: ``totem.interface.ttl``."""
    return _LABEL.sub("", address)


def decided(address: str, action: Action, transport: str) -> Disruption | None:
    """Return the cost of a change at ``address``, or None when nobody has decided it."""
    path = bare(address)
    reloads = None
    if path == "nodelist.node":  # a whole node: corosync.conf(5), "To add a new node"
        reloads = action is Action.CREATE
    elif _LINK.match(path):  # knet's links can be added and removed
        reloads = transport == "knet" and action in (Action.CREATE, Action.DELETE)
    elif path in RELOADS | STOPS:
        reloads = path in RELOADS
    if reloads is not None:
        return Disruption.RELOAD if reloads else Disruption.CLUSTER_STOP
    sections = (name for name in _SECTIONS if f"{path}.".startswith(f"{name}."))
    section = next(sections, None)
    return _SECTIONS[section] if section else None
