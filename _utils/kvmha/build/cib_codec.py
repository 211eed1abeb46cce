"""Between the pillar's words for the CIB and its XML: both ways, driven by each field's ``xml``.

What ``xml`` of a field can say:

==================  ==========================================================================
``@score``          the attribute ``score`` of the element
``@a:b:c``          three attributes, joined by colons (an agent's class, provider and type)
``@*``              all attributes that no other field names
``tag@id``          that attribute of a child; of every such child where the field is a list
``tag``, ``a/tag``  child elements, ``a`` being the element around them
``<kind>``          child elements whose tags are the values of the class's ``TAGS``
``a/tag!``          whether this (empty) element is there
==================  ==========================================================================
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from kvmha.documents import secrets as secret_names
from kvmha.documents.cib import KEPT
from kvmha.documents.cib_ids import derived_id
from kvmha.errors import InvalidInput, Problem
from kvmha.spec.cib import Cib
from kvmha.spec.cib_parts import NvSet, Pair
from kvmha.spec.fields import Meta, class_of

BASE_SECTIONS = ("crm_config", "nodes", "resources", "constraints")


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a vocabulary class with its place in the XML."""

    name: str
    meta: Meta
    wrappers: tuple[str, ...]
    tags: Mapping[str, str]  # tag -> kind, with the kind empty where there is but one tag
    attribute: str
    flag: bool

    @property
    def first(self) -> tuple[str, ...]:
        """The tags that this field has directly below the element."""
        return self.wrappers[:1] or tuple(self.tags)


@functools.cache
def fields_of(cls: Any) -> tuple[Field, ...]:
    """Return the fields of ``cls`` that have a place in the XML."""
    found = []
    for field in dataclasses.fields(cls):
        meta: Meta = field.metadata["said"]
        if not meta.xml:
            continue
        path, _, attribute = meta.xml.partition("@")
        *wrappers, tag = path.rstrip("!").split("/")
        inner = class_of(meta)
        if tag == "<kind>":
            tags = {one: kind for kind, one in inner.TAGS.items()}  # type: ignore[union-attr]
        else:
            tags = {tag: ""} if tag else {}
        found.append(Field(field.name, meta, tuple(wrappers), tags, attribute, path.endswith("!")))
    return tuple(found)


def kind_key(cls: type) -> str:
    """Return the name of the field that says which kind of ``cls`` an object is."""
    return "style" if "style" in cls.__dataclass_fields__ else "kind"  # type: ignore[attr-defined]


# --- pillar to XML -----------------------------------------------------------------------------


def encode(item: Any, tag: str, secrets: Mapping[str, str] | None = None) -> Any:
    """Return ``item`` as an element; ids that are not said are left out.

    ``secrets`` are the values that NvSet.secrets name. A secret without a value becomes a pair
    that is marked with ``KEPT``.
    """
    element = etree.Element(tag)
    cls: Any = type(item)
    for field in fields_of(cls):
        value = getattr(item, field.name)
        if value not in (None, (), {}, False):
            _put(element, field, value, secrets or {})
        if isinstance(item, NvSet) and field.name == "rule":
            element.extend(_pairs(item, secrets or {}))
    if isinstance(item, Pair) and item.secret:
        _give_secret(element, (secrets or {}).get(item.secret))
    return _arranged(element, item)


def _put(element: Any, field: Field, value: Any, secrets: Mapping[str, str]) -> None:
    if field.attribute == "*":
        for name, text in value.items():
            element.set(name, scalar_text(text))
    elif field.attribute and not field.tags:
        _put_attribute(element, field, value)
    elif field.attribute and not field.meta.many:
        _wrapped(element, tuple(field.tags)).set(field.attribute, value)
    else:
        parent = _wrapped(element, field.wrappers)
        for child in value if field.meta.many else (value,):
            parent.append(_child(field, child, secrets))


def _put_attribute(element: Any, field: Field, value: Any) -> None:
    if ":" in field.attribute:
        names, parts = field.attribute.split(":"), value.split(":")
        if len(parts) == len(names) - 1:
            names = [names[0], *names[2:]]
        for name, part in zip(names, parts, strict=False):
            element.set(name, part)
    else:
        element.set(field.attribute, ",".join(value) if field.meta.many else value)


def _child(field: Field, value: Any, secrets: Mapping[str, str]) -> Any:
    if field.flag:
        return etree.Element(next(iter(field.tags)))
    if field.attribute:
        child = etree.Element(next(iter(field.tags)))
        child.set(field.attribute, value)
        return child
    by_kind = {kind: tag for tag, kind in field.tags.items()}
    kind = getattr(value, kind_key(type(value))) if "" not in by_kind else ""
    return encode(value, by_kind[kind], secrets)


def _wrapped(element: Any, tags: tuple[str, ...]) -> Any:
    for tag in tags:
        inner = element.find(tag)
        element = etree.SubElement(element, tag) if inner is None else inner
    return element


def _pairs(nvset: NvSet, secrets: Mapping[str, str]) -> Iterator[Any]:
    for name, value in nvset.values.items():
        yield etree.Element("nvpair", name=name, value=scalar_text(value))
    for name, key in nvset.secrets.items():
        pair = etree.Element("nvpair", name=name)
        _give_secret(pair, secrets.get(scalar_text(key)))
        yield pair


def _give_secret(pair: Any, value: str | None) -> None:
    pair.set(KEPT, "1") if value is None else pair.set("value", value)


def _arranged(element: Any, item: Any) -> Any:
    """Return ``element`` with its children in the order that ``item`` asks for."""
    wanted = getattr(item, "order", ())
    if not wanted:
        return element
    left = list(element)
    arranged = []
    for tag in wanted:
        child = next((one for one in left if one.tag == tag), None)
        if child is not None:
            left.remove(child)
        elif isinstance(item, Cib):  # an empty section
            child = etree.Element(tag)
        if child is not None:
            arranged.append(child)
    element[:] = [*arranged, *left]
    return element


def scalar_text(value: str | int | bool) -> str:
    """Return a scalar of the pillar as the CIB writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- XML to pillar -----------------------------------------------------------------------------


def export(root: Any) -> dict[str, Any]:
    """Return what the pillar's key ``cib`` has to say to get the configuration of ``root``."""
    return decode(Cib, root.find("configuration"))


def decode(cls: type, element: Any) -> dict[str, Any]:
    """Return the pillar's words for ``element``, which is of the vocabulary class ``cls``.

    Ids that would be derived again are left out. Values of names that look like secrets are
    replaced by references. Raises InvalidInput with everything that has no word.
    """
    reader = _Reader()
    found = reader.object(cls, element)
    if reader.problems:
        raise InvalidInput("the CIB, for its export,", reader.problems)
    return found


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def object(self, cls: type, element: Any) -> dict[str, Any]:
        attributes = dict(element.attrib)
        derived = derived_id(element)
        if derived is not None and attributes.setdefault("id", "") == derived:
            del attributes["id"]
        children = [child for child in element if isinstance(child.tag, str)]
        said: dict[str, Any] = {}
        for field in fields_of(cls):
            value = self.field(field, element, attributes)
            if not _is_absent(value, field):
                said[field.name] = value
        self.check_rest(cls, element, attributes, children)
        order = self.order(cls, children)
        if order:
            said["order"] = order
        if cls is Pair:
            _hide_secret(said, element)
        if cls is NvSet:
            _fold_pairs(said)
        return said

    def field(self, field: Field, element: Any, attributes: dict[str, str]) -> Any:
        if field.attribute == "*":
            return {name: scalar(attributes.pop(name)) for name in list(attributes)}
        if field.attribute and not field.tags:
            return _take(field, attributes)
        parents = [element]
        for tag in field.wrappers:
            parents = [child for parent in parents for child in parent.iterfind(tag)]
        found = [child for parent in parents for child in parent if child.tag in field.tags]
        if field.flag:
            return bool(found)
        if field.attribute:
            values = [child.get(field.attribute) for child in found]
            values = [value for value in values if value is not None]
            return values if field.meta.many else (values[0] if values else None)
        items = [self.child(field, child) for child in found]
        if field.meta.many:
            return _shortest(field, items)
        if len(items) > 1:
            self.fail(found[1], "stands there twice")
        return items[0] if items else None

    def child(self, field: Field, child: Any) -> dict[str, Any]:
        inner = class_of(field.meta)
        assert inner is not None
        kind = field.tags[child.tag]
        said = self.object(inner, child)
        default = inner.__dataclass_fields__  # type: ignore[attr-defined]
        key = kind_key(inner)
        if kind and default[key].default != kind:
            return {key: kind, **said}
        return said

    def check_rest(
        self, cls: type, element: Any, attributes: dict[str, str], children: list[Any]
    ) -> None:
        """Note what no field of ``cls`` has taken."""
        for name in attributes:
            self.fail(element, f"has no word for the attribute {name!r}")
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            self.fail(element, "has no word for text")
        known = {tag for field in fields_of(cls) for tag in field.first}
        for child in children:
            if child.tag not in known:
                self.fail(child, "has no word")
            elif child.tag not in {t for f in fields_of(cls) for t in f.tags}:
                self.check_wrapper(cls, child)

    def check_wrapper(self, cls: type, wrapper: Any) -> None:
        """Note what is in an element that only holds others, and that no field takes."""
        mine = [field for field in fields_of(cls) if field.first == (wrapper.tag,)]
        named = {field.attribute for field in mine if field.attribute}
        inner = {field.wrappers[1] if len(field.wrappers) > 1 else tag
                 for field in mine if field.wrappers for tag in field.tags}  # fmt: skip
        for name in wrapper.attrib:
            if name not in named:
                self.fail(wrapper, f"has no word for the attribute {name!r}")
        for child in wrapper:
            if isinstance(child.tag, str) and child.tag not in inner:
                self.fail(child, "has no word")

    def order(self, cls: type, children: list[Any]) -> list[str]:
        """Return the children's tags where they are not in the order of the fields."""
        ranks: dict[str, int] = {}
        for rank, field in enumerate(fields_of(cls)):
            for tag in field.first:
                ranks.setdefault(tag, rank)
        tags = [child.tag for child in children]
        usual = sorted(tags, key=lambda tag: ranks.get(tag, 0))
        empty = cls is Cib and any(
            not len(child) and child.tag not in BASE_SECTIONS for child in children
        )
        return tags if tags != usual or empty else []

    def fail(self, element: Any, message: str) -> None:
        steps = [
            f"{one.tag}[{one.get('id')}]" if one.get("id") else one.tag
            for one in (element, *element.iterancestors())
            if one.tag not in ("cib", "configuration")
        ]
        place = "cib:" + "/".join(reversed(steps))
        hint = "it stays untouched in the cluster; leave it out of the file to export the rest"
        self.problems.append(Problem(place, message, hint, "CIB_UNSAYABLE"))


def _is_absent(value: Any, field: Field) -> bool:
    return value is None or value in ([], {}) or (field.flag and not value)


def _take(field: Field, attributes: dict[str, str]) -> Any:
    if ":" in field.attribute:
        names = [name for name in field.attribute.split(":") if name in attributes]
        parts = [attributes[name] for name in names]
        whole = field.attribute.split(":")
        if names not in (whole, [whole[0], whole[-1]]) or any(":" in part for part in parts):
            return None  # left for `more`
        for name in names:
            del attributes[name]
        return ":".join(parts)
    if field.attribute not in attributes:
        return None
    text = attributes[field.attribute]
    if field.meta.many:
        parts = text.split(",")
        if "" in parts:
            return None
        del attributes[field.attribute]
        return parts
    del attributes[field.attribute]
    return scalar(text)


def _shortest(field: Field, items: list[dict[str, Any]]) -> Any:
    """Return sets of name-value pairs as a plain mapping where that says it all."""
    plain = len(items) == 1 and set(items[0]) == {"values"}
    return items[0]["values"] if field.meta.kind == "nvsets" and plain else items


def _hide_secret(said: dict[str, Any], pair: Any) -> None:
    """Put the name of a secret in the place of its value."""
    nvset = pair.getparent()
    name = str(said.get("name", ""))
    if nvset.tag == "instance_attributes" and "value" in said and secret_names.is_secret(name):
        del said["value"]
        said["secret"] = f"{nvset.getparent().get('id')}.{name}"


def _fold_pairs(said: dict[str, Any]) -> None:
    """Say pairs as mappings where each has a name of its own, a value and a derived id."""
    pairs = said.pop("pairs", [])
    names = [pair.get("name") for pair in pairs]
    kinds = [tuple(sorted(pair)) for pair in pairs]
    usual = set(kinds) <= {("name", "value"), ("name", "secret")} and kinds == sorted(
        kinds, key=lambda kind: "secret" in kind
    )
    if not usual or len(set(names)) != len(names):
        said["pairs"] = pairs
        return
    for words, key in (("values", "value"), ("secrets", "secret")):
        found = {str(pair["name"]): pair[key] for pair in pairs if key in pair}
        if found:
            said[words] = found


def scalar(text: str) -> str | int | bool:
    """Return the shortest pillar value that is written back as ``text``."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() and len(text) < 16 and str(int(text)) == text else text
