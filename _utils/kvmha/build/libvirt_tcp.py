"""libvirt listening on TCP for other nodes: neither encrypted nor authenticated.

A monolithic libvirtd listens itself; the modular daemons leave that to virtproxyd. Both get the
socket from systemd (https://libvirt.org/remote.html, libvirtd-tcp.socket).
"""

from __future__ import annotations

from dataclasses import dataclass

from kvmha.documents import qemu_conf
from kvmha.plan import Action, Change, Disruption
from kvmha.spec.model import ClusterSpec, Node

PORT = 16509


@dataclass(frozen=True)
class Observed:
    """What there is: texts of the daemon's file and of our drop-in, and whether it listens."""

    conf: str | None = None
    drop_in: str | None = None
    listens: bool = False


def daemon(service: str) -> str:
    """Return the daemon that listens where libvirt's daemon for QEMU is ``service``."""
    return "libvirtd" if service == "libvirtd" else "virtproxyd"


def conf_path(service: str) -> str:
    """Return the path of that daemon's file."""
    return f"/etc/libvirt/{daemon(service)}.conf"


def socket(service: str) -> str:
    """Return the unit of the socket."""
    return f"{daemon(service)}-tcp.socket"


def drop_in_path(service: str) -> str:
    """Return the path of our drop-in for the socket."""
    return f"/etc/systemd/system/{socket(service)}.d/kvmha.conf"


def drop_in(spec: ClusterSpec, minion: str) -> str | None:
    """Return what keeps the socket to the cluster, None where this node does not listen.

    It listens on the address that other nodes find under this node's name, and for the nodes
    alone (IPAddressAllow, systemd.resource-control(5); a kernel without BPF ignores that).
    """
    node = _node(spec, minion)
    if spec.libvirt.migration.transport != "tcp" or not spec.moves or node is None:
        return None
    address = node.links[0]
    shown = f"[{address}]" if ":" in address else address
    peers = " ".join(address for each in spec.nodes for address in each.links)
    return (
        f"[Socket]\nListenStream=\nListenStream={shown}:{PORT}\nFreeBind=yes\n"
        f"IPAddressDeny=any\nIPAddressAllow=localhost {peers}\n"
    )


def settings(spec: ClusterSpec, minion: str, seen: Observed) -> dict[str, str | int | bool]:
    """Return what the daemon's file has to say; libvirt's own default when we take it back."""
    if drop_in(spec, minion) is not None:
        return {"auth_tcp": "none"}
    return {"auth_tcp": "sasl"} if seen.drop_in is not None else {}


def changes(
    spec: ClusterSpec, service: str, minion: str, seen: Observed
) -> tuple[list[Change], list[str]]:
    """Return what has to change, and what to know about it.

    Without our drop-in nothing that listens is ours, and it is left alone.
    """
    name, path = socket(service), drop_in_path(service)
    wanted = drop_in(spec, minion)
    conf = f"{daemon(service)}.conf"
    found = qemu_conf.diff(seen.conf or "", settings(spec, minion, seen), conf)
    if wanted != seen.drop_in:
        action = Action.UPDATE if wanted and seen.drop_in else Action.DELETE
        action = Action.CREATE if seen.drop_in is None else action
        found.append(Change(action, f"file:{path}", seen.drop_in, wanted, Disruption.RELOAD))
    if wanted is None:
        return found, []
    if wanted != seen.drop_in or not seen.listens:
        said = f"listen on {_node_address(spec, minion)}, port {PORT}"
        found.append(Change(Action.RUN, f"service:{name}", None, said, Disruption.RELOAD))
    return found, [
        f"libvirt listens on TCP port {PORT}, NOT ENCRYPTED AND WITHOUT A PASSWORD: whoever"
        " reaches it as one of the nodes rules this host; migration.transport: ssh does not"
    ]


def _node(spec: ClusterSpec, minion: str) -> Node | None:
    return next((node for node in spec.nodes if node.minion_id == minion), None)


def _node_address(spec: ClusterSpec, minion: str) -> str:
    node = _node(spec, minion)
    return node.links[0] if node else "?"
