"""One thing, several spellings: what Pacemaker renamed, and which name a cluster wants.

Sources: ChangeLog of Pacemaker 2.0 to 3.0, ``lib/common/options.c``, the RNG schemas (roles
``Promoted`` and ``Unpromoted`` are known since pacemaker-3.7; 4.0 knows no others).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kvmha.documents import typed_values
from kvmha.documents.pacemaker_options import META_ATTRIBUTES, PROPERTIES, canonical_name

_ROLES = {"master": "Promoted", "slave": "Unpromoted"}
_OLD_ROLES = {"Promoted": "Master", "Unpromoted": "Slave"}
_ROLE_NAMES = {"role", "rsc-role", "with-rsc-role", "target-role"}
_TYPES = {
    **dict.fromkeys(("interval", "timeout", "start-delay"), "duration"),
    **dict.fromkeys(("symmetrical", "sequential", "require-all", "enabled"), "boolean"),
    **dict.fromkeys(("record-pending", "influence", "add-host"), "boolean"),
    **dict.fromkeys(_ROLE_NAMES, "enumeration"),
    "score": "score",
}
_VOCABULARIES = {
    "cluster_property_set": PROPERTIES,
    "meta_attributes": META_ATTRIBUTES,
}
_PROMOTED = {"master-max": "promoted-max", "master-node-max": "promoted-node-max"}
_NEW_FENCING_NAMES = (3, 0, 2)  # the release that renamed stonith-* to fencing-*
_NEW_ROLE_NAMES = (2, 1)  # the release that reads Promoted, whatever schema the CIB is of


def same_name(tag: str, one: str, other: str) -> bool:
    """Tell whether two names are one in a set of the kind ``tag``."""
    if one == other:
        return True
    return tag in _VOCABULARIES and canonical_name(one) == canonical_name(other)


def same_attribute(name: str, one: str, other: str) -> bool:
    """Tell whether two values of an XML attribute mean the same."""
    kind = _TYPES.get(name)
    return one == other or (kind is not None and typed_values.same(kind, one, other))


def same_option(tag: str, name: str, one: str, other: str) -> bool:
    """Tell whether two values of an option mean the same in a set of the kind ``tag``."""
    vocabulary = _VOCABULARIES.get(tag)
    known = vocabulary.option(name) if vocabulary else None
    return one == other or (known is not None and typed_values.same(known, one, other))


@dataclass(frozen=True)
class Spelling:
    """How a cluster wants things written, by its schema and its release."""

    new_roles: bool
    old_roles: bool
    new_options: bool
    has_master: bool
    reads_new_roles: bool

    @classmethod
    def of(cls, root: Any) -> Spelling:
        """Read it from the CIB's root element."""
        schema = _numbers(root.get("validate-with", ""))
        version = root.find(".//crm_config//nvpair[@name='dc-version']")
        release = _numbers(version.get("value", "")) if version is not None else ()
        renamed = root.xpath("boolean(.//crm_config//nvpair[starts-with(@name, 'fencing-')])")
        return cls(
            new_roles=schema >= (3, 7),
            old_roles=schema < (4, 0),
            new_options=bool(renamed) or release >= _NEW_FENCING_NAMES,
            has_master=schema < (4, 0),
            reads_new_roles=not release or release >= _NEW_ROLE_NAMES,
        )

    def option(self, name: str) -> str:
        """Return how a cluster property is called here."""
        if self.new_options:
            return f"fencing-{name[8:]}" if name.startswith("stonith-") else name
        old = name.startswith("fencing-") and self.has_master
        return f"stonith-{name[8:]}" if old else name

    def role(self, value: str, *, new: bool) -> str:
        """Return how a role is written here, by what knows its ``new`` name or does not."""
        if not new:
            return _OLD_ROLES.get(value, value)
        return value if self.old_roles else _ROLES.get(value.lower(), value)

    def convert(self, tree: Any) -> None:
        """Write a whole tree as it is wanted here."""
        for element in tree.iter():
            for name in _ROLE_NAMES & set(element.keys()):
                element.set(name, self.role(element.get(name), new=self.new_roles))
            if element.tag == "nvpair" and element.get("value"):
                name = element.get("name") or ""
                if name and element.getparent().tag == "cluster_property_set":
                    element.set("name", self.option(name))
                elif name == "target-role":
                    role = self.role(element.get("value"), new=self.reads_new_roles)
                    element.set("value", role)
            if element.tag == "master" and not self.has_master:
                _as_promotable(element)


def _as_promotable(master: Any) -> None:
    """Turn an old ``master`` into the clone that it is."""
    master.tag = "clone"
    meta = master.find("meta_attributes")
    if meta is None:
        meta = master.makeelement("meta_attributes")
        master.insert(0, meta)
    for pair in meta.iterfind("nvpair"):
        pair.set("name", _PROMOTED.get(pair.get("name", ""), pair.get("name", "")))
    if not any(pair.get("name") == "promotable" for pair in meta):
        meta.append(meta.makeelement("nvpair", {"name": "promotable", "value": "true"}))


def _numbers(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
