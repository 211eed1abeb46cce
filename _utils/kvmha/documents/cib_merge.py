"""Bringing a CIB to what is wanted: one tree laid over another, everything else kept untouched.

An object is ours by its id; of an object that is ours, only the values we name are. What
Pacemaker, its agents and operators write themselves (``target-role``, utilization,
``dc-version``, ...) is therefore never touched. What stands beside it is left, told or removed
(``unmanaged``), see ``cib_unmanaged``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from lxml import etree

from kvmha.documents import cib_ids, cib_xml
from kvmha.documents.cib import KEPT, SECRET, Wanted, parse
from kvmha.documents.cib_ids import NAMED, REFERENCES
from kvmha.documents.cib_match import (
    HOLDERS,
    RESOURCES,
    SETS,
    is_plain,
    mates,
    pairs_called,
    plain_sets,
    same_pair,
)
from kvmha.documents.cib_spelling import Spelling, same_attribute
from kvmha.documents.cib_tell import address, shown_pair, summary
from kvmha.documents.cib_unmanaged import Unmanaged
from kvmha.documents.pacemaker_options import CLUSTERS_OWN
from kvmha.errors import InvalidInput, Problem
from kvmha.plan import Action, Change

OPTION_SECTIONS = ("crm_config", "rsc_defaults", "op_defaults")


def edit(text: str, wanted: Wanted) -> tuple[str, tuple[Change, ...], tuple[str, ...]]:
    """Return the CIB in ``text`` with ``wanted`` in it, what that changed, and notes.

    Raises InvalidInput when an id of ours belongs to something else there; and KvmhaError
    when ``text`` is no CIB.
    """
    root = parse(text)
    merger = _Merger(root, wanted)
    merger.run()
    if merger.problems:
        raise InvalidInput("the cluster's CIB", merger.problems)
    if not merger.changes:
        return text, (), tuple(merger.notes)
    new = etree.tostring(root, encoding="unicode") + "\n"
    return new, tuple(merger.changes), tuple(merger.notes)


class _Merger:
    """Changes a CIB in place and remembers what it changed."""

    def __init__(self, root: Any, wanted: Wanted) -> None:
        self.root = root
        self.configuration = root.find("configuration")
        self.wanted = wanted
        self.spelling = Spelling.of(root)
        self.tree = copy.deepcopy(wanted.tree)
        self.spelling.convert(self.tree)
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.ids = {one.get("id"): one for one in self.configuration.iter() if _has_id(one)}
        self.unmanaged = Unmanaged(wanted, self.tree)

    def run(self) -> None:
        """Do all of it."""
        empty = not any(len(section) for section in self.configuration)
        for section in self.tree:
            if self.configuration.find(section.tag) is None and (len(section) or empty):
                cib_xml.insert(self.configuration, section.makeelement(section.tag))
                if not len(section):
                    self.created(f"cib:{section.tag}", "nothing in it")
        for section in sorted(self.tree, key=lambda one: one.tag not in OPTION_SECTIONS):
            have = self.configuration.find(section.tag)
            if have is not None:
                self.children(have, section)
        if empty:
            self.arrange_sections()
        for former in self.wanted.former:
            self.drop_former(former.owner, former.tag, former.name, former.value)
        self.drop_families()
        for identity in self.wanted.gone:
            self.drop_gone(identity)
        for extra in self.unmanaged.found(self.configuration):
            self.extra(extra)
        if self.wanted.unmanaged == "remove":
            for orphan in self.unmanaged.orphans(self.configuration):
                self.delete(orphan)

    def arrange_sections(self) -> None:
        """Give a configuration that had nothing in it the sections in the order wanted."""
        order = [section.tag for section in self.tree]
        if all(section.tag in order for section in self.configuration):
            for section in sorted(self.configuration, key=lambda one: order.index(one.tag)):
                cib_xml.remove(section)
                cib_xml.insert(self.configuration, section)

    # -- objects and their parts -----------------------------------------------------------------

    def children(self, have: Any, want: Any) -> None:
        """Bring what is below ``have`` to what is below ``want``."""
        if any(child.tag in REFERENCES for child in want):
            self.references(have, want)
        plain = [one for one in want if one.tag in SETS and is_plain(one)]
        others = [one for one in want if one.tag not in REFERENCES and one not in plain]
        claimed = mates(have, others, self.ids)
        before = set(have) if plain else set()
        for child, mate in claimed:
            self.child(have, child, mate)
        taken = {mate for _, mate in claimed if mate is not None}
        if plain:
            taken |= set(have) - before
        for nvset in plain:
            self.plain_set(have, nvset, taken)
        if have.tag in HOLDERS:
            self.sequence(have, want)

    def child(self, have: Any, want: Any, mate: Any) -> None:
        """Bring one child to what is wanted, or create it."""
        if want.tag in RESOURCES and not self.is_free(have, want, mate):
            return
        if mate is None:
            self.create(have, want)
            return
        if want.tag in RESOURCES and mate.getparent() is not have:
            self.move(have, mate)
        self.update(mate, want)

    def is_free(self, have: Any, want: Any, mate: Any) -> bool:
        """Note a problem when a resource's id or its place belong to somebody else."""
        known = len(self.problems)
        taken = self.ids.get(want.get("id"))
        place = f"cib:{want.tag}/{want.get('id')}"
        if mate is None and taken is not None:
            self.id_taken(want, taken)
        elif mate is not None and self.is_strangers(parent := mate.getparent(), have):
            where = f"{parent.tag} {parent.get('id')}"
            self.problem(
                place,
                f"belongs to {where} already",
                f"take it out of {where}, or rename it",
                "CIB_RESOURCE_ELSEWHERE",
            )
        if mate is not None and want.tag in ("clone", "master"):
            self.check_vacant(want, mate)
        return len(self.problems) == known

    def is_strangers(self, parent: Any, have: Any) -> bool:
        """Tell whether a resource cannot be taken out of ``parent``, since that is not ours."""
        if parent is have or parent.tag == "resources":
            return False
        return self.in_tree(parent.get("id")) is None

    def check_vacant(self, want: Any, mate: Any) -> None:
        """Note a problem when a clone of ours holds something else."""
        held = next((one for one in mate if one.tag in RESOURCES), None)
        ours = next((one for one in want if one.tag in RESOURCES), None)
        if held is not None and ours is not None and held.get("id") != ours.get("id"):
            self.problem(
                f"cib:{want.tag}/{want.get('id')}",
                f"holds {held.tag} {held.get('id')} and not {ours.tag} {ours.get('id')}",
                f"rename that {want.tag}",
                "CIB_CLONE_TAKEN",
            )

    def in_tree(self, identity: str) -> Any:
        found = self.tree.xpath("resources//*[@id=$i]", i=identity)
        return found[0] if found else None

    def move(self, have: Any, mate: Any) -> None:
        """Put a resource into another group or clone, or out of one."""
        old = mate.getparent()
        cib_xml.remove(mate)
        cib_xml.insert(have, mate)
        if not any(change.address == address(have) for change in self.changes):
            names = [parent.get("id") or parent.tag for parent in (old, have)]
            self.updated(f"{address(mate)}@in", *names)

    def create(self, have: Any, want: Any) -> None:
        """Create ``want`` and all in it; resources in it that are there already are moved."""
        new = copy.deepcopy(want)
        inner = [one for one in want if one.tag in RESOURCES and one.get("id") in self.ids]
        for one in inner:
            new.remove(next(child for child in new if child.get("id") == one.get("id")))
        self.check_kept(new)
        self.check_free(new)
        cib_xml.insert(have, new)
        cib_ids.fill(new, self.ids)
        self.ids |= {one.get("id"): one for one in new.iter() if _has_id(one)}
        for one in self.told_alone(new):
            about = f"of {', '.join(str(child.get('id')) for child in inner)}" if inner else ""
            self.created(address(one), summary(one, about))
        for pair in new.iter("nvpair"):
            pair.attrib.pop(SECRET, None)
        for one in inner:
            mate = self.ids[one.get("id")]
            if self.is_free(new, one, mate):
                self.child(new, one, mate)

    def check_free(self, new: Any) -> None:
        """Note a problem for each id said in ``new`` that something else has."""
        for one in new.iter():
            if _has_id(one) and one.get("id") in self.ids:
                self.id_taken(one, self.ids[one.get("id")])

    def id_taken(self, want: Any, taken: Any) -> None:
        said = f"the id belongs to a <{taken.tag}> already"
        self.problem(f"cib:{want.tag}/{want.get('id')}", said, "rename that one", "CIB_ID_TAKEN")

    def told_alone(self, new: Any) -> Iterator[Any]:
        """Yield what is told as a creation of its own: each resource, else the whole."""
        yield new
        if new.tag in RESOURCES:
            for one in new:
                if one.tag in RESOURCES:
                    yield from self.told_alone(one)

    def check_kept(self, new: Any) -> None:
        """Note a problem for each secret that neither the pillar nor the cluster knows."""
        for pair in new.iter("nvpair"):
            if pair.attrib.pop(KEPT, None):
                self.problem(
                    f"{address(pair)}",
                    "its secret is not in this minion's pillar, and not in the cluster either",
                    "put it below kvmha_secrets",
                    "SECRET_MISSING",
                )

    def update(self, mate: Any, want: Any) -> None:
        """Bring an element and all below it to what is wanted."""
        if mate.tag == "nvpair":
            self.pair(mate, want)
            return
        where = address(mate)
        for name, value in want.items():
            old = mate.get(name)
            if name == "id":
                continue
            if old is None or not same_attribute(name, old, value):
                mate.set(name, value)
                self.updated(f"{where}@{name}", old, value)
        self.children(mate, want)

    def references(self, have: Any, want: Any) -> None:
        """Make a list of references what it should be: its order means something."""
        for tag in REFERENCES:
            wanted = [one.get("id") for one in want.iterfind(tag)]
            found = [one.get("id") for one in have.iterfind(tag)]
            if not wanted or wanted == found:
                continue
            for one in have.findall(tag):
                cib_xml.remove(one)
            for identity in wanted:
                cib_xml.insert(have, have.makeelement(tag, {"id": identity}))
            self.updated(f"{address(have)}/{tag}", ", ".join(found) or None, ", ".join(wanted))

    def sequence(self, have: Any, want: Any) -> None:
        """Put a group's members into the order wanted; what is not ours keeps its place."""
        wanted = [one.get("id") for one in want if one.tag in RESOURCES]
        ours = [one for one in have if one.tag in RESOURCES and one.get("id") in wanted]
        found = [one.get("id") for one in ours]
        if have.tag != "group" or found == sorted(found, key=wanted.index):
            return
        slots = [list(have).index(one) for one in ours]
        tails = [one.tail for one in ours]
        for slot, tail, one in zip(
            slots, tails, sorted(ours, key=lambda one: wanted.index(one.get("id"))), strict=True
        ):
            have.remove(one)
            have.insert(slot, one)
            one.tail = tail
        self.updated(f"{address(have)}/members", ", ".join(found), ", ".join(wanted))

    # -- name-value pairs ------------------------------------------------------------------------

    def plain_set(self, have: Any, want: Any, taken: set[Any]) -> None:
        """Bring values to what is wanted in whichever plain set of ``have`` they are."""
        sets = plain_sets(have, want.tag, taken)
        missing = []
        for pair in want:
            if have.tag == "master" and pair.get("name") == "promotable":
                continue  # what a master is in other words
            found = pairs_called(sets, pair.get("name"))
            for one in found:
                self.pair(one, pair)
            if not found:
                missing.append(pair)
        if not missing:
            if not sets and not len(want):
                self.create(have, want)
            return
        if sets:
            target = sets[0]
        else:
            target = have.makeelement(want.tag)
            cib_xml.insert(have, target)
            cib_ids.fill(target, self.ids)
            self.ids[target.get("id")] = target
        for pair in missing:
            self.create(target, pair)

    def pair(self, mate: Any, want: Any) -> None:
        """Bring one pair to its value, unless that is the cluster's own to write."""
        old, value = mate.get("value"), want.get("value")
        if mate.get("name") in CLUSTERS_OWN and mate.getparent().tag == "cluster_property_set":
            return
        if value is None or (old is not None and same_pair(mate, old, value, self.wanted.types)):
            return
        mate.set("value", value)
        name = mate.get("name") or ""
        teller = want if want.get(SECRET) else mate
        self.updated(address(mate), shown_pair(teller, name, old), shown_pair(teller, name, value))

    # -- what is taken out -----------------------------------------------------------------------

    def drop_former(self, owner: str, tag: str, name: str, value: str) -> None:
        """Remove a pair that has the value we once gave it, unless it is wanted."""
        option = owner in OPTION_SECTIONS
        home = self.configuration.find(owner) if option else self.ids.get(owner)
        ours = self.tree.find(owner) if option else self.in_tree(owner)
        if home is None or (ours is not None and pairs_called(ours.findall(tag), name)):
            return
        for pair in pairs_called(plain_sets(home, tag, set()), name):
            if same_pair(pair, pair.get("value") or "", value, self.wanted.types):
                self.delete(pair)

    def drop_families(self) -> None:
        """Remove constraints that only we can have made and that are no longer wanted."""
        section = self.configuration.find("constraints")
        wanted = {one.get("id") for one in self.tree.iterfind("constraints/*")}
        if section is None or not self.wanted.families:
            return
        for element in list(section):
            identity = element.get("id") or ""
            if identity.startswith(self.wanted.families) and identity not in wanted:
                self.delete(element)

    def drop_gone(self, identity: str) -> None:
        """Remove a resource, unless a constraint that is not its own says that others need it."""
        element = self.ids.get(identity)
        if element is None or element.tag not in RESOURCES:
            return
        naming = self.configuration.xpath(
            "constraints/*[descendant-or-self::*/@*[. = $it]]", it=identity
        )
        for other in naming:
            if not (other.get("id") or "").endswith(f"-{identity}"):
                what = f"is still needed: {address(other)}"
                hint = "take out what stands on it first"
                self.problem(address(element), what, hint, "CIB_RESOURCE_NEEDED")
                return
        for own in naming:
            self.delete(own)
        self.delete(element)

    def extra(self, element: Any) -> None:
        """Do with what stands beside ours as the pillar says."""
        if self.wanted.unmanaged == "remove":
            self.delete(element)
        else:
            self.notes.append(f"{address(element)} is in the cluster but not in the pillar: kept")

    def delete(self, element: Any) -> None:
        where, said = address(element), summary(element, "")
        cib_xml.remove(element)
        for identity in [one.get("id") for one in element.iter() if _has_id(one)]:
            self.ids.pop(identity, None)
        self.changes.append(Change(Action.DELETE, where, said, None))

    # -- telling ---------------------------------------------------------------------------------

    def problem(self, place: str, message: str, hint: str, code: str) -> None:
        self.problems.append(Problem(place, message, hint, code))

    def created(self, where: str, new: str) -> None:
        self.changes.append(Change(Action.CREATE, where, None, new))

    def updated(self, where: str, old: str | None, new: str | None) -> None:
        action = Action.CREATE if old is None else Action.UPDATE
        self.changes.append(Change(action, where, old, new))


def _has_id(element: Any) -> bool:
    return bool(element.get("id")) and element.tag not in NAMED
