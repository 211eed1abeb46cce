"""Pacemaker: the CIB changed by compare-and-swap, the cluster's state, and fencing."""

from __future__ import annotations

import bz2
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lxml import etree

from kvmha.build import cib_codec
from kvmha.documents import cib, cib_merge, cib_patch, crm_mon, crm_simulate, secrets
from kvmha.documents.cib import Wanted
from kvmha.errors import CommandFailed, InvalidInput, KvmhaError
from kvmha.plan import Change, Disruption, Plan
from kvmha.tools import cib_archive, simulation
from kvmha.tools.corosync import attempt
from kvmha.tools.runner import Result, Runner
from kvmha.wait import eventually

# Each lost try means that another's change went in, so somebody always gets on, and a pause
# would only leave the field to the others. Many nodes at once lose to each other as often as
# there are nodes. Next to another applier and a tool that writes without a break (a change in
# 75 ms) nine tries in ten are lost, each in a fifth of a second: this many give one failure
# in 30 000.
TRIES = 100
WATCHDOG = "watchdog"  # its own device: it waits until a node's watchdog has bitten
NOT_RUNNING_HERE = "Pacemaker does not run on this node"
_START_IT = "start it with the state kvmha.pacemaker.running, or: systemctl start pacemaker"

# Exit codes of Pacemaker's tools (crm_exit_t, results.h).
_NOT_CONNECTED = (102, 107, 127)  # 107: ENOTCONN from Pacemaker 1.1; 127: not installed
_TOO_OLD = 103  # CRM_EX_OLD: the CIB is no longer the one the patch was made from
_INVALID = 78
_TIMED_OUT = 124
_NO_INPUT = 66  # what crm_verify says when it cannot ask for the CIB


@dataclass(frozen=True)
class Proposal:
    """A plan with the CIB it was made from and the one it leads to.

    ``edits`` are its changes before their costs were known.
    """

    plan: Plan
    base: str | None
    new: str
    edits: tuple[Change, ...]


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
    return cib_codec.export(cib.parse(_standing(runner, cib_file)))


def marks(runner: Runner, wanted: Wanted | None, cib_file: str | None = None) -> list[Any]:
    """Return what operators did on purpose and ``wanted`` does not say; see ``cib_archive.told``.

    Raises KvmhaError when Pacemaker does not run here and no file is named.
    """
    text = _standing(runner, cib_file)
    return cib_archive.told(text, wanted and wanted.tree, live=cib_file is None)


def plan(
    runner: Runner, wanted: Wanted, cib_file: str | None = None, *, losses: bool = False
) -> Plan:
    """Return what would change in the CIB, and as notes what the cluster would then do.

    Without a running cluster the plan is made from an empty CIB. One program when nothing
    is to change, three otherwise, four when something would be disturbed. With ``losses`` also
    what would then not run without one of the nodes, for a program more and one for each node.
    Raises KvmhaError when Pacemaker would not accept it.
    """
    proposal = _propose(runner, wanted, cib_file, always=True)
    found = simulation.losses(runner, proposal.new) if losses else {}
    return _marked(proposal, wanted, cib_file).noted(*simulation.notes(found))


def losses(runner: Runner, cib_file: str | None = None) -> dict[str, list[str]]:
    """Return what would not run without one of the nodes, as all is now; ``simulation.losses``.

    Raises KvmhaError when Pacemaker does not run here and no file is named.
    """
    return simulation.losses(runner, _standing(runner, cib_file))


def _standing(runner: Runner, cib_file: str | None) -> str:
    text = query(runner, cib_file)
    if text is None:
        raise KvmhaError(NOT_RUNNING_HERE, hint=f"{_START_IT}; or name a file: cib_file=PATH")
    return text


def apply(
    runner: Runner,
    wanted: Wanted,
    expect: str | None = None,
    cib_file: str | None = None,
    allow: str | Disruption = Disruption.DATA_LOSS,
) -> tuple[Plan, Plan]:
    """Bring the CIB to ``wanted`` with one patch; return what was changed, and what is left.

    The patch holds the epoch of the CIB it was made from, so that it fails when anybody
    changed the configuration in between; then the plan is made afresh, a bounded number of
    times. A patch that was taken made the CIB what was planned, so what is left is seen from
    that, without another query. With ``expect``, the digest of a plan that was shown, another
    plan raises StalePlan; the epoch is no part of that digest, since a change elsewhere in the
    CIB does no harm. Raises Refused for a plan above ``allow``, and KvmhaError when Pacemaker
    does not run here. One program when nothing is to change, else three, or four where
    something runs; one more before a plan is refused, or with ``expect``.
    """
    limit = Disruption.NONE if expect else Disruption.of(allow)
    proposal = None
    for _ in range(TRIES):
        proposal = _propose(runner, wanted, cib_file, limit, lost=proposal)
        if proposal.base is None:
            raise KvmhaError(NOT_RUNNING_HERE, hint=_START_IT)
        proposal.plan.refuse_stale(expect)
        proposal.plan.refuse_above(allow)
        if not proposal.plan:
            return _marked(proposal, wanted, cib_file), proposal.plan
        if _patch(runner, proposal.base, proposal.new, cib_file):
            left = Plan(cib_merge.edit(proposal.new, wanted)[1], "cib")
            return _marked(proposal, wanted, cib_file), left
    raise KvmhaError(
        f"the CIB was changed by others {TRIES} times while a change was made",
        hint="see who changes it: cibadmin --query shows update-origin and update-client",
    )


def settle(runner: Runner, seconds: float, told: Callable[[str], None] = lambda _: None) -> None:
    """Wait until the cluster has nothing left to do; raise TimedOut with what it is still at.

    ``told`` gets a line whenever that changes.
    """
    last = ""

    def missing() -> str:
        nonlocal last
        done = runner.run(["crm_resource", "--wait", "--timeout=5s"], ok=None, timeout=60)
        if done.returncode == 0:
            return ""
        at = [line.strip().lstrip("* ") for line in done.output.splitlines() if "\t" in line]
        now = f"the cluster is still at: {'; '.join(at) or done.output.strip()}"
        if now != last:
            told(now)
        last = now
        return now

    eventually(missing, timeout=seconds, interval=0.5)


def _propose(
    runner: Runner,
    wanted: Wanted,
    cib_file: str | None,
    limit: Disruption = Disruption.NONE,
    *,
    always: bool = False,
    lost: Proposal | None = None,
) -> Proposal:
    """Query, edit, judge; ``always`` also where nothing has been started yet.

    ``lost`` is a proposal that another's change has overtaken. Where the same edits are to be
    made now, they are not judged again: each of the two changes was, and the other could as
    well have come a moment after ours. Judging takes longer than all the rest, and whoever
    writes in that time wins.
    """
    base = query(runner, cib_file)
    text = cib.EMPTY if base is None else base
    new, changes, told = cib_merge.edit(text, wanted)
    if lost and lost.edits == changes and base is not None:
        return replace(lost, base=base, new=new)
    plan = Plan(changes, "cib", tuple(told))
    if changes:
        problems, notes = wanted.types.judge(cib.parse(new), changes)
        if problems:
            raise InvalidInput("pillar kvmha:cib", problems)
        plan = plan.noted(*notes)
    if base is None:
        plan = plan.noted(f"{NOT_RUNNING_HERE}: planned from an empty CIB")
    elif changes:
        plan = plan.noted(*_old_faults(runner, new, base))
        if always or cib.anything_started(base):
            plan = _priced(runner, plan, base, new, limit)
    return Proposal(plan, base, new, changes)


def _marked(proposal: Proposal, wanted: Wanted, cib_file: str | None) -> Plan:
    """Return the plan with notes about operators' marks; not before a patch, since it reads."""
    if proposal.base is None:
        return proposal.plan
    live = cib_file is None
    return proposal.plan.noted(
        *cib_archive.notes(proposal.base, proposal.new, wanted.tree, live=live)
    )


def _priced(runner: Runner, plan: Plan, base: str, new: str, limit: Disruption) -> Plan:
    """Return ``plan`` with what the cluster would do, and what that costs.

    What it would do without the change too is no cost of the change. That takes a second
    simulation, which is made only where a cost is above ``limit``.
    """
    said = simulation.simulated(runner, new)
    if said is None:
        unknown = "what the cluster would do is unknown: crm_simulate takes no such CIB"
        return plan.noted(unknown)
    consequences = crm_simulate.parse(said)
    if any(one.cost > limit for one in consequences):
        anyway = crm_simulate.parse(simulation.simulated(runner, base) or "<none/>")
        consequences = crm_simulate.caused(consequences, anyway)
    changes = crm_simulate.with_costs(plan.changes, consequences)
    placed = replace(plan, changes=changes, placement=crm_simulate.placement(said))
    return placed.noted(*(one.text() for one in consequences))


def _old_faults(runner: Runner, new: str, base: str) -> list[str]:
    """Raise KvmhaError when ``new`` has faults that ``base`` has not; return notes of the rest."""
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
    said = found or [done.output]
    return said if stdin is None else [secrets.scrubbed(line, cib.parse(stdin)) for line in said]


def _patch(runner: Runner, base: str, new: str, cib_file: str | None) -> bool:
    """Change the CIB from ``base`` to ``new``; return False when it is ``base`` no longer."""
    argv, patch = ["cibadmin", "--patch", "--xml-pipe"], cib_patch.between(base, new)
    try:
        done = runner.run(argv, ok=(0, _TOO_OLD), stdin=patch, env=_env(cib_file))
    except CommandFailed as error:
        said = secrets.scrubbed(error.output, cib.parse(new))
        hint = "nothing was changed: a patch is taken whole or not at all"
        if error.returncode in (None, _TIMED_OUT):
            hint = "it may still be taken, whole or not at all: plan again"
        raise CommandFailed(argv, error.returncode, said, hint=hint) from None
    return done.returncode == 0


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
    fence it]}); problems (sentences). With diskless SBD the device is ``watchdog``. Starts a
    program for each device and each node.
    """
    registered = attempt(runner, ["stonith_admin", "--list-registered"])
    if registered is None or registered.returncode in _NOT_CONNECTED:
        return {"ok": False, "devices": {}, "nodes": {}, "problems": [NOT_RUNNING_HERE]}
    devices = {}
    for name in _listed(registered):
        asked = runner.run(["stonith_admin", "--query", name], ok=None, timeout=150)
        devices[name] = "" if asked.returncode == 0 else asked.output or "its monitor failed"
    # Of Pacemaker's own device each fencer knows that of its node alone; they ask each other.
    own = [WATCHDOG] if WATCHDOG in devices else []
    able = {
        node: _listed(runner.run(["stonith_admin", "--list", node], ok=None, timeout=150)) or own
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
