"""libvirt's domain XML: parse, render, addresses, and the edit that keeps what is not ours.

An address is the path of an element without ``domain`` and ``devices``, with what identifies
one of several in brackets and an attribute behind ``@``: ``memory``, ``os.type@machine``,
``disk[hda].source@file``, ``interface[52:54:00:1c:2b:3a].source@bridge``.
Source: https://libvirt.org/formatdomain.html.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from lxml import etree

from kvmha import values as values_
from kvmha.documents import domain_defaults, domain_match
from kvmha.documents.secrets import fingerprint
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption

Element: TypeAlias = Any  # lxml brings no types

NAMESPACE = "urn:kvmha:domain:1"
_OWNED = f"{{{NAMESPACE}}}owned"
_WRAPPERS = ("domain", "devices")
# Each is told as a whole when it comes or goes.
_KEYED = ("disk", "interface", "channel", "watchdog")
_OTHER_WHEN_TYPE_CHANGES = ("disk", "interface", "serial", "console")


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


def mark_owned(root: Element, said: Element | None = None) -> None:
    """Write into the metadata of ``root`` what of it is ours.

    That is each disk and interface, and each value that ``said`` has: so that one which leaves
    the spec also leaves the XML, while what somebody added by hand stays. libvirt keeps metadata
    of foreign namespaces.
    """
    metadata = root.find("metadata")
    if metadata is None:
        metadata = etree.SubElement(root, "metadata")
    marker = metadata.find(_OWNED)
    if marker is None:
        marker = etree.SubElement(metadata, _OWNED, nsmap={"kvmha": NAMESPACE})
    names = [name for name, child in _device_list(root) if child.tag in _KEYED]
    if said is not None:
        mine = [name for name, _ in _device_list(said)]
        names += [*mine, *(one for one in values(said) if _device_of(one) not in mine)]
    marker.text = _listed(names)


def marker(names: Iterable[str], memory: int) -> str:
    """Return the mark of a running domain as XML: what is ours, and the memory it was asked for.

    Without a namespace: ``virsh metadata`` gives it one.
    """
    element = etree.Element("owned", memory=str(memory))
    element.text = _listed(sorted(names))
    return str(etree.tostring(element, encoding="unicode"))


def asked_memory(root: Element) -> int:
    """Return the bytes that a running domain was last asked to make do with; 0: never asked."""
    mark = root.find(f"metadata/{_OWNED}")
    return int(mark.get("memory", 0)) if mark is not None else 0


def devices_by_name(root: Element) -> dict[str, Element]:
    """Return the devices of a domain by the names that addresses begin with."""
    return dict(_device_list(root))


def merged(observed: Element, wanted: Element) -> Element:
    """Return ``observed`` with all that ``wanted`` says, and without what it no longer says.

    What ``wanted`` does not mention stays. A uuid stays too: it is the identity that the
    guest knows. So does what libvirt made of the words of ``wanted`` (``domain_defaults``).
    """
    result = copy.deepcopy(observed)
    gone = owned(observed) - owned(wanted)
    devices = result.find("devices")
    for name, child in _device_list(result):
        if name in gone:
            devices.remove(child)
    for address, (element, name) in _places(result).items():
        if address in gone:
            _take_out(element, name)
    _overlay(result, wanted)
    return result


def values(root: Element) -> dict[str, str]:
    """Return every value of a domain XML by its address, our marker left out."""
    return {path: value for path, _, _, value in _walk(root, "")}


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
        if _device_of(address) in came | went:
            continue
        before, after = was.get(address), now.get(address)
        if before != after:
            action = Action.UPDATE
            if before is None or after is None:
                action = Action.CREATE if before is None else Action.DELETE
            changes.append(Change(action, f"domain:{name}:{address}", before, after, disruption))
    return changes


def describe(root: Element, device: str) -> str:
    """Return what a disk or an interface stands on, and what another device is."""
    child = next(child for name, child in _device_list(root) if name == device)
    source = child.find("source")
    if source is None and child.tag not in ("disk", "interface"):
        source = child
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
    if have.tag in _OTHER_WHEN_TYPE_CHANGES and kind and not _is_type(have, kind):
        for child in list(have):
            have.remove(child)
        have.attrib.clear()
    same = domain_defaults.sized(have, want)
    for name, value in want.attrib.items():
        if name in same or domain_defaults.is_same(want, name, have.get(name, "\0"), value):
            continue
        have.set(name, value)
    text = (want.text or "").strip()
    if text and text != (have.text or "").strip():
        have.text = want.text
    for mine, child in list(domain_match.pairs(have, want)):
        if mine is None:
            if not domain_defaults.is_default(child):
                have.append(copy.deepcopy(child))
        elif child.tag != "uuid" and not _is_said(mine, child):
            _overlay(mine, child)
    for tag in domain_match.WHOLE:
        wanted = len(want.findall(tag))
        for extra in have.findall(tag)[wanted:] if wanted else ():
            have.remove(extra)


def _listed(names: Iterable[str]) -> str:
    return " ".join(name.replace(" ", "%20") for name in dict.fromkeys(names))


def _is_type(have: Element, kind: str) -> bool:
    source = have.find("source")
    by_network = source is not None and "network" in source.attrib
    if have.tag == "interface" and by_network != (kind == "network"):
        return False  # one that runs is of the type that its network is made of
    return domain_defaults.is_same(have, "type", have.get("type", ""), kind)


def _is_said(have: Element, want: Element) -> bool:
    """Tell whether ``have`` means just what ``want`` says, though perhaps in another unit."""
    return bool(domain_defaults.canonical(have) == domain_defaults.canonical(want))


def _take_out(element: Element, name: str) -> None:
    """Take out an attribute, or the text, and every element in which nothing is left then."""
    if name:
        element.attrib.pop(name, None)
    else:
        element.text = None
    parent = element.getparent()
    while parent is not None and not (len(element) or element.attrib or element.text):
        parent.remove(element)
        element, parent = parent, parent.getparent()


def owned(root: Element) -> set[str]:
    """Return the names of what the mark in ``root`` says is ours."""
    names = (root.findtext(f"metadata/{_OWNED}") or "").split()
    return {name.replace("%20", " ") for name in names}


def _device_list(root: Element) -> list[tuple[str, Element]]:
    devices = root.find("devices")
    return [] if devices is None else list(domain_match.children(devices))


def _devices(root: Element) -> set[str]:
    return {name for name, child in _device_list(root) if child.tag in _KEYED}


def _device_of(address: str) -> str:
    """Return the first step of an address: names in brackets may hold dots."""
    return re.split(r"[.@](?![^\[]*\])", address, maxsplit=1)[0]


def _places(root: Element) -> dict[str, tuple[Element, str]]:
    """Return where each value is: its element, and its attribute or nothing for the text."""
    return {path: (element, name) for path, element, name, _ in _walk(root, "")}


def _walk(element: Element, path: str) -> Iterator[tuple[str, Element, str, str]]:
    size = domain_defaults.size_of(element) if element.tag in domain_defaults.SIZES else None
    for name, value in element.attrib.items():
        if size is None or name != "unit":
            shown = fingerprint(value) if name in domain_defaults.SECRET else value
            yield f"{path}@{name}", element, name, shown
    text = (element.text or "").strip()
    if text or not (len(element) or element.attrib):
        yield path, element, "", (text or "present") if size is None else values_.size(size)
    for name, child in domain_match.children(element):
        if child.tag == _OWNED:
            continue
        below = name if not path or element.tag in _WRAPPERS else f"{path}.{name}"
        yield from _walk(child, "" if child.tag in _WRAPPERS else below)
