"""What is known of the values in a CIB beside the CIB itself: what agents say of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from kvmha.errors import Problem
from kvmha.plan import Change

Judgement = tuple[tuple[Problem, ...], tuple[str, ...]]


class Types(Protocol):
    """Knows the parameters of agents."""

    def same(self, owner: Any, name: str, one: str, other: str) -> bool:
        """Tell whether two values of the parameter ``name`` of the element ``owner`` are one."""
        ...

    def judge(self, root: Any, changes: Iterable[Change]) -> Judgement:
        """Return what is wrong with what ``changes`` touch in the CIB ``root``, and notes."""
        ...


class Exact:
    """Knows no agent: parameters are text, and any will do."""

    def same(self, owner: Any, name: str, one: str, other: str) -> bool:  # noqa: ARG002
        """Tell whether the texts are equal."""
        return one == other

    def judge(self, root: Any, changes: Iterable[Change]) -> Judgement:  # noqa: ARG002
        """Find nothing wrong."""
        return (), ()
