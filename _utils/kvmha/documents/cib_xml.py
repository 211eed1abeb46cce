"""Changing the CIB's tree so that what is not touched stays as it is, blanks included."""

from __future__ import annotations

from typing import Any

# The order in which Pacemaker's schemas before 3.0, and people, expect what an element holds.
_RANKS = {
    tag: rank
    for rank, tags in enumerate(
        (
            ("cluster_property_set", "docker", "podman", "rkt", "select", "rule"),
            ("instance_attributes", "network", "nvpair"),
            ("meta_attributes", "storage"),
            ("utilization",),
            ("operations",),
            ("primitive", "group", "clone", "master", "bundle", "template", "recipient"),
        )
    )
    for tag in tags
}


def insert(parent: Any, element: Any) -> None:
    """Put ``element`` below ``parent`` where the schema wants it, indented by two blanks a level.

    That is behind its like: the sets of a clone come before what is cloned.
    """
    depth = sum(1 for _ in parent.iterancestors()) + 1
    inner, outer = "\n" + "  " * depth, "\n" + "  " * (depth - 1)
    _indent(element, depth)
    behind = _first_behind(parent, element)
    if behind is not None:
        element.tail = inner
        behind.addprevious(element)
        return
    last = next(parent.iterchildren(reversed=True), None)
    if last is not None:
        last.tail = inner
    else:
        parent.text = inner
    element.tail = outer
    parent.append(element)


def _first_behind(parent: Any, element: Any) -> Any:
    """Return the first child of ``parent`` that comes behind ``element``; None means the end."""
    rank = _RANKS.get(element.tag)
    if rank is None or parent.tag in ("resources", "nodes", "constraints"):
        return None  # sections may hold thousands: not even looked through
    for child in parent.iterchildren("*"):
        if _RANKS.get(child.tag, 9) > rank:
            return child
    return None


def _indent(element: Any, depth: int) -> None:
    if not len(element):
        return
    inner = "\n" + "  " * (depth + 1)
    element.text = inner
    for child in element:
        _indent(child, depth + 1)
        child.tail = inner
    element[-1].tail = "\n" + "  " * depth


def remove(element: Any) -> None:
    """Remove ``element`` and what indents it, so that its neighbours stay as they are."""
    parent, before = element.getparent(), element.getprevious()
    if element.getnext() is None:
        if before is not None:
            before.tail = element.tail
        else:
            parent.text = None
    element.tail = None
    parent.remove(element)
