"""Logical volumes: active where the pillar wants them."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.gates import answers, pacemaker_view
from kvmha.gates.answers import Observations
from kvmha.spec.lvm import used_by_a_vm, volumes
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand.lvm import base


def inactive(spec: ClusterSpec, seen: Observations) -> Iterator[str]:
    """Yield which volumes are not active: a shared one on every node, an exclusive one on one.

    Those that belong to a VM come with the VM, so they are not asked for here.
    """
    wanted = [one for one in volumes(spec) if one.present]
    for node, status in answers.of(seen, "pacemaker"):
        for one in wanted:
            if not one.shared and used_by_a_vm(spec, one.name):
                continue
            resource = (base(spec, one.name) or "").removesuffix("-clone")
            active = pacemaker_view.started_on(status, resource)
            if one.shared:
                missing = [each.name for each in spec.nodes if each.name not in active]
                if missing:
                    yield f"{node}: volume {one.name} is not active on {', '.join(missing)}"
            elif len(active) != 1:
                where = f"on {', '.join(active)}" if active else "nowhere"
                yield f"{node}: volume {one.name} is active {where}, not on one node"
