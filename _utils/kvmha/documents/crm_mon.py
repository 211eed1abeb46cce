"""What ``crm_mon --output-as=xml`` says of a cluster, as plain data."""

from __future__ import annotations

from typing import Any

from lxml import etree

NOT_RUNNING: dict[str, Any] = {
    "running": False,
    "dc": None,
    "quorate": False,
    "nodes": {},
    "resources": [],
    "failures": [],
    "fencing_history": [],
    "options": {},
}

_NODE_FLAGS = ("online", "standby", "maintenance", "unclean", "pending")
_RESOURCE_FLAGS = ("active", "failed", "managed", "blocked", "orphaned")


def parse(xml: str) -> dict[str, Any]:
    """Return the state of the cluster that ``xml`` tells.

    Keys: running; dc (name or None); quorate; nodes ({name: {online, standby, maintenance,
    unclean, pending, id}}); resources (one entry for each instance: id, clone, group, agent,
    role, nodes, active, failed, managed, blocked, orphaned); failures; fencing_history;
    options (stonith_enabled, maintenance_mode, no_quorum_policy, ...).
    """
    root: Any = etree.fromstring(xml.encode())
    dc = root.find("summary/current_dc")
    present = dc is not None and dc.get("present") == "true"
    options = root.find("summary/cluster_options")
    return {
        "running": True,
        "dc": dc.get("name") if present else None,
        "quorate": present and dc.get("with_quorum") == "true",
        "nodes": {node.get("name"): _node(node) for node in root.iterfind("nodes/node")},
        "resources": [_resource(item) for item in root.iterfind("resources//resource")],
        "failures": [dict(item.attrib) for item in root.iterfind("failures/failure")],
        "fencing_history": [
            dict(item.attrib) for item in root.iterfind("fence_history/fence_event")
        ],
        "options": {
            key.replace("-", "_"): _value(value)
            for key, value in (options.items() if options is not None else ())
        },
    }


def _node(node: Any) -> dict[str, Any]:
    return {"id": node.get("id"), **_flags(node, _NODE_FLAGS)}


def _resource(item: Any) -> dict[str, Any]:
    around = {parent.tag: parent.get("id") for parent in item.iterancestors()}
    return {
        "id": item.get("id"),
        "clone": around.get("clone"),
        "group": around.get("group"),
        "agent": item.get("resource_agent"),
        "role": item.get("role"),
        "nodes": [node.get("name") for node in item.iterfind("node")],
        **_flags(item, _RESOURCE_FLAGS),
    }


def _flags(item: Any, names: tuple[str, ...]) -> dict[str, bool]:
    return {name: item.get(name) == "true" for name in names}


def _value(text: str) -> str | bool:
    return text == "true" if text in ("true", "false") else text
