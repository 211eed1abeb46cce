"""Which element of one domain XML is which of another: by what identifies it, else by its like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

from kvmha.documents.domain_defaults import is_same

Element: TypeAlias = Any  # lxml brings no types

# What tells an element from its siblings of the same name; all of it must be there.
IDENTITY = {
    "disk": ("target@dev",),
    "interface": ("mac@address",),
    "controller": ("@type", "@index"),
    "channel": ("target@name",),
    "filesystem": ("target@dir",),
    "input": ("@type", "@bus"),
    "graphics": ("@type",),
    "timer": ("@name",),
    "feature": ("@name",),
    "entry": ("@name",),
    "event": ("@name",),
    "parameter": ("@name",),
    "cell": ("@id",),
    "sibling": ("@id",),
    "memnode": ("@cellid",),
    "vcpupin": ("@vcpu",),
    "iothreadpin": ("@iothread",),
}
# Of several like these one more is one more device, never another in the place of the first.
_MANY = ("disk", "controller", "channel", "filesystem", "input", "hostdev", "redirdev")
# Lists that are said whole: what is not among them is not wanted.
WHOLE = ("boot", "page", "tag", "host", "vcpusched", "codec")
_KIND = ("@type", "@model", "@bus", "@mode", "target@type", "source/address@bus", "source@network")


def children(element: Element) -> Iterator[tuple[str, Element]]:
    """Yield the child elements, each with a name that is its own among its siblings."""
    seen: dict[str, int] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue  # a comment
        found = identity(child)
        name = etree.QName(child).localname + (f"[{found}]" if found else "")
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}[{seen[name]}]"), child


def pairs(have: Element, want: Element) -> Iterator[tuple[Element | None, Element]]:
    """Yield each child of ``want`` with the child of ``have`` that it means, or None."""
    left = dict(children(have))
    later = []
    for name, child in children(want):
        if name in left and _fits(left[name], child):
            yield left.pop(name), child
        else:
            later.append(child)
    for child in later:
        like = _like(left, child)
        yield (left.pop(like) if like else None), child


def identity(element: Element) -> str:
    """Return what tells ``element`` from its siblings of the same name, or nothing."""
    paths = IDENTITY.get(element.tag, ())
    found = [_value(element, path) for path in paths]
    if element.tag == "controller":
        return "".join(found) if all(found) else ""
    return ".".join(found) if all(found) else ""


def _fits(have: Element, want: Element) -> bool:
    """Tell whether elements with the same name may be one: named ones are, others by their kind."""
    return bool(identity(want)) or _alike(have, want) or want.tag not in (*_MANY, "console")


def _like(left: dict[str, Element], want: Element) -> str:
    same = [name for name, one in left.items() if one.tag == want.tag and not _differs(one, want)]
    alike = [name for name in same if _alike(left[name], want)]
    if alike or want.tag in (*_MANY, "console") or identity(want):
        return alike[0] if alike and not identity(want) else ""
    return same[0] if same else ""


def _differs(have: Element, want: Element) -> bool:
    """Tell whether both are named, each otherwise."""
    return bool(identity(have) and identity(want)) and identity(have) != identity(want)


def _alike(have: Element, want: Element) -> bool:
    for path in _KIND:
        mine, other = _value(want, path), _value(have, path)
        name = path.rpartition("@")[2]
        if mine and other and not is_same(want, name, other, mine):
            return False
    return True


def _value(element: Element, path: str) -> str:
    way, _, name = path.partition("@")
    child = element.find(way) if way else element
    found = "" if child is None else child.get(name, "")
    return found.lower() if name == "address" else found
