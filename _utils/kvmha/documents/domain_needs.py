"""What a domain needs of the host that it runs on, read from its XML; and what CPUs a host offers.

Sources: https://libvirt.org/formatdomain.html, https://libvirt.org/formatdomaincaps.html.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lxml import etree

from kvmha.errors import KvmhaError


@dataclass(frozen=True)
class Needs:
    """Paths of disks, (pool, volume) pairs, bridges, networks, and the CPU.

    ``virttype`` is kvm or qemu. ``cpu_mode`` is custom, host-model, host-passthrough or
    maximum, empty where the XML leaves the CPU to QEMU, whose own is the same on every host.
    """

    virttype: str
    paths: tuple[str, ...] = ()
    volumes: tuple[tuple[str, str], ...] = ()
    bridges: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    cpu_mode: str = ""
    cpu_model: str = ""


@dataclass(frozen=True)
class Cpus:
    """The CPUs a host can give: models of mode custom, and what its own one is made of."""

    models: tuple[str, ...] = ()
    host_model: str = ""
    host_features: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}


def needs(root: Any) -> Needs:
    """Return what the domain with the XML ``root`` needs."""
    disks = list(root.iterfind("devices/disk/source"))
    cards = list(root.iterfind("devices/interface/source"))
    cpu = root.find("cpu")
    model = None if cpu is None else cpu.find("model")
    mode = "" if cpu is None else cpu.get("mode") or ("custom" if model is not None else "")
    return Needs(
        virttype=root.get("type", "kvm"),
        paths=_each(disks, "file") + _each(disks, "dev"),
        volumes=tuple((each.get("pool"), each.get("volume")) for each in disks if each.get("pool")),
        bridges=_each(cards, "bridge"),
        networks=_each(cards, "network"),
        cpu_mode=mode,
        cpu_model="" if model is None else (model.text or "").strip(),
    )


def cpus(text: str) -> Cpus:
    """Return the CPUs in what ``virsh domcapabilities`` printed; raise KvmhaError if it is none."""
    try:
        root = etree.fromstring(text.encode())
    except etree.XMLSyntaxError as error:
        raise KvmhaError(f"virsh domcapabilities printed no XML: {error.msg}") from None
    host = root.find("cpu/mode[@name='host-model'][@supported='yes']")
    features = [] if host is None else host.iterfind("feature[@policy='require']")
    return Cpus(
        models=tuple(
            each.text or ""
            for each in root.iterfind("cpu/mode[@name='custom']/model[@usable='yes']")
        ),
        host_model="" if host is None else (host.findtext("model") or ""),
        host_features=tuple(sorted(each.get("name") or "" for each in features)),
    )


def _each(elements: list[Any], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.get(name) for each in elements if each.get(name)))
