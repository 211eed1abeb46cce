"""States of a node as such, and the steps and gates of the orchestration on the master."""

from __future__ import annotations

from typing import Any

from kvmha.converge import checked, converge
from kvmha.salt_edge import loadable

__version__ = "0.1.0"
__virtualname__ = "kvmha"


def __virtual__():
    return loadable(__virtualname__, __version__)


def packages_installed(
    name: str, spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that all packages of the cluster are installed; none starts a service by that.

    .. code-block:: yaml

        The cluster's packages are installed:
          kvmha.packages_installed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _converged(name, "kvmha.packages", spec, allow)


def names_managed(
    name: str, spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that ``/etc/hosts`` knows every node by its address on link 0.

    .. code-block:: yaml

        Nodes know each other by name:
          kvmha.names_managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _converged(name, "kvmha.names", spec, allow)


def time_managed(
    name: str, spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that chrony follows ``time.servers``; without servers, it is left alone.

    .. code-block:: yaml

        The clock follows the time servers:
          kvmha.time_managed:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _converged(name, "kvmha.time", spec, allow)


def services_running(
    name: str, spec: dict[str, Any] | None = None, allow: str = "reload"
) -> dict[str, Any]:
    """Ensure that the cluster and libvirt run on this node and start with it.

    .. code-block:: yaml

        The cluster runs on this node:
          kvmha.services_running:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _converged(name, "kvmha.services", spec, allow)


def stage(name: str, text: str = "") -> dict[str, Any]:
    """Say that the stage ``name`` of an orchestration begins; changes nothing. On the master.

    ``text`` is what it does, for whoever watches.

    .. code-block:: yaml

        "Stage: packages":
          kvmha.stage:
            - name: packages
            - text: installing what is missing on 3 nodes
    """
    _say(f"{name}: {text}" if text else name)
    return {"name": name, "changes": {}, "result": True, "comment": text}


def spec_valid(name: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ensure that the pillar describes a cluster; name all mistakes at once. On the master.

    .. code-block:: yaml

        The pillar describes a cluster:
          kvmha.spec_valid:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return checked(name, missing=lambda: __salt__["kvmha_master.problems"](spec or {}), test=False)


def disks_present(name: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Wait until all disks of the pillar are on this node: udev and multipath take a moment.

    .. code-block:: yaml

        The disks are there:
          kvmha.disks_present:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return checked(
        name,
        missing=lambda: __salt__["kvmha.disks_missing"](spec),
        test=__opts__["test"],
        timeout=30,
        said=lambda: "All are there.",
    )


def nodes_ready(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Ensure that all nodes answer and are the hosts the pillar means. On the master.

    Copies our modules to them first, in test mode too: a preview runs the same code. What is
    worth to know, such as that the memory is short without one of the hosts, is the comment.

    .. code-block:: yaml

        All nodes are ready:
          kvmha.nodes_ready:
            - spec: {{ pillar["kvmha"] | json }}
    """
    notes: list[str] = []

    def problems() -> list[str]:
        found = __salt__["kvmha_master.preflight"](spec)
        notes[:] = found["notes"]
        return list(found["problems"])

    return checked(name, missing=problems, test=False, said=lambda: "\n".join(notes))


def authkey_made(name: str, spec: dict[str, Any], allow: str = "reload") -> dict[str, Any]:
    """Ensure that corosync has a key, in pillar or in a file on the master. On the master.

    .. code-block:: yaml

        corosync has a key:
          kvmha.authkey_made:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _converged(name, "kvmha_master.authkey", spec, allow)


def migration_keys_known(name: str, spec: dict[str, Any], allow: str = "reload") -> dict[str, Any]:
    """Ensure that the master has the public ssh keys of all nodes, to hand on. On the master.

    .. code-block:: yaml

        The nodes' public keys are known:
          kvmha.migration_keys_known:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _converged(name, "kvmha_migration.keys", spec, allow)


def migration_possible(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Ensure that each VM that moves live could come to each node; show both. On the master.

    Looks once. A node that would break a VM fails this with the reason, so that nothing is
    tried. In test mode what is missing is no failure.

    .. code-block:: yaml

        Virtual machines may come to every node:
          kvmha.migration_possible:
            - spec: {{ pillar["kvmha"] | json }}
    """
    shown: list[str] = []

    def problems() -> list[str]:
        found = __salt__["kvmha_migration.matrix"](spec)
        shown[:] = found["table"]
        for line in shown:
            _say(f"    {line}")
        return [*shown, *found["problems"]] if found["problems"] else []

    return checked(name, missing=problems, test=__opts__["test"], said=lambda: "\n".join(shown))


def gate(name: str, spec: dict[str, Any], gate: str) -> dict[str, Any]:
    """Wait until the gate ``gate`` is open; fail with what keeps it closed. On the master.

    In test mode it looks once, and a closed gate is no failure.

    .. code-block:: yaml

        All nodes are members:
          kvmha.gate:
            - gate: quorate
            - spec: {{ pillar["kvmha"] | json }}
    """
    facts = __salt__["kvmha_master.gate_facts"](spec, gate)
    _say(f"  waiting for {facts['waits_for']}")
    return checked(
        name,
        missing=lambda: _told(__salt__["kvmha_master.gate"](spec, gate)),
        test=__opts__["test"],
        timeout=facts["timeout"],
    )


def validated(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Ensure that the cluster does all it promises; fail with what it does not. On the master.

    Writes a small file on every shared filesystem, except in test mode, where what the nodes
    see is judged without that.

    .. code-block:: yaml

        The cluster is validated:
          kvmha.validated:
            - spec: {{ pillar["kvmha"] | json }}
    """
    facts = __salt__["kvmha_master.gate_facts"](spec, "validated")
    look = "kvmha_master.gate" if __opts__["test"] else "kvmha_master.validate"
    args = [spec, "validated"] if __opts__["test"] else [spec]
    _say(f"  waiting for {facts['waits_for']}")
    return checked(
        name,
        missing=lambda: _told(__salt__[look](*args)),
        test=__opts__["test"],
        timeout=facts["timeout"],
        said=lambda: __salt__["kvmha_master.places_text"](spec),
    )


def failover_proven(
    name: str, spec: dict[str, Any], allow: str = "resource_restart"
) -> dict[str, Any]:
    """Ensure that a VM was seen to survive the loss of its host. On the master.

    Fences the host once for a cluster as the pillar describes it; the proof is kept beside
    the VM.

    .. code-block:: yaml

        A virtual machine survives the loss of its host:
          kvmha.failover_proven:
            - spec: {{ pillar["kvmha"] | json }}
    """
    return _converged(name, "kvmha_master.failover", spec, allow)


def _converged(name: str, noun: str, spec: dict[str, Any] | None, allow: str) -> dict[str, Any]:
    return converge(
        name,
        plan=lambda: __salt__[f"{noun}_plan"](spec),
        apply=lambda digest: __salt__[f"{noun}_apply"](spec, expect=digest),
        test=__opts__["test"],
        allow=allow,
    )


def _told(reasons: list[str]) -> list[str]:
    """Say the first reason, unless it is the one said before."""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    text = f"    {reasons[0]}{more}" if reasons else ""
    if text and text != __context__.get("kvmha_told"):
        _say(text)
    __context__["kvmha_told"] = text
    return reasons


def _say(text: str) -> None:
    # Set by the state compiler while an orchestration runs.
    jid = globals().get("__orchestration_jid__") or ""
    __salt__["kvmha_master.progress"](text, str(jid))
