"""One thing, several spellings: what Pacemaker renamed, and which name a cluster wants.

Sources: ChangeLog of Pacemaker 2.0 to 3.0, ``lib/common/options.c``, the RNG schemas (roles
``Promoted`` and ``Unpromoted`` are known since pacemaker-3.7; 4.0 knows no others).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kvmha.values import boolean, canonical, milliseconds

# Meta attributes that Pacemaker 2.0 and later renamed.
_META = {
    "master-max": "promoted-max",
    "master-node-max": "promoted-node-max",
    "container-attribute-target": "container-attribute-target",
}
_ROLES = {"master": "Promoted", "slave": "Unpromoted"}
_OLD_ROLES = {"Promoted": "Master", "Unpromoted": "Slave"}
_ROLE_NAMES = {"role", "rsc-role", "with-rsc-role", "target-role"}
_DURATIONS = {"interval", "timeout", "start-delay"}
_BOOLEANS = {
    *("symmetrical", "sequential", "require-all", "enabled", "record-pending", "influence"),
    *("add-host", "globally-unique"),
}
_INFINITE = {"INFINITY": "INFINITY", "+INFINITY": "INFINITY", "1000000": "INFINITY"}
_NEW_FENCING_NAMES = (3, 0, 2)  # the release that renamed stonith-* to fencing-*
_NEW_ROLE_NAMES = (2, 1)  # the release that reads Promoted, whatever schema the CIB is of


def option_key(name: str) -> str:
    """Return a cluster property's name such that both of its spellings are the same."""
    return f"fencing-{name[8:]}" if name.startswith("stonith-") else name


def meta_key(name: str) -> str:
    """Return a meta attribute's name such that all of its spellings are the same."""
    return _META.get(name, name)


def same_attribute(name: str, one: str, other: str) -> bool:
    """Tell whether two values of an XML attribute mean the same."""
    return one == other or _attribute_key(name, one) == _attribute_key(name, other)


def _attribute_key(name: str, value: str) -> str:
    try:
        if name in _DURATIONS:
            return f"{milliseconds(value, unit='s')} ms"
        if name in _BOOLEANS:
            return str(boolean(value))
    except ValueError:
        return value
    if name in _ROLE_NAMES:
        return _ROLES.get(value.lower(), value.capitalize())
    if name == "score":
        return _score(value)
    return value


def same_meta(name: str, one: str, other: str) -> bool:
    """Tell whether two values of a meta attribute or a cluster property mean the same."""
    if name in _ROLE_NAMES:
        return same_attribute(name, one, other)
    return one == other or _score(canonical(one)) == _score(canonical(other))


def _score(value: str) -> str:
    sign = "-" if value.startswith("-") else ""
    return sign + _INFINITE.get(value.removeprefix("-"), value.removeprefix("-"))


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
            return option_key(name)
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
        pair.set("name", meta_key(pair.get("name", "")))
    if not any(pair.get("name") == "promotable" for pair in meta):
        meta.append(meta.makeelement("nvpair", {"name": "promotable", "value": "true"}))


def _numbers(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
