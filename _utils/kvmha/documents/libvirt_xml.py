"""libvirt's XML of networks, pools and volumes: our words in it, read and written.

The words are those of ``libvirt.networks`` and ``libvirt.pools``, as text. All else that an
object has (uuid, mac, host entries of DHCP, what libvirt adds) is neither read nor touched.
Sources: https://libvirt.org/formatnetwork.html, https://libvirt.org/formatstorage.html.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, TypeAlias

from lxml import etree

from kvmha.documents.domain import add
from kvmha.errors import KvmhaError

Element: TypeAlias = Any  # lxml brings no types
Words: TypeAlias = Mapping[str, "str | None"]  # None: must not be there

_DIRECT = ("bridge", "vepa", "private", "passthrough")
_OWN_BRIDGE = ("isolated", "nat", "route", "open")
_ISCSI_PORT = "3260"


def parse(text: str) -> Element:
    """Return the root of a network, pool or volume; raise KvmhaError if it is none."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise KvmhaError(f"libvirt's answer is no XML: {error.msg}") from None
    if root.tag not in ("network", "pool", "volume"):
        raise KvmhaError(f"wanted a network, pool or volume, found <{root.tag}>")
    return root


def read(text: str) -> dict[str, str]:
    """Return the words that an XML says."""
    root = parse(text)
    return {"network": _network, "pool": _pool, "volume": _volume}[root.tag](root)


def build(kind: str, name: str, words: Words) -> str:
    """Return the XML of a new ``network`` or ``pool``."""
    root = etree.Element(kind)
    add(root, "name", name)
    return _written(root, words)


def edited(text: str, words: Words) -> str:
    """Return an XML with what ``words`` say, and all else of it kept.

    A network that becomes one of another making (libvirt's own bridge, the host's, macvtap) keeps
    only its name and uuid, since libvirt refuses what belongs to the other; so does a pool.
    """
    root = parse(text)
    if _making(root, read(text)["type"]) != _making(root, str(words["type"])):
        root = _only(root, ("name", "uuid"))
    return _written(root, words)


def build_volume(name: str, words: Words) -> str:
    """Return the XML of a new volume: ``size`` in bytes, ``format``, and ``type`` of its pool.

    A file takes only the room that is written to; a logical volume all of it, since LVM would
    make one of another kind otherwise.
    """
    root = etree.Element("volume")
    add(root, "name", name)
    add(root, "capacity", str(words["size"]), unit="bytes")
    if words["type"] == "dir":
        add(root, "allocation", "0", unit="bytes")
        add(add(root, "target"), "format", type=str(words["format"]))
    return _text(root)


def mentions(root: Element) -> set[str]:
    """Return every value that a domain's XML has: among them the paths that it uses."""
    found = set()
    for element in root.iter(etree.Element):
        found.update(element.attrib.values())
        found.add((element.text or "").strip())
    return found


def networks_of(root: Element) -> set[str]:
    """Return the networks that the cards of a domain are plugged into."""
    return {each.get("network", "") for each in root.iterfind("devices/interface/source")} - {""}


def volumes_of(root: Element) -> set[tuple[str, str]]:
    """Return pool and volume of each disk that a domain names by them."""
    found = root.iterfind("devices/disk//source")
    return {(each.get("pool", ""), each.get("volume", "")) for each in found if each.get("pool")}


def _network(root: Element) -> dict[str, str]:
    forward, bridge, ip = (root.find(tag) for tag in ("forward", "bridge", "ip"))
    mode = "" if forward is None else forward.get("mode", "nat")
    direct = mode in _DIRECT and bridge is None
    found = {
        "type": "direct" if direct else mode or "isolated",
        "mode": mode if direct else "",
        "dev": "" if forward is None else _dev(forward),
        "bridge": "" if bridge is None else bridge.get("name", ""),
    }
    if ip is not None:
        found["address"] = _address(ip)
        leases = ip.find("dhcp/range")
        if leases is not None:
            found["dhcp"] = f"{leases.get('start')} - {leases.get('end')}"
    return {word: value for word, value in found.items() if value}


def _pool(root: Element) -> dict[str, str]:
    kind = root.get("type", "")
    found = {"type": kind, "path": root.findtext("target/path", "")}
    host, device = root.find("source/host"), root.find("source/device")
    if kind == "logical":
        found["group"] = root.findtext("source/name") or root.findtext("name", "")
    elif kind == "iscsi" and host is not None and device is not None:
        found["portal"] = f"{host.get('name')}:{host.get('port', _ISCSI_PORT)}"
        found["iqn"] = device.get("path", "")
    return found


def _volume(root: Element) -> dict[str, str]:
    form = root.find("target/format")
    return {
        "size": root.findtext("capacity", ""),
        "format": "" if form is None else form.get("type", ""),
        "path": root.findtext("target/path", ""),
    }


def _dev(forward: Element) -> str:
    first = forward.find("interface")
    return str(forward.get("dev") or ("" if first is None else first.get("dev", "")))


def _address(ip: Element) -> str:
    said = ip.get("prefix") or ip.get("netmask")
    text = f"{ip.get('address')}/{said}" if said else str(ip.get("address"))
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError:
        return text


def _making(root: Element, kind: str) -> str:
    """Return what objects of type ``kind`` have in common with others: nothing, or their making."""
    return "own bridge" if root.tag == "network" and kind in _OWN_BRIDGE else kind


def _only(root: Element, tags: tuple[str, ...]) -> Element:
    for child in list(root):
        if child.tag not in tags:
            root.remove(child)
    root.attrib.clear()
    return root


def _written(root: Element, words: Words) -> str:
    (_write_network if root.tag == "network" else _write_pool)(root, words)
    return _text(root)


def _write_network(root: Element, words: Words) -> None:
    kind, forward = words["type"], root.find("forward")
    if kind == "isolated":
        if forward is not None:
            root.remove(forward)
    else:
        forward = _child(root, "forward")
        forward.set("mode", words.get("mode") or kind)
        _write_dev(forward, words)
    if words.get("bridge"):
        _child(root, "bridge").set("name", words["bridge"])
    if "address" in words:
        _write_ip(root, words)


def _write_dev(forward: Element, words: Words) -> None:
    dev = words.get("dev")
    if dev == (_dev(forward) or None):
        return
    if dev is None:
        forward.attrib.pop("dev", None)
        for each in forward.findall("interface"):
            forward.remove(each)
    else:  # libvirt wants both, and the same in both
        forward.set("dev", dev)
        _child(forward, "interface").set("dev", dev)


def _write_ip(root: Element, words: Words) -> None:
    address, leases, ip = words["address"], words.get("dhcp"), root.find("ip")
    if address is None:
        if ip is not None:
            root.remove(ip)
        return
    ip = _child(root, "ip")
    if _address(ip) != address:
        where, _, prefix = address.partition("/")
        ip.attrib.clear()
        ip.attrib.update({"family": "ipv6"} if ":" in where else {})
        ip.attrib.update({"address": where, "prefix": prefix})
    found = ip.find("dhcp/range")
    if leases is None:
        if found is not None:
            found.getparent().remove(found)
        if (dhcp := ip.find("dhcp")) is not None and not len(dhcp):
            ip.remove(dhcp)
        return
    start, _, end = leases.partition(" - ")
    _child(_child(ip, "dhcp"), "range").attrib.update({"start": start, "end": end})


def _write_pool(root: Element, words: Words) -> None:
    root.set("type", words["type"])
    if words.get("group"):
        _child(_child(root, "source"), "name").text = words["group"]
    if words.get("portal"):
        host, _, port = str(words["portal"]).rpartition(":")
        _child(_child(root, "source"), "host").attrib.update({"name": host, "port": port})
    if words.get("iqn"):
        _child(_child(root, "source"), "device").set("path", words["iqn"])
    _child(_child(root, "target"), "path").text = words["path"]


def _child(parent: Element, tag: str) -> Element:
    """Return the first child of that name, made where there is none."""
    found = parent.find(tag)
    return add(parent, tag) if found is None else found


def _text(root: Element) -> str:
    etree.indent(root, space="  ")
    return str(etree.tostring(root, encoding="unicode")) + "\n"
