"""What a CIB goes through in tests: exported, loaded, planned against itself, laid into nothing."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from kvmha.build import cib as build
from kvmha.build import cib_codec
from kvmha.documents import cib, cib_merge, secrets
from kvmha.documents.cib import Wanted
from kvmha.spec import load_part


def exported(text: str) -> dict[str, Any]:
    """Return the pillar that ``text`` is exported to, as YAML or JSON would carry it."""
    return json.loads(json.dumps({"cib": cib_codec.export(cib.parse(text))}))


def wanted(words: dict[str, Any], values: dict[str, str] | None = None) -> Wanted:
    """Return what the pillar ``words`` wants; ``values`` are its secrets."""
    part = load_part(words)
    return build.of_words(part.cib, unmanaged=part.unmanaged, secrets=values)


def secrets_of(text: str) -> dict[str, str]:
    """Return the secrets in ``text`` by the names that an export gives them."""
    return {
        cib_codec.secret_key(pair): pair.get("value")
        for pair in cib.parse(text).iterfind(".//instance_attributes/nvpair")
        if secrets.is_secret(pair.get("name") or "") and pair.get("value") is not None
    }


def emptied(text: str) -> str:
    """Return a CIB without any configuration that has the root attributes of ``text``."""
    root = cib.parse(cib.EMPTY)
    for name, value in cib.parse(text).items():
        root.set(name, value)
    return etree.tostring(root, encoding="unicode")


def laid_into_nothing(text: str, words: dict[str, Any]) -> str:
    """Return the CIB that ``words`` makes where there is none, for the cluster of ``text``."""
    return cib_merge.edit(emptied(text), wanted(words, secrets_of(text)))[0]


def tree(element: Any) -> tuple[Any, ...]:
    """Return what an element says: all but blanks, comments and the order of attributes."""
    children = [tree(child) for child in element if isinstance(child.tag, str)]
    return (element.tag, sorted(element.items()), children)


def configuration(text: str) -> tuple[Any, ...]:
    """Return what the configuration in ``text`` says; an empty base section is none."""
    tag, attributes, sections = tree(cib.parse(text).find("configuration"))
    base = [(name, [], []) for name in cib_codec.BASE_SECTIONS]
    return (tag, attributes, [section for section in sections if section not in base])
