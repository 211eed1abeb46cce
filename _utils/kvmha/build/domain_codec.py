"""Between the pillar's words for a domain and its XML; what has no word is kept as it is."""

from __future__ import annotations

from typing import Any

from kvmha import values
from kvmha.build.xml_codec import Encoder, Reader, as_text, elements
from kvmha.build.xml_fields import Field, fields_of
from kvmha.documents import domain, domain_defaults
from kvmha.errors import InvalidInput, Problem
from kvmha.spec.domain import Domain
from kvmha.spec.load import read_part
from kvmha.spec.vms import Vm


def encode(said: Domain) -> domain.Element:
    """Return the part of a domain XML that ``said`` is."""
    return _Encoder().element(said, "domain")


def export(root: domain.Element) -> dict[str, Any]:
    """Return the item of the pillar's ``vms`` that describes the domain XML ``root``.

    What is true only of a running domain is left out, and so are passwords of screens. Planned
    against the same XML it changes nothing. Raises InvalidInput where the domain cannot be one
    of ``vms``: its name, its memory.
    """
    root = domain_defaults.lasting(root)
    problems: list[Problem] = []
    found: dict[str, Any] = {"name": root.findtext("name") or ""}
    memory = root.find("memory")
    size = None if memory is None else domain_defaults.size_of(memory)
    if size is None:
        problems.append(Problem("memory", "is missing or no size", "write it in KiB"))
    found["memory"] = values.size(size or 1024)
    found["vcpus"] = int(root.findtext("vcpu") or 1)
    kind = root.get("type", "kvm")
    if kind in kinds_of_vm():
        found["type"] = kind
        del root.attrib["type"]
    for tag in ("name", "memory", "vcpu"):
        for element in root.findall(tag):
            element.text = None
            if not element.attrib or set(element.attrib) == {"unit"}:
                root.remove(element)
            else:
                element.attrib.pop("unit", None)
    said = _Reader().object(Domain, root)
    found["domain"] = {"whole": True, **said}
    _, more = read_part(Vm, found)
    if problems := [*problems, *more]:
        raise InvalidInput("the domain, for its export,", problems)
    return found


def kinds_of_vm() -> tuple[str, ...]:
    """Return the hypervisors that a VM of the pillar can have."""
    meta = Vm.__dataclass_fields__["type"].metadata["said"]
    return tuple(meta.choices)


class _Encoder(Encoder):
    def spelt(self, name: str, value: Any) -> str:
        return domain_defaults.spelt(name, value)

    def text(self, element: Any, field: Field, value: Any) -> None:
        if field.meta.kind == "size":
            element.text = str(-(-value // 1024))
            element.set("unit", "KiB")
        else:
            element.text = value


class _Reader(Reader):
    """Reads a domain; keeps raw what the words would not write back as it was."""

    def object(self, cls: type, element: Any, kind: str = "") -> dict[str, Any]:
        said = super().object(cls, element, kind)
        fields = fields_of(cls)
        if not any(field.name == "raw" for field in fields):
            return said
        item, problems = read_part(cls, said)
        refused = {problem.place.partition(".")[0].partition("[")[0] for problem in problems}
        if refused:
            item, _ = read_part(cls, {key: one for key, one in said.items() if key not in refused})
        again = _Encoder().element(item, element.tag)
        odd = _different(element, again)
        if odd:
            for field in fields:
                if field.tags and any(path[0] in odd for path in field.paths):
                    said.pop(field.name, None)
            kept = [as_text(child) for child in elements(element) if child.tag in odd]
            said["raw"] = [*said.get("raw", []), *kept]
        return said

    def text(self, element: Any, field: Field) -> Any:
        if field.meta.kind != "size":
            return element.text
        size = domain_defaults.size_of(element)
        return None if size is None else values.size(size)


def _different(element: Any, again: Any) -> set[str]:
    """Return the tags of those children that are not the same in ``again``."""
    tags = dict.fromkeys(child.tag for child in elements(element))
    return {tag for tag in tags if _canonical(element, tag) != _canonical(again, tag)}


def _canonical(element: Any, tag: str) -> list[Any]:
    return [domain_defaults.canonical(child) for child in element.iterfind(tag)]
