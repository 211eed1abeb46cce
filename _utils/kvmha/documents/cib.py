"""The CIB: what can be wanted in it, and what can be read from its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from kvmha.documents.cib_types import Exact, Types
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


DEEPEST = 50  # elements in each other; a CIB that is used has a dozen
# Mark a pair whose value only the cluster knows, and one whose value the pillar calls a secret,
# whatever its name; they never leave this program.
KEPT = "kvmha-kept"
SECRET = "kvmha-secret"


@dataclass(frozen=True)
class Former:
    """A value that we set under other circumstances: taken out where it still is ours.

    ``owner`` is the id of a resource or the name of a section (``crm_config``), ``tag`` the
    kind of set that holds it.
    """

    owner: str
    tag: str
    name: str
    value: str


@dataclass(frozen=True)
class Wanted:
    """What is to be in the CIB.

    ``tree`` is a ``configuration`` element in which ids that can be derived are left out; a
    constraint whose id begins with one of ``families`` and that is not in it is taken out.
    ``unmanaged`` is what happens to what stands beside it: ``keep``, ``report`` or ``remove``.
    ``types`` compares the values of agents' parameters. ``gone`` are ids of resources to take
    out, with what ``shorthand.words.after`` said of them.
    """

    tree: Any
    former: tuple[Former, ...] = ()
    families: tuple[str, ...] = ()
    unmanaged: str = "keep"
    types: Types = field(default_factory=Exact)
    gone: tuple[str, ...] = ()


def anything_started(text: str) -> bool:
    """Tell whether the CIB's status remembers that a resource was started or found running."""
    active = ("start", "monitor", "promote", "migrate_from")
    return any(
        op.get("operation") in active and op.get("rc-code") in ("0", "8")
        for op in parse(text).iterfind("status//lrm_rsc_op")
    )


def parse(text: str | bytes) -> Any:
    """Return the root element of the CIB in ``text``; raise KvmhaError when it is none.

    Bytes are read in the encoding that they declare; of text, that declaration is void.
    """
    encoding = "utf-8" if isinstance(text, str) else None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, encoding=encoding)
    try:
        root = etree.fromstring(text.encode() if isinstance(text, str) else text, parser)
    except (etree.XMLSyntaxError, UnicodeError) as error:
        raise KvmhaError(f"the CIB is no XML: {error}") from None
    if root.tag != "cib":
        raise KvmhaError(f"this is no CIB: its root is <{root.tag}>")
    if len(root.findall("configuration")) != 1:
        raise KvmhaError("this is no CIB: it has to hold one <configuration>")
    if root.xpath("/*" * (DEEPEST + 1)):
        raise KvmhaError(f"this is no CIB: more than {DEEPEST} elements are in each other")
    return root
