"""The main job with a summary at its end, and the pillar checked without touching a node."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from pathlib import Path
from typing import Any

from salt.exceptions import SaltException
from salt.utils.yamlloader import SaltYamlSafeLoader
from salt.version import __version__ as salt_version

import kvmha
from kvmha import plain
from kvmha import report as run_report
from kvmha.drills import report as drill_report
from kvmha.drills.report import junit as drill_junit
from kvmha.drills.report import words as drill_words
from kvmha.errors import KvmhaError
from kvmha.rules.warnings import warnings
from kvmha.salt_edge import loadable
from kvmha.salt_news import heard
from kvmha.spec import ClusterSpec
from kvmha.spec.schema import json_schema, schema_text
from kvmha.tools import drill_records, files, pillar_files
from kvmha.view import gather, progress
from kvmha.view import text as status_text
from kvmha.view.snapshot import Snapshot

__version__ = "0.1.0"
__virtualname__ = "kvmha"


def __virtual__():
    return loadable(__virtualname__, __version__)


def deploy(test: bool = False, pillar: dict[str, Any] | None = None) -> dict[str, Any]:
    """Bring bare nodes to a validated cluster; the same as ``state.orchestrate kvmha``.

    Tells on standard error what it is at, and a summary at the end; returns the report (see
    ``kvmha.report``), with the versions of Salt and kvmha. The exit status is 1 when anything
    failed. With ``test`` it says what it would change.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.deploy
        salt-run kvmha.deploy test=True --out=json
    """
    began = time.monotonic()
    logging.getLogger("salt.state").addFilter(_is_readable)
    with progress.shown() as is_shown, _news(is_shown):
        run = __salt__["state.orchestrate"]("kvmha", test=bool(test), pillar=pillar)
    results = next(iter(run["data"].values()))
    found = run_report.of_run(results, seconds=time.monotonic() - began, test=bool(test))
    _tell(run_report.text(found))
    versions = {"salt": salt_version, "kvmha": kvmha.__version__}
    return _ended(found["result"]) | found | {"versions": versions}


def drill(  # noqa: PLR0917 - Salt fills arguments by their names
    name: str,
    confirm: str = "",
    fencing: str = "",
    test: bool = False,
    silent: float = gather.SILENT,
    pillar: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the drill ``name``: faults on purpose, what follows held against what was predicted.

    Returns its plan, ``problems``, the ``path`` of its record and, with ``--out=json`` and the
    like, the whole of the record.
    ``test=True`` shows the plan. ``confirm=CLUSTERNAME`` runs it, on a healthy cluster only, and
    interrupts what the plan names. ``fencing=off`` is for drills that stop everything first and
    fence nobody. A node that says nothing for ``silent`` seconds is taken for away: say more
    than 5 on hosts that are slow to answer. The exit status is 1 unless all was as predicted
    and is healed.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.drill isolate test=True
        salt-run kvmha.drill isolate confirm=alpha
        salt-run kvmha.drill partition3 confirm=alpha fencing=off
    """
    asked = {"confirm": str(confirm), "fencing": fencing, "test": bool(test)}
    asked["silent"] = max(float(silent), gather.SILENT)
    found = _asked("kvmha_drill.run", name=name, spec=(pillar or {}).get("kvmha"), **asked)
    record = found.get("record")
    if record is None:
        return _ended(not found["problems"]) | found
    well = record["verdict"] == "passed" and record["healed"]
    if _is_for_people("drill"):
        found["record"] = {key: record[key] for key in ("verdict", "healed", "seconds")}
    return _ended(well) | found


def drills(pillar: dict[str, Any] | None = None) -> dict[str, Any]:
    """List the drills: what each proves, and what this cluster lacks to run it.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.drills
    """
    return _asked("kvmha_drill.scenarios_of", spec=(pillar or {}).get("kvmha"))


def migration_matrix(pillar: dict[str, Any] | None = None) -> dict[str, Any]:
    """Show for each VM that moves live which node it may come to, and why not. Changes nothing.

    Returns ``matrix``, the lines of it, reasons included. The exit status is 1 when a node would
    break a VM.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.migration_matrix
    """
    logging.getLogger("salt.state").addFilter(_is_readable)
    run = __salt__["state.orchestrate"]("kvmha.orch.migration", pillar=pillar)
    results = next(iter(run["data"].values()))
    found = run_report.of_run(results, seconds=0.0, test=False)
    told = found["failures"] or [
        each["comment"] for tag, each in results.items() if tag.endswith("migration_possible")
    ]
    return _ended(found["result"]) | {"matrix": "\n".join(told).splitlines()}


def adopt_vm(
    name: str, live: bool = False, confirm: str = "", test: bool = False, **more: Any
) -> dict[str, Any]:
    """Take the libvirt VM ``name`` under the cluster, without copying its disks.

    ``from=NODE`` names the node that has it, where several do. It is shut down, within its
    ``stop_timeout`` and never by force, and started by the cluster; with ``live`` it runs on.
    ``test=True`` shows the steps, and its item for the pillar; ``confirm=NAME`` takes them.
    Everything that is in the way is told before anything is touched.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.adopt_vm web9 from=ha-host1 test=True
        salt-run kvmha.adopt_vm web9 live=True confirm=web9
    """
    asked = {"vm": name, "node": more.get("from", ""), "live": bool(live), "confirm": confirm}
    with progress.shown() as is_shown, _news(is_shown):
        run = __salt__["state.orchestrate"](
            "kvmha.orch.adopt", test=bool(test), pillar={"kvmha_adopt": asked}
        )
    (state,) = next(iter(run["data"].values())).values()
    _tell(state["comment"])
    keys = ("result", "changes", "comment")
    return _ended(state["result"] is not False) | {key: state[key] for key in keys}


def status(
    silent: float = gather.SILENT,
    drift: bool | str = True,
    pillar: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Show the cluster as each of its nodes sees it, and what is wrong with it. Changes nothing.

    Shows a text; with ``--out=json`` and the like, and over the API, the data of it
    (``kvmha.view.status``). A node that gives no sign of life for ``silent`` seconds is shown
    as such. ``drift=False`` does not compare with the pillar, ``drift=all`` compares VMs too.
    The exit status is 1 when anything is wrong.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.status
        salt-run kvmha.status drift=False --out=json
    """
    asked = {"spec": (pillar or {}).get("kvmha"), "silent": silent, "drift": drift}
    found = _asked("kvmha_status.status", **asked)
    if "snapshot" in found and _is_for_people("status"):
        return _ended(not found["problems"]) | {"status": status_text.of_data(found)}
    return _ended(not found["problems"]) | found


def explain(
    vm: str, silent: float = gather.SILENT, pillar: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Say why ``vm`` runs where it does, or does not run, by the scheduler's scores.

    ``vm`` may be any resource. The exit status is 1 when nobody can say. Changes nothing.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.explain web1
    """
    asked = {"vm": vm, "silent": silent, "spec": (pillar or {}).get("kvmha")}
    found = _asked("kvmha_status.explain", **asked)
    if "text" in found and _is_for_people("explain"):
        return _ended(True) | {"explanation": found["text"]}
    return _ended("problems" not in found) | found


def watch(
    interval: float = 5,
    count: int = 0,
    silent: float = gather.SILENT,
    light: bool = False,
    pillar: dict[str, Any] | None = None,
) -> dict[str, Any] | str:
    """Follow the cluster, and a drill in progress, in the terminal until Ctrl-C. Changes nothing.

    Looks every ``interval`` seconds, ``count`` times or without end. On a terminal one screen is
    kept up to date (the library rich is needed there); elsewhere each event is a line. With
    ``light`` no shared disk is read, so that some heartbeats are not seen. Returns nothing but
    what went wrong.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.watch
        salt-run kvmha.watch interval=2 | tee events.log
    """
    asked = {"interval": interval, "count": count, "silent": silent, "light": light}
    found = _asked("kvmha_watch.follow", spec=(pillar or {}).get("kvmha"), **asked)
    ended = _ended("problems" not in found)
    return "" if "looks" in found else ended | found


def validate_pillar(*paths: str) -> dict[str, Any]:
    """Return all mistakes of pillar files, each with its line, without asking a node.

    ``paths`` are SLS or YAML files with the key ``kvmha``, exports among them. Files with Jinja
    are refused: what they say depends on the minion, and their lines are not those that Salt
    reads. The problems read ``FILE:LINE:COLUMN: PLACE: ...``. The exit status is 1 when there
    are any. ``warnings`` are of what is valid and probably not meant, such as ``/dev/sdb``.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.validate_pillar /srv/pillar/kvmha.sls
        salt-run kvmha.validate_pillar /srv/pillar/clusters/*.sls
    """
    checked = {path: pillar_files.checked(path, SaltYamlSafeLoader) for path in map(str, paths)}
    problems = [line for _, found in checked.values() for line in found]
    if not paths:
        problems = ["no file is named (hint: salt-run kvmha.validate_pillar FILE...)"]
    clusters = {
        path: {"cluster": spec.cluster.name, "nodes": [node.name for node in spec.nodes]}
        for path, (spec, _) in checked.items()
        if isinstance(spec, ClusterSpec)
    }
    doubts = [
        f"{path}: {warning}"
        for path, (spec, _) in checked.items()
        if isinstance(spec, ClusterSpec)
        for warning in warnings(spec)
    ]
    well = not problems
    told = {"valid": well, "problems": problems, "warnings": doubts, "clusters": clusters}
    return _ended(well) | told


def schema(path: str = "") -> dict[str, Any]:
    """Return the JSON Schema of a pillar file, for editors; write it to ``path`` when named.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.schema path=/srv/pillar/kvmha.schema.json
    """
    if not path:
        return json_schema()
    try:
        Path(path).write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        return _ended(False) | {"problems": [f"{path}: {error.strerror}"]}
    return _ended(True) | {"written": path}


def report(drill: str = "", path: str = "", junit: str = "", now: bool = False) -> dict[str, Any]:
    """Tell what a drill showed, and write it as a page or for CI. Asks no node.

    ``drill`` is its id (the newest without), ``path`` where one HTML file goes that loads
    nothing, ``junit`` where JUnit XML goes. Tells the drill in a few lines on standard error.
    The exit status is that of the telling: 0 for a drill that failed, too. With ``now`` the
    nodes are asked, and the page shows the cluster as it stands.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.report path=/root/drill.html
        salt-run kvmha.report drill=partition3-20261127T190000Z junit=drill.xml
        salt-run kvmha.report now=True path=/root/cluster.html
    """
    if now:
        return _report_now(str(path))
    folder = drill_records.folder_of(__opts__["cachedir"])
    makers = {str(path): drill_report.html, str(junit): drill_junit.of_record}
    wanted = {target: make for target, make in makers.items() if target}
    try:
        record = drill_report.loaded(drill_records.read(folder, str(drill)))
        for target, make in wanted.items():
            files.write(target, make(record))
    except (KvmhaError, OSError) as error:
        return _ended(False) | {"problems": [str(error)]}
    _tell(drill_words.of_record(record))
    told = {"drill": record.id, "verdict": record.verdict, "healed": record.healed}
    return _ended(True) | told | {"written": list(wanted)}


def _report_now(path: str) -> dict[str, Any]:
    found = _asked("kvmha_status.status", drift=False)
    if "problems" in found and "snapshot" not in found:
        return _ended(False) | found
    seen = plain.of(Snapshot, found["snapshot"])
    vips = [one["address"] for one in found["addresses"]]
    try:
        if path:
            files.write(path, drill_report.html_of_snapshot(seen, found["cluster"], vips))
    except (KvmhaError, OSError) as error:
        return _ended(False) | {"problems": [str(error)]}
    _tell(drill_words.of_snapshot(seen, found["cluster"]))
    return _ended(True) | {"written": [path] if path else []}


def _asked(function: str, **asked: Any) -> dict[str, Any]:
    """Return what a module of the master says; an error as ``problems``."""
    try:
        found = __salt__["salt.cmd"](function, with_pillar=True, **asked)
    except SaltException as error:
        found = str(error)
    return found if isinstance(found, dict) else {"problems": [found]}


def _is_for_people(function: str) -> bool:
    """Tell whether salt-run itself was asked for ``function``, and for no form of its data.

    Its return is printed whole, whatever it is, and the exit status is only taken from a
    dictionary: so people get one with a text, and programs, over ``--out`` or the API, the data.
    """
    return __opts__.get("fun") == f"kvmha.{function}" and not __opts__.get("output")


def _news(is_shown: bool) -> contextlib.AbstractContextManager[None]:
    """Show what nodes tell, such as percents of a copy, where there is a display."""
    return heard(__opts__, progress.note) if is_shown else contextlib.nullcontext()


def _ended(well: bool) -> dict[str, Any]:
    """Set the exit status: salt-run takes it from the answer, events from the context."""
    __context__["retcode"] = int(not well)
    return {"retcode": int(not well)}


def _is_readable(record: logging.LogRecord) -> bool:
    """Keep whole returns of nodes from the screen: a failure is in the summary, with its words."""
    return not record.getMessage().startswith("{'out': 'highstate'")


def _tell(text: str) -> None:
    if not __opts__.get("quiet"):
        sys.stderr.write(f"{text}\n")
