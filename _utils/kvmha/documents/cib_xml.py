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
    rank = _RANKS.get(element.tag)
    children = [child for child in parent if isinstance(child.tag, str)]
    behind = [child for child in children if rank is not None and _RANKS.get(child.tag, 9) > rank]
    depth = sum(1 for _ in parent.iterancestors()) + 1
    inner, outer = "\n" + "  " * depth, "\n" + "  " * (depth - 1)
    _indent(element, depth)
    if behind and parent.tag not in ("resources", "nodes", "constraints"):
        element.tail = inner
        behind[0].addprevious(element)
        return
    if len(parent):
        parent[-1].tail = inner
    else:
        parent.text = inner
    element.tail = outer
    parent.append(element)


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
