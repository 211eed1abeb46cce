"""A plan: what would change, where, from what to what, and what that costs those who run on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum, IntEnum
from typing import Any

from kvmha.errors import KvmhaError, Refused, StalePlan


class Disruption(IntEnum):
    """What a change does to what is running, from harmless to irrecoverable."""

    NONE = 0
    RELOAD = 1
    RESOURCE_RESTART = 2
    CLUSTER_STOP = 3
    DATA_LOSS = 4

    @property
    def word(self) -> str:
        """The name used in pillar and in messages, such as ``resource_restart``."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str | Disruption) -> Disruption:
        """Return the disruption that ``word`` names; raise KvmhaError for any other word."""
        if isinstance(word, Disruption):
            return word
        try:
            return cls[str(word).upper()]
        except KeyError:
            known = ", ".join(level.word for level in cls)
            raise KvmhaError(f"allow: {word!r} is no level of disruption", hint=known) from None


class Action(str, Enum):
    """What is done at an address."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RUN = "run"


@dataclass(frozen=True)
class Change:
    """One change: ``address`` names the value (``corosync.conf:totem.token``).

    ``old`` and ``new`` are what a person would compare; a secret is never among them,
    only its fingerprint.
    """

    action: Action
    address: str
    old: Any = None
    new: Any = None
    disruption: Disruption = Disruption.NONE

    def text(self) -> str:
        """Return the change as one line."""
        cost = f"  [{self.disruption.word}]" if self.disruption else ""
        if self.action is Action.CREATE:
            return f"+ {self.address} = {self.new}{cost}"
        if self.action is Action.DELETE:
            return f"- {self.address} (was {self.old}){cost}"
        if self.action is Action.RUN:
            return f"! {self.address}: {self.new}{cost}"
        return f"~ {self.address}: {self.old} -> {self.new}{cost}"


# The nodes on which a resource runs before, and after.
Placement = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Plan:
    """An ordered list of changes; empty means that all is as wanted.

    ``base`` identifies what was observed, so that a plan made from something else has
    another digest. ``notes`` are for the reader and never part of the digest; so is
    ``placement``: where each resource that would move runs now, and where it would run.
    """

    changes: tuple[Change, ...] = ()
    base: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)
    placement: Mapping[str, Placement] = field(default_factory=dict, compare=False)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def noted(self, *notes: str) -> Plan:
        """Return this plan with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    @property
    def disruption(self) -> Disruption:
        """The worst disruption among the changes."""
        return max((change.disruption for change in self.changes), default=Disruption.NONE)

    @property
    def digest(self) -> str:
        """A name for exactly these changes from exactly this base."""
        said = [self.base, [_plain(change) for change in self.changes]]
        text = json.dumps(said, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def refuse_above(self, allow: str | Disruption) -> None:
        """Raise Refused when a change is more disruptive than ``allow``."""
        limit = Disruption.of(allow)
        above = [change for change in self.changes if change.disruption > limit]
        if above:
            lines = "\n".join(f"  {change.text()}" for change in above)
            raise Refused(
                f"refused, since only {limit.word} is allowed here:\n{lines}",
                hint=f"set allow: {self.disruption.word} to permit it",
            )

    def refuse_stale(self, expect: str | None) -> None:
        """Raise StalePlan unless this is the plan whose digest is ``expect``; None expects any.

        An empty plan is never stale: somebody else has done what was to be done.
        """
        if expect and self and self.digest != expect:
            raise StalePlan(
                f"the plan is no longer the one that was shown; now it is:\n{self.text()}",
                hint="look at the new plan, then apply again",
            )

    def text(self) -> str:
        """Return the plan as lines for a person, notes last."""
        lines = [change.text() for change in self.changes]
        lines += [f"# {note}" for note in self.notes]
        for name, (before, after) in self.placement.items():
            where = " -> ".join(", ".join(nodes) or "nowhere" for nodes in (before, after))
            lines.append(f"# {name} runs on: {where}")
        return "\n".join(lines)

    def salt_changes(self) -> dict[str, dict[str, Any]]:
        """Return the changes as a Salt state reports them."""
        return {change.address: {"old": change.old, "new": change.new} for change in self.changes}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that ``from_dict`` reads back; what the modules return."""
        return {
            "changes": [_plain(change) for change in self.changes],
            "base": self.base,
            "notes": list(self.notes),
            "placement": {
                name: {"before": list(before), "after": list(after)}
                for name, (before, after) in self.placement.items()
            },
            "digest": self.digest,
            "disruption": self.disruption.word,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Return the plan that ``to_dict`` wrote."""
        changes = (
            Change(
                Action(item["action"]),
                item["address"],
                item["old"],
                item["new"],
                Disruption.of(item["disruption"]),
            )
            for item in data["changes"]
        )
        placement = {
            name: (tuple(nodes["before"]), tuple(nodes["after"]))
            for name, nodes in data.get("placement", {}).items()
        }
        return cls(tuple(changes), data["base"], tuple(data["notes"]), placement)

    @classmethod
    def joined(cls, plans: Iterable[Plan]) -> Plan:
        """Return one plan that holds the changes of all ``plans``, in order."""
        listed = list(plans)
        return cls(
            tuple(change for plan in listed for change in plan.changes),
            "+".join(plan.base for plan in listed),
            tuple(note for plan in listed for note in plan.notes),
            {name: nodes for plan in listed for name, nodes in plan.placement.items()},
        )


def _plain(change: Change) -> dict[str, Any]:
    data = asdict(change)
    data["action"] = change.action.value
    data["disruption"] = change.disruption.word
    return data
