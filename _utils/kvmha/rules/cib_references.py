"""Rules for names: what a constraint, a fencing level, a tag, an ACL names has to be there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from kvmha.errors import Problem
from kvmha.rules.cib_ids import stands
from kvmha.rules.objects import Objects
from kvmha.rules.registry import objects_rule
from kvmha.spec.cib import Constraint
from kvmha.spec.cib_resources import Resource

_RESOURCES = (
    *("cib.resources[].id", "cib.resources[].members", "cib.tags[].id"),
    *("vms[].name", "storage.filesystems[].name"),
)
_NODES = ("nodes[].name", "cib.nodes[].name", "cib.resources[].meta[].values", *_RESOURCES)
_SAID = "say it in cib.resources too, or take this out; an export of the cluster brings it"
# Looking for what was meant takes a while among thousands; a pattern is clear before.
_GUESSES = 20


class _Names:
    """Known names, and what an unknown one may have been meant to be."""

    def __init__(self, known: Collection[str]) -> None:
        self.known = known
        self.guesses = _GUESSES

    def hint(self, word: str, otherwise: str) -> str:
        """Return ``did you mean``, or ``otherwise``."""
        self.guesses -= 1
        close = difflib.get_close_matches(word, self.known, n=1) if self.guesses >= 0 else []
        return f"did you mean {close[0]!r}?" if close else otherwise


@objects_rule(*_RESOURCES)
def constraints_name_resources(objects: Objects) -> Iterator[Problem]:
    """Want resources, templates or tags behind the names in a constraint.

    Source: Pacemaker's schema, where these are IDREFs: one misspelt name makes the whole
    configuration invalid. Instances of clones, ``dlm:0``, and replicas of bundles,
    ``web-podman-0``, have no ids there. A resource that only the cluster has is to be said in
    the pillar, or a misspelt name would pass until it is applied.
    """
    known = {*objects.resources, *(tag.id for tag in objects.cib.tags)}
    known |= {f"vm-{vm.name}" for vm in objects.spec.vms}  # those without a filesystem too
    names = _Names(known)
    for place, constraint in objects.constraints:
        for key, name in _named(constraint):
            if name not in known:
                message = f"there is no resource '{name}'"
                hint = names.hint(name, _SAID)
                yield Problem(f"{place}.{key}", message, hint, "RESOURCE_UNKNOWN")


@objects_rule(*_RESOURCES, "cib.resources[].kind")
def constraints_name_clones(objects: Objects) -> Iterator[Problem]:
    """Refuse a constraint on what is inside a clone or a bundle: it has to name that.

    Source: crm_verify(8), "not a valid resource or tag": Pacemaker leaves such a one out as
    long as its status has no instance, so just when a cluster starts.
    """
    for place, constraint in objects.constraints:
        for key, name in _named(constraint):
            clone = objects.clone_around.get(name)
            if clone is not None:
                message = f"{name} is inside of {clone}: Pacemaker may leave this out"
                yield Problem(f"{place}.{key}", message, f"name {clone}", "RESOURCE_INSIDE")


@objects_rule(*_NODES)
def locations_name_nodes(objects: Objects) -> Iterator[Problem]:
    """Want nodes behind the names in a location: of the cluster, remote ones, guests.

    Source: Pacemaker Explained, "Location Constraints"; names are compared without case.
    """
    names = _Names(objects.nodes)
    for place, constraint in objects.constraints:
        node = constraint.node
        if place.startswith("cib.") and node is not None and not _is_node(objects, node):
            hint = names.hint(node.lower(), f"known are {_list(objects.nodes.values())}")
            yield Problem(f"{place}.node", f"there is no node '{node}'", hint, "NODE_UNKNOWN")


@objects_rule(*_NODES)
def fencing_levels_name_nodes(objects: Objects) -> Iterator[Problem]:
    """Want a node behind the target of a fencing level (Pacemaker Explained, Fencing Levels)."""
    for index, level in enumerate(objects.spec.cib.fencing_levels):
        if level.target is not None and not _is_node(objects, level.target):
            place = f"cib.fencing_levels[{index}].target"
            hint = f"known are {_list(objects.nodes.values())}"
            message = f"there is no node '{level.target}'"
            yield Problem(place, message, hint, "NODE_UNKNOWN")


@objects_rule(*_RESOURCES, "cib.resources[].agent", "cib.resources[].template")
def fencing_levels_name_devices(objects: Objects) -> Iterator[Problem]:
    """Want primitives of class stonith as the devices of a fencing level.

    Source: Pacemaker Explained, "Fencing Levels"; ``watchdog`` is Pacemaker's own device.
    """
    devices = {i for i, one in objects.resources.items() if _is_device(objects, one.resource)}
    devices.add("watchdog")
    for i, level in enumerate(objects.spec.cib.fencing_levels):
        for j, name in enumerate(level.devices):
            if name not in devices:
                is_there = name in objects.resources
                message = f"{name} does not fence" if is_there else f"there is no device '{name}'"
                place = f"cib.fencing_levels[{i}].devices[{j}]"
                hint = f"known are {_list(devices)}"
                yield Problem(place, message, hint, "FENCING_DEVICE_UNKNOWN")


@objects_rule(*_RESOURCES, "cib.resources[].kind")
def templates_are_templates(objects: Objects) -> Iterator[Problem]:
    """Want a template of that id behind ``template`` (Pacemaker Explained, Templates)."""
    templates = {i for i, one in objects.resources.items() if one.resource.kind == "template"}
    names = _Names(templates)
    for placed in objects.all:
        wanted = placed.resource.template
        if wanted is not None and wanted not in templates:
            is_there = wanted in objects.resources
            message = f"{wanted} is no template" if is_there else f"there is no template '{wanted}'"
            hint = names.hint(wanted, f"known are {_list(templates)}")
            yield Problem(f"{placed.place}.template", message, hint, "TEMPLATE_UNKNOWN")


@objects_rule(*_RESOURCES, "cib.constraints[].id", "cib.alerts[].id")
def tags_name_objects(objects: Objects) -> Iterator[Problem]:
    """Want objects behind the names in a tag.

    Source: Pacemaker Explained, "Tagging Configuration Elements": any element with an id. Ids
    of parts are derived from their owners' ids, so what begins with one of those passes.
    """
    known = {one.id for _, one in objects.parts if getattr(one, "id", None)}
    known |= {*objects.resources, *(one.id for _, one in objects.constraints)}
    known |= set(objects.nodes.values()) | {str(node.id) for node in objects.spec.nodes}
    names = _Names(known)
    for i, tag in enumerate(objects.cib.tags):
        for j, name in enumerate(tag.objects):
            if not stands(name, known):
                place = f"cib.tags[{i}].objects[{j}]"
                message = f"nothing has the id '{name}'"
                yield Problem(place, message, names.hint(name, _SAID), "TAG_OBJECT_UNKNOWN")


@objects_rule("cib.acls[].kind", "cib.acls[].id")
def acls_name_roles(objects: Objects) -> Iterator[Problem]:
    """Want roles behind the names that users and groups have (Pacemaker Explained, ACLs)."""
    roles = {acl.id for acl in objects.cib.acls if acl.kind == "role"}
    for i, acl in enumerate(objects.cib.acls):
        for key, wanted in (("roles", acl.roles), ("role_refs", acl.role_refs)):
            for j, name in enumerate(wanted):
                if name not in roles:
                    message = f"there is no role '{name}'"
                    hint = f"known are {_list(roles)}; say it as an ACL of kind role"
                    yield Problem(f"cib.acls[{i}].{key}[{j}]", message, hint, "ROLE_UNKNOWN")


def _named(constraint: Constraint) -> Iterator[tuple[str, str]]:
    for key in ("rsc", "with_rsc", "first", "then"):
        name = getattr(constraint, key)
        if name is not None:
            yield key, name
    for i, each in enumerate(constraint.sets):
        for j, name in enumerate(each.resources):
            yield f"sets[{i}].resources[{j}]", name


def _is_node(objects: Objects, name: str) -> bool:
    """Tell whether a node is called ``name``; replicas of bundles, ``web-0``, are nodes too."""
    if name.lower() in objects.nodes:
        return True
    bundle, _, number = name.rpartition("-")
    held = objects.resources.get(bundle)
    return number.isdigit() and held is not None and held.resource.kind == "bundle"


def _is_device(objects: Objects, resource: Resource) -> bool:
    """Tell whether a resource fences, or may: one without any agent is told elsewhere."""
    agent = objects.agent(resource)
    return resource.kind == "primitive" and (not agent or agent.startswith("stonith:"))


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
