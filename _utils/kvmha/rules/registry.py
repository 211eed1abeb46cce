"""The registry of rules, and which of them a half-readable spec can answer."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kvmha.errors import Problem
from kvmha.rules.objects import Objects
from kvmha.spec.model import ClusterSpec

Check = Callable[[ClusterSpec], Iterable[Problem]]
ObjectsCheck = Callable[[Objects], Iterable[Problem]]

# Resources within resources: places are told as those of the outermost.
_NESTED = re.compile(r"(\[\]\.members)+\[\]")


@dataclass(frozen=True)
class Rule:
    """A rule: its name, its check, and the places (``nodes[].name``) it has to know in full.

    Its check takes the spec; with ``over_objects`` the objects of the CIB that follow from it.
    """

    name: str
    check: Callable[[Any], Iterable[Problem]]
    needs: tuple[str, ...]
    over_objects: bool = False

    def is_blind(self, unread: Collection[str]) -> bool:
        """Tell whether a place the rule needs, or one that holds it, could not be read.

        ``unread`` are places of the outermost objects: ``cib.resources[].id`` for members too.
        """
        return any(
            need == gap or need.startswith((f"{gap}.", f"{gap}["))
            for need in self.needs
            for gap in unread
        )


RULES: dict[str, Rule] = {}


def rule(*needs: str) -> Callable[[Check], Check]:
    """Register a check under its own name.

    ``needs`` are the places without which it would see mistakes that are none. A check that
    only looks for equal values needs nothing: what stands for an unreadable value equals
    no other.
    """

    def register(check: Check) -> Check:
        RULES[check.__name__] = Rule(check.__name__, check, needs)
        return check

    return register


def objects_rule(*needs: str) -> Callable[[ObjectsCheck], ObjectsCheck]:
    """Register a check of the CIB's objects, as ``rule`` does one of the spec."""

    def register(check: ObjectsCheck) -> ObjectsCheck:
        RULES[check.__name__] = Rule(check.__name__, check, needs, over_objects=True)
        return check

    return register


def check(spec: ClusterSpec, *, unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """Return what the rules find in ``spec``, without those that need a place of ``unread``."""
    return tuple(_found(spec, {_NESTED.sub("[]", place) for place in unread}))


def _found(spec: ClusterSpec, unread: Collection[str]) -> Iterator[Problem]:
    objects = functools.cache(lambda: Objects(spec))  # made once, and only when asked for
    for each in RULES.values():
        if not each.is_blind(unread):
            yield from each.check(objects() if each.over_objects else spec)
