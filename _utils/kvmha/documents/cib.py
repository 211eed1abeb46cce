"""The CIB: the objects that can be wanted in it, and what can be read from its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from kvmha.errors import KvmhaError

# What `cibadmin --empty` of Pacemaker 2.1 prints: the base of a plan before there is a cluster.
EMPTY = """\
<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" \
admin_epoch="0">
  <configuration>
    <crm_config/>
    <nodes/>
    <resources/>
    <constraints/>
  </configuration>
  <status/>
</cib>
"""


@dataclass(frozen=True)
class Op:
    """An operation of a primitive; ``attributes`` hold interval, timeout, on-fail."""

    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Primitive:
    """A resource; ``agent`` is its class, provider and type, such as ``ocf:heartbeat:Dummy``.

    ``former`` are parameters that we set under other circumstances: they are taken out
    again where they still have our value.
    """

    id: str
    agent: str
    params: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)
    ops: tuple[Op, ...] = ()
    former: Mapping[str, str] = field(default_factory=dict)

    def attributes(self) -> dict[str, str]:
        """Return the attributes that say which agent it is."""
        parts = self.agent.split(":")
        keys = ("class", "provider", "type") if len(parts) == 3 else ("class", "type")
        return dict(zip(keys, parts, strict=True))


@dataclass(frozen=True)
class Clone:
    """A primitive that runs on every node."""

    id: str
    of: Primitive
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Constraint:
    """A constraint; ``kind`` is order, colocation or location."""

    kind: str
    id: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """What is to be in the CIB.

    ``former`` are values of the three option sets that are taken out where they still have
    our value; a constraint whose id begins with one of ``families`` and that is not wanted
    is taken out too.
    """

    properties: Mapping[str, str] = field(default_factory=dict)
    rsc_defaults: Mapping[str, str] = field(default_factory=dict)
    op_defaults: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[Primitive | Clone, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    former: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    families: tuple[str, ...] = ()


def strangers(text: str, wanted: Wanted, prefixes: tuple[str, ...]) -> list[str]:
    """Return ids of resources that are named as ours are but are not wanted."""
    ours = {item.of.id if isinstance(item, Clone) else item.id for item in wanted.resources}
    found = parse(text).iterfind(".//resources//primitive")
    ids = [item.get("id", "") for item in found]
    return [identity for identity in ids if identity.startswith(prefixes) and identity not in ours]


def anything_started(text: str) -> bool:
    """Tell whether the CIB's status remembers that a resource was started or found running."""
    active = ("start", "monitor", "promote", "migrate_from")
    return any(
        op.get("operation") in active and op.get("rc-code") in ("0", "8")
        for op in parse(text).iterfind("status//lrm_rsc_op")
    )


def parse(text: str) -> Any:
    """Return the root element of the CIB in ``text``; raise KvmhaError when it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise KvmhaError(f"the CIB is no XML: {error}") from None
    if root.tag != "cib" or root.find("configuration") is None:
        raise KvmhaError(f"this is no CIB: its root is <{root.tag}>")
    return root
