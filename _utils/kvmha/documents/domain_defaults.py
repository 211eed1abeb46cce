"""What libvirt adds to a domain XML, and what it writes in other words: neither is drift.

Whatever libvirt adds (addresses, aliases, controllers, a default model) stands in the XML beside
what is wanted; a plan keeps what it does not mention, so nothing has to be known of it. The
tables here are the few cases where the same thing is *written differently*, and where something
is true only while a domain runs. Sources: https://libvirt.org/formatdomain.html, libvirt's
src/conf/domain_conf.c, src/conf/domain_postparse.c and src/qemu/qemu_domain.c.
"""

from __future__ import annotations

import copy
import re
from typing import Any, TypeAlias

from kvmha import values

Element: TypeAlias = Any  # lxml brings no types

UNITS = {
    "b": 1, "bytes": 1, "KB": 1000, "k": 1024, "KiB": 1024, "MB": 1000**2, "M": 1024**2,
    "MiB": 1024**2, "GB": 1000**3, "G": 1024**3, "GiB": 1024**3, "TB": 1000**4, "T": 1024**4,
    "TiB": 1024**4,
}  # fmt: skip

# Elements that hold a size in KiB even where no unit is said.
SIZES = ("memory", "currentMemory", "maxMemory", "hard_limit", "soft_limit", "swap_hard_limit")
# Attributes that are a size in the unit beside them: of huge pages, of NUMA cells.
SIZED = ("size", "memory")

# Attributes that libvirt spells on and off; it spells all others yes and no. Source: virOnOff
# and virYesNo in docs/schemas/*.rng; no name is both.
ON_OFF = frozenset((
    "append", "ats", "autodeflate", "bar", "caching_mode", "copy_on_read", "csum",
    "detect_zeroes", "display", "dumpCore", "ecn", "eim", "eoi", "event_idx", "flock",
    "freePageReporting", "gso", "guestReset", "hotplug", "intremap", "ioeventfd", "iommu",
    "iotlb", "migratable", "mrg_rxbuf", "multifunction", "packed", "page_per_vq", "posix",
    "ramfb", "removable", "repeat", "rss", "rss_hash_report", "state", "tso4", "tso6", "ufo",
    "vgaconf", "xattr",
))  # fmt: skip

# What is wanted, and what libvirt makes of it: place, wanted, found.
REWRITTEN = (
    ("type@machine", "pc", r"pc-i440fx-.*"),  # an alias of the machines of one release of QEMU
    ("type@machine", "q35", r"pc-q35-.*"),
    ("type@machine", "virt", r"virt-\d.*"),
    ("type@machine", "s390-ccw-virtio", r"s390-ccw-virtio-.*"),
    ("type@machine", "pseries", r"pseries-.*"),
    ("cpu@mode", "host-model", r"custom"),  # while it runs: the model of that host
    ("cpu@mode", "maximum", r"custom"),
    ("cpu@check", "none|partial", r"full"),  # while it runs: what was checked at its start
    ("cpu@match", "exact", r"exact"),
    ("graphics@port", "-1", r"\d+"),  # while it runs: the port that was free
    ("interface@type", "network", r"bridge|direct"),  # while it runs: what the network is made of
    ("console@type", "pty", r"\w+"),  # the first is another name of the first serial line
    ("clock@adjustment", "0|reset", r".+"),  # it goes on from what the guest set
)

# What libvirt takes for said where it is not: elements that are nothing but this.
DEFAULTS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("vcpu", {}, "1"),
    ("devices", {}, ""),
    ("source", {"mode": "bind"}, ""),  # of a channel: libvirt makes the path at each start
)

# What is true only of a running domain: path below the domain, attribute, and the values (all).
OF_A_RUN = (
    (".", "id", ".*"),
    ("devices/*/alias", "name", "(?!ua-).*"),
    ("devices/interface/target", "dev", r"(vnet|macvtap|macvlan)\d+"),
    ("devices/interface/source", "portid", ".*"),
    ("devices/interface[@type='network']/source", "bridge", ".*"),
    ("devices/disk/source", "index", ".*"),
    ("devices/disk/backingStore", "", ""),
    ("devices/console", "tty", ".*"),
    ("devices/serial/source", "path", "/dev/pts/.*"),
    ("devices/console/source", "path", "/dev/pts/.*"),
    ("devices/channel/target", "state", ".*"),
    ("devices/channel/source", "path", r".*/domain-\d+-.*"),
    ("seclabel[@type='dynamic']/label", "", ""),
    ("seclabel[@type='dynamic']/imagelabel", "", ""),
)

# What must not leave the file: passwords of screens.
SECRET = ("passwd",)


def size_of(element: Element) -> int | None:
    """Return the bytes that an element with a unit holds, up to whole KiB as libvirt; or None."""
    text, unit = (element.text or "").strip(), element.get("unit", "KiB")
    if not text.isdigit() or unit not in UNITS:
        return None
    return -(-int(text) * UNITS[unit] // 1024) * 1024


def spelt(name: str, value: str | int | bool) -> str:
    """Return a value of the pillar as libvirt writes it in the attribute ``name``."""
    if isinstance(value, bool):
        words = ("on", "off") if name in ON_OFF else ("yes", "no")
        return words[0] if value else words[1]
    return str(value)


def is_same(element: Element, name: str, have: str, want: str) -> bool:
    """Tell whether libvirt's ``have`` means ``want``, both of the attribute ``name``."""
    if _plain(have) == _plain(want):
        return True
    place = f"{element.tag}@{name}"
    return any(
        place == where and re.fullmatch(wanted, want) and re.fullmatch(found, have)
        for where, wanted, found in REWRITTEN
    )


def is_default(element: Element) -> bool:
    """Tell whether an element says no more than libvirt would take for said without it."""
    said = (element.tag, dict(element.attrib), (element.text or "").strip())
    return not len(element) and said in DEFAULTS


def sized(have: Element, want: Element) -> tuple[str, ...]:
    """Return the attributes that are the same size in both elements, perhaps in other units."""
    for name in SIZED:
        pair = [_bytes(one, name) for one in (have, want)]
        if pair[0] is not None and pair[0] == pair[1]:
            return (name, "unit")
    return ()


def _bytes(element: Element, name: str) -> int | None:
    text, unit = element.get(name, ""), element.get("unit", "")
    return int(text) * UNITS[unit] if text.isdigit() and unit in UNITS else None


def canonical(element: Element) -> tuple[Any, ...]:
    """Return a form that is equal for elements that mean the same to libvirt.

    The sequence of children with different names means nothing; comments are left out.
    """
    below = [child for child in element if isinstance(child.tag, str) and not is_default(child)]
    children = [canonical(child) for child in below]
    text: Any = (element.text or "").strip()
    attributes = {name: _plain(value) for name, value in element.items()}
    if text and (element.tag in SIZES or "unit" in attributes):
        size = size_of(element)
        if size is not None:
            text = values.size(size)
            attributes.pop("unit", None)
    for name in SIZED:
        size = _bytes(element, name)
        if size is not None:
            attributes[name] = values.size(size)
            attributes.pop("unit", None)
    if element.tag in ("uuid", "genid"):
        text = text.lower()
    return (element.tag, text, sorted(attributes.items()), sorted(children, key=_tag))


def lasting(root: Element) -> Element:
    """Return a copy of a domain XML without what is true only while it runs, and no password."""
    result = copy.deepcopy(root)
    for path, name, values_ in OF_A_RUN:
        for element in result.xpath(path):
            if not name:
                element.getparent().remove(element)
            elif (
                re.fullmatch(values_, element.get(name) or "", re.DOTALL) and name in element.attrib
            ):
                del element.attrib[name]
                _prune(element)
    for element in result.iter("graphics"):
        for name in SECRET:
            element.attrib.pop(name, None)
        if element.get("autoport") == "yes" and element.get("port", "-1") != "-1":
            del element.attrib["port"]
    return result


def _prune(element: Element) -> None:
    """Take out an element in which nothing is left."""
    parent = element.getparent()
    if parent is not None and not (len(element) or element.attrib or (element.text or "").strip()):
        parent.remove(element)


def _plain(value: str) -> str:
    if re.fullmatch("0x[0-9a-fA-F]+", value):
        return str(int(value, 16))
    if re.fullmatch("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", value):
        return value.lower()
    return value


def _tag(form: tuple[Any, ...]) -> str:
    return str(form[0])
