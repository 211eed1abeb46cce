"""What stands in a CIB beside what the pillar names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kvmha.documents.cib import Wanted
from kvmha.documents.cib_marks import is_operators
from kvmha.documents.cib_match import SETS, level_key
from kvmha.documents.pacemaker_options import CLUSTERS_OWN, canonical_name

_OBJECTS = {
    *("resources", "constraints", "tags", "alerts", "acls", "fencing-topology"),
}
_RESOURCES = ("primitive", "group", "clone", "master", "bundle", "template")


class Unmanaged:
    """Looks for what is not in the pillar: objects by their ids, values of ours by their names.

    Nodes are the cluster's own, so of them only values are looked at, and only where the
    pillar names the node. ``tree`` is what is wanted.
    """

    def __init__(self, wanted: Wanted, tree: Any) -> None:
        self.silent = wanted.unmanaged == "keep"
        self.wanted = {
            (section.tag, _identity(one)): one
            for section in tree
            if section.tag in _OBJECTS
            for one in section.iter()
            if one.getparent() is section or one.tag in _RESOURCES
        }
        self.tree = tree

    def found(self, configuration: Any) -> list[Any]:
        """Return the elements, outermost first and not what is inside of one of them."""
        if self.silent:
            return []
        found: list[Any] = []
        for section in configuration:
            if section.tag in _OBJECTS:
                found += self.objects(section, section)
            elif section.tag in ("crm_config", "rsc_defaults", "op_defaults"):
                found += self.pairs(section, self.tree.find(section.tag))
        return found

    def objects(self, parent: Any, section: Any) -> Iterator[Any]:
        """Yield what is below ``parent`` and not in the pillar: objects, values of ours."""
        for element in list(parent):
            identity = element.get("id")
            if not identity or (parent is not section and element.tag not in _RESOURCES):
                continue
            mine = self.wanted.get((section.tag, _identity(element)))
            if mine is None:
                if not is_operators(element) and not self.holds_ours(element):
                    yield element
                continue
            yield from self.pairs(element, mine)
            if element.tag in ("group", "clone", "master", "bundle"):
                yield from self.objects(element, section)

    def orphans(self, configuration: Any) -> list[Any]:
        """Return what operators have said of resources that are there no longer."""
        there = set(configuration.xpath("resources//@id"))
        constraints = configuration.iterfind("constraints/*[@rsc]")
        return [one for one in constraints if is_operators(one) and one.get("rsc") not in there]

    def holds_ours(self, element: Any) -> bool:
        """Tell whether a resource of ours is in ``element``: then it cannot go."""
        return any(("resources", one.get("id")) in self.wanted for one in element.iter())

    def pairs(self, have: Any, want: Any) -> Iterator[Any]:
        """Yield name-value pairs of an object of ours that the pillar does not name."""
        named = set() if want is None else {_key(one) for one in want.iter("nvpair")}
        if want is not None and want.tag == "master":
            named.add(("meta_attributes", "promotable"))  # what a master is in other words
        named_sets = set() if want is None else {one.get("id") for one in want.iter()} - {None}
        for nvset in have:
            if nvset.tag not in SETS or nvset.find("rule") is not None:
                continue
            for pair in nvset.iterfind("nvpair"):
                name = pair.get("name") or ""
                known = _key(pair) in named or pair.get("id") in named_sets
                if not known and name not in CLUSTERS_OWN and not is_operators(pair):
                    yield pair


def _identity(element: Any) -> Any:
    """Return what an object is known by: its id, which levels of fencing need not have."""
    return level_key(element) if element.tag == "fencing-level" else element.get("id")


def _key(pair: Any) -> tuple[str, str]:
    tag = pair.getparent().tag
    name = pair.get("name") or pair.get("id-ref") or ""
    options = ("cluster_property_set", "meta_attributes")
    return tag, canonical_name(name) if tag in options else name
