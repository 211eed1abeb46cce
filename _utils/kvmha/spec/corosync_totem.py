"""corosync.conf's sections ``totem`` and ``nodelist`` as the pillar says them."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import optional

Free = Mapping[str, str | int | bool]

_MORE = "Other keys of the section."
_PORT = {"minimum": 0, "maximum": 65535}


@vocabulary(frozen=True)
class Totem:
    """``corosync.totem``: the membership protocol, beside what stands at ``corosync`` itself.

    Durations are milliseconds in the file, except for knet_pmtud_interval (seconds). The key
    itself, ``totem.key``, is a secret and has no word: it belongs into ``keyfile``.
    """

    version: int | None = optional("integer", "Version of the format; 2 is all there is.", 2)
    cluster_name: str | None = optional("text", "Name; beside `nodes`, `cluster.name`.", "alpha")
    cluster_uuid: str | None = optional(
        "text", "Mark by which pcs and crmsh know the cluster again.", "1f5b3c5d0a4e4a0f"
    )
    config_version: int | None = optional(
        "integer", "Version of the file; nodes with an older one may not join.", 1, minimum=0
    )
    nodeid: int | None = optional("integer", "Id of this node, without a nodelist.", 1, minimum=0)
    clear_node_high_bit: bool | None = optional("boolean", "Keep derived nodeids positive.", True)
    ip_version: str | None = optional(
        "text",
        "Family that names are resolved to.",
        "ipv6-4",
        choices=("ipv4", "ipv6", "ipv4-6", "ipv6-4"),
    )
    link_mode: str | None = optional(
        "text", "How knet uses several links.", "passive", choices=("passive", "active", "rr")
    )
    netmtu: int | None = optional("integer", "Most bytes of a packet (udp, udpu).", 1500, minimum=0)
    block_unlisted_ips: bool | None = optional("boolean", "Drop packets of strangers.", True)
    # Secrecy
    secauth: bool | None = optional("boolean", "aes256 and sha256 unless crypto says more.", True)
    crypto_model: str | None = optional("text", "Library that knet encrypts with.", "openssl")
    crypto_type: str | None = optional("text", "Encryption in the words of corosync 1.", "nss")
    crypto_compat: str | None = optional("text", "Compatibility of encryption with 2.2.", "2.2")
    keyfile: str | None = optional("text", "File of the key.", "/etc/corosync/authkey")
    # Timers and limits of the protocol
    token_warning: int | None = optional(
        "integer", "Percent of the token after which a warning is logged; 0: none.", 75, minimum=0
    )
    token_coefficient: int | None = optional(
        "duration", "More token for every node beyond two.", "650ms", minimum=0
    )
    token_retransmit: int | None = optional(
        "duration", "Wait before the token is sent again.", "238ms", minimum=0
    )
    token_retransmits_before_loss_const: int | None = optional(
        "integer", "Times the token is sent again.", 4, minimum=0
    )
    hold: int | None = optional("duration", "How long a quiet token is held.", "180ms", minimum=0)
    join: int | None = optional("duration", "Time to wait for join messages.", "50ms", minimum=0)
    send_join: int | None = optional("duration", "Longest random wait to join.", "80ms", minimum=0)
    merge: int | None = optional(
        "duration", "Wait before looking for partitions.", "200ms", minimum=0
    )
    downcheck: int | None = optional(
        "duration", "Wait before a lost network card is looked at again.", "1s", minimum=0
    )
    fail_recv_const: int | None = optional(
        "integer", "Rotations without expected messages until a new membership.", 2500, minimum=0
    )
    seqno_unchanged_const: int | None = optional(
        "integer", "Rotations without messages until the token is held.", 30, minimum=0
    )
    heartbeat_failures_allowed: int | None = optional(
        "integer", "Heartbeats that may fail; 0: no heartbeats.", 0, minimum=0
    )
    max_network_delay: int | None = optional(
        "duration", "Time a packet takes from node to node.", "50ms", minimum=0
    )
    window_size: int | None = optional("integer", "Most messages in one rotation.", 50, minimum=0)
    max_messages: int | None = optional(
        "integer", "Most messages of a node at one token.", 17, minimum=0
    )
    miss_count_const: int | None = optional(
        "integer", "Tokens seen before a missed message is asked for again.", 5, minimum=0
    )
    cancel_token_hold_on_retransmit: bool | None = optional(
        "boolean", "Never hold the token while messages are repeated.", False
    )
    # knet
    knet_pmtud_interval: int | None = optional(
        "duration", "Time between looks at the MTU; whole seconds.", "30s", minimum=0
    )
    knet_mtu: int | None = optional(
        "integer", "Most bytes of a packet on knet; 0: found out.", 0, minimum=0
    )
    knet_compression_model: str | None = optional(
        "text", "Library that knet compresses with; none: not at all.", "zlib"
    )
    knet_compression_threshold: int | None = optional(
        "integer", "Least bytes of a packet worth compressing.", 100, minimum=0
    )
    knet_compression_level: int | None = optional(
        "integer", "How strongly, in the library's terms.", 6
    )
    # Redundant rings of corosync 1 and 2
    rrp_mode: str | None = optional(
        "text", "How several rings are used.", "passive", choices=("none", "active", "passive")
    )
    rrp_problem_count_timeout: int | None = optional(
        "duration", "Time until a problem is forgiven.", "2s", minimum=0
    )
    rrp_problem_count_threshold: int | None = optional(
        "integer", "Problems after which a ring is faulty.", 10, minimum=0
    )
    rrp_problem_count_mcast_threshold: int | None = optional(
        "integer", "The same for multicast messages.", 100, minimum=0
    )
    rrp_token_expired_timeout: int | None = optional(
        "duration", "Time until a ring has a problem.", "47ms", minimum=0
    )
    rrp_autorecovery_check_timeout: int | None = optional(
        "duration", "Time between looks at a faulty ring.", "1s", minimum=0
    )
    threads: int | None = optional("integer", "Threads that encrypt (corosync 1).", 0, minimum=0)
    vsftype: str | None = optional("text", "Virtual synchrony filter (corosync 1).", "none")
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class Member:
    """``corosync.interfaces[].members[]``: a node, before there was a nodelist."""

    memberaddr: str | None = optional("text", "Its address.", "192.168.56.101")
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class LinkInterface:
    """``corosync.interfaces[]``: a link (knet) or ring (udp, udpu)."""

    linknumber: int | None = optional("integer", "Number of the link.", 0, minimum=0, maximum=7)
    ringnumber: int | None = optional(
        "integer", "The same in corosync 1 and 2.", 0, minimum=0, maximum=7
    )
    knet_link_priority: int | None = optional(
        "integer", "The highest is used (link_mode passive).", 1, minimum=0, maximum=255
    )
    knet_ping_interval: int | None = optional("duration", "Time between pings.", "400ms", minimum=0)
    knet_ping_timeout: int | None = optional(
        "duration", "Silence after which a link is down.", "800ms", minimum=0
    )
    knet_ping_precision: int | None = optional(
        "integer", "Pings that the mean latency is reckoned from.", 2048, minimum=0
    )
    knet_pong_count: int | None = optional(
        "integer", "Answers after which a link is up.", 2, minimum=0
    )
    knet_transport: str | None = optional(
        "text", "Protocol that carries knet.", "udp", choices=("udp", "sctp")
    )
    bindnetaddr: str | None = optional("text", "Network or address to bind to.", "192.168.56.0")
    broadcast: bool | None = optional("boolean", "Broadcast instead of multicast.", True)
    mcastaddr: str | None = optional("text", "Multicast address.", "239.255.1.1")
    mcastport: int | None = optional("integer", "Port; with udp also the one below.", 5405, **_PORT)
    ttl: int | None = optional("integer", "Hops a packet may take.", 1, minimum=0, maximum=255)
    members: tuple[Member, ...] = optional(
        "object", "Nodes, before there was a nodelist.", many=True, of=Member, key="member"
    )
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class RingNode:
    """``corosync.nodelist[]``: one member, by name or address."""

    name: str | None = optional("text", "What `uname -n` prints on the host.", "ha-host1")
    nodeid: int | None = optional("integer", "Its number.", 1, minimum=0)
    ring0_addr: str | None = optional("text", "Name or address on link 0.", "192.168.56.101")
    ring1_addr: str | None = optional("text", "Name or address on link 1.", "192.168.57.101")
    ring2_addr: str | None = optional("text", "Name or address on link 2.", "192.168.58.101")
    ring3_addr: str | None = optional("text", "Name or address on link 3.", "192.168.59.101")
    ring4_addr: str | None = optional("text", "Name or address on link 4.", "192.168.60.101")
    ring5_addr: str | None = optional("text", "Name or address on link 5.", "192.168.61.101")
    ring6_addr: str | None = optional("text", "Name or address on link 6.", "192.168.62.101")
    ring7_addr: str | None = optional("text", "Name or address on link 7.", "192.168.63.101")
    quorum_votes: int | None = optional("integer", "Its votes.", 1, minimum=0)
    more: Free = optional("scalars", _MORE, {"new_key": "value"}, key="*")
