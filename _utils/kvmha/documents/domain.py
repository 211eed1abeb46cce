"""libvirt's domain XML: parse, render, addresses, and the edit that keeps what is not ours.

An address is the path of an element without ``domain`` and ``devices``, with what identifies
one of several in brackets and an attribute behind ``@``: ``memory``, ``os.type@machine``,
``disk[hda].source@file``, ``interface[52:54:00:1c:2b:3a].source@bridge``.
Source: https://libvirt.org/formatdomain.html.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

from kvmha import values as values_
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption

Element: TypeAlias = Any  # lxml brings no types

NAMESPACE = "urn:kvmha:domain:1"
_OWNED = f"{{{NAMESPACE}}}owned"
_WRAPPERS = ("domain", "devices")
_KEYED = ("disk", "interface")  # those whose removal from the spec removes them here
_OTHER_WHEN_TYPE_CHANGES = ("disk", "interface", "serial", "console")
_BYTES = {
    "b": 1, "bytes": 1, "KB": 1000, "k": 1024, "KiB": 1024, "MB": 1000**2, "M": 1024**2,
    "MiB": 1024**2, "GB": 1000**3, "G": 1024**3, "GiB": 1024**3, "TB": 1000**4, "T": 1024**4,
    "TiB": 1024**4,
}  # fmt: skip


def parse(text: str, *, where: str = "domain XML") -> Element:
    """Return the root of a domain XML; raise KvmhaError, naming ``where``, if it is none."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise KvmhaError(
            f"{where} is no XML: {error.msg}", hint="repair the file, or move it away"
        ) from None
    if root.tag != "domain":
        raise KvmhaError(f"{where} describes a <{root.tag}>, not a <domain>")
    return root


def render(root: Element) -> str:
    """Return the XML as text, two spaces a level, with a newline at its end."""
    whole = copy.deepcopy(root)
    etree.indent(whole, space="  ")
    return str(etree.tostring(whole, encoding="unicode")) + "\n"


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Append an element to ``parent`` and return it."""
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def mark_owned(root: Element) -> None:
    """Write into the metadata of ``root`` which disks and interfaces are ours.

    So that one which leaves the spec also leaves the XML, while one that somebody added by
    hand stays. libvirt keeps metadata of foreign namespaces.
    """
    metadata = root.find("metadata")
    if metadata is None:
        metadata = etree.SubElement(root, "metadata")
    marker = metadata.find(_OWNED)
    if marker is None:
        marker = etree.SubElement(metadata, _OWNED, nsmap={"kvmha": NAMESPACE})
    devices = root.find("devices")
    names = [] if devices is None else [name for name, _ in _children(devices)]
    marker.text = " ".join(name for name in names if name.startswith(_KEYED))


def merged(observed: Element, wanted: Element) -> Element:
    """Return ``observed`` with all that ``wanted`` says, and without what it no longer says.

    What ``wanted`` does not mention stays. A uuid stays too: it is the identity that the
    guest knows. So does a machine type that libvirt made of its alias (``pc``, ``q35``).
    """
    result = copy.deepcopy(observed)
    devices = result.find("devices")
    if devices is not None:
        gone = _owned(observed) - _owned(wanted)
        for name, child in list(_children(devices)):
            if name in gone:
                devices.remove(child)
    _overlay(result, wanted)
    return result


def values(root: Element) -> dict[str, str]:
    """Return every value of a domain XML by its address, our marker left out."""
    return dict(_values(root, ""))


def diff(name: str, old: Element, new: Element, disruption: Disruption) -> list[Change]:
    """Return what differs between two XMLs of domain ``name``, each change with ``disruption``.

    A whole disk or interface that comes or goes is one change.
    """
    was, now = values(old), values(new)
    came, went = _devices(new) - _devices(old), _devices(old) - _devices(new)
    changes = []
    for device in sorted(went):
        said = describe(old, device)
        changes.append(Change(Action.DELETE, f"domain:{name}:{device}", said, None, disruption))
    for device in sorted(came):
        said = describe(new, device)
        changes.append(Change(Action.CREATE, f"domain:{name}:{device}", None, said, disruption))
    for address in [*was, *(address for address in now if address not in was)]:
        if address.partition(".")[0].partition("@")[0] in came | went:
            continue
        before, after = was.get(address), now.get(address)
        if before != after:
            action = Action.UPDATE
            if before is None or after is None:
                action = Action.CREATE if before is None else Action.DELETE
            changes.append(Change(action, f"domain:{name}:{address}", before, after, disruption))
    return changes


def describe(root: Element, device: str) -> str:
    """Return what a disk or an interface stands on: its file, volume, bridge or network."""
    source = next(
        (child.find("source") for name, child in _device_list(root) if name == device), None
    )
    return "nothing" if source is None else ", ".join(source.attrib.values())


def disk_files(root: Element) -> dict[str, str]:
    """Return the files of the disks of a domain by target device (``hda``)."""
    return {
        disk.find("target").get("dev", ""): disk.find("source").get("file", "")
        for disk in root.iterfind("devices/disk")
        if disk.find("source") is not None and disk.find("target") is not None
    }


def _overlay(have: Element, want: Element) -> None:
    kind = want.get("type")
    if have.tag in _OTHER_WHEN_TYPE_CHANGES and kind and have.get("type") != kind:
        for child in list(have):
            have.remove(child)
        have.attrib.clear()
    for name, value in want.attrib.items():
        if not (name == "machine" and _is_alias(value, have.get(name, ""))):
            have.set(name, value)
    if (want.text or "").strip():
        have.text = want.text
    present = dict(_children(have))
    for name, child in _children(want):
        if name not in present:
            have.append(copy.deepcopy(child))
        elif name != "uuid" and not _is_same_size(present[name], child):
            _overlay(present[name], child)


def _is_alias(wanted: str, have: str) -> bool:
    return have.startswith({"pc": "pc-i440fx-", "q35": "pc-q35-"}.get(wanted, "\0"))


def _is_same_size(have: Element, want: Element) -> bool:
    return want.tag in ("memory", "currentMemory") and _size(have) == _size(want)


def _size(element: Element) -> str:
    """Return a size as a person writes it, rounded up to KiB as libvirt does."""
    text, unit = (element.text or "").strip(), element.get("unit", "KiB")
    if not text.isdigit() or unit not in _BYTES:
        return f"{text} {unit}"
    return values_.size(-(-int(text) * _BYTES[unit] // 1024) * 1024)


def _owned(root: Element) -> set[str]:
    return set((root.findtext(f"metadata/{_OWNED}") or "").split())


def _device_list(root: Element) -> list[tuple[str, Element]]:
    devices = root.find("devices")
    return [] if devices is None else list(_children(devices))


def _devices(root: Element) -> set[str]:
    return {name for name, child in _device_list(root) if child.tag in _KEYED}


def _values(element: Element, path: str) -> Iterator[tuple[str, str]]:
    if element.tag in ("memory", "currentMemory"):
        yield path, _size(element)
        return
    for name, value in element.attrib.items():
        yield f"{path}@{name}", value
    text = (element.text or "").strip()
    if text or not (len(element) or element.attrib):
        yield path, text or "present"
    for name, child in _children(element):
        if child.tag == _OWNED:
            continue
        below = name if not path or element.tag in _WRAPPERS else f"{path}.{name}"
        yield from _values(child, "" if child.tag in _WRAPPERS else below)


def _children(element: Element) -> Iterator[tuple[str, Element]]:
    """Yield the child elements, each with a name that is its own among its siblings."""
    seen: dict[str, int] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue  # a comment
        name = f"{etree.QName(child).localname}{_identity(child)}"
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}[{seen[name]}]"), child


def _identity(element: Element) -> str:
    """Return what tells ``element`` from its siblings of the same tag, in brackets."""
    found: str | None = None
    target, mac = element.find("target"), element.find("mac")
    if element.tag == "disk" and target is not None:
        found = target.get("dev")
    elif element.tag == "interface" and mac is not None:
        found = (mac.get("address") or "").lower()
    elif element.tag == "controller":
        found = f"{element.get('type', '')}{element.get('index', '0')}"
    elif element.tag in ("timer", "feature"):
        found = element.get("name")
    return f"[{found}]" if found else ""
