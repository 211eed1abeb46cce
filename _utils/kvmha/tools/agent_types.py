"""A CIB's parameters held against what the agents that are installed here say of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kvmha.documents import pacemaker_options, typed_values
from kvmha.documents.cib_types import Judgement
from kvmha.documents.pacemaker_options import FENCING_DEVICE, META_ATTRIBUTES, PROPERTIES
from kvmha.errors import Problem
from kvmha.plan import Change
from kvmha.tools.agents import AgentUse, Catalogue

_PRIMITIVES = ("primitive", "template")


class Typed:
    """The types of parameters, from the agents' own metadata.

    With ``refuse`` false, what agents would not take is a note and no mistake.
    """

    def __init__(self, catalogue: Catalogue, *, refuse: bool = True) -> None:
        self._catalogue = catalogue
        self._refuse = refuse

    def same(self, owner: Any, name: str, one: str, other: str) -> bool:
        """Compare two values as the agent would read them; as text where it is not known."""
        agent = _agent(owner)
        metadata = self._catalogue.metadata(agent) if agent else None
        known = metadata.parameters.get(name) if metadata else None
        if known is None and agent.startswith("stonith:"):
            known = FENCING_DEVICE.option(name)
        return typed_values.same(known, one, other) if known else one == other

    def judge(self, root: Any, changes: Iterable[Change]) -> Judgement:
        """Return the mistakes in what ``changes`` touch, and what could not be looked at."""
        touched = {"/".join(change.address.split("/")[:2]): change for change in changes}
        uses = list(_uses(root, touched))
        checked = self._catalogue.check(uses)
        problems = [one for one in checked.problems if _place(one.place) in touched]
        problems += _options(root, touched)
        notes = list(checked.notes)
        notes += [f"unchecked: {agent}: {why}" for agent, why in checked.unchecked.items()]
        if self._refuse:
            return tuple(problems), tuple(notes)
        return (), (*notes, *(f"unusual: {problem}" for problem in problems))


def _place(place: str) -> str:
    return "/".join(place.split("/")[:2])


def _uses(root: Any, touched: Iterable[str]) -> Iterator[AgentUse]:
    """Yield every use of each agent that a touched primitive has: values may have to differ."""
    everything = [one for one in root.iter(*_PRIMITIVES) if _agent(one)]
    agents = {_agent(one) for one in everything if _address(one) in touched}
    for one in everything:
        if _agent(one) in agents and one.tag == "primitive":
            ops = tuple(
                (op.get("name", ""), dict(op.attrib)) for op in one.iterfind("operations/op")
            )
            yield AgentUse(
                f"{_address(one)}/param", one.get("id", ""), _agent(one), _params(one), ops
            )


def _address(primitive: Any) -> str:
    return f"cib:{primitive.tag}/{primitive.get('id')}"


def _agent(primitive: Any) -> str:
    """Return class, provider and type of a primitive, its template's where it has one."""
    owner = _template(primitive) if primitive.get("template") else primitive
    if owner is None:
        return ""
    parts = [owner.get(name) for name in ("class", "provider", "type")]
    return ":".join(part for part in parts if part)


def _template(primitive: Any) -> Any:
    found = primitive.getroottree().xpath("//template[@id=$i]", i=primitive.get("template"))
    return found[0] if found else None


def _params(primitive: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    template = _template(primitive) if primitive.get("template") else None
    for owner in (template, primitive):
        for nvset in owner.iterfind("instance_attributes") if owner is not None else ():
            for pair in _meant(nvset).iterfind("nvpair"):
                said = _meant(pair)
                name = pair.get("name") or said.get("name") or ""
                found[name] = said.get("value") or ""
    return found


def _meant(element: Any) -> Any:
    """Return the element that ``id-ref`` names, or ``element`` itself."""
    other = element.get("id-ref")
    found = element.getroottree().xpath("//*[@id=$i]", i=other) if other else []
    return found[0] if found else element


def _options(root: Any, touched: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with Pacemaker's own options among those touched.

    A name that Pacemaker does not know, and that is not nearly one it knows, is somebody's
    own: it is kept and ignored.
    """
    for path, vocabulary, place in (
        ("crm_config/cluster_property_set", PROPERTIES, "cib:property"),
        ("rsc_defaults/meta_attributes", META_ATTRIBUTES, "cib:rsc_defaults"),
    ):
        for nvset in root.iterfind(f"configuration/{path}"):
            values = {
                pair.get("name", ""): pair.get("value") or ""
                for pair in nvset.iterfind("nvpair")
                if f"{place}/{pair.get('name')}" in touched
            }
            for problem in vocabulary.problems(values, place):
                if problem.code != pacemaker_options.UNKNOWN or problem.hint.startswith("did you"):
                    yield problem
