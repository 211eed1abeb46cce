"""What ``pacemaker.status`` says, in the questions gates ask. The only reader of its shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Status = Mapping[str, Any]


def offline(status: Status, names: list[str]) -> list[str]:
    """Return those of ``names`` that are not online members here, each with its state."""
    nodes = status.get("nodes", {})
    return [f"{name} is {_state(nodes.get(name))}" for name in names if _state(nodes.get(name))]


def started_on(status: Status, resource: str) -> list[str]:
    """Return the nodes on which ``resource`` is started, clones counted per node."""
    return [
        node
        for each in _instances(status, resource)
        if each.get("role") in ("Started", "Promoted") and not each.get("failed")
        for node in each.get("nodes", ())
    ]


def troubles(status: Status) -> list[str]:
    """Return what is failed, blocked or unmanaged, with what failed last in Pacemaker's words."""
    found = []
    for each in status.get("resources", ()):
        words = [word for word in ("failed", "blocked", "orphaned") if each.get(word)]
        words += [] if each.get("managed", True) else ["unmanaged"]
        if words:
            found.append(f"resource {each['id']} is {' and '.join(words)}")
    return [*found, *_failures(status)]


def _failures(status: Status) -> Iterator[str]:
    for failure in status.get("failures", ()):
        what = (
            failure
            if isinstance(failure, str)
            else " ".join(
                str(failure[key])
                for key in ("op_key", "node", "exitstatus", "exitreason")
                if failure.get(key)
            )
        )
        yield f"failed: {what} (hint: mend the cause, then crm_resource --cleanup)"


def _instances(status: Status, resource: str) -> Iterator[Mapping[str, Any]]:
    for each in status.get("resources", ()):
        if each["id"].partition(":")[0] == resource:
            yield each


def _state(node: Mapping[str, Any] | None) -> str:
    if node is None:
        return "unknown"
    if not node.get("online"):
        return "offline"
    for word in ("unclean", "pending", "standby", "maintenance"):
        if node.get(word):
            return word
    return ""
