"""Figures for Prometheus on this node: the timer that writes them, and the writing itself.

Run as a program, ``python -m kvmha.tools.monitoring``, it writes them once: without Salt, since
starting that each minute costs more than all the looks together.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import kvmha
from kvmha.build import cib as cib_build
from kvmha.build import metrics as build_metrics
from kvmha.build import monitoring as build
from kvmha.documents import cib_merge, prometheus
from kvmha.errors import KvmhaError
from kvmha.plan import Plan
from kvmha.platforms import Platform
from kvmha.spec import ClusterSpec, load
from kvmha.tools import corosync, files, marks, pacemaker, sbd, services
from kvmha.tools.runner import Runner
from kvmha.tools.services import Unit

_ROOT = Path("/")


def here(
    spec: ClusterSpec, document: Mapping[str, Any], platform: Platform, node: str
) -> build.Here:
    """Return this node, with the Python and the library that run now."""
    library = str(Path(kvmha.__file__).parent.parent)
    return build.Here(spec, document, platform, node, sys.executable, library)


def plan(runner: Runner, node: build.Here, root: Path = _ROOT) -> Plan:
    """Return what makes this node write its figures, or leave that, as the pillar says.

    Starts no program where nothing is said and nothing of ours is there.
    """
    config = files.read(_below(root, build.CONFIG))
    old = build.before(config)
    paths = [build.CONFIG, build.SERVICE, build.TIMER, *filter(None, [old["path"]])]
    have = {path: files.read(_below(root, path)) for path in paths}
    found = build.plan(node, have)
    units = _units(node, old["exporter"])
    return Plan.joined([found, services.plan(runner, units)]) if units else found


def apply(runner: Runner, node: build.Here, todo: Plan, root: Path = _ROOT) -> None:
    """Do what ``plan`` said: write or remove the files, start or stop timer and exporter."""
    wanted = build.files(node)
    changed = {_path(change): change.new for change in todo.changes if _path(change)}
    if build.TIMER in changed and build.TIMER not in wanted:
        runner.run(["systemctl", "disable", "--now", build.UNIT])
    for path, new in changed.items():
        if new is None:
            _below(root, path).unlink(missing_ok=True)
        else:
            # Their names and addresses are nobody else's business.
            mode = 0o600 if path == build.CONFIG else 0o644
            files.write(_below(root, path), wanted[path], mode=mode)
    if {build.SERVICE, build.TIMER} & changed.keys():
        runner.run(["systemctl", "daemon-reload"])
        if build.TIMER in wanted:
            # A timer that runs goes on with the interval that it was started with.
            runner.run(["systemctl", "try-restart", build.UNIT])
    services.apply(runner, todo)


def _path(change: Any) -> str:
    address = str(change.address)
    return address.removeprefix("file:") if address.startswith("file:") else ""


def _units(node: build.Here, exporter: str) -> list[Unit]:
    """An exporter that we had started ends with our word; one of somebody else stays."""
    units = [Unit(build.UNIT, running=True)] if node.textfile else []
    if node.exporter:
        units.append(Unit(node.exporter, running=True))
    elif exporter:
        units.append(Unit(exporter, enabled=False))
    return units


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


# --- looking and writing -----------------------------------------------------------------------


def write(runner: Runner, config: Path) -> str:
    """Look at this node and replace the textfile; return its path.

    Raises KvmhaError when there is no configuration.
    """
    text = files.read(config)
    if text is None:
        raise KvmhaError(f"there is no {config}", hint="the state kvmha_metrics.managed writes it")
    said = json.loads(text)
    spec = load(said["spec"])
    shown = render(spec, look(runner, spec, said))
    files.write(said["path"], shown, mode=0o644)
    return str(said["path"])


def render(spec: ClusterSpec, seen: build_metrics.Seen) -> str:
    """Return the figures as node_exporter reads them."""
    metrics = build_metrics.metrics(spec, seen)
    return prometheus.render(metrics, {"cluster": spec.cluster.name})


def look(runner: Runner, spec: ClusterSpec, said: dict[str, Any]) -> build_metrics.Seen:
    """Return what this node sees; ``said`` is what its configuration file holds."""
    began, errors = time.monotonic(), []

    def seen(part: str, look: Callable[[], Any], empty: Any) -> Any:
        try:
            return look()
        except (KvmhaError, OSError):
            errors.append(part)
            return empty

    membership = seen("corosync", lambda: corosync.status(runner), {})
    state = seen("pacemaker", lambda: pacemaker.status(runner), {})
    drift = {
        part: seen(f"drift-{part}", look, None)
        for part, look in {
            "corosync": lambda: len(corosync.plan_conf(runner, spec, live=False).changes),
            "sbd": lambda: len(sbd.plan_node(runner, spec, said["sbd_config"]).changes),
            "cib": lambda: _cib_drift(runner, spec, said["fencing_agent"]),
        }.items()
    }
    # A mount whose lock manager waits would keep us waiting too: then proofs are left out.
    calm = membership.get("quorate") and not any(
        flags["unclean"] for flags in state.get("nodes", {}).values()
    )
    return build_metrics.Seen(
        node=said["node"],
        corosync=membership,
        pacemaker=state,
        disks={disk: _disk(disk) for disk in spec.fencing.disks},
        drift={part: count for part, count in drift.items() if count is not None},
        proofs=seen("proofs", lambda: marks.read_proofs(spec), {}) if calm else {},
        errors=tuple(errors),
        seconds=round(time.monotonic() - began, 3),
    )


def _disk(path: str) -> tuple[str, dict[str, str]]:
    try:
        header, slots = sbd.read_header(path)
    except (KvmhaError, OSError) as error:
        return str(error), {}
    return ("" if header else f"{path} carries no SBD header"), slots


def _cib_drift(runner: Runner, spec: ClusterSpec, agent: str) -> int | None:
    """Return how many changes the CIB wants, but for passwords: those are not kept here."""
    base = pacemaker.query(runner)
    if base is None:
        return None
    devices = tuple(replace(one, secrets={}) for one in spec.fencing.devices)
    open_spec = replace(spec, unmanaged="keep", fencing=replace(spec.fencing, devices=devices))
    return len(cib_merge.edit(base, cib_build.build(open_spec, agent))[1])


def main(argv: list[str]) -> int:
    """Write the figures once; ``argv`` may name another configuration than the node's own."""
    try:
        write(Runner(), Path(argv[0] if argv else build.CONFIG))
    except KvmhaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
