"""What objects of the CIB are made of: sets of name-value pairs, rules, operations, sets.

The words are those of Pacemaker Explained and of its schema, with ``_`` for ``-``. Where an
``id`` is left out, one is derived, as crmsh derives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import RECURSIVE, said

Scalar = str | int | bool


def word(
    doc: str, xml: str, example: Any = None, only: tuple[str, ...] = (), *, blank: bool = True
) -> Any:
    """Return a field for one XML attribute, absent by default; an empty text is a value."""
    return said("word", doc, xml=xml, example=example, only=only, default=None, blank=blank)


def identity(example: str) -> Any:
    """Return the field ``id`` of a part; absent, it is derived."""
    return word("Its id; absent: derived.", "@id", example)


def order() -> Any:
    """Return the field ``order``, which only an export needs."""
    return said(
        "word",
        "Sequence of the XML elements below it where that is not the usual one; what an export "
        "writes so that nothing is lost.",
        many=True,
        default=(),
        example=["instance_attributes", "meta_attributes"],
    )


def more() -> Any:
    """Return the field ``more``: attributes that have no word of their own."""
    return said(
        "scalars",
        "XML attributes that have no word here.",
        xml="@*",
        default=dict,
        example={"x-owner": "me"},
    )


@vocabulary(frozen=True)
class Pair:
    """``...pairs[]``: a name-value pair whose id is not the derived one."""

    id: str | None = identity("web-params-ip")
    name: str | None = word("Name.", "@name", "ip")
    value: str | None = word("Value; absent: none is set.", "@value", "192.168.56.200")
    id_ref: str | None = word("Id of the pair that is used in its place.", "@id-ref", "ip")
    secret: str | None = said(
        "word", "Key of its value in `kvmha_secrets`.", default=None, example="ipmi1.passwd"
    )
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class DateParts:
    """``...duration`` and ``...date_spec``: parts of a date (Pacemaker Explained, Rules)."""

    id: str | None = identity("office-hours")
    years: str | None = word("Years.", "@years", "2026")
    months: str | None = word("Months.", "@months", "1-6")
    monthdays: str | None = word("Days of the month.", "@monthdays", "1-15")
    yeardays: str | None = word("Days of the year.", "@yeardays", "1-100")
    weekdays: str | None = word("Days of the week, 1 is Monday.", "@weekdays", "1-5")
    weekyears: str | None = word("Years by the week.", "@weekyears", "2026")
    weeks: str | None = word("Weeks of the year.", "@weeks", "1-26")
    days: str | None = word("Days (durations only).", "@days", "3")
    hours: str | None = word("Hours.", "@hours", "8-17")
    minutes: str | None = word("Minutes.", "@minutes", "0-29")
    seconds: str | None = word("Seconds.", "@seconds", "0-29")
    moon: str | None = word("Phases of the moon, 0 is new.", "@moon", "4")
    more: Mapping[str, Scalar] = more()


_ATTRIBUTE, _DATE, _RSC, _OP, _RULE = ("attribute",), ("date",), ("resource",), ("op",), ("rule",)


@vocabulary(frozen=True)
class Condition:
    """``...conditions[]``: what a rule asks; its ``kind`` says of what."""

    TAGS: ClassVar[dict[str, str]] = {
        "attribute": "expression",
        "date": "date_expression",
        "resource": "rsc_expression",
        "op": "op_expression",
        "rule": "rule",
    }

    kind: str = said(
        "text",
        "What it asks: a node attribute, the date, the agent of a resource, an operation, or "
        "another rule.",
        default="attribute",
        choices=tuple(TAGS),
        example="attribute",
    )
    id: str | None = identity("only-ssd-expression")
    attribute: str | None = word("Node attribute.", "@attribute", "disk", _ATTRIBUTE)
    operation: str | None = word(
        "Comparison: lt, gt, lte, gte, eq, ne, defined, not_defined; for dates gt, lt, in_range "
        "or date_spec.",
        "@operation",
        "eq",
        (*_ATTRIBUTE, *_DATE),
    )
    value: str | None = word("Value compared with.", "@value", "ssd", _ATTRIBUTE)
    value_type: str | None = word(
        "How values compare: string, integer, number, version.", "@type", "string", _ATTRIBUTE
    )
    value_source: str | None = word(
        "Where the value is from: literal, param, meta.", "@value-source", "literal", _ATTRIBUTE
    )
    start: str | None = word("ISO 8601 date.", "@start", "2026-01-01", _DATE)
    end: str | None = word("ISO 8601 date.", "@end", "2026-12-31", _DATE)
    duration: DateParts | None = said(
        "object", "Time after start.", of=DateParts, xml="duration", default=None, only=_DATE
    )
    date_spec: DateParts | None = said(
        "object", "Pattern of dates.", of=DateParts, xml="date_spec", default=None, only=_DATE
    )
    agent_class: str | None = word("Class of the agent.", "@class", "ocf", _RSC)
    provider: str | None = word("Provider of the agent.", "@provider", "heartbeat", _RSC)
    agent_type: str | None = word("Type of the agent.", "@type", "IPaddr2", _RSC)
    name: str | None = word("Operation.", "@name", "monitor", _OP)
    interval: str | None = word("Its interval.", "@interval", "10s", _OP)
    id_ref: str | None = word("Id of the rule used in its place.", "@id-ref", "r", _RULE)
    score: str | None = word("Score where it holds.", "@score", "INFINITY", _RULE)
    score_attribute: str | None = word(
        "Node attribute that is the score.", "@score-attribute", "load", _RULE
    )
    boolean_op: str | None = word("How conditions join: and, or.", "@boolean-op", "or", _RULE)
    role: str | None = word("Role it is for.", "@role", "Promoted", _RULE)
    conditions: tuple[Condition, ...] = said(
        "object", "What it asks.", many=True, of="Condition", xml="<kind>", default=(), only=_RULE
    )
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


RECURSIVE["Condition"] = Condition


@vocabulary(frozen=True)
class Rule:
    """``...rule``: when something applies."""

    id: str | None = identity("only-ssd-rule")
    id_ref: str | None = word("Id of the rule used in its place.", "@id-ref", "r")
    score: str | None = word("Score where it holds.", "@score", "INFINITY")
    score_attribute: str | None = word(
        "Node attribute that is the score.", "@score-attribute", "load"
    )
    boolean_op: str | None = word("How conditions join: and, or.", "@boolean-op", "or")
    role: str | None = word("Role it is for.", "@role", "Promoted")
    conditions: tuple[Condition, ...] = said(
        "object", "What it asks.", many=True, of=Condition, xml="<kind>", default=()
    )
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class NvSet:
    """One set of name-value pairs, where a plain mapping does not say enough.

    ``secrets`` name values that stand apart in the pillar, below ``kvmha_secrets``: they are
    shown nowhere. A secret that the pillar does not bring stays as it is in the cluster.
    """

    id: str | None = identity("web-params")
    id_ref: str | None = word("Id of the set that is used in its place.", "@id-ref", "common")
    score: str | None = word("The highest of the sets that apply wins.", "@score", 2)
    rule: Rule | None = said("object", "When it applies.", of=Rule, xml="rule", default=None)
    values: Mapping[str, Scalar] = said(
        "scalars", "Names and values.", default=dict, example={"ip": "192.168.56.200"}
    )
    pairs: tuple[Pair, ...] = said(
        "object", "Pairs with ids of their own.", of=Pair, many=True, xml="nvpair", default=()
    )
    secrets: Mapping[str, Scalar] = said(
        "scalars",
        "Names, and under which key of the pillar's `kvmha_secrets` their values are.",
        default=dict,
        example={"password": "ipmi"},
    )
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


def nvsets(doc: str, xml: str, example: Any = None, only: tuple[str, ...] = ()) -> Any:
    """Return a field that is a mapping of names to values, or a list of NvSet."""
    return said("nvsets", doc, xml=xml, example=example, only=only, many=True, of=NvSet, default=())


@vocabulary(frozen=True)
class Op:
    """``...ops[]``: an operation of a resource."""

    id: str | None = identity("web-monitor-10s")
    name: str | None = word("Operation: monitor, start, stop, ...", "@name", "monitor")
    interval: str | None = word("Time between two runs; 0: run once.", "@interval", "10s")
    timeout: str | None = word("Time it may take.", "@timeout", "20s")
    role: str | None = word("Role it is for.", "@role", "Promoted")
    on_fail: str | None = word(
        "What follows a failure: ignore, block, stop, restart, standby, fence, demote.",
        "@on-fail",
        "restart",
    )
    enabled: str | None = word("Whether it is run.", "@enabled", True)
    record_pending: str | None = word("Record that it runs.", "@record-pending", True)
    start_delay: str | None = word("Time before the first run.", "@start-delay", "5s")
    interval_origin: str | None = word(
        "Date from which intervals count.", "@interval-origin", "2026-01-01"
    )
    requires: str | None = word("What it needs (old).", "@requires", "fencing")
    description: str | None = word("Text for people.", "@description", "deep check")
    params: tuple[NvSet, ...] = nvsets(
        "Parameters for this operation.", "instance_attributes", {"OCF_CHECK_LEVEL": 10}
    )
    meta: tuple[NvSet, ...] = nvsets(
        "Meta attributes for this operation.", "meta_attributes", {"timeout": "30s"}
    )
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class ResourceSet:
    """``...sets[]``: several resources that a constraint treats together."""

    id: str | None = identity("web-set")
    id_ref: str | None = word("Id of the set that is used in its place.", "@id-ref", "s")
    resources: tuple[str, ...] = said(
        "word", "Ids of resources.", many=True, xml="resource_ref@id", default=(), example=["db1"]
    )
    sequential: str | None = word("Whether in this order.", "@sequential", False)
    require_all: str | None = word("Whether all must be there.", "@require-all", True)
    ordering: str | None = word("Direction (old): group, listed.", "@ordering", "group")
    action: str | None = word("Action it waits for.", "@action", "start")
    role: str | None = word("Role it is for.", "@role", "Promoted")
    score: str | None = word("Score.", "@score", "INFINITY")
    kind: str | None = word("Kind of order: Optional, Mandatory, Serialize.", "@kind", "Mandatory")
    more: Mapping[str, Scalar] = more()
