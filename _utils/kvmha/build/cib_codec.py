"""Between the pillar's words for the CIB and its XML: ids, secrets, sequence of elements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from kvmha.build.xml_codec import Encoder, Reader, elements
from kvmha.build.xml_fields import Field, fields_of, scalar_text
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
    return _Encoder(secrets or {}).element(item, tag)


class _Encoder(Encoder):
    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.secrets = secrets

    def finished(self, element: Any, item: Any) -> Any:
        if isinstance(item, NvSet):
            element[len(element.findall("rule")) : 0] = list(self._pairs(item))
        if isinstance(item, Pair) and item.secret:
            _give_secret(element, self.secrets.get(item.secret))
        return _arranged(element, item)

    def _pairs(self, nvset: NvSet) -> Iterator[Any]:
        for name, value in nvset.values.items():
            yield etree.Element("nvpair", name=name, value=scalar_text(value))
        for name, key in nvset.secrets.items():
            pair = etree.Element("nvpair", name=name)
            _give_secret(pair, self.secrets.get(scalar_text(key)))
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


class _Reader(Reader):
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def object(self, cls: type, element: Any, kind: str = "") -> dict[str, Any]:
        fields = fields_of(cls, kind)
        attributes = dict(element.attrib)
        if _goes_without_id(cls, element, attributes):
            attributes.pop("id")
        if element.get("id") == "":
            self.fail(element, "has an empty id")
        said = self.words(cls, element, attributes, kind)
        for field in fields:
            if field.meta.required and said.get(field.name) in (None, ""):
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

    def many(self, field: Field, items: list[Any]) -> Any:
        return _shortest(field, items)

    def check(
        self, fields: tuple[Field, ...], element: Any, path: tuple[str, ...], left: Iterable[str]
    ) -> None:
        """Note what no field takes: the attributes ``left``, text, and what is below ``path``."""
        for name in left:
            self.fail(element, f"has no word for the attribute {name!r}")
        if any((text or "").strip() for text in (element.text, *(one.tail for one in element))):
            self.fail(element, "has no word for text")
        seen: set[str] = set()
        for child in elements(element):
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
    children = elements(element)
    tags = [child.tag for child in children]
    usual = sorted(tags, key=lambda tag: ranks.get(tag, 0))
    wrappers = {field.wrappers[0] for field in fields if field.wrappers}
    silent = BASE_SECTIONS if cls is Cib else ()
    empty = any(
        not elements(child) and not child.attrib
        for child in children
        if child.tag in wrappers and child.tag not in silent
    )
    return tags if tags != usual or empty else []


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
