"""Between a vocabulary and its XML: both ways, driven by each field's ``xml`` (``xml_fields``).

What is peculiar to one kind of document is in a subclass: ``cib_codec``, ``domain_codec``.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from kvmha.build.xml_fields import (
    ANY,
    TEXT,
    Field,
    fields_of,
    kind_key,
    named_beside,
    scalar,
    scalar_text,
)
from kvmha.spec.fields import class_of


class Encoder:
    """Makes elements of the objects of a vocabulary."""

    def element(self, item: Any, tag: str) -> Any:
        """Return ``item`` as an element."""
        element = etree.Element(tag)
        cls: Any = type(item)
        for field in fields_of(cls):
            value = getattr(item, field.name)
            if value not in (None, (), {}, False):
                self._put(element, field, value)
        return self.finished(element, item)

    def finished(self, element: Any, _item: Any) -> Any:
        """Return ``element`` with what a field cannot say; for subclasses."""
        return element

    def spelt(self, _name: str, value: Any) -> str:
        """Return what is written for ``value`` of the attribute ``name``; for subclasses."""
        return scalar_text(value)

    def text(self, element: Any, _field: Field, value: Any) -> None:
        """Give ``element`` its text; for subclasses."""
        element.text = value

    def _put(self, element: Any, field: Field, value: Any) -> None:
        if field.flag:
            wrapped(element, field.paths[0])
        elif ANY in field.tags:
            self._put_any(wrapped(element, field.wrappers), field, value)
        elif not field.attribute:
            parent = wrapped(element, field.wrappers)
            for child in value if field.meta.many else (value,):
                parent.append(self._child(field, child))
        elif not field.tags:
            self._put_own(element, field, value)
        elif field.meta.many:
            parent = wrapped(element, field.wrappers)
            for one in value:
                self._say(etree.SubElement(parent, next(iter(field.tags))), field, one)
        else:
            self._say(wrapped(element, field.paths[0]), field, value)

    def _put_any(self, parent: Any, field: Field, value: Any) -> None:
        if field.attribute == TEXT:
            for name, text in value.items():
                etree.SubElement(parent, name).text = scalar_text(text)
        else:
            parent.extend(fragment(text) for text in value)

    def _put_own(self, element: Any, field: Field, value: Any) -> None:
        if ":" in field.attribute:
            names, parts = field.attribute.split(":"), value.split(":")
            if len(parts) == len(names) - 1:
                names = [names[0], *names[2:]]
            for name, part in zip(names, parts, strict=False):
                element.set(name, part)
        else:
            self._say(element, field, ",".join(value) if field.meta.many else value)

    def _say(self, element: Any, field: Field, value: Any) -> None:
        if field.attribute == ANY:
            for name, one in value.items():
                element.set(name, self.spelt(name, one))
        elif field.attribute == TEXT:
            self.text(element, field, value)
        else:
            element.set(field.attribute, value)

    def _child(self, field: Field, value: Any) -> Any:
        by_kind = {kind: tag for tag, kind in field.tags.items()}
        kind = getattr(value, kind_key(type(value))) if "" not in by_kind else ""
        return self.element(value, by_kind[kind])


class Reader:
    """Reads elements into the pillar's words."""

    def fail(self, element: Any, message: str) -> None:
        """Note what the words cannot say; for subclasses."""

    def object(self, cls: type, element: Any, kind: str = "") -> dict[str, Any]:
        """Return what ``element`` says in the words of ``cls``."""
        return self.words(cls, element, dict(element.attrib), kind)

    def words(
        self, cls: type, element: Any, attributes: dict[str, str], kind: str = ""
    ) -> dict[str, Any]:
        """Return what the fields of ``cls`` find, and take ``attributes`` that they name."""
        said: dict[str, Any] = {}
        for field in fields_of(cls, kind):
            value = self._value(cls, field, element, attributes)
            if not is_absent(value, field):
                said[field.name] = value
        return said

    def many(self, _field: Field, items: list[Any]) -> Any:
        """Return the pillar's value for several objects; for subclasses."""
        return items

    def text(self, element: Any, _field: Field) -> Any:
        """Return the text of ``element`` as the pillar says it; for subclasses."""
        return element.text

    def _value(self, cls: type, field: Field, element: Any, attributes: dict[str, str]) -> Any:
        if not field.tags:
            return self._own(field, element, attributes)
        parents = [element]
        for tag in field.wrappers:
            parents = [child for parent in parents for child in parent.iterfind(tag)]
        if ANY in field.tags:
            return self._any(cls, field, parents)
        found = [child for parent in parents for child in parent if child.tag in field.tags]
        if field.flag:
            return any(not elements(child) for child in found)
        if field.attribute:
            return self._attributes_of(cls, field, found)
        items = [self._child(field, child) for child in found]
        if field.meta.many:
            return self.many(field, items)
        if len(items) > 1:
            self.fail(found[1], "stands there twice")
        return items[0] if items else None

    def _own(self, field: Field, element: Any, attributes: dict[str, str]) -> Any:
        if field.attribute == TEXT:
            return self.text(element, field)
        if field.attribute == ANY:
            return {name: scalar(attributes.pop(name)) for name in list(attributes)}
        return _take(field, attributes)

    def _any(self, cls: type, field: Field, parents: list[Any]) -> Any:
        children = [child for parent in parents for child in elements(parent)]
        if field.attribute == TEXT:
            return {child.tag: scalar(child.text or "") for child in children}
        if field.wrappers:
            return [as_text(child) for child in children]
        known = {path[0] for one in fields_of(cls) for path in one.paths}
        return [as_text(child) for child in children if child.tag not in known]

    def _attributes_of(self, cls: type, field: Field, found: list[Any]) -> Any:
        """Return what is asked of each of the children, or of the only one."""
        values = [self._asked(cls, field, child) for child in found]
        for child, value in zip(found, values, strict=True):
            if value == "" or (value is None and field.meta.many):
                self.fail(child, f"has no {field.attribute}")
        return values if field.meta.many else next(iter(values), None)

    def _asked(self, cls: type, field: Field, child: Any) -> Any:
        if field.attribute == TEXT:
            return self.text(child, field)
        if field.attribute == ANY:
            beside = named_beside(cls, field.paths[0])
            return {name: scalar(text) for name, text in child.items() if name not in beside}
        return child.get(field.attribute)

    def _child(self, field: Field, child: Any) -> dict[str, Any]:
        inner = class_of(field.meta)
        assert inner is not None
        kind = field.tags[child.tag]
        said = self.object(inner, child, kind)
        default = inner.__dataclass_fields__  # type: ignore[attr-defined]
        key = kind_key(inner)
        if kind and default[key].default != kind:
            return {key: kind, **said}
        return said


def wrapped(element: Any, tags: tuple[str, ...]) -> Any:
    """Return the element at ``tags`` below, made where it is missing."""
    for tag in tags:
        inner = element.find(tag)
        element = etree.SubElement(element, tag) if inner is None else inner
    return element


def elements(element: Any) -> list[Any]:
    """Return the elements below, without comments."""
    return [child for child in element if isinstance(child.tag, str)]


def fragment(text: str) -> Any:
    """Return the element that ``text`` is; raise lxml's XMLSyntaxError where it is none."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    return etree.fromstring(text, parser)


def as_text(element: Any) -> str:
    """Return ``element`` as XML on its own: with the namespaces it needs, and no others."""
    alone = fragment(etree.tostring(element, encoding="unicode", with_tail=False))
    etree.cleanup_namespaces(alone)
    return str(etree.tostring(alone, encoding="unicode"))


def is_absent(value: Any, field: Field) -> bool:
    """Tell whether the pillar need not say ``value``."""
    empty = value == [] or (value == {} and field.meta.kind == "scalars")
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
