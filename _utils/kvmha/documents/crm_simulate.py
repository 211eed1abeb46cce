"""What ``crm_simulate --output-as=xml`` says would happen, and what that costs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from kvmha.plan import Change, Disruption, Placement

_MACHINE = "ocf:heartbeat:VirtualDomain"
# A recovery is of something that has failed already: not what a change of ours does.
_COST = {
    "stop": Disruption.RESOURCE_RESTART,
    "restart": Disruption.RESOURCE_RESTART,
    "move": Disruption.RESOURCE_RESTART,
    "demote": Disruption.RESOURCE_RESTART,
    "migrate": Disruption.RELOAD,
    "reload": Disruption.RELOAD,
}


@dataclass(frozen=True)
class Consequence:
    """One thing the cluster would do; ``resource`` is empty when a node is fenced."""

    verb: str
    resource: str
    where: tuple[str, ...]
    reason: str = ""
    to: str = ""
    cost: Disruption = Disruption.NONE

    def text(self) -> str:
        """Return it as a sentence's part, such as ``would move vm-a from h1 to h2``."""
        reason = f" ({self.reason})" if self.reason else ""
        if not self.resource:
            return f"would fence {', '.join(self.where)}{reason}"
        if self.to:
            return f"would {self.verb} {self.resource} from {self.where[0]} to {self.to}{reason}"
        where = f" on {', '.join(self.where)}" if self.where else ""
        return f"would {self.verb} {self.resource}{where}{reason}"


def parse(xml: str) -> tuple[Consequence, ...]:
    """Return what the ``actions`` of a simulation say; instances of a clone are one entry."""
    root = etree.fromstring(xml.encode())
    found: dict[tuple[str, str, str], Consequence] = {}
    for action in root.iterfind("actions/*"):
        node = action.get("source") or action.get("node") or ""
        reason = action.get("reason") or ""
        if action.tag == "node_action":
            if "fence" not in (action.get("task") or "").lower():
                continue
            one = Consequence("fence", "", (node,), reason, cost=Disruption.CLUSTER_STOP)
        else:
            verb = action.get("action") or ""
            resource = (action.get("resource") or "").partition(":")[0]
            cost = _COST.get(verb, Disruption.NONE)
            where = (node,) if node else ()
            one = Consequence(verb, resource, where, reason, action.get("dest") or "", cost)
        key = (one.verb, one.resource, one.to)
        before = found.get(key)
        found[key] = replace(before, where=before.where + one.where) if before else one
    return tuple(found.values())


def caused(
    consequences: Iterable[Consequence], anyway: Iterable[Consequence]
) -> tuple[Consequence, ...]:
    """Return ``consequences`` without cost where they would come ``anyway``, and say so."""
    known = {(one.verb, one.resource, one.where, one.to) for one in anyway}
    return tuple(
        replace(one, cost=Disruption.NONE, reason="with or without this change")
        if (one.verb, one.resource, one.where, one.to) in known
        else one
        for one in consequences
    )


def placement(xml: str) -> dict[str, Placement]:
    """Return where each resource runs before and after, for those that change their place."""
    root = etree.fromstring(xml.encode())
    before = running(root.find("cluster_status"))
    after = running(root.find("revised_cluster_status"))
    return {
        name: (before.get(name, ()), after.get(name, ()))
        for name in sorted({*before, *after})
        if before.get(name, ()) != after.get(name, ())
    }


def running(status: Any) -> dict[str, tuple[str, ...]]:
    """Return the nodes on which each resource of a status is; instances of a clone are one."""
    found: dict[str, set[str]] = {}
    for resource in status.iter("resource") if status is not None else ():
        name = (resource.get("id") or "").partition(":")[0]
        nodes = [node.get("name", "") for node in resource.iterfind("node")]
        if resource.get("active") != "false":
            found.setdefault(name, set()).update(nodes)
    return {name: tuple(sorted(nodes)) for name, nodes in found.items()}


def machines(xml: str) -> frozenset[str]:
    """Return the virtual machines that would run in the end, by their resources' names."""
    status = etree.fromstring(xml.encode()).find("revised_cluster_status")
    places = running(status)
    return frozenset(
        resource.get("id", "")
        for resource in (status.iter("resource") if status is not None else ())
        if resource.get("resource_agent") == _MACHINE and places.get(resource.get("id", ""))
    )


def with_costs(
    changes: Iterable[Change], consequences: Iterable[Consequence]
) -> tuple[Change, ...]:
    """Return ``changes`` with the disruption that the simulation shows.

    A change that names a resource bears what happens to it. What no change names (a fenced
    node, a resource that moves because of an option) is borne by all of them.
    """
    listed = list(changes)
    for one in consequences:
        if not one.cost:
            continue
        named = [place for place, change in enumerate(listed) if _names(change, one.resource)]
        for place in named or range(len(listed)):
            if listed[place].disruption < one.cost:
                listed[place] = replace(listed[place], disruption=one.cost)
    return tuple(listed)


def _names(change: Change, resource: str) -> bool:
    if not resource or resource not in change.address:
        return False
    return re.search(rf"(?<!\w){re.escape(resource)}(?!\w)", change.address) is not None
