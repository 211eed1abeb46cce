"""What writes the figures on a node: a timer, a service, and what they are told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kvmha.plan import Action, Change, Plan
from kvmha.platforms import Platform
from kvmha.spec.model import ClusterSpec
from kvmha.values import duration

CONFIG = "/etc/kvmha/monitoring.json"
SERVICE = "/etc/systemd/system/kvmha-metrics.service"
TIMER = "/etc/systemd/system/kvmha-metrics.timer"
UNIT = "kvmha-metrics.timer"
_OURS = "# Managed by kvmha.\n"


@dataclass(frozen=True)
class Here:
    """A node: the cluster, the pillar's document (which holds no secrets), and its own name.

    ``python`` and ``library`` are what the writer is started with. Salt itself would do too, at
    ten times the processor's time each minute.
    """

    spec: ClusterSpec
    document: Mapping[str, Any]
    platform: Platform
    node: str
    python: str
    library: str

    @property
    def textfile(self) -> str:
        """Where the figures are written; empty where they are not."""
        said = self.spec.monitoring
        return (said.path or f"{self.platform.textfiles}/kvmha.prom") if said.metrics else ""

    @property
    def exporter(self) -> str:
        """The service of ha_cluster_exporter that is to run; empty for none."""
        return self.platform.cluster_exporter if self.spec.monitoring.exporter else ""


def files(here: Here) -> dict[str, str]:
    """Return the files that the node is to have: path -> text; none where nothing is said."""
    if not (here.textfile or here.exporter):
        return {}
    told = {
        "exporter": here.exporter,
        "fencing_agent": here.platform.fencing_agent,
        "node": here.node,
        "path": here.textfile,
        "sbd_config": here.platform.sbd_config,
        "spec": here.document,
    }
    found = {CONFIG: json.dumps(told, indent=1, sort_keys=True) + "\n"}
    return found | ({SERVICE: _service(here), TIMER: _timer(here)} if here.textfile else {})


def _service(here: Here) -> str:
    # A look that hangs ends before the next: figures that are late tell that by their age.
    limit = duration(max(here.spec.monitoring.interval, 30_000))
    return (
        f"{_OURS}[Unit]\nDescription=Figures of the cluster for Prometheus\n"
        "[Service]\nType=oneshot\nNice=10\nIOSchedulingClass=idle\n"
        f"TimeoutStartSec={limit}\nEnvironment=PYTHONPATH={here.library}\n"
        f"ExecStart={here.python} -m kvmha.tools.monitoring\n"
    )


def _timer(here: Here) -> str:
    return (
        f"{_OURS}[Unit]\nDescription=Figures of the cluster for Prometheus\n"
        f"[Timer]\nOnActiveSec=1s\nOnUnitActiveSec={duration(here.spec.monitoring.interval)}\n"
        "AccuracySec=1s\n[Install]\nWantedBy=timers.target\n"
    )


def plan(here: Here, have: Mapping[str, str | None]) -> Plan:
    """Return which files differ; ``have`` are those of ours that could be there, None for none.

    The figures themselves go with the timer that wrote them.
    """
    wanted, changes = files(here), []
    for path in (CONFIG, SERVICE, TIMER):
        old, new = have.get(path), wanted.get(path)
        if new is not None and old != new:
            action = Action.CREATE if old is None else Action.UPDATE
            changes.append(Change(action, f"file:{path}", _shown(old), _shown(new)))
        elif new is None and old is not None:
            changes.append(Change(Action.DELETE, f"file:{path}", _shown(old), None))
    former = before(have.get(CONFIG))["path"]
    if former and former != here.textfile and have.get(former) is not None:
        changes.append(Change(Action.DELETE, f"file:{former}", "figures", None))
    notes: tuple[str, ...] = ()
    if here.spec.monitoring.exporter and not here.exporter:
        notes = (f"{here.platform.name} has no package of ha_cluster_exporter: it is left out",)
    base = repr(sorted((path, _shown(text)) for path, text in have.items() if path != former))
    return Plan(tuple(changes), _shown(base) or "", notes)


def before(config: str | None) -> dict[str, str]:
    """Return ``path`` and ``exporter`` as they were said last; empty where nothing was."""
    said = json.loads(config) if config else {}
    return {"path": said.get("path", ""), "exporter": said.get("exporter", "")}


def _shown(text: str | None) -> str | None:
    """A fingerprint stands for a whole document."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()[:8]
