"""Fields that the vocabulary of domains is made of.

Values are kept as libvirt writes them. An element that has nothing but attributes is a plain
mapping: its keys are libvirt's names of the attributes. Source:
https://libvirt.org/formatdomain.html.
"""

from __future__ import annotations

from typing import Any

from kvmha.spec.fields import said


def word(doc: str, xml: str, example: Any = None) -> Any:
    """Return a field for one value, absent by default."""
    return said("word", doc, xml=xml, example=example, default=None, blank=True)


def words(doc: str, xml: str, example: Any = None) -> Any:
    """Return a field for the same value of several elements."""
    return said("word", doc, xml=xml, example=example, many=True, default=())


def switch(doc: str, xml: str, *, off: bool = False) -> Any:
    """Return a field that libvirt spells on and off."""
    example = "off" if off else "on"
    return said("text", doc, xml=xml, example=example, choices=("on", "off"), default=None)


def consent(doc: str, xml: str) -> Any:
    """Return a field that libvirt spells yes and no."""
    return said("text", doc, xml=xml, example="yes", choices=("yes", "no"), default=None)


def flag(doc: str, xml: str) -> Any:
    """Return a field that tells whether an empty element is there."""
    return said("boolean", doc, xml=f"{xml}!", example=True, default=False)


def size(doc: str, xml: str, example: str = "4GiB") -> Any:
    """Return a field for an element that holds a size."""
    return said("size", doc, xml=f"{xml}#", example=example, default=None)


def attributes(doc: str, xml: str, example: Any = None) -> Any:
    """Return a field for an element that has nothing but attributes."""
    return said("scalars", doc, xml=f"{xml}@*", example=example, default=dict)


def attributes_of_each(doc: str, xml: str, example: Any = None) -> Any:
    """Return a field for several elements that have nothing but attributes."""
    return said("scalars", doc, xml=f"{xml}@*", example=[example], many=True, default=())


def part(doc: str, xml: str, of: type) -> Any:
    """Return a field for one element that has a class of its own."""
    return said("object", doc, xml=xml, of=of, default=None)


def parts(doc: str, xml: str, of: type) -> Any:
    """Return a field for several elements that have a class of their own."""
    return said("object", doc, xml=xml, of=of, many=True, default=())


def more(example: Any = None) -> Any:
    """Return the field ``more``: attributes that have no word of their own."""
    return said(
        "scalars",
        "XML attributes that have no word here.",
        xml="@*",
        default=dict,
        example=example or {"x": "1"},
    )


def raw() -> Any:
    """Return the field ``raw``: elements that have no word, as they stand."""
    return said(
        "word",
        "XML elements inside this one for which there is no word.",
        xml="*",
        many=True,
        default=(),
        example=["<x y='1'/>"],
    )


def address() -> Any:
    """Return the field ``address`` of a device."""
    return attributes(
        "Where the guest sees it; absent: libvirt's choice, which then stays.",
        "address",
        {"type": "pci", "domain": 0, "bus": 1, "slot": 0, "function": 0},
    )


def alias() -> Any:
    """Return the field ``alias`` of a device."""
    return word("Name of your own for it, `ua-...`.", "alias@name", "ua-system")


def boot() -> Any:
    """Return the field ``boot`` of a device."""
    return attributes("Its place in the order of booting.", "boot", {"order": 1})


def driver(example: Any) -> Any:
    """Return the field ``driver`` of a device."""
    return attributes("Options of what drives it on the host.", "driver", example)
