"""The master's side of live migration: collecting the nodes' public keys, and the matrix.

Runs in the orchestration's process on the master, never on a node.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kvmha.ask import ask
from kvmha.build import migration_access
from kvmha.documents import openssh
from kvmha.errors import KvmhaError
from kvmha.gates import answers
from kvmha.gates import migration as migration_gate
from kvmha.plan import Action, Change, Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import authkey, files

__version__ = "0.1.0"
__virtualname__ = "kvmha_migration"


def __virtual__():
    if __opts__.get("__role") != "master":
        return False, "kvmha_migration is for orchestration on the master"
    return loadable(__virtualname__, __version__)


@user_errors
def keys_plan(spec: dict[str, Any]) -> dict[str, Any]:
    """Return which public keys of nodes this master does not know yet. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_migration.keys_plan '{...}'
    """
    return _keys(load(spec), spec)[0].to_dict()


@user_errors
def keys_apply(spec: dict[str, Any], expect: str | None = None) -> dict[str, Any]:
    """Keep the public keys that the nodes show, each under the name of the node that was asked.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_migration.keys_apply '{...}'
    """
    cluster = load(spec)
    plan, shown = _keys(cluster, spec)
    plan.refuse_stale(expect)
    if plan:
        text = json.dumps(shown, indent=1, sort_keys=True) + "\n"
        path, owner = _path(cluster), __opts__.get("user", "")
        authkey.keep(path, text.encode(), mode=0o644, owner=owner)
    return plan.to_dict()


@user_errors
def matrix(spec: dict[str, Any]) -> dict[str, list[str]]:
    """Ask all nodes what they say of each VM that moves; return ``problems`` and a ``table``.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_migration.matrix '{...}'
    """
    cluster = load(spec)
    seen = {
        node: answer if answer is None or "error" in answer else {"migration": answer}
        for node, answer in _ask(cluster, spec, "libvirt_migration.facts").items()
    }
    return {
        "problems": migration_gate.judge(cluster, seen),
        "table": migration_gate.table(cluster, seen),
    }


def _keys(cluster: ClusterSpec, spec: dict[str, Any]) -> tuple[Plan, dict[str, Any]]:
    """Return the plan, and node -> what it shows of itself; former nodes are left out."""
    seen = _ask(cluster, spec, "libvirt_migration.identity")
    wrong = [*answers.silent(seen), *answers.broken(seen)]
    if wrong:
        raise KvmhaError("\n".join(wrong))
    shown = {node: answer for node, answer in seen.items() if answer}
    migration_access.identities(shown)
    text = files.read(_path(cluster))
    known = json.loads(text) if text else {}
    changes = []
    for node in dict.fromkeys([*known, *shown]):
        old, new = known.get(node), shown.get(node)
        if old != new:
            action = Action.CREATE if old is None else Action.UPDATE if new else Action.DELETE
            changes.append(Change(action, f"master:ssh[{node}]", _told(old), _told(new)))
    notes = [f"{node} has no key yet" for node in seen if node not in shown]
    return Plan(tuple(changes), text or "", tuple(notes)), shown


def _told(shown: dict[str, Any] | None) -> str | None:
    if not shown:
        return None
    keys = [shown.get("key", ""), *shown.get("host_keys", ())]
    return ", ".join(map(openssh.fingerprint, filter(None, keys)))


def _path(cluster: ClusterSpec) -> Path:
    return authkey.path_of(Path(__opts__["conf_file"]).parent, cluster.cluster.name).with_name(
        "ssh.json"
    )


def _ask(cluster: ClusterSpec, spec: dict[str, Any], function: str) -> Any:
    seconds = cluster.deadlines.answer / 1000
    return ask(__salt__["saltutil.cmd"], cluster, function, {"spec": spec}, timeout=seconds)
