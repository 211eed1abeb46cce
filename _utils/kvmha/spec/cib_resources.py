"""``cib.resources``: primitives, templates, and what holds primitives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kvmha.spec.cib_parts import NvSet, Op, Scalar, identity, more, nvsets, order, word
from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import RECURSIVE, said


@vocabulary(frozen=True)
class Container:
    """``cib.resources[].container``: what a bundle starts."""

    TAGS: ClassVar[dict[str, str]] = {"podman": "podman", "docker": "docker", "rkt": "rkt"}

    kind: str = said("text", "Technology.", choices=tuple(TAGS), example="podman")
    image: str | None = word("Image.", "@image", "localhost/web:1")
    replicas: str | None = word("Number of instances.", "@replicas", 3)
    replicas_per_host: str | None = word("Instances on one node.", "@replicas-per-host", 1)
    promoted_max: str | None = word("Number of promoted instances.", "@promoted-max", 1)
    masters: str | None = word("The same, in old words.", "@masters", 1)
    network: str | None = word("Network given to the technology.", "@network", "host")
    run_command: str | None = word("Command to run.", "@run-command", "/usr/sbin/pacemaker-remoted")
    options: str | None = word("Options of the technology.", "@options", "--log-driver=journald")
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class PortMapping:
    """``cib.resources[].network.ports[]``: a port that reaches a bundle."""

    id: str | None = identity("web-http")
    port: str | None = word("Port.", "@port", 80)
    internal_port: str | None = word("Port inside.", "@internal-port", 8080)
    range: str | None = word("Range of ports.", "@range", "8000-8010")
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class BundleNetwork:
    """``cib.resources[].network``: addresses of a bundle."""

    ip_range_start: str | None = word("First address.", "@ip-range-start", "192.168.56.210")
    control_port: str | None = word("Port of Pacemaker Remote inside.", "@control-port", 3121)
    host_interface: str | None = word("Interface for the addresses.", "@host-interface", "eth0")
    host_netmask: str | None = word("Bits of the netmask.", "@host-netmask", 24)
    add_host: str | None = word("Enter replicas into /etc/hosts.", "@add-host", True)
    ports: tuple[PortMapping, ...] = said(
        "object", "Ports.", many=True, of=PortMapping, xml="port-mapping", default=()
    )
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class StorageMapping:
    """``cib.resources[].storage[]``: a folder of the host seen in a bundle."""

    id: str | None = identity("web-root")
    source_dir: str | None = word("Folder on the host.", "@source-dir", "/srv/web")
    source_dir_root: str | None = word(
        "Folder with one folder a replica.", "@source-dir-root", "/srv/web"
    )
    target_dir: str | None = word("Folder inside.", "@target-dir", "/var/www")
    options: str | None = word("Mount options.", "@options", "rw")
    more: Mapping[str, Scalar] = more()


_AGENTS, _BUNDLE = ("primitive", "template"), ("bundle",)
_HOLDERS = ("group", "clone", "master", "bundle")


@vocabulary(frozen=True)
class Resource:
    """``cib.resources[]``: a primitive, or what holds primitives."""

    TAGS: ClassVar[dict[str, str]] = {
        "primitive": "primitive",
        "group": "group",
        "clone": "clone",
        "master": "master",
        "bundle": "bundle",
        "template": "template",
    }

    id: str = said("word", "Its id.", xml="@id", example="web-ip")
    kind: str = said(
        "text",
        "What it is; `master` is the old word for a clone with `promotable`.",
        default="primitive",
        choices=tuple(TAGS),
        example="group",
    )
    agent: str | None = word(
        "Class, provider and type.", "@class:provider:type", "ocf:heartbeat:IPaddr2", _AGENTS
    )
    template: str | None = word("Template it is made from.", "@template", "vm", ("primitive",))
    description: str | None = word("Text for people.", "@description", "the web server's address")
    params: tuple[NvSet, ...] = nvsets(
        "Parameters of the agent.", "instance_attributes", {"ip": "192.168.56.200"}
    )
    meta: tuple[NvSet, ...] = nvsets("Meta attributes.", "meta_attributes", {"priority": 10})
    utilization: tuple[NvSet, ...] = nvsets(
        "What it takes of a node's capacity.", "utilization", {"cpu": 2}, _AGENTS
    )
    ops: tuple[Op, ...] = said(
        "object", "Operations.", many=True, of=Op, xml="operations/op", default=(), only=_AGENTS
    )
    ops_id: str | None = word(
        "Id of the operations.", "operations@id", "web-ops", _AGENTS, blank=False
    )
    ops_ref: str | None = word(
        "Id of the operations that are used in their place.",
        "operations@id-ref",
        "web-ops",
        _AGENTS,
        blank=False,
    )
    container: Container | None = said(
        "object", "What it starts.", of=Container, xml="<kind>", default=None, only=_BUNDLE
    )
    network: BundleNetwork | None = said(
        "object", "Addresses.", of=BundleNetwork, xml="network", default=None, only=_BUNDLE
    )
    storage: tuple[StorageMapping, ...] = said(
        "object",
        "Folders of the host.",
        many=True,
        of=StorageMapping,
        xml="storage/storage-mapping",
        default=(),
        only=_BUNDLE,
    )
    members: tuple[Resource, ...] = said(
        "object",
        "What it holds, in order.",
        many=True,
        of="Resource",
        xml="<kind>",
        default=(),
        only=_HOLDERS,
    )
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


RECURSIVE["Resource"] = Resource
