"""corosync.conf as the pillar says it: the sections, and what each of their keys means.

Keys keep corosync's own names; transport, token, consensus and crypto stand at the top, since
every cluster decides them. Sources: corosync.conf(5) and votequorum(5) of corosync 2 and 3.1,
corosync-qdevice(8), and for services the configuration of corosync 1 and openais.
"""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.corosync_logging import Logging
from kvmha.spec.corosync_quorum import Quorum
from kvmha.spec.corosync_totem import LinkInterface, RingNode, Totem
from kvmha.spec.fields import optional, said

Free = Mapping[str, str | int | bool]


@vocabulary(frozen=True)
class System:
    """``corosync.system``: how the daemon runs."""

    qb_ipc_type: str | None = optional(
        "text", "How clients reach it.", "native", choices=("native", "shm", "socket")
    )
    sched_rr: bool | None = optional("boolean", "Run with realtime priority.", True)
    priority: str | None = optional(
        "word", "Priority without sched_rr: max, min or a nice value.", "max"
    )
    move_to_root_cgroup: str | None = optional(
        "text", "Leave systemd's control group.", "auto", choices=("yes", "no", "auto")
    )
    allow_knet_handle_fallback: bool | None = optional(
        "boolean", "Go on without privileges, as in a container.", False
    )
    state_dir: str | None = optional("path", "Folder of its state.", "/var/lib/corosync")
    more: Free = optional("scalars", "Other keys of the section.", {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class WatchedResource:
    """``corosync.resources.{load_15min,memory_used}``: what corosync watches on its own."""

    max: str | None = optional("word", "Value that fails it.", "8.0")
    poll_period: int | None = optional("duration", "Time between looks.", "5s", minimum=0)
    recovery: str | None = optional(
        "text", "What a failure does.", "none", choices=("none", "watchdog", "reboot", "shutdown")
    )
    more: Free = optional("scalars", "Other keys of the section.", {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class SystemResources:
    """``corosync.resources.system``: load and memory of the host."""

    load_15min: WatchedResource = optional("object", "The load.", of=WatchedResource)
    memory_used: WatchedResource = optional(
        "object", "Memory in use, in percent.", of=WatchedResource
    )
    more: Free = optional("scalars", "Other keys of the section.", {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class Resources:
    """``corosync.resources``: corosync's own watchdog."""

    watchdog_device: str | None = optional(
        "text", "Watchdog that corosync feeds; SBD wants it for itself: `off`.", "off"
    )
    watchdog_timeout: int | None = optional(
        "duration", "Time until the watchdog bites; whole seconds.", "6s", minimum=0
    )
    system: SystemResources = optional("object", "What is watched.", of=SystemResources)
    more: Free = optional("scalars", "Other keys of the section.", {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class Nozzle:
    """``corosync.nozzle``: a network device through knet's links."""

    name: str | None = optional("text", "Name of the device.", "noz0")
    ipaddr: str | None = optional("text", "Address; the nodeid replaces its end.", "192.168.57.0")
    ipprefix: int | None = optional("integer", "Length of the prefix.", 24, minimum=0, maximum=128)
    macaddr: str | None = optional(
        "text", "MAC; the nodeid replaces its last two bytes.", "54:54:01:00:00:00"
    )
    more: Free = optional("scalars", "Other keys of the section.", {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class UidGid:
    """``corosync.uidgid[]``: who beside root may use corosync."""

    uid: str | None = optional("word", "User, by name or number.", "hacluster")
    gid: str | None = optional("word", "Group, by name or number.", "haclient")
    more: Free = optional("scalars", "Other keys of the section.", {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class Service:
    """``corosync.services[]``: a plugin of corosync 1, such as Pacemaker 1.0 was."""

    name: str | None = optional("text", "Name of the plugin.", "pacemaker")
    ver: int | None = optional("integer", "Its version; 0 made corosync start Pacemaker.", 0)
    use_mgmtd: str | None = optional("text", "Whether it started mgmtd.", "no")
    use_logd: str | None = optional("text", "Whether it logged through logd.", "no")
    clustername: str | None = optional("text", "Name that it gave the cluster.", "pacemaker")
    more: Free = optional("scalars", "Other keys of the section.", {"new_key": "value"}, key="*")


@vocabulary(frozen=True)
class CorosyncPart:
    """``corosync`` of a document without ``nodes``: what stands in a corosync.conf."""

    transport: str | None = optional(
        "text",
        "How nodes talk; all but knet are of corosync 2.",
        "knet",
        choices=("knet", "udpu", "udp", "iba"),
        key="totem.transport",
    )
    token: int | None = optional(
        "duration", "Silence after which a node is lost.", "5s", key="totem.token"
    )
    consensus: int | None = optional(
        "duration", "Default: 1.2 times the token.", "6s", key="totem.consensus"
    )
    crypto_cipher: str | None = optional(
        "text",
        "Encryption (knet only).",
        "aes256",
        choices=("none", "aes256", "aes192", "aes128", "3des"),
        key="totem.crypto_cipher",
    )
    crypto_hash: str | None = optional(
        "text",
        "Authentication (knet only).",
        "sha256",
        choices=("none", "md5", "sha1", "sha256", "sha384", "sha512"),
        key="totem.crypto_hash",
    )
    totem: Totem = optional("object", "The membership protocol.", of=Totem)
    interfaces: tuple[LinkInterface, ...] = optional(
        "object",
        "Links, where they need words.",
        many=True,
        of=LinkInterface,
        key="totem.interface",
    )
    nodelist: tuple[RingNode, ...] = optional(
        "object",
        "Members; beside `nodes`, only votes and free keys of a node by its name.",
        many=True,
        of=RingNode,
        key="nodelist.node",
    )
    quorum: Quorum = optional("object", "Votes and who has quorum.", of=Quorum)
    logging: Logging = optional("object", "Where the logs go.", of=Logging)
    system: System = optional("object", "How the daemon runs.", of=System)
    resources: Resources = optional("object", "corosync's own watchdog.", of=Resources)
    nozzle: Nozzle = optional("object", "A network device through knet's links.", of=Nozzle)
    uidgid: tuple[UidGid, ...] = optional(
        "object", "Who beside root may use corosync.", many=True, of=UidGid
    )
    services: tuple[Service, ...] = optional(
        "object", "Plugins of corosync 1.", many=True, of=Service, key="service"
    )
    more: Free = optional(
        "scalars",
        "Other keys by their section, such as `amf.mode`; outside of sections: `compatibility`.",
        {"amf.mode": "disabled"},
        key="*",
    )


@vocabulary(frozen=True)
class Corosync(CorosyncPart):
    """``corosync``: transport and timeouts of the membership, and all of corosync.conf."""

    transport: str = said(
        "text",
        "How nodes talk; udpu and udp are of corosync 2.",
        default="knet",
        choices=("knet", "udpu", "udp"),
        example="knet",
        key="totem.transport",
    )
    token: int = said(
        "duration",
        "Silence after which a node is lost.",
        default=5000,
        example="5s",
        key="totem.token",
    )
    crypto_cipher: str = said(
        "text",
        "Encryption (knet only).",
        default="aes256",
        choices=("none", "aes256", "aes192", "aes128"),
        example="aes256",
        key="totem.crypto_cipher",
    )
    crypto_hash: str = said(
        "text",
        "Authentication (knet only).",
        default="sha256",
        choices=("none", "md5", "sha1", "sha256", "sha384", "sha512"),
        example="sha256",
        key="totem.crypto_hash",
    )
