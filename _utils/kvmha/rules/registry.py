"""The registry of rules, and which of them a half-readable spec can answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from kvmha.errors import Problem
from kvmha.spec.model import ClusterSpec

Check = Callable[[ClusterSpec], Iterable[Problem]]


@dataclass(frozen=True)
class Rule:
    """A rule: its name, its check, and the places (``nodes[].name``) it has to know in full."""

    name: str
    check: Check
    needs: tuple[str, ...]

    def is_blind(self, unread: Collection[str]) -> bool:
        """Tell whether a place the rule needs, or one that holds it, could not be read."""
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


def check(spec: ClusterSpec, *, unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """Return what the rules find in ``spec``, without those that need a place of ``unread``."""
    return tuple(_found(spec, unread))


def _found(spec: ClusterSpec, unread: Collection[str]) -> Iterator[Problem]:
    for each in RULES.values():
        if not each.is_blind(unread):
            yield from each.check(spec)
