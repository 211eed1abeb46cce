"""The master's side of the main job: asking all nodes, judging, keeping the key, progress.

Runs in the orchestration's process on the master, never on a node.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from salt.utils.event import get_master_event

from kvmha import gates, sls
from kvmha.ask import ask
from kvmha.errors import KvmhaError
from kvmha.gates import answers, vms
from kvmha.gates import preflight as preflight_gate
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.proof import Proof, fingerprint
from kvmha.salt_edge import loadable, user_errors
from kvmha.spec import ClusterSpec, load
from kvmha.tools import authkey, code
from kvmha.view import progress as display
from kvmha.wait import eventually

__version__ = "0.1.0"
__virtualname__ = "kvmha_master"

# Seconds after which a look asks Salt who is still at work; the silent cost that much.
_POLL = 10


def __virtual__():
    if __opts__.get("__role") != "master":
        return False, "kvmha_master is for orchestration on the master"
    return loadable(__virtualname__, __version__)


@user_errors
def layout(spec: dict[str, Any]) -> dict[str, Any]:
    """Return what the orchestration's SLS must know: ids of minions, and what there is to do.

    ``valid`` is False when ``spec`` has mistakes; ``spec_valid`` then names them.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.layout '{...}'
    """
    try:
        cluster = load(spec)
    except KvmhaError:
        return {"valid": False, "minions": [], "first": "", "failover": False} | sls.run(None)
    return {
        "valid": True,
        "minions": [node.minion_id for node in cluster.nodes],
        "first": cluster.nodes[0].minion_id,
        "failover": cluster.validate.failover,
    } | sls.run(cluster)


@user_errors
def problems(spec: dict[str, Any]) -> list[str]:
    """Return the mistakes of ``spec``, each with its place and a hint; none when it is valid.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.problems '{...}'
    """
    try:
        load(spec)
    except KvmhaError as error:
        return str(error).splitlines()
    return []


@user_errors
def authkey_plan(spec: dict[str, Any]) -> dict[str, Any]:
    """Return whether corosync's key must still be made on this master. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.authkey_plan '{...}'
    """
    return _authkey(load(spec)).to_dict()


@user_errors
def authkey_apply(spec: dict[str, Any], expect: str | None = None) -> dict[str, Any]:
    """Make corosync's key on this master, readable for nobody else; never an existing one anew.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.authkey_apply '{...}'
    """
    cluster = load(spec)
    plan = _authkey(cluster)
    plan.refuse_stale(expect)
    if plan:
        authkey.make(_key_path(cluster), owner=__opts__.get("user", ""))
    return plan.to_dict()


@user_errors
def preflight(spec: dict[str, Any]) -> dict[str, list[str]]:
    """Ask the nodes for their facts; return ``problems`` that speak against starting, ``notes``.

    Nodes with other code than the master's get its modules first. A run that was killed leaves
    its state runs at work on the nodes: they are waited for, ``deadlines.resources`` long.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.preflight '{...}'
    """
    cluster = load(spec)
    seen, window = _idle_facts(cluster, spec)
    stale = {node for node, facts in seen.items() if facts and not _has_our_code(facts)}
    if stale:
        # A job of its own: a process keeps the library that it loaded before a sync.
        _ask(cluster, "saltutil.sync_all", {}, timeout=_seconds(cluster), nodes=stale)
        seen, window = _facts(cluster, spec)
    notes = preflight_gate.notes(cluster, seen)
    for note in notes:
        progress(f"  note: {note}")
    return {"problems": preflight_gate.judge(cluster, seen, window=window), "notes": notes}


@user_errors
def gate(spec: dict[str, Any], name: str) -> list[str]:
    """Look once at all nodes and return what keeps the gate ``name`` closed.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.gate '{...}' quorate
    """
    cluster = load(spec)
    chosen = gates.of(name)
    return chosen.judge(cluster, _observe(cluster, spec, chosen.aspects))


@user_errors
def gate_facts(spec: dict[str, Any], name: str) -> dict[str, Any]:
    """Return ``timeout`` in seconds and ``waits_for`` of the gate ``name``.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.gate_facts '{...}' quorate
    """
    chosen = gates.of(name)
    return {"timeout": chosen.deadline(load(spec).deadlines) / 1000, "waits_for": chosen.waits_for}


@user_errors
def validate(spec: dict[str, Any]) -> list[str]:
    """Look twice at everything and return what a validated cluster should not have.

    Each node writes a file on every filesystem at the first look; at the second all read
    them, and the guests' heartbeats must have gone on.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.validate '{...}'
    """
    cluster = load(spec)
    token = str(time.time())
    first = _observe(cluster, spec, ("heartbeats",), mark=token)
    aspects = gates.of("validated").aspects
    second = __context__["kvmha_seen"] = _observe(cluster, spec, aspects)
    for node, answer in second.items():
        if answer is not None:
            answer["marked"] = (first.get(node) or {}).get("marked", {})
    found = gates.of("validated").judge(cluster, second)
    before, after = vms.heartbeats(first), vms.heartbeats(second)
    return [*found, *vms.judge_alive(cluster, before, after)]


@user_errors
def places_text(spec: dict[str, Any]) -> str:
    """Return where each VM runs, as a sentence; as ``validate`` saw it when that came before.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.places_text '{...}'
    """
    seen = __context__.get("kvmha_seen") or _observe(load(spec), spec, ("domains",))
    where = vms.places(seen)
    return "; ".join(f"{name} runs on {', '.join(hosts)}" for name, hosts in where.items())


@user_errors
def failover_plan(spec: dict[str, Any]) -> dict[str, Any]:
    """Return whether a failover of ``validate.vm`` is still to be proven. Changes nothing.

    A proof is kept beside the VM on its filesystem and holds as long as the pillar describes
    the same cluster.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.failover_plan '{...}'
    """
    cluster = load(spec)
    return _failover(cluster, _observe(cluster, spec, ("domains", "proof"))).to_dict()


@user_errors
def failover_apply(spec: dict[str, Any], expect: str | None = None) -> dict[str, Any]:
    """Fence the host of ``validate.vm``; see the VM live elsewhere and the host come back.

    Powers a node off: every VM on it fails over. Raises when the VM is not back, or the
    cluster not whole, within ``deadlines.failover``.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.failover_apply '{...}'
    """
    cluster = load(spec)
    seen = _observe(cluster, spec, ("domains", "proof"))
    plan = _failover(cluster, seen)
    plan.refuse_stale(expect)
    if not plan:
        return plan.to_dict()
    vm = _vm_to_prove(cluster)
    hosts = vms.places(seen).get(vm, [])
    if len(hosts) != 1:
        raise KvmhaError(f"{vm} runs on {', '.join(hosts) or 'no node'}: nothing to fail over")
    proof = _drill(cluster, spec, vm, hosts[0])
    record = {"spec": spec, "vm": vm, "proof": proof.to_dict()}
    timeout = _seconds(cluster)
    kept = _ask(cluster, "kvmha_view.proof_write", record, timeout=timeout, nodes={proof.host})
    _refuse_errors(kept)
    change = Change(
        Action.RUN, f"failover:{vm}", hosts[0], proof.to_dict(), Disruption.RESOURCE_RESTART
    )
    return Plan((change,), plan.base).to_dict()


def progress(text: str, jid: str = "") -> None:
    """Tell whoever watches this run: a line on standard error, and an event on the master.

    Standard output stays free for the result.

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd kvmha_master.progress 'corosync: begun'
    """
    began = __context__.setdefault("kvmha_began", time.monotonic())
    if not __opts__.get("quiet"):
        display.say(text, time.monotonic() - began)
    if jid:
        with get_master_event(__opts__, __opts__["sock_dir"], listen=False) as bus:
            bus.fire_event({"message": text}, f"salt/run/{jid}/progress")


def _ask(
    cluster: ClusterSpec,
    function: str,
    kwargs: dict[str, Any],
    *,
    timeout: float,
    nodes: Collection[str] = (),
) -> dict[str, dict[str, Any] | None]:
    return ask(__salt__["saltutil.cmd"], cluster, function, kwargs, timeout=timeout, nodes=nodes)


def _observe(
    cluster: ClusterSpec, spec: dict[str, Any], aspects: Collection[str], mark: str = ""
) -> dict[str, dict[str, Any] | None]:
    kwargs = {"spec": spec, "aspects": list(aspects), "mark": mark}
    return _ask(cluster, "kvmha_view.observe", kwargs, timeout=_POLL)


def _facts(
    cluster: ClusterSpec, spec: dict[str, Any]
) -> tuple[dict[str, dict[str, Any] | None], float]:
    """Return the nodes' facts, and the seconds within which they were given."""
    began = time.monotonic()
    seen = _ask(cluster, "kvmha_view.preflight", {"spec": spec}, timeout=_seconds(cluster))
    return seen, time.monotonic() - began


def _idle_facts(cluster: ClusterSpec, spec: dict[str, Any]) -> Any:
    """Ask for facts until no state run is at work on any node; return the last answer."""
    last = {}

    def busy() -> str:
        last["facts"] = _facts(cluster, spec)
        answered = {node: facts for node, facts in last["facts"][0].items() if facts}
        nodes = [node for node, facts in answered.items() if facts.get("busy")]
        if nodes:
            progress(f"  waiting for an earlier state run on {', '.join(nodes)}")
        return f"{', '.join(nodes)}: still at work on an earlier state run" if nodes else ""

    eventually(busy, timeout=cluster.deadlines.resources / 1000, interval=5)
    return last["facts"]


def _has_our_code(facts: dict[str, Any]) -> bool:
    return facts.get("code") == code.fingerprint()


def _seconds(cluster: ClusterSpec) -> float:
    return cluster.deadlines.answer / 1000


def _key_path(cluster: ClusterSpec) -> Path:
    return authkey.path_of(Path(__opts__["conf_file"]).parent, cluster.cluster.name)


def _authkey(cluster: ClusterSpec) -> Plan:
    path = _key_path(cluster)
    if "kvmha_authkey" in __pillar__ or path.exists():
        return Plan()
    return Plan((Change(Action.CREATE, f"master:{path}", None, "a random key"),))


def _vm_to_prove(cluster: ClusterSpec) -> str:
    return cluster.validate.vm or cluster.vms[0].name


def _failover(cluster: ClusterSpec, seen: gates.Observations) -> Plan:
    if not cluster.vms:
        return Plan(notes=("there is no virtual machine to fail over",))
    vm = _vm_to_prove(cluster)
    for _node, proofs in answers.of(seen, "proof"):
        found = proofs.get(vm)
        if found and found["cluster"] == fingerprint(cluster):
            return Plan(notes=(f"{vm}: proven: {Proof.from_dict(found).text()}",))
    hosts = vms.places(seen).get(vm, [])
    act = f"fence {hosts[0]}, its host" if hosts else "fence its host"
    change = Change(Action.RUN, f"failover:{vm}", "not proven", act, Disruption.RESOURCE_RESTART)
    return Plan((change,))


def _drill(cluster: ClusterSpec, spec: dict[str, Any], vm: str, victim: str) -> Proof:
    """Have a survivor fence ``victim`` and time what follows; wait until all is whole again."""
    watcher = next(node.name for node in cluster.nodes if node.name != victim)
    limit = cluster.deadlines.failover / 1000
    progress(f"failover: {watcher} fences {victim}, the host of {vm}")
    order = {"spec": spec, "vm": vm, "node": victim}
    answered = _ask(cluster, "kvmha_view.drill", order, timeout=limit, nodes={watcher})
    times = _refuse_errors(answered)[watcher]
    progress(
        f"failover: {vm} is on {times['host']} after {times['seconds']:.0f} s;"
        f" waiting for {victim} to come back"
    )
    eventually(lambda: "\n".join(validate(spec)), timeout=limit, interval=5)
    return Proof(fenced=victim, cluster=fingerprint(cluster), **times)


def _refuse_errors(seen: dict[str, dict[str, Any] | None]) -> dict[str, dict[str, Any]]:
    wrong = [*answers.silent(seen), *answers.broken(seen)]
    if wrong:
        raise KvmhaError("\n".join(wrong))
    return {node: answer for node, answer in seen.items() if answer is not None}
