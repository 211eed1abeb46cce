"""Pacemaker's own options: types, choices and defaults of what the CIB sets by name.

Sources: the metadata of Pacemaker's daemons (``pacemaker-schedulerd metadata`` and so on), the
tables of lib/common/options.c up to Pacemaker 3.0, *Pacemaker Explained*. Defaults are those
of Pacemaker 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from kvmha import values
from kvmha.documents import typed_values
from kvmha.documents.typed_values import Parameter
from kvmha.errors import Problem

UNKNOWN = "UNKNOWN_OPTION"
_TYPO = 0.8  # how near a name must be to a known one where other names are legal too

# Properties that the cluster and its tools write themselves: nobody's to set, nobody's drift.
CLUSTERS_OWN = frozenset({
    *("dc-version", "cluster-infrastructure", "cluster-name", "have-watchdog", "last-lrm-refresh"),
    "expected-quorum-votes",
})  # fmt: skip
_REQUIRES = ("nothing", "quorum", "fencing", "unfencing")
_FAILURE_ACTIONS = (
    *("ignore", "nothing", "block", "stop", "demote", "restart", "fence", "standby"),
    "restart-container",
)
_ROLES = ("Stopped", "Started", "Unpromoted", "Promoted", "Slave", "Master")
_YES = Parameter("boolean", default="true")
_NO = Parameter("boolean", default="false")
_BOOLEAN = Parameter("boolean")
_TEXT = Parameter()
_COUNT = Parameter("integer")
_SCORE = Parameter("score", default="0")
_HEALTH = Parameter("health")  # a colour or a score


def _time(default: str | None = None) -> Parameter:
    return Parameter("duration", default=default)


def _integer(default: str) -> Parameter:
    return Parameter("integer", default=default)


def _one_of(default: str | None, *choices: str) -> Parameter:
    return Parameter("enumeration", default=default, choices=choices)


def _old(kind: str, default: str | None = None) -> Parameter:
    return Parameter(kind, default=default, deprecated=True)


_ALIASES = {
    "fencing-enabled": "stonith-enabled",
    "fencing-action": "stonith-action",
    "fencing-timeout": "stonith-timeout",
    "fencing-watchdog-timeout": "stonith-watchdog-timeout",
    "fencing-max-attempts": "stonith-max-attempts",
    "fencing-reaction": "fence-reaction",
    "stop-removed-resources": "stop-orphan-resources",
    "cancel-removed-actions": "stop-orphan-actions",
    "crmd-integration-timeout": "join-integration-timeout",
    "crmd-finalization-timeout": "join-finalization-timeout",
    "crmd-transition-delay": "transition-delay",
    "master-max": "promoted-max",
    "master-node-max": "promoted-node-max",
}


def canonical_name(name: str) -> str:
    """Return the one of an option's names that every Pacemaker since 2.0 reads.

    Pacemaker 3.0.2 calls ``stonith-enabled`` ``fencing-enabled`` and reads both names;
    Pacemaker 2 still reads the ``crmd-`` names of 1.1.
    """
    return _ALIASES.get(name, name)


@dataclass(frozen=True)
class Vocabulary:
    """The names that one kind of attribute set may hold.

    ``what`` names the kind in messages. ``others`` tells what a name is that is not among
    ``options``: a ``problem``, a ``typo`` when it is nearly a known one, or ``fine``.
    ``families`` are options whose names match a pattern.
    """

    what: str
    options: Mapping[str, Parameter]
    others: Literal["problem", "typo", "fine"] = "problem"
    families: tuple[tuple[re.Pattern[str], Parameter], ...] = ()

    def option(self, name: str) -> Parameter | None:
        """Return what is known of ``name``, under any of its names; None for a stranger."""
        found = self.options.get(canonical_name(name))
        if found is not None:
            return found
        return next((known for shape, known in self.families if shape.fullmatch(name)), None)

    def problems(
        self, wanted: Mapping[str, str], place: str, *, strict: bool = True
    ) -> list[Problem]:
        """Return what is wrong with the values in ``wanted``, a set that stands at ``place``.

        A name that Pacemaker does not know has the code ``UNKNOWN_OPTION``: Pacemaker keeps
        and ignores it, so the caller may merely warn. With ``strict`` false no name is strange:
        agents keep what they like in property sets of their own (``SAPHanaSR``).
        """
        found = []
        for name, value in wanted.items():
            where = f"{place}.{name}"
            option = self.option(name)
            if option is not None:
                wrong = typed_values.problem(option, value, where)
            else:
                wrong = self._strange(name, where) if strict else None
            if wrong:
                found.append(wrong)
        return found

    def _strange(self, name: str, where: str) -> Problem | None:
        known = [*self.options, *(new for new, old in _ALIASES.items() if old in self.options)]
        near = values.nearest(name, known, 0.6 if self.others == "problem" else _TYPO)
        if self.others == "fine" or (self.others == "typo" and not near):
            return None
        return Problem(where, f"is no {self.what} of Pacemaker", near, UNKNOWN)


_PROPERTIES = {
    # Set by the cluster itself.
    "dc-version": _TEXT,
    "cluster-infrastructure": Parameter(default="corosync"),
    "have-watchdog": _NO,
    "last-lrm-refresh": _COUNT,
    # The scheduler.
    "no-quorum-policy": _one_of(
        "stop", "stop", "freeze", "ignore", "demote", "fence", "suicide"
    ),  # fence since 2.1.9; suicide is its old name
    "symmetric-cluster": _YES,
    "maintenance-mode": _NO,
    "start-failure-is-fatal": _YES,
    "enable-startup-probes": _YES,
    "shutdown-lock": _NO,
    "shutdown-lock-limit": _time("0"),
    "cluster-delay": _time("60s"),
    "node-pending-timeout": _time("0"),
    "batch-limit": _integer("0"),
    "migration-limit": _integer("-1"),
    "stop-all-resources": _NO,
    "stop-orphan-resources": _YES,
    "stop-orphan-actions": _YES,
    "pe-error-series-max": _integer("-1"),
    "pe-warn-series-max": _integer("5000"),
    "pe-input-series-max": _integer("4000"),
    "node-health-strategy": _one_of(
        "none", "none", "migrate-on-red", "only-green", "progressive", "custom"
    ),
    "node-health-base": _SCORE,
    "node-health-green": _SCORE,
    "node-health-yellow": _SCORE,
    "node-health-red": Parameter("score", default="-INFINITY"),
    "placement-strategy": _one_of("default", "default", "utilization", "minimal", "balanced"),
    # Fencing.
    "stonith-enabled": _YES,
    "stonith-action": _one_of("reboot", "reboot", "off", "poweroff"),
    "stonith-timeout": _time("60s"),
    "stonith-watchdog-timeout": Parameter("timeout", default="0"),
    "stonith-max-attempts": Parameter("score", default="10"),
    "concurrent-fencing": Parameter("boolean"),  # its default is chosen when Pacemaker is built
    "startup-fencing": _YES,
    "priority-fencing-delay": _time("0"),
    "fence-reaction": _one_of("stop", "stop", "panic"),
    "fence-remote-without-quorum": _NO,
    # The controller and the CIB manager.
    "cluster-name": _TEXT,
    "dc-deadtime": _time("20s"),
    "cluster-recheck-interval": _time("15min"),
    "load-threshold": Parameter("percentage", default="80%"),
    "node-action-limit": _integer("0"),
    "election-timeout": _time("2min"),
    "shutdown-escalation": _time("20min"),
    "join-integration-timeout": _time("3min"),
    "join-finalization-timeout": _time("30min"),
    "transition-delay": _time("0s"),
    "enable-acl": _NO,
    "cluster-ipc-limit": _integer("500"),
    # Gone, and met in clusters that grew up with Pacemaker 1.1 or under its tools.
    "remove-after-stop": _old("boolean", "false"),
    "default-resource-stickiness": _old("score"),
    "default-migration-threshold": _old("score"),
    "default-resource-failure-stickiness": _old("score"),
    "default-action-timeout": _old("duration"),
    "is-managed-default": _old("boolean"),
    "expected-quorum-votes": _old("integer"),
    "notification-agent": _old("string"),
    "notification-recipient": _old("string"),
}
PROPERTIES = Vocabulary("cluster property", MappingProxyType(_PROPERTIES))

_META = {
    "priority": _SCORE,
    "critical": _YES,
    "target-role": _one_of("Started", *_ROLES),
    "is-managed": _YES,
    "maintenance": _NO,
    "resource-stickiness": Parameter("score"),  # 1 for clones, 0 for others
    "requires": _one_of(None, *_REQUIRES),
    "migration-threshold": Parameter("score", default="INFINITY"),
    "failure-timeout": _time("0"),
    "multiple-active": _one_of("stop_start", "block", "stop_only", "stop_start", "stop_unexpected"),
    "allow-migrate": _BOOLEAN,  # true for ocf:pacemaker:remote
    "allow-unhealthy-nodes": _NO,
    "container-attribute-target": _TEXT,
    "container": _old("string"),
    "isolation": _old("string"),
    "remote-node": _TEXT,
    "remote-addr": _TEXT,
    "remote-port": Parameter("port", default="3121"),
    "remote-connect-timeout": _time("60s"),
    "remote-allow-migrate": _YES,
    "provides": _TEXT,  # unfencing: said by fencing devices
    "external-ip": _TEXT,
    # Clones, promotable ones, groups.
    "clone-max": _COUNT,
    "clone-node-max": _integer("1"),
    "clone-min": _integer("0"),
    "globally-unique": _BOOLEAN,  # since 2.1.8 true when clone-node-max is more than 1
    "interleave": _NO,
    "notify": _NO,
    "ordered": _NO,
    "promotable": _NO,
    "promoted-max": _integer("1"),
    "promoted-node-max": _integer("1"),
    "collocated": _old("boolean"),
    "resource-failure-stickiness": _old("score"),
    "restart-type": _one_of("ignore", "ignore", "restart"),
}
META_ATTRIBUTES = Vocabulary("meta attribute", MappingProxyType(_META), others="typo")

_OPERATION = {
    "name": _TEXT,
    "description": _TEXT,
    "interval": _time("0"),
    "interval-origin": _TEXT,  # a time of ISO 8601
    "start-delay": _time("0"),
    "timeout": _time("20s"),
    "on-fail": _one_of(None, *_FAILURE_ACTIONS),
    "enabled": _YES,
    "record-pending": _YES,
    "role": _one_of(None, *_ROLES),
    "requires": _one_of(None, *_REQUIRES),
    "OCF_CHECK_LEVEL": _COUNT,
}
OPERATION = Vocabulary("operation attribute", MappingProxyType(_OPERATION), others="typo")

_NODE = {
    "standby": _TEXT,  # true, false, and the lifetimes of old tools
    "maintenance": _BOOLEAN,
    "terminate": _TEXT,  # true, or the time it was asked for
    "shutdown": _COUNT,
    "resource-discovery-enabled": _BOOLEAN,
    "site-name": _TEXT,
    "probe_complete": _BOOLEAN,
}
NODE_ATTRIBUTES = Vocabulary(
    "node attribute",
    MappingProxyType(_NODE),
    others="fine",
    families=(
        (re.compile(r"#health-.+"), _HEALTH),
        (re.compile(r"fail-count-.+"), Parameter("score")),
    ),
)

# What Pacemaker itself reads of a fencing device's parameters (`pacemaker-fenced metadata`,
# pacemaker-fenced(7)), and what it or older tools set beside those of the agent.
_FENCING = {
    "pcmk_host_argument": _TEXT,
    "pcmk_host_map": _TEXT,
    "pcmk_host_list": _TEXT,
    "pcmk_host_check": _one_of(None, "dynamic-list", "static-list", "status", "none"),
    "pcmk_delay_max": _time("0s"),
    "pcmk_delay_base": Parameter(default="0s"),  # a time, or one for each node
    "pcmk_action_limit": _integer("1"),
    "action": _TEXT,
    "port": _TEXT,
    "plug": _TEXT,
    "nodename": _TEXT,
    "priority": _COUNT,
    "provides": _TEXT,
    "stonith-timeout": _time(),
}
_ACTION = "pcmk_[a-z]+(?:[-_][a-z]+)?"
FENCING_DEVICE = Vocabulary(
    "parameter",
    MappingProxyType(_FENCING),
    families=(
        (re.compile(f"{_ACTION}_action"), _TEXT),
        (re.compile(f"{_ACTION}_timeout"), _time("60s")),
        (re.compile(f"{_ACTION}_retries"), _integer("2")),
    ),
)
