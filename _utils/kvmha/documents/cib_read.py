"""What a CIB says of one resource: options with where they come from, constraints one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kvmha.documents.pacemaker_options import canonical_name

INFINITY = 1_000_000


@dataclass(frozen=True)
class Pair:
    """``rsc`` is placed with regard to ``other`` (colocation), or starts after it (order).

    ``score`` is that of a colocation; of an order INFINITY when it is mandatory, else 0. Of
    several orders with the same ``any_of`` one is enough.
    """

    id: str
    rsc: str
    other: str
    score: int
    any_of: str = ""


@dataclass(frozen=True)
class Wish:
    """A location constraint as it counts on a node; ``rule`` tells that a rule says so."""

    id: str
    score: int
    rule: bool = False


def number(text: str | None) -> int:
    """Return a score; anything beyond a million is infinite (Pacemaker Explained, "Scores")."""
    word = (text or "").strip().upper()
    if word.lstrip("+-") == "INFINITY":
        return -INFINITY if word.startswith("-") else INFINITY
    try:
        return max(-INFINITY, min(INFINITY, int(word or 0)))
    except ValueError:
        return 0


def amount(text: str | None) -> int:
    """Return what is needed or had of something; Pacemaker counts in whole numbers."""
    word = (text or "").strip()
    return int(word) if word.lstrip("-").isdigit() else 0


def score_text(score: int) -> str:
    """Return a score as Pacemaker writes it."""
    if abs(score) >= INFINITY:
        return "INFINITY" if score > 0 else "-INFINITY"
    return str(score)


class Reading:
    """A CIB, looked at by the ids of its resources. ``root`` is its root element."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.configuration = root.find("configuration")
        self.status = root.find("status")

    def resource(self, name: str) -> Any:
        """Return the element of the resource ``name``, or None."""
        found = self.configuration.xpath("resources//*[@id=$name]", name=name)
        known = ("primitive", "group", "clone", "master", "bundle")
        return next((one for one in found if one.tag in known), None)

    def chain(self, name: str) -> list[Any]:
        """Return the resource and what it is in, such as its group and clone, inmost first."""
        element = self.resource(name)
        found = []
        while element is not None and element.tag != "resources":
            found.append(element)
            element = element.getparent()
        return found

    def primitives(self, name: str) -> list[str]:
        """Return the ids of the primitives of a resource; its own for a primitive."""
        element = self.resource(name)
        return [] if element is None else [one.get("id") for one in element.iter("primitive")]

    def meta(self, name: str, option: str) -> tuple[str, str]:
        """Return a meta attribute and who says it: a resource's id, ``rsc_defaults`` or ""."""
        for element in self.chain(name):
            templates = self.configuration.xpath(
                "resources/template[@id=$id]", id=element.get("template") or ""
            )
            for holder in (element, *templates):
                value = _pair(holder, "meta_attributes", option)
                if value is not None:
                    return value, element.get("id")
        defaults = self.configuration.find("rsc_defaults")
        value = None if defaults is None else _pair(defaults, "meta_attributes", option)
        return ("", "") if value is None else (value, "rsc_defaults")

    def option(self, name: str, default: str = "") -> str:
        """Return a property of the cluster, by either of its names."""
        pairs = self.configuration.iterfind("crm_config/cluster_property_set/nvpair")
        wanted = canonical_name(name)
        found = (one.get("value") for one in pairs if canonical_name(one.get("name")) == wanted)
        return next(found, None) or default

    def nodes(self) -> list[str]:
        """Return the nodes' names, in the CIB's order."""
        return [one.get("uname") for one in self.configuration.iterfind("nodes/node")]

    def utilization(self, name: str) -> dict[str, int]:
        """Return what a resource needs, or a node has."""
        nodes = self.configuration.xpath("nodes/node[@uname=$name]", name=name)
        holder = nodes[0] if nodes else self.resource(name)
        pairs = [] if holder is None else holder.iterfind("utilization/nvpair")
        return {one.get("name"): amount(one.get("value")) for one in pairs}

    def attributes(self, node: str) -> dict[str, str]:
        """Return the attributes of a node, lasting and passing."""
        lasting = self.configuration.xpath(
            "nodes/node[@uname=$node]/instance_attributes/nvpair", node=node
        )
        own = {"#uname": node, "#kind": "cluster"}
        return own | {one.get("name"): one.get("value") for one in (*lasting, *self._passing(node))}

    def _passing(self, node: str) -> list[Any]:
        path = "node_state[@uname=$node]/transient_attributes/instance_attributes/nvpair"
        return [] if self.status is None else list(self.status.xpath(path, node=node))

    def failcount(self, name: str, node: str) -> int:
        """Return how often a primitive has failed on a node since it was last cleaned up."""
        start = f"fail-count-{name}"
        counts = [
            number(one.get("value"))
            for one in self._passing(node)
            if one.get("name") == start or one.get("name").startswith(f"{start}#")
        ]
        return min(sum(counts), INFINITY)

    def failure(self, name: str, node: str) -> str:
        """Return the last failed operation of a primitive on a node in its own words, or ""."""
        if self.status is None:
            return ""
        operations = self.status.xpath(
            "node_state[@uname=$node]/lrm/lrm_resources/lrm_resource[@id=$name]/lrm_rsc_op",
            node=node, name=name,
        )  # fmt: skip
        failed = [
            one for one in operations
            if "last_failure" in one.get("id", "") and one.get("rc-code") not in ("0", "8")
        ]  # fmt: skip
        if not failed:
            return ""
        last = max(failed, key=lambda one: number(one.get("call-id")))
        reason = last.get("exit-reason") or f"exit code {last.get('rc-code')}"
        return f"{last.get('operation')}: {reason}"

    # -- constraints -----------------------------------------------------------------------------

    def wishes(self, name: str, node: str) -> Iterator[Wish]:
        """Yield the location constraints of a resource, and of what it is in, for a node."""
        ids = [one.get("id") for one in self.chain(name)]
        for one in self._constraints("rsc_location"):
            if not any(_is_about(one, identity) for identity in ids):
                continue
            if one.get("node") == node:
                yield Wish(one.get("id"), number(one.get("score")))
            for rule in one.iterfind("rule"):
                if holds(rule, self.attributes(node)):
                    yield Wish(one.get("id"), number(rule.get("score")), rule=True)

    def colocations(self) -> Iterator[Pair]:
        """Yield every colocation, those of sets one by one."""
        for one in self._constraints("rsc_colocation"):
            score = number(one.get("score") or "INFINITY")
            if one.get("rsc"):
                yield Pair(one.get("id"), one.get("rsc"), one.get("with-rsc"), score)
            sets = [_members(each) for each in one.iterfind("resource_set")]
            for each, names in zip(one.iterfind("resource_set"), sets, strict=True):
                if each.get("sequential") != "false":
                    for before, name in pairwise(names):
                        yield Pair(one.get("id"), name, before, score)
            for dependents, bases in pairwise(sets):
                for name in dependents:
                    yield from (Pair(one.get("id"), name, base, score) for base in bases)

    def orders(self) -> Iterator[Pair]:
        """Yield every order of starts, those of sets one by one."""
        for one in self._constraints("rsc_order"):
            kind = one.get("kind") or ("Mandatory" if number(one.get("score", "1")) else "Optional")
            score = INFINITY if kind == "Mandatory" else 0
            if one.get("first") and (one.get("first-action") or "start") == "start":
                yield Pair(one.get("id"), one.get("then"), one.get("first"), score)
            sets = [each for each in one.iterfind("resource_set")
                    if (each.get("action") or "start") == "start"]  # fmt: skip
            for each in sets:
                names = _members(each)
                if each.get("sequential") != "false":
                    for before, name in pairwise(names):
                        yield Pair(one.get("id"), name, before, score)
            for first, then in pairwise(sets):
                group = one.get("id") if first.get("require-all") == "false" else ""
                for name in _members(then):
                    for base in _members(first):
                        yield Pair(one.get("id"), name, base, score, group)

    def _constraints(self, tag: str) -> Iterator[Any]:
        home = self.configuration.find("constraints")
        return iter(()) if home is None else home.iterfind(tag)


def holds(rule: Any, attributes: Mapping[str, str]) -> bool:
    """Tell whether a rule holds for a node with ``attributes``; what has a date is taken to."""
    truths = [
        holds(one, attributes) if one.tag == "rule" else _is_true(one, attributes)
        for one in rule
        if one.tag in ("rule", "expression", "date_expression")
    ]
    return any(truths) if rule.get("boolean-op") == "or" else all(truths)


def _is_true(expression: Any, attributes: Mapping[str, str]) -> bool:
    if expression.tag == "date_expression":
        return True
    have = attributes.get(expression.get("attribute") or "")
    operation, value = expression.get("operation"), expression.get("value")
    if operation in ("defined", "not_defined"):
        return (have is not None) is (operation == "defined")
    if operation in ("eq", "ne"):
        return (have == value) is (operation == "eq")
    if have is None:
        return False
    one, two = number(have), number(value)
    return {"lt": one < two, "lte": one <= two, "gt": one > two, "gte": one >= two}.get(
        operation, False
    )


def _pair(holder: Any, tag: str, name: str) -> str | None:
    for nvset in holder.iterfind(tag):
        for one in nvset.iterfind("nvpair"):
            if nvset.find("rule") is None and one.get("name") == name:
                return str(one.get("value"))
    return None


def _is_about(constraint: Any, identity: str) -> bool:
    pattern = constraint.get("rsc-pattern")
    if pattern and re.search(pattern, identity):
        return True
    named = [one for each in constraint.iterfind("resource_set") for one in _members(each)]
    return identity in (constraint.get("rsc"), *named)


def _members(resource_set: Any) -> list[str]:
    return [one.get("id") for one in resource_set.iterfind("resource_ref")]
