"""Pacemaker: the CIB changed by compare-and-swap, the cluster's state, and fencing."""

from __future__ import annotations

import bz2
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from kvmha.build import cib_codec
from kvmha.documents import cib, cib_merge, crm_mon, crm_simulate
from kvmha.documents.cib import Wanted
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.plan import Change, Plan
from kvmha.tools.corosync import attempt
from kvmha.tools.runner import Result, Runner

TRIES = 5
NOT_RUNNING_HERE = "Pacemaker does not run on this node"
_START_IT = "start it with the state kvmha.pacemaker.running, or: systemctl start pacemaker"

# Exit codes of Pacemaker's tools (crm_exit_t, results.h).
_NOT_CONNECTED = (102, 107, 127)  # 107: ENOTCONN from Pacemaker 1.1; 127: not installed
_TOO_OLD = 103  # CRM_EX_OLD: the CIB is no longer the one the patch was made from
_INVALID = 78
_NO_INPUT = 66  # what crm_verify says when it cannot ask for the CIB


@dataclass(frozen=True)
class Proposal:
    """A plan with the CIB it was made from and the one it leads to."""

    plan: Plan
    base: str | None
    new: str


def query(runner: Runner, cib_file: str | None = None) -> str | None:
    """Return the CIB's text, or None when Pacemaker does not run here.

    ``cib_file`` is read as it is, by no program; it may be compressed (``.bz2``), as the
    scheduler's inputs are.
    """
    if cib_file is not None:
        return _read(Path(cib_file))
    try:
        return runner.run(["cibadmin", "--query"]).stdout
    except CommandFailed as error:
        if error.returncode in _NOT_CONNECTED:
            return None
        raise


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        data = bz2.decompress(data) if path.suffix == ".bz2" else data
    except (OSError, ValueError) as error:
        raise KvmhaError(f"{path} cannot be read: {error}", hint="name a file with a CIB") from None
    return str(etree.tostring(cib.parse(data), encoding="unicode")) + "\n"


def export(runner: Runner, cib_file: str | None = None) -> dict[str, Any]:
    """Return what the pillar's key ``cib`` has to say to get the CIB that stands.

    Raises InvalidInput with everything that cannot be said, and KvmhaError when Pacemaker
    does not run here and no file is named.
    """
    text = query(runner, cib_file)
    if text is None:
        raise KvmhaError(NOT_RUNNING_HERE, hint=f"{_START_IT}; or name a file: cib_file=PATH")
    return cib_codec.export(cib.parse(text))


def plan(runner: Runner, wanted: Wanted, cib_file: str | None = None) -> Plan:
    """Return what would change in the CIB, and as notes what the cluster would then do.

    Without a running cluster the plan is made from an empty CIB. One program when nothing
    is to change, three otherwise. Raises KvmhaError when Pacemaker would not accept it.
    """
    return _propose(runner, wanted, cib_file, simulate=True).plan


def apply(
    runner: Runner, wanted: Wanted, expect: str | None = None, cib_file: str | None = None
) -> Plan:
    """Bring the CIB to ``wanted`` with one patch; return what was changed.

    The patch holds the epoch of the CIB it was made from, so that it fails when anybody
    changed the configuration in between; then the plan is made afresh, five times at most.
    With ``expect``, the digest of a plan that was shown, another plan raises StalePlan.
    The epoch is no part of that digest: a change elsewhere in the CIB does no harm. Raises
    KvmhaError when Pacemaker does not run here.
    """
    for _ in range(TRIES):
        proposal = _propose(runner, wanted, cib_file, simulate=False)
        if proposal.base is None:
            raise KvmhaError(NOT_RUNNING_HERE, hint=_START_IT)
        proposal.plan.refuse_stale(expect)
        if not proposal.plan:
            return proposal.plan
        if _patch(runner, proposal.base, proposal.new, cib_file):
            return proposal.plan
    raise KvmhaError(
        f"the CIB was changed by others {TRIES} times while a change was made",
        hint="see who changes it: cibadmin --query shows update-origin and update-client",
    )


def _propose(runner: Runner, wanted: Wanted, cib_file: str | None, *, simulate: bool) -> Proposal:
    """Query, edit, check; ``simulate`` also where nothing has been started yet."""
    base = query(runner, cib_file)
    text = cib.EMPTY if base is None else base
    new, changes, told = cib_merge.edit(text, wanted)
    notes = list(told)
    if base is None:
        notes.append(f"{NOT_RUNNING_HERE}: planned from an empty CIB")
    elif changes:
        notes += _check(runner, base, new)
        if simulate or cib.anything_started(base):
            changes, consequences = _simulated(runner, new, changes)
            notes += consequences
    return Proposal(Plan(changes, "cib", tuple(notes)), base, new)


def _simulated(
    runner: Runner, new: str, changes: tuple[Change, ...]
) -> tuple[tuple[Change, ...], list[str]]:
    """Return the changes with what they cost, and what the cluster would do."""
    argv = ["crm_simulate", "--simulate", "--xml-pipe", "--output-as=xml"]
    ran = runner.run(argv, ok=(0, _INVALID), stdin=new)
    if ran.returncode == _INVALID:
        return changes, ["what the cluster would do is unknown: crm_simulate takes no such CIB"]
    consequences = crm_simulate.parse(ran.stdout)
    costly = crm_simulate.with_costs(changes, consequences)
    return costly, [one.text() for one in consequences]


def _check(runner: Runner, base: str, new: str) -> list[str]:
    """Raise KvmhaError when ``new`` has faults that ``base`` has not; return the old ones."""
    faults = _faults(runner, ["--xml-pipe"], new)
    if not faults:
        return []
    old = _faults(runner, ["--xml-pipe"], base)
    fresh = [fault for fault in faults if fault not in old]
    if fresh:
        lines = "\n".join(f"  {fault}" for fault in fresh)
        raise KvmhaError(
            f"Pacemaker would not accept the changed CIB:\n{lines}",
            hint="nothing was changed; see the values under kvmha:cib in pillar",
        )
    return [f"the CIB had this fault before: {fault}" for fault in faults]


def _faults(runner: Runner, argv: Sequence[str], stdin: str | None = None) -> list[str]:
    """Return the errors that ``crm_verify`` finds.

    It ends with 78 for warnings too, such as that an unclean node will be fenced: those are
    of the state the cluster is in, not of its configuration.
    """
    done = runner.run(["crm_verify", "--verbose", *argv], ok=(0, _INVALID), stdin=stdin)
    if done.returncode == 0 or "Errors found" not in done.output:
        return []
    noise = ("crm_verify: Errors found", "-V may provide", "CIB did not pass schema")
    lines = [
        re.sub(r"^(\(\w+\)\s+)?(\S*:\d+: )?(error: )?", "", line.strip())
        for line in done.output.splitlines()
        if not re.match(r"(\(\w+\)\s+)?(warning|INFO|DEBUG|WARNING):", line)
    ]
    found = [line for line in dict.fromkeys(lines) if line and not line.startswith(noise)]
    return found or [done.output]


def _patch(runner: Runner, base: str, new: str, cib_file: str | None) -> bool:
    """Change the CIB from ``base`` to ``new``; return False when it is ``base`` no longer."""
    with tempfile.TemporaryDirectory(prefix="kvmha-") as folder:
        for name, text in (("base", base), ("new", new)):
            Path(folder, name).write_text(text, encoding="utf-8")
        argv = ["crm_diff", "--original", f"{folder}/base", "--new", f"{folder}/new"]
        patch = without_num_updates(runner.run(argv, ok=(0, 1)).stdout)
    done = runner.run(
        ["cibadmin", "--patch", "--xml-pipe"], ok=(0, _TOO_OLD), stdin=patch, env=_env(cib_file)
    )
    return done.returncode == 0


def without_num_updates(patch: str) -> str:
    """Return ``patch`` without the count of status updates, which a busy cluster raises.

    What stays is the epoch: the guard against other changes of the configuration (crmsh
    issue 63).
    """
    root: Any = etree.fromstring(patch.encode())
    for version in root.iterfind("version/*"):
        version.attrib.pop("num_updates", None)
    return str(etree.tostring(root, encoding="unicode"))


def _env(cib_file: str | None) -> Mapping[str, str] | None:
    return {"CIB_file": cib_file} if cib_file else None


# --- state -------------------------------------------------------------------------------------


def status(runner: Runner, cib_file: str | None = None) -> dict[str, Any]:
    """Return the state of the cluster, from one ``crm_mon``; see ``crm_mon.parse``."""
    done = attempt(
        runner, ["crm_mon", "--one-shot", "--inactive", "--output-as=xml"], env=_env(cib_file)
    )
    if done is None or done.returncode in _NOT_CONNECTED:
        return dict(crm_mon.NOT_RUNNING)
    return crm_mon.parse(_good(done).stdout)


def verify(runner: Runner, cib_file: str | None = None) -> list[str]:
    """Return the errors that ``crm_verify`` finds in the CIB in use; empty means none."""
    if cib_file:
        return _faults(runner, ["--xml-file", cib_file])
    try:
        return _faults(runner, ["--live-check"])
    except CommandFailed as error:
        if error.returncode in (*_NOT_CONNECTED, _NO_INPUT):
            return [NOT_RUNNING_HERE]
        raise


def _good(done: Result) -> Result:
    if done.returncode != 0:
        raise CommandFailed(done.argv, done.returncode, done.output)
    return done


# --- fencing -----------------------------------------------------------------------------------


def fence(runner: Runner, node: str, timeout: int = 300) -> float:
    """Have the cluster reboot ``node``; return the seconds until fencing was confirmed.

    ``timeout`` is in seconds. Consent is the caller's matter. Raises CommandFailed, with the
    fencer's words, when the node was not fenced.
    """
    argv = ["stonith_admin", "--reboot", node, "--timeout", str(timeout)]
    return runner.run(argv, timeout=timeout + 30).seconds


def fencing_answers(runner: Runner, nodes: Sequence[str]) -> dict[str, Any]:
    """Return whether fencing would work now: each node's devices, and each device's answer.

    Keys: ok; devices ({name: "" or what its monitor said}); nodes ({name: [devices that can
    fence it]}); problems (sentences). Starts a program for each device and each node.
    """
    registered = attempt(runner, ["stonith_admin", "--list-registered"])
    if registered is None or registered.returncode in _NOT_CONNECTED:
        return {"ok": False, "devices": {}, "nodes": {}, "problems": [NOT_RUNNING_HERE]}
    devices = {}
    for name in _listed(registered):
        asked = runner.run(["stonith_admin", "--query", name], ok=None, timeout=150)
        devices[name] = "" if asked.returncode == 0 else asked.output or "its monitor failed"
    able = {
        node: _listed(runner.run(["stonith_admin", "--list", node], ok=None, timeout=150))
        for node in nodes
    }
    problems = [f"fencing device {name}: {said}" for name, said in devices.items() if said]
    problems += [f"no device can fence {node}" for node, found in able.items() if not found]
    return {"ok": not problems, "devices": devices, "nodes": able, "problems": problems}


def _listed(done: Result) -> list[str]:
    if done.returncode != 0:
        return []
    lines = [line.strip().lstrip("* ").strip() for line in done.stdout.splitlines()]
    return [line for line in lines if re.fullmatch(r"[\w.:@-]+", line)]
