"""``cib``: Pacemaker's whole configuration as data.

What has a shorthand of its own (VMs, filesystems, fencing) is built from the same words; an
object here with the id of such a one is laid over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kvmha.spec.cib_parts import (
    NvSet,
    ResourceSet,
    Rule,
    Scalar,
    identity,
    more,
    nvsets,
    order,
    word,
)
from kvmha.spec.cib_resources import Resource
from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

_LOC, _COLO, _ORD, _TICK = ("location",), ("colocation",), ("order",), ("ticket",)


@vocabulary(frozen=True)
class Constraint:
    """``cib.constraints[]``: where, with what, when; its ``kind`` says which."""

    TAGS: ClassVar[dict[str, str]] = {
        "location": "rsc_location",
        "colocation": "rsc_colocation",
        "order": "rsc_order",
        "ticket": "rsc_ticket",
    }

    kind: str = said("text", "What it constrains.", choices=tuple(TAGS), example="location")
    id: str = said("word", "Its id.", xml="@id", example="web-on-first")
    rsc: str | None = word("Resource.", "@rsc", "web", (*_LOC, *_COLO, *_TICK))
    rsc_pattern: str | None = word("Resources, by pattern.", "@rsc-pattern", "vm-.*", _LOC)
    node: str | None = word("Node.", "@node", "ha-host1", _LOC)
    with_rsc: str | None = word("Resource it is placed with.", "@with-rsc", "db", _COLO)
    first: str | None = word("Resource that comes first.", "@first", "db", _ORD)
    then: str | None = word("Resource that comes then.", "@then", "web", _ORD)
    first_action: str | None = word("Action of the first.", "@first-action", "promote", _ORD)
    then_action: str | None = word("Action of the other.", "@then-action", "start", _ORD)
    order_kind: str | None = word("Optional, Mandatory or Serialize.", "@kind", "Mandatory", _ORD)
    symmetrical: str | None = word("Whether stops go in reverse.", "@symmetrical", True, _ORD)
    require_all: str | None = word("Whether all instances count.", "@require-all", True, _ORD)
    ticket: str | None = word("Ticket.", "@ticket", "site-a", _TICK)
    loss_policy: str | None = word(
        "What follows its loss: stop, demote, fence, freeze.", "@loss-policy", "stop", _TICK
    )
    score: str | None = word("Score.", "@score", "INFINITY", (*_LOC, *_COLO, *_ORD))
    score_attribute: str | None = word(
        "Node attribute that is the score (old).", "@score-attribute", "load", _COLO
    )
    role: str | None = word("Role it is for.", "@role", "Promoted", _LOC)
    rsc_role: str | None = word("Role of `rsc`.", "@rsc-role", "Promoted", (*_COLO, *_TICK))
    with_rsc_role: str | None = word("Role of `with_rsc`.", "@with-rsc-role", "Started", _COLO)
    node_attribute: str | None = word(
        "Node attribute that has to be equal.", "@node-attribute", "rack", _COLO
    )
    influence: str | None = word(
        "Whether `rsc` may make `with_rsc` move.", "@influence", False, _COLO
    )
    resource_discovery: str | None = word(
        "Where to look for the resource: always, never, exclusive.",
        "@resource-discovery",
        "never",
        _LOC,
    )
    rules: tuple[Rule, ...] = said(
        "object", "Rules in place of a node.", many=True, of=Rule, xml="rule", default=(), only=_LOC
    )
    sets: tuple[ResourceSet, ...] = said(
        "object", "Sets of resources.", many=True, of=ResourceSet, xml="resource_set", default=()
    )
    lifetime: tuple[Rule, ...] = said(
        "object", "When it counts.", many=True, of=Rule, xml="lifetime/rule", default=()
    )
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class CibNode:
    """``cib.nodes[]``: what the cluster is to know of a node."""

    name: str | None = word("Its name.", "@uname", "ha-host1")
    id: str | None = word(
        "Its id in the CIB; absent: that of the cluster, found by its name.", "@id", "1"
    )
    type: str | None = word("member, remote or ping.", "@type", "member")
    description: str | None = word("Text for people.", "@description", "in the cellar")
    score: str | None = word("Score of all resources there.", "@score", 0)
    attributes: tuple[NvSet, ...] = nvsets("Node attributes.", "instance_attributes", {"rack": "a"})
    utilization: tuple[NvSet, ...] = nvsets("Capacity.", "utilization", {"cpu": 16})
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class FencingLevel:
    """``cib.fencing_levels[]``: devices that are tried one level after another."""

    id: str | None = identity("fl-ha-host1-1")
    target: str | None = word("Node.", "@target", "ha-host1")
    target_pattern: str | None = word("Nodes, by pattern.", "@target-pattern", "ha-host.*")
    target_attribute: str | None = word("Nodes, by an attribute.", "@target-attribute", "rack")
    target_value: str | None = word("Value of it.", "@target-value", "a")
    index: str | None = word("Level, from 1.", "@index", 1)
    devices: tuple[str, ...] = said(
        "word", "Fencing devices.", many=True, xml="@devices", default=(), example=["ipmi1"]
    )
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class Tag:
    """``cib.tags[]``: a name for several objects."""

    id: str = said("word", "Its id.", xml="@id", example="batch")
    objects: tuple[str, ...] = said(
        "word", "Ids of objects.", many=True, xml="obj_ref@id", default=(), example=["web"]
    )
    more: Mapping[str, Scalar] = more()


_NEW, _OLD = ("permission",), ("read", "write", "deny")


@vocabulary(frozen=True)
class Permission:
    """``cib.acls[].permissions[]``: what a role may do; `read`, `write`, `deny` are old words."""

    TAGS: ClassVar[dict[str, str]] = {
        "permission": "acl_permission",
        "read": "read",
        "write": "write",
        "deny": "deny",
    }

    style: str = said(
        "text",
        "`permission` since Pacemaker 1.1.12.",
        default="permission",
        choices=tuple(TAGS),
        example="permission",
    )
    id: str | None = identity("watch-all")
    kind: str | None = word("read, write or deny.", "@kind", "read", _NEW)
    xpath: str | None = word("What it is about, as XPath.", "@xpath", "/cib")
    reference: str | None = word("Id of what it is about.", "@reference", "web", _NEW)
    object_type: str | None = word("Element it is about.", "@object-type", "node", _NEW)
    attribute: str | None = word("Attribute it is about.", "@attribute", "uname")
    description: str | None = word("Text for people.", "@description", "look only", _NEW)
    tag: str | None = word("Element it is about (old).", "@tag", "node", _OLD)
    ref: str | None = word("Id of what it is about (old).", "@ref", "web", _OLD)
    more: Mapping[str, Scalar] = more()


_ROLE, _WHO = ("role",), ("target", "group", "user")


@vocabulary(frozen=True)
class Acl:
    """``cib.acls[]``: a role, or a user or group that has roles."""

    TAGS: ClassVar[dict[str, str]] = {
        "role": "acl_role",
        "target": "acl_target",
        "group": "acl_group",
        "user": "acl_user",
    }

    kind: str = said(
        "text",
        "`target` is a user; `user` its old word.",
        choices=tuple(TAGS),
        example="role",
    )
    id: str = said("word", "Its id; of users and groups, their name.", xml="@id", example="watch")
    name: str | None = word("Name of the user or group, if not the id.", "@name", "ops", _WHO)
    description: str | None = word("Text for people.", "@description", "may look", _ROLE)
    roles: tuple[str, ...] = said(
        "word", "Roles.", many=True, xml="role@id", default=(), example=["watch"], only=_WHO
    )
    role_refs: tuple[str, ...] = said(
        "word", "Roles (old).", many=True, xml="role_ref@id", default=(), example=["watch"],
        only=("user",),
    )  # fmt: skip
    permissions: tuple[Permission, ...] = said(
        "object", "What it may do.", many=True, of=Permission, xml="<kind>", default=()
    )
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class SelectedAttribute:
    """``cib.alerts[].select_attributes[]``: a node attribute whose changes are told."""

    id: str | None = identity("alert-standby")
    name: str | None = word("Its name.", "@name", "standby")
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class Recipient:
    """``cib.alerts[].recipients[]``: who is told."""

    id: str | None = identity("mail-ops")
    value: str | None = word("Address the agent is given.", "@value", "ops@example.org")
    description: str | None = word("Text for people.", "@description", "operators")
    params: tuple[NvSet, ...] = nvsets("Parameters.", "instance_attributes", {"sender": "ha"})
    meta: tuple[NvSet, ...] = nvsets("Meta attributes.", "meta_attributes", {"timeout": "15s"})
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class Alert:
    """``cib.alerts[]``: a program that is told what happens."""

    id: str = said("word", "Its id.", xml="@id", example="mail")
    path: str | None = word("The program.", "@path", "/usr/local/bin/ha-mail")
    description: str | None = word("Text for people.", "@description", "mails")
    select_nodes: bool = said(
        "boolean", "Tell of nodes.", xml="select/select_nodes!", default=False, example=True
    )
    select_fencing: bool = said(
        "boolean", "Tell of fencing.", xml="select/select_fencing!", default=False, example=True
    )
    select_resources: bool = said(
        "boolean", "Tell of resources.", xml="select/select_resources!", default=False, example=True
    )
    select_all_attributes: bool = said(
        "boolean",
        "Tell of all node attributes; void beside `select_attributes`.",
        xml="select/select_attributes!",
        default=False,
        example=True,
    )
    select_attributes: tuple[SelectedAttribute, ...] = said(
        "object",
        "Tell of these node attributes; without any `select_`: of all but node attributes.",
        many=True,
        of=SelectedAttribute,
        xml="select/select_attributes/attribute",
        default=(),
    )
    params: tuple[NvSet, ...] = nvsets("Parameters.", "instance_attributes", {"debug": 1})
    meta: tuple[NvSet, ...] = nvsets("Meta attributes.", "meta_attributes", {"timeout": "15s"})
    recipients: tuple[Recipient, ...] = said(
        "object", "Who is told.", many=True, of=Recipient, xml="recipient", default=()
    )
    order: tuple[str, ...] = order()
    more: Mapping[str, Scalar] = more()


@vocabulary(frozen=True)
class Cib:
    """``cib``: Pacemaker's configuration."""

    properties: tuple[NvSet, ...] = nvsets(
        "Cluster properties.",
        "crm_config/cluster_property_set",
        {"cluster-recheck-interval": "5min"},
    )
    nodes: tuple[CibNode, ...] = said(
        "object", "Nodes.", many=True, of=CibNode, xml="nodes/node", default=()
    )
    resources: tuple[Resource, ...] = said(
        "object", "Resources.", many=True, of=Resource, xml="resources/<kind>", default=()
    )
    constraints: tuple[Constraint, ...] = said(
        "object", "Constraints.", many=True, of=Constraint, xml="constraints/<kind>", default=()
    )
    fencing_levels: tuple[FencingLevel, ...] = said(
        "object",
        "Levels of fencing.",
        many=True,
        of=FencingLevel,
        xml="fencing-topology/fencing-level",
        default=(),
    )
    acls: tuple[Acl, ...] = said(
        "object", "Who may do what.", many=True, of=Acl, xml="acls/<kind>", default=()
    )
    tags: tuple[Tag, ...] = said("object", "Tags.", many=True, of=Tag, xml="tags/tag", default=())
    alerts: tuple[Alert, ...] = said(
        "object", "Alerts.", many=True, of=Alert, xml="alerts/alert", default=()
    )
    rsc_defaults: tuple[NvSet, ...] = nvsets(
        "Defaults of meta attributes.", "rsc_defaults/meta_attributes", {"migration-threshold": 3}
    )
    op_defaults: tuple[NvSet, ...] = nvsets(
        "Defaults of operations.", "op_defaults/meta_attributes", {"timeout": "60s"}
    )
    order: tuple[str, ...] = order()

    def property(self, name: str) -> Scalar | None:
        """Return the cluster property ``name`` as it is said, the first set winning, or None."""
        for nvset in self.properties:
            pairs = {pair.name: pair.value for pair in nvset.pairs}
            found = nvset.values.get(name, pairs.get(name))
            if found is not None and nvset.rule is None:
                return found
        return None
