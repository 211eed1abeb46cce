"""Rules for ids: each once, and each that is named stands somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.objects import Objects
from kvmha.rules.registry import objects_rule
from kvmha.spec.cib import Acl, CibNode

# Ids that are derived where none is said, beside those that begin with an owner's id.
_DERIVED = ("cib-bootstrap-options", "rsc-options", "op-options", "fl-")


@objects_rule()
def ids_are_used_once(objects: Objects) -> Iterator[Problem]:
    """Want each id once in the whole configuration: two objects cannot be told apart.

    Source: Pacemaker's schema, where ``id`` is of type ID everywhere but for nodes and for
    users and groups of ACLs, whose ids are names. A resource or a constraint that a shorthand
    makes may be said again: that is laid over it, see ``shorthands_keep_their_kind``.
    """
    first: dict[str, str] = {}
    for place, one in objects.parts:
        identity = getattr(one, "id", None)
        if not identity or isinstance(one, CibNode) or _is_name(one):
            continue
        other = first.setdefault(identity, place)
        if other != place:
            hint = "give every object its own id"
            message = f"{identity} is already used by {other}"
            yield Problem(f"{place}.id", message, hint, "CIB_ID_DUPLICATE")


@objects_rule("cib.resources[].kind", "cib.constraints[].kind")
def shorthands_keep_their_kind(objects: Objects) -> Iterator[Problem]:
    """Refuse an object with the id of a shorthand's that is of another kind, or elsewhere.

    Such an id means the object of the shorthand: what is said is laid over that.
    """
    own = {one.id: one.kind for one in objects.own.constraints}
    holders = {
        inner.id: outer.id for outer in objects.own.resources for inner in outer.members
    } | dict.fromkeys((one.id for one in objects.own.resources), "")
    kinds = _kinds(objects)
    for placed in objects.said:
        one = placed.resource
        if one.id not in kinds and one.id not in own:
            continue
        kind = kinds.get(one.id) or f"{own.get(one.id)} constraint"
        message = ""
        if one.kind not in (kind, "primitive") or one.id in own:
            message = f"{one.id} is the id of our {kind}, not of this {one.kind}"
        elif placed.holder and placed.holder.resource.id != holders[one.id]:
            message = f"{one.id} cannot be moved into {placed.holder.resource.id}"
        if message:
            yield _taken(objects, placed.place, one.id, message)
    for index, constraint in enumerate(objects.spec.cib.constraints):
        kind = own.get(constraint.id) or kinds.get(constraint.id, constraint.kind)
        if kind != constraint.kind:
            message = f"{constraint.id} is the id of our {kind}, not of this {constraint.kind}"
            yield _taken(objects, f"cib.constraints[{index}]", constraint.id, message)


@objects_rule("storage.filesystems[].name")
def filesystem_names_leave_room(objects: Objects) -> Iterator[Problem]:
    """Refuse filesystems whose resources get the same id, such as ``a`` and ``a-clone``."""
    names = {fs.name for fs in objects.spec.storage.filesystems}
    for index, fs in enumerate(objects.spec.storage.filesystems):
        clone = f"{fs.name}-clone"
        if clone in names:
            message = f"the clone of '{fs.name}' is called like the filesystem '{clone}'"
            place = f"storage.filesystems[{index}].name"
            yield Problem(place, message, f"rename '{clone}'", "FILESYSTEM_NAME_TAKEN")


@objects_rule(
    *("unmanaged", "cib.resources[].id", "cib.resources[].members", "cib.resources[].ops_id"),
    *("cib.resources[].ops[].id", "cib.resources[].params[].id", "cib.resources[].meta[].id"),
    *("cib.constraints[].id", "cib.constraints[].rules[].id", "cib.constraints[].sets[].id"),
)
def references_stand_somewhere(objects: Objects) -> Iterator[Problem]:
    """Want ``id_ref`` and ``ops_ref`` to name what is said, where all else is removed.

    With ``unmanaged: keep`` or ``report`` it may name something that only the cluster has.
    """
    if objects.spec.unmanaged != "remove":
        return
    known = {one.id for _, one in objects.parts if getattr(one, "id", None)}
    known |= {one.ops_id for _, one in objects.parts if getattr(one, "ops_id", None)}
    known |= set(objects.own_places)
    for place, one in objects.parts:
        for key in ("id_ref", "ops_ref"):
            wanted = getattr(one, key, None)
            if wanted and not stands(wanted, known):
                message = f"nothing has the id {wanted!r}"
                hint = "say it in the pillar too: with unmanaged: remove nothing else stays"
                yield Problem(f"{place}.{key}", message, hint, "CIB_REFERENCE_UNKNOWN")


def stands(identity: str, known: set[str]) -> bool:
    """Tell whether ``identity`` is one of ``known``, or can be derived from one of them."""
    if identity in known or identity.startswith(_DERIVED):
        return True
    words = identity.split("-")
    return any("-".join(words[:count]) in known for count in range(1, len(words)))


def _is_name(one: object) -> bool:
    return isinstance(one, Acl) and one.kind != "role"


def _kinds(objects: Objects) -> dict[str, str]:
    own = [*objects.own.resources, *(one for o in objects.own.resources for one in o.members)]
    return {one.id: one.kind for one in own}


def _taken(objects: Objects, place: str, identity: str, message: str) -> Problem:
    hint = f"choose another id: this one belongs to {objects.own_places.get(identity, 'us')}"
    return Problem(f"{place}.id", message, hint, "CIB_ID_OF_SHORTHAND")
