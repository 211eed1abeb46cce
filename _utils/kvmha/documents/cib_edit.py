"""Editing a CIB: the objects we own brought to what is wanted, everything else kept untouched.

An object is ours by its id; of an object that is ours, only the values we name are. What
Pacemaker, its agents and operators write themselves (``target-role``, utilization,
``dc-version``, ...) is therefore never touched.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from kvmha.documents.cib import Clone, Constraint, Op, Primitive, Wanted, parse
from kvmha.errors import InvalidInput, Problem
from kvmha.plan import Action, Change
from kvmha.values import canonical

_SETS = {"property": "crm_config", "rsc_defaults": "rsc_defaults", "op_defaults": "op_defaults"}
_SET_IDS = {
    "property": "cib-bootstrap-options",
    "rsc_defaults": "rsc-options",
    "op_defaults": "op-options",
}


def edit(text: str, wanted: Wanted) -> tuple[str, tuple[Change, ...]]:
    """Return the CIB in ``text`` with ``wanted`` in it, and what that changed.

    Raises InvalidInput when an id of ours belongs to something else there; and KvmhaError
    when ``text`` is no CIB.
    """
    editor = _Editor(parse(text))
    for name, values in (
        ("property", wanted.properties),
        ("rsc_defaults", wanted.rsc_defaults),
        ("op_defaults", wanted.op_defaults),
    ):
        editor.options(name, values, wanted.former.get(name, {}))
    for resource in wanted.resources:
        editor.resource(resource)
    for constraint in wanted.constraints:
        editor.constraint(constraint)
    editor.drop_families(wanted.families, {constraint.id for constraint in wanted.constraints})
    if editor.problems:
        raise InvalidInput("the cluster's CIB", editor.problems)
    if not editor.changes:
        return text, ()
    return etree.tostring(editor.root, encoding="unicode") + "\n", tuple(editor.changes)


@dataclass(frozen=True)
class _Home:
    """Where name-value pairs are: in the ``tag`` sets of ``parent``, those without a rule."""

    parent: Any
    tag: str
    set_id: str
    address: str
    same: Callable[[str, str], bool] = str.__eq__

    def sets(self) -> list[Any]:
        """Return the sets, the one that wins first."""
        sets = [item for item in self.parent.iterfind(self.tag) if _always_applies(item)]
        return sorted(sets, key=lambda item: item.get("id") != _SET_IDS["property"])

    def pairs(self, name: str) -> list[Any]:
        """Return every pair that is called ``name``."""
        found = [pair for nvset in self.sets() for pair in nvset.iterfind("nvpair")]
        return [pair for pair in found if self.same(pair.get("name", ""), name)]


class _Editor:
    """Changes a CIB in place and remembers what it changed."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.configuration = root.find("configuration")
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.ids = {item.get("id"): item for item in self.configuration.iter() if item.get("id")}

    def options(self, name: str, values: Mapping[str, str], former: Mapping[str, str]) -> None:
        """Bring one of the three option sets to ``values``."""
        if not values and self.configuration.find(_SETS[name]) is None:
            return
        tag = "cluster_property_set" if name == "property" else "meta_attributes"
        section = self.section(_SETS[name])
        home = _Home(section, tag, _SET_IDS[name], f"cib:{name}", _same_option)
        self.nvpairs(home, values)
        self.drop_former(home, former, values)

    def resource(self, wanted: Primitive | Clone) -> None:
        """Create ``wanted`` or bring it to what it should be."""
        primitive = wanted.of if isinstance(wanted, Clone) else wanted
        clone = wanted if isinstance(wanted, Clone) else None
        known = len(self.problems)
        element = self.owned(primitive.id, "primitive")
        around = self.owned(clone.id, "clone") if clone else None
        if element is not None:
            self.check_place(element, clone)
        elif around is not None and clone:
            self.check_vacant(around, clone)
        if len(self.problems) > known:
            return
        parent = self.section("resources")
        if clone and around is None:
            around = self.add(parent, "clone", {"id": clone.id})
            self.created(f"cib:clone/{clone.id}", _said(f"of {primitive.id}", clone.meta))
            self.fill_nvpairs(around, "meta_attributes", clone.id, clone.meta)
            if element is not None:
                _indented_remove(element)
                _indented_append(around, element)
        elif clone:
            self.nvpairs(_home(around, "meta_attributes", f"cib:clone/{clone.id}/meta"), clone.meta)
        if element is None:
            self.create_primitive(around if clone else parent, primitive)
        else:
            self.update_primitive(element, primitive)

    def check_place(self, element: Any, clone: Clone | None) -> None:
        """Note a problem when a primitive of ours stands in somebody's group or clone."""
        parent = element.getparent()
        if parent.tag != "resources" and not (clone and parent.get("id") == clone.id):
            where = f"{parent.tag} {parent.get('id')}"
            self.problem(
                f"cib:primitive/{element.get('id')}",
                f"belongs to {where} already",
                f"take it out of {where}, or rename it",
                "CIB_RESOURCE_ELSEWHERE",
            )

    def check_vacant(self, around: Any, clone: Clone) -> None:
        """Note a problem when a clone of ours holds something else."""
        member = next((item for item in around if item.tag in ("primitive", "group")), None)
        if member is not None:
            self.problem(
                f"cib:clone/{clone.id}",
                f"holds {member.tag} {member.get('id')} and not primitive {clone.of.id}",
                "rename that clone",
                "CIB_CLONE_TAKEN",
            )

    def create_primitive(self, parent: Any, wanted: Primitive) -> None:
        element = self.add(parent, "primitive", {"id": wanted.id, **wanted.attributes()})
        self.fill_nvpairs(element, "instance_attributes", wanted.id, wanted.params)
        self.fill_nvpairs(element, "meta_attributes", wanted.id, wanted.meta)
        if wanted.ops:
            operations = self.add(element, "operations", {})
            for op in wanted.ops:
                self.add_op(operations, wanted, op)
        ops = [_said(f"op {op.name}", op.attributes) for op in wanted.ops]
        meta = [_said("meta", wanted.meta)] if wanted.meta else []
        said = " ".join([_said(wanted.agent, wanted.params), *meta, *ops])
        self.created(f"cib:primitive/{wanted.id}", said)

    def update_primitive(self, element: Any, wanted: Primitive) -> None:
        address = f"cib:primitive/{wanted.id}"
        self.attributes(element, address, wanted.attributes())
        params = _home(element, "instance_attributes", f"{address}/param")
        self.nvpairs(params, wanted.params)
        self.drop_former(params, wanted.former, wanted.params)
        self.nvpairs(_home(element, "meta_attributes", f"{address}/meta"), wanted.meta)
        for op in wanted.ops:
            self.op(element, address, wanted, op)

    def op(self, element: Any, address: str, wanted: Primitive, op: Op) -> None:
        """Create or update one operation; those of other roles or intervals are not ours."""
        operations = element.find("operations")
        if operations is None:
            operations = self.add(element, "operations", {})
        same = [item for item in operations.iterfind("op") if item.get("name") == op.name]
        plain = [item for item in same if not item.get("role")]
        interval = canonical(op.attributes.get("interval", "0"))
        exact = [item for item in plain if canonical(item.get("interval", "0")) == interval]
        own = [item for item in plain if item.get("id", "").startswith(f"{wanted.id}-op-")]
        found = next(iter([*exact, *own, *(plain if len(plain) == 1 else [])]), None)
        where = f"{address}/op/{op.name}"
        if found is None:
            self.add_op(operations, wanted, op)
            self.created(where, _said("", op.attributes))
        else:
            self.attributes(found, where, op.attributes)

    def add_op(self, operations: Any, wanted: Primitive, op: Op) -> None:
        identity = {"id": self.free_id(f"{wanted.id}-op-{op.name}"), "name": op.name}
        self.add(operations, "op", identity | dict(op.attributes))

    def constraint(self, wanted: Constraint) -> None:
        """Create ``wanted`` or bring it to what it should be."""
        tag = f"rsc_{wanted.kind}"
        address = f"cib:constraint/{wanted.id}"
        element = self.owned(wanted.id, tag)
        if element is not None:
            self.attributes(element, address, wanted.attributes)
        elif wanted.id not in self.ids:
            attributes = {"id": wanted.id, **wanted.attributes}
            self.add(self.section("constraints"), tag, attributes)
            self.created(address, _said(wanted.kind, wanted.attributes))

    def drop_families(self, families: tuple[str, ...], wanted: set[str]) -> None:
        """Remove constraints that only we can have made and that are no longer wanted."""
        for element in list(self.section("constraints")):
            identity = element.get("id") or ""
            if families and identity.startswith(families) and identity not in wanted:
                attributes = {key: value for key, value in element.items() if key != "id"}
                _indented_remove(element)
                self.deleted(f"cib:constraint/{identity}", _said("", attributes))

    def owned(self, identity: str, tag: str) -> Any:
        """Return the element with this id, or None; note a problem when it is another kind."""
        element = self.ids.get(identity)
        if element is not None and element.tag != tag:
            said = f"the id belongs to a <{element.tag}> already"
            self.problem(f"cib:{tag}/{identity}", said, "rename that one", "CIB_ID_TAKEN")
            return None
        return element

    def attributes(self, element: Any, address: str, values: Mapping[str, str]) -> None:
        """Bring XML attributes to ``values``; the others are kept."""
        for key, value in values.items():
            old = element.get(key)
            if old is None or canonical(old) != canonical(value):
                element.set(key, value)
                self.updated(f"{address}@{key}", old, value)

    def nvpairs(self, home: _Home, values: Mapping[str, str]) -> None:
        """Bring name-value pairs to ``values``; the others are kept."""
        for name, value in values.items():
            found = home.pairs(name)
            for pair in found:
                old = pair.get("value")
                if old is None or canonical(old) != canonical(value):
                    pair.set("value", value)
                    self.updated(f"{home.address}/{pair.get('name')}", old, value)
            if not found:
                sets = home.sets()
                nvset = sets[0] if sets else self.add_set(home.parent, home.tag, home.set_id)
                self.add_pair(nvset, name, value)
                self.created(f"{home.address}/{name}", value)

    def drop_former(
        self, home: _Home, former: Mapping[str, str], values: Mapping[str, str]
    ) -> None:
        """Remove pairs of ``former`` that still have our value and are not in ``values``."""
        for name, value in former.items():
            if any(home.same(name, wanted) for wanted in values):
                continue
            for pair in home.pairs(name):
                if canonical(pair.get("value") or "") == canonical(value):
                    _indented_remove(pair)
                    self.deleted(f"{home.address}/{pair.get('name')}", pair.get("value"))

    def fill_nvpairs(self, parent: Any, tag: str, owner: str, values: Mapping[str, str]) -> None:
        """Give a new object its name-value pairs, without a change for each."""
        if values:
            nvset = self.add_set(parent, tag, f"{owner}-{tag}")
            for name, value in values.items():
                self.add_pair(nvset, name, value)

    def add_pair(self, nvset: Any, name: str, value: str) -> None:
        identity = self.free_id(f"{nvset.get('id')}-{name}")
        self.add(nvset, "nvpair", {"id": identity, "name": name, "value": value})

    def add_set(self, parent: Any, tag: str, identity: str) -> Any:
        # The schema of a clone wants its sets before what is cloned.
        first = parent.tag in ("clone", "group") and len(parent) > 0
        return self.add(parent, tag, {"id": self.free_id(identity)}, first=first)

    def section(self, tag: str) -> Any:
        found = self.configuration.find(tag)
        return self.add(self.configuration, tag, {}) if found is None else found

    def add(
        self, parent: Any, tag: str, attributes: Mapping[str, str], *, first: bool = False
    ) -> Any:
        element = etree.Element(tag, dict(attributes))
        _indented_append(parent, element, first=first)
        if "id" in attributes:
            self.ids[attributes["id"]] = element
        return element

    def free_id(self, wish: str) -> str:
        """Return ``wish`` as an XML id, with a number when something has it already."""
        identity = re.sub(r"[^\w.-]", "-", wish)
        numbered = (f"{identity}.{number}" for number in itertools.count(2))
        names = itertools.chain([identity], numbered)
        return next(name for name in names if name not in self.ids)

    def problem(self, place: str, message: str, hint: str, code: str) -> None:
        self.problems.append(Problem(place, message, hint, code))

    def created(self, address: str, new: str) -> None:
        self.changes.append(Change(Action.CREATE, address, None, new))

    def updated(self, address: str, old: str | None, new: str) -> None:
        action = Action.CREATE if old is None else Action.UPDATE
        self.changes.append(Change(action, address, old, new))

    def deleted(self, address: str, old: str | None) -> None:
        self.changes.append(Change(Action.DELETE, address, old, None))


def _same_option(one: str, other: str) -> bool:
    """Pacemaker 3.0.2 renamed ``stonith-*`` to ``fencing-*``; either spelling is the same."""
    return _option(one) == _option(other)


def _option(name: str) -> str:
    return "fencing-" + name[len("stonith-") :] if name.startswith("stonith-") else name


def _home(element: Any, tag: str, address: str) -> _Home:
    return _Home(element, tag, f"{element.get('id')}-{tag}", address)


def _always_applies(nvset: Any) -> bool:
    return nvset.find("rule") is None and nvset.get("id-ref") is None


def _said(what: str, values: Mapping[str, str]) -> str:
    return " ".join([*filter(None, [what]), *(f"{key}={value}" for key, value in values.items())])


def _indented_append(parent: Any, element: Any, *, first: bool = False) -> None:
    """Append with the indentation that Pacemaker writes: two blanks for each level."""
    depth = sum(1 for _ in parent.iterancestors()) + 1
    inner, outer = "\n" + "  " * depth, "\n" + "  " * (depth - 1)
    if first:
        element.tail = inner
        parent.insert(0, element)
        return
    if len(parent):
        parent[-1].tail = inner
    else:
        parent.text = inner
    element.tail = outer
    parent.append(element)


def _indented_remove(element: Any) -> None:
    """Remove ``element`` and what indents it, so that its neighbours stay as they are."""
    parent, before = element.getparent(), element.getprevious()
    if element.getnext() is None:
        if before is not None:
            before.tail = element.tail
        else:
            parent.text = None
    element.tail = None
    parent.remove(element)
