"""Existing libvirt VMs taken under the cluster, without copying their disks.

``plan`` and ``apply`` run in the orchestration's process on the master and ask the nodes; the
other functions run on a node. ``spec`` is the document below the pillar key ``kvmha``.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import Any

from kvmha.build import adopt
from kvmha.build import domain as build
from kvmha.documents import domain
from kvmha.errors import KvmhaError, Refused
from kvmha.gates import pacemaker_view
from kvmha.plan import Plan
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import adoption, files, host
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

__version__ = "0.1.0"
__virtualname__ = "kvmha_adopt"

log = logging.getLogger(__name__)


def __virtual__():
    return loadable(__virtualname__, __version__)


@user_errors
def plan(spec: dict[str, Any], vm: str, node: str = "", *, live: bool = False) -> dict[str, Any]:
    """Return the steps to take VM ``vm`` from ``node`` under the cluster. Changes nothing.

    Without ``node`` it is the one that has it. Raises Refused with everything that is in the
    way. Empty when it is adopted. ``snippet`` is its item for ``vms`` in the pillar.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_adopt.plan '{...}' web9
    """
    case = _case(spec, vm, node, live)
    return case.todo.to_dict() | {"snippet": case.snippet}


@user_errors
def apply(
    spec: dict[str, Any],
    vm: str,
    node: str = "",
    *,
    live: bool = False,
    confirm: str = "",
    expect: str | None = None,
) -> dict[str, Any]:
    """Do what ``plan`` says, step by step; a run that was cut short is continued by the next.

    ``confirm`` must be the VM's name once more. Without ``live`` the VM is shut down first,
    within its ``stop_timeout`` and never by force, and the cluster starts it.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_adopt.apply '{...}' web9 confirm=web9
    """
    case = _case(spec, vm, node, live)
    case.todo.refuse_stale(expect)
    if case.todo and confirm != vm:
        how = "goes on running" if live else "is shut down and started again by the cluster"
        raise Refused(f"adopting {vm} was not confirmed: it {how}", hint=f"say confirm={vm}")
    for change in case.todo.changes:
        _STEPS[change.address.rpartition(":")[2]](case)
        _progress(f"adopt: done: {change.text()}")
    if case.todo:
        _until_it_runs(case)
    return case.todo.to_dict() | {"snippet": case.snippet}


@user_errors
def look(vm: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return what this node's libvirt and cluster have of VM ``vm``. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_adopt.look web9 '{...}'
    """
    found = adoption.look(Runner(), vm)
    status = __salt__["pacemaker.status"]()
    for each in status.get("resources", ()):
        if each["id"] == f"vm-{vm}":
            found["resource"] = "managed" if each.get("managed", True) else "unmanaged"
    found["hosts"] = pacemaker_view.started_on(status, f"vm-{vm}")
    mounts, placed = host.mounts(), {}
    for each in load(spec).storage.filesystems:
        path = f"{each.mount}/{vm}/{vm}.xml"
        if mounts.get(each.mount, {}).get("type") == each.type:
            placed[each.name] = files.read(path) or ""
    found["placed"] = {name: _harmless(text) for name, text in placed.items() if text}
    return found


@user_errors
def reach(paths: list[str], bridges: list[str], networks: list[str]) -> dict[str, Any]:
    """Return which of the paths, bridges and networks this node has. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt '*' kvmha_adopt.reach '[/srv/vmstore/web9/disk.raw]' '[br0]' '[]'
    """
    return adoption.reach(Runner(), paths, bridges, networks)


@user_errors
def place(spec: dict[str, Any], vm: str) -> dict[str, Any]:
    """Write the XML of domain ``vm`` to its shared filesystem, with what the pillar says of it.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_adopt.place '{...}' web9
    """
    cluster = load(spec)
    wanted = build.find(cluster, vm)
    path = build.xml_path(cluster, wanted)
    text = adoption.xml(Runner(), vm, inactive=True, secrets=True)
    merged = domain.merged(domain.parse(text), build.build(cluster, wanted))
    files.write(path, domain.render(merged), mode=0o600)
    return {"written": path}


@user_errors
def shut_down(vm: str, timeout: float) -> dict[str, Any]:
    """Shut VM ``vm`` down by its power button, within ``timeout`` seconds, never by force.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_adopt.shut_down web9 180
    """
    adoption.shut_down(Runner(), vm, timeout=timeout, told=lambda line: log.info("%s", line))
    return {"off": vm}


@user_errors
def release(vm: str) -> dict[str, Any]:
    """Take VM ``vm`` out of libvirt's definitions on this node; a running one runs on.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_adopt.release web9
    """
    adoption.release(Runner(), vm)
    return {"released": vm}


@user_errors
def manage(vm: str) -> dict[str, Any]:
    """Let the cluster manage the resource of VM ``vm``.

    CLI Example:

    .. code-block:: bash

        salt ha-host1 kvmha_adopt.manage web9
    """
    adoption.manage(Runner(), f"vm-{vm}")
    return {"managed": vm}


def _case(spec: dict[str, Any], name: str, node: str, live: bool) -> adopt.Case:
    """Look at all nodes; return the adoption, or raise Refused with all that is in the way."""
    cluster = load(spec)
    if not cluster.storage.filesystems:
        raise KvmhaError(f"{name} needs a cluster filesystem", hint="see storage.filesystems")
    answers = _ask(cluster, "kvmha_adopt.look", {"vm": name, "spec": spec})
    seen = {each: _found(said) for each, said in answers.items()}
    where = _host(cluster, name, node, seen)
    text = answers[where].get("xml") or next(iter(answers[where]["placed"].values()))
    root = domain.parse(text, where=f"the domain {name} on {where}")
    paths = [part.path for part in adopt.parts(root)]
    nets = adopt.networks(root)
    asked = {
        "paths": paths,
        "bridges": [each for kind, each in nets if kind == "bridge"],
        "networks": [each for kind, each in nets if kind == "network"],
    }
    here = _ask(cluster, "kvmha_adopt.reach", asked, nodes=[where])[where]["paths"]
    reached = _everywhere(cluster, asked, here)
    said = adopt.snippet(cluster, name, root, where, here)
    whole, known = _with(spec, said)
    refused = adopt.in_the_way(name, seen, where, live=live)
    if spec.get("unmanaged") == "remove" and not known:
        refused.append(
            "the pillar says unmanaged: remove, and knows no such VM: its next run would remove"
            f" it (hint: add it to vms first: {said})"
        )
    refused += adopt.judge(cluster, root, reached)
    if seen[where].resource == "":
        refused += _pending(spec, name, where, cluster)
    _refuse(name, refused)
    bigger = load(whole)
    vm = build.find(bigger, name)
    _refuse(name, adopt.added_disks(bigger, vm, root))
    told = [*adopt.notes(bigger, vm, root), f"for the pillar, under vms: {said}"]
    todo = adopt.plan(bigger, vm, where, seen[where], told, live=live)
    return adopt.Case(whole, bigger, name, where, live, todo, said)


def _refuse(name: str, reasons: list[str]) -> None:
    if reasons:
        raise Refused("\n  ".join([f"{name} is not adopted:", *reasons]))


def _everywhere(
    cluster: ClusterSpec, asked: dict[str, Any], here: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return what every node has, asked by the names that last: /dev/sdc is another disk there."""
    names = {path: view.get("stable") or path for path, view in here.items()}
    found = _ask(cluster, "kvmha_adopt.reach", asked | {"paths": list(names.values())})
    for each in found.values():
        each["paths"] = {path: each["paths"][name] for path, name in names.items()}
    return found


def _found(said: dict[str, Any]) -> adopt.Found:
    keys = {key: value for key, value in said.items() if key in adopt.Found.__dataclass_fields__}
    lists = {key: tuple(keys.get(key, ())) for key in ("snapshots", "hosts")}
    return adopt.Found(**{**keys, **lists, "placed": bool(said.get("placed"))})


def _host(cluster: ClusterSpec, name: str, node: str, seen: dict[str, adopt.Found]) -> str:
    """Return the node that ``name`` is taken from."""
    having = [each for each, found in seen.items() if found.persistent]
    having = having or [each for each, found in seen.items() if found.runs or found.placed]
    if node and cluster.node(node) is None:
        raise KvmhaError(f"there is no node {node}", hint=f"known are {', '.join(seen)}")
    if node and node not in having:
        raise KvmhaError(f"{node} has no VM {name}", hint=f"{', '.join(having) or 'no node'} has")
    if not having:
        raise KvmhaError(
            f"no node has a libvirt domain {name}", hint="see: salt '*' libvirt_domain.status"
        )
    return node or having[0]


def _with(spec: dict[str, Any], said: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return ``spec`` with the VM in it, and whether it was there."""
    known = any(each.get("name") == said["name"] for each in spec.get("vms") or ())
    whole = copy.deepcopy(spec)
    if not known:
        whole["vms"] = [*(whole.get("vms") or ()), said]
    return whole, known


def _pending(spec: dict[str, Any], name: str, node: str, cluster: ClusterSpec) -> list[str]:
    """Return what the cluster would change anyway: it is not to come along unseen."""
    without = copy.deepcopy(spec)
    without["vms"] = [each for each in spec.get("vms") or () if each.get("name") != name]
    said = _ask(cluster, "pacemaker.plan", {"spec": without, "part": "vms"}, nodes=[node])[node]
    return [
        f"the cluster is not as the pillar says: {change.text()} (hint: salt-run kvmha.deploy)"
        for change in Plan.from_dict(said).changes
    ]


def _shut_down(case: adopt.Case) -> None:
    timeout = build.find(case.cluster, case.vm).stop_timeout / 1000
    _tell(case, "kvmha_adopt.shut_down", {"vm": case.vm, "timeout": timeout})


def _add_resource(case: adopt.Case) -> None:
    """Let the CIB have the resource; for a running VM unmanaged, until the cluster has seen it."""
    spec = case.spec
    if case.live:
        spec = copy.deepcopy(spec)
        cib = spec.setdefault("cib", {})
        held = {"id": f"vm-{case.vm}", "meta": {"is-managed": "false"}}
        cib["resources"] = [*cib.get("resources", ()), held]
    _tell(case, "pacemaker.apply", {"spec": spec, "part": "vms"})
    if case.live:
        _until_it_runs(case)


_STEPS: dict[str, Callable[[adopt.Case], None]] = {
    "shutdown": _shut_down,
    "xml": lambda case: _tell(case, "kvmha_adopt.place", {"spec": case.spec, "vm": case.vm}),
    "resource": _add_resource,
    "definition": lambda case: _tell(case, "kvmha_adopt.release", {"vm": case.vm}),
    "managed": lambda case: _tell(case, "kvmha_adopt.manage", {"vm": case.vm}),
}


def _until_it_runs(case: adopt.Case) -> None:
    def missing() -> str:
        hosts = _found(_look(case)).hosts
        if case.live and hosts and hosts != (case.host,):
            return f"vm-{case.vm} is seen on {', '.join(hosts)}, not on {case.host} alone"
        return "" if hosts else f"vm-{case.vm} is not seen to run (hint: see crm_mon -1r)"

    eventually(missing, timeout=case.cluster.deadlines.resources / 1000, interval=3)


def _look(case: adopt.Case) -> dict[str, Any]:
    asked = {"vm": case.vm, "spec": case.spec}
    return _ask(case.cluster, "kvmha_adopt.look", asked, nodes=[case.host])[case.host]


def _tell(case: adopt.Case, function: str, kwargs: dict[str, Any]) -> None:
    _ask(case.cluster, function, kwargs, nodes=[case.host])


def _ask(
    cluster: ClusterSpec, function: str, kwargs: dict[str, Any], nodes: list[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Call ``function`` on all nodes, or those named; raise KvmhaError with all that failed."""
    minions = {
        node.minion_id: node.name for node in cluster.nodes if not nodes or node.name in nodes
    }
    timeout = int(cluster.deadlines.answer / 1000)
    said = __salt__["saltutil.cmd"](
        list(minions), function, tgt_type="list", kwarg=kwargs, timeout=timeout
    )
    found, wrong = {}, []
    for minion, name in minions.items():
        answer = (said.get(minion) or {}).get("ret")
        if isinstance(answer, dict) and not said[minion].get("retcode"):
            found[name] = answer
        else:
            text = "does not answer" if answer is None else str(answer).removeprefix("ERROR: ")
            wrong.append(f"{name}: {text}")
    if wrong:
        raise KvmhaError("\n".join(wrong))
    return found


def _harmless(text: str) -> str:
    """Return a domain XML without the passwords that libvirt keeps in it."""
    root = domain.parse(text)
    for graphics in root.iterfind("devices/graphics"):
        graphics.attrib.pop("passwd", None)
    return domain.render(root)


def _progress(text: str) -> None:
    log.info("%s", text)
    if "kvmha_master.progress" in __salt__:
        __salt__["kvmha_master.progress"](text)
