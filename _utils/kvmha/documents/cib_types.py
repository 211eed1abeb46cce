"""Types of parameters, as far as the agents' metadata tells them."""

from __future__ import annotations

from typing import Any, Protocol


class Types(Protocol):
    """Tells whether two values of an agent's parameter mean the same."""

    def same(self, owner: Any, name: str, one: str, other: str) -> bool:
        """Compare two values of the parameter ``name`` of the element ``owner``."""
        ...


class Exact:
    """Nothing is known of any agent: values are text."""

    def same(self, owner: Any, name: str, one: str, other: str) -> bool:  # noqa: ARG002
        """Tell whether the texts are equal."""
        return one == other
