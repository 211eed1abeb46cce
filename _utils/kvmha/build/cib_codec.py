"""Between the pillar's words for the CIB and its XML: both ways, driven by each field's ``xml``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from kvmha.build.cib_fields import Field, fields_of, kind_key, scalar, scalar_text
from kvmha.documents import secrets as secret_names
from kvmha.documents.cib import KEPT, SECRET
from kvmha.documents.cib_ids import derived_id, repeated
from kvmha.errors import InvalidInput, Problem
from kvmha.spec.cib import Cib
from kvmha.spec.cib_parts import NvSet, Pair
from kvmha.spec.fields import class_of

BASE_SECTIONS = ("crm_config", "nodes", "resources", "constraints")


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
    elif field.flag:
        _wrapped(element, field.paths[0])
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
    if value is None:
        pair.set(KEPT, "1")
    else:
        pair.set("value", value)
        pair.set(SECRET, "1")


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
        elif any(tag in field.wrappers[:1] for field in fields_of(item.__class__)):
            child = etree.Element(tag)  # it is there, and empty
        if child is not None:
            arranged.append(child)
    element[:] = [*arranged, *left]
    return element


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
    for one in repeated(element):
        reader.fail(one, "has the id of another element")
    if reader.problems:
        raise InvalidInput("the CIB, for its export,", reader.problems)
    return found


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def object(self, cls: type, element: Any, kind: str = "") -> dict[str, Any]:
        fields = fields_of(cls, kind)
        attributes = dict(element.attrib)
        if _goes_without_id(cls, element, attributes):
            attributes.pop("id")
        if element.get("id") == "":
            self.fail(element, "has an empty id")
        said: dict[str, Any] = {}
        for field in fields:
            value = self.field(field, element, attributes)
            if not _is_absent(value, field):
                said[field.name] = value
            if field.meta.required and value in (None, ""):
                self.fail(element, f"has no {field.attribute}")
        self.check(fields, element, (), attributes)
        order = _order(cls, fields, element)
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
            return any(not _elements(child) for child in found)
        if field.attribute:
            return self.attributes_of(field, found)
        items = [self.child(field, child) for child in found]
        if field.meta.many:
            return _shortest(field, items)
        if len(items) > 1:
            self.fail(found[1], "stands there twice")
        return items[0] if items else None

    def attributes_of(self, field: Field, found: list[Any]) -> Any:
        """Return an attribute of each of the children, or of the only one."""
        values = [child.get(field.attribute) for child in found]
        for child, value in zip(found, values, strict=True):
            if value == "" or (value is None and field.meta.many):
                self.fail(child, f"has no {field.attribute}")
        return values if field.meta.many else next(iter(values), None)

    def child(self, field: Field, child: Any) -> dict[str, Any]:
        inner = class_of(field.meta)
        assert inner is not None
        kind = field.tags[child.tag]
        said = self.object(inner, child, kind)
        default = inner.__dataclass_fields__  # type: ignore[attr-defined]
        key = kind_key(inner)
        if kind and default[key].default != kind:
            return {key: kind, **said}
        return said

    def check(
        self, fields: tuple[Field, ...], element: Any, path: tuple[str, ...], left: Iterable[str]
    ) -> None:
        """Note what no field takes: the attributes ``left``, text, and what is below ``path``."""
        for name in left:
            self.fail(element, f"has no word for the attribute {name!r}")
        if any((text or "").strip() for text in (element.text, *(one.tail for one in element))):
            self.fail(element, "has no word for text")
        seen: set[str] = set()
        for child in _elements(element):
            way = (*path, child.tag)
            mine = [(one, to) for one in fields for to in one.paths if to[: len(way)] == way]
            if not mine:
                self.fail(child, "has no word")
            if not mine or any(to == way and class_of(one.meta) for one, to in mine):
                continue
            if child.tag in seen and not any(to == way and one.meta.many for one, to in mine):
                self.fail(child, "stands there twice")
            seen.add(child.tag)
            named = {one.attribute for one, to in mine if to == way}
            self.check(fields, child, way, set(child.attrib) - named)

    def fail(self, element: Any, message: str) -> None:
        steps = [
            f"{one.tag}[{one.get('id')}]" if one.get("id") else one.tag
            for one in (element, *element.iterancestors())
            if one.tag not in ("cib", "configuration")
        ]
        place = "cib:" + "/".join(reversed(steps))
        hint = "it stays untouched in the cluster; leave it out of the file to export the rest"
        self.problems.append(Problem(place, message, hint, "CIB_UNSAYABLE"))


def _elements(element: Any) -> list[Any]:
    """Return the elements below, without comments."""
    return [child for child in element if isinstance(child.tag, str)]


def _goes_without_id(cls: type, element: Any, attributes: dict[str, str]) -> bool:
    """Tell whether the id need not be said; one that is not there is said to be empty.

    One of several sets is always named: which of them a plain mapping means would be a guess.
    """
    derived = derived_id(element)
    if derived is None or attributes.setdefault("id", "") != derived:
        return False
    return cls is not NvSet or len(element.getparent().findall(element.tag)) == 1


def _order(cls: type, fields: tuple[Field, ...], element: Any) -> list[str]:
    """Return the children's tags where the fields would not give them, or not in this order."""
    ranks: dict[str, int] = {}
    for rank, field in enumerate(fields):
        for path in field.paths:
            ranks.setdefault(path[0], rank)
    children = _elements(element)
    tags = [child.tag for child in children]
    usual = sorted(tags, key=lambda tag: ranks.get(tag, 0))
    wrappers = {field.wrappers[0] for field in fields if field.wrappers}
    silent = BASE_SECTIONS if cls is Cib else ()
    empty = any(
        not _elements(child) and not child.attrib
        for child in children
        if child.tag in wrappers and child.tag not in silent
    )
    return tags if tags != usual or empty else []


def _is_absent(value: Any, field: Field) -> bool:
    empty = value == [] or (value == {} and field.attribute == "*")
    return value is None or empty or (field.flag and not value)


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
    name = pair.get("name", "")
    if nvset.tag == "instance_attributes" and "value" in said and secret_names.is_secret(name):
        del said["value"]
        said["secret"] = secret_key(pair)


def secret_key(pair: Any) -> str:
    """Return the key below ``kvmha_secrets`` that an export gives the value of ``pair``."""
    nvset = pair.getparent()
    alone = len(nvset.getparent().findall(nvset.tag)) == 1
    return f"{(nvset.getparent() if alone else nvset).get('id')}.{pair.get('name')}"


def _fold_pairs(said: dict[str, Any]) -> None:
    """Say pairs as mappings where each has a name of its own, a value and a derived id."""
    pairs = said.pop("pairs", [])
    names = [scalar_text(pair.get("name", "")) for pair in pairs]
    kinds = [tuple(sorted(pair)) for pair in pairs]
    usual = set(kinds) <= {("name", "value"), ("name", "secret")} and kinds == sorted(
        kinds, key=lambda kind: "secret" in kind
    )
    if not usual or len(set(names)) != len(names):
        said["pairs"] = pairs
        return
    for words, key in (("values", "value"), ("secrets", "secret")):
        found = {scalar_text(pair["name"]): pair[key] for pair in pairs if key in pair}
        if found:
            said[words] = found
