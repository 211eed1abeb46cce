"""multipath on this node: its configuration, its daemon, its maps."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from kvmha.documents import multipath_conf
from kvmha.documents.multipath_conf import Wanted
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.model import ClusterSpec
from kvmha.tools import files, services
from kvmha.tools.runner import Runner
from kvmha.tools.services import Unit

CONF = Path("/etc/multipath.conf")
_COMPLAINT = re.compile(r"multipath\.conf.*line \d+.*", re.IGNORECASE)


def wanted(spec: ClusterSpec) -> Wanted:
    """Return what the pillar says of multipath.conf."""
    said = spec.storage.multipath
    devnodes = [("devnode", each) for each in said.blacklist.devnodes]
    wwids = [("wwid", each) for each in said.blacklist.wwids]
    aliases = {each.wwid: {"alias": each.name, **each.options} for each in said.aliases}
    return Wanted(said.defaults, (*devnodes, *wwids), aliases)


def plan(runner: Runner, spec: ClusterSpec) -> Plan:
    """Return what makes multipath run here as the pillar says; nothing where it says nothing."""
    if not spec.storage.multipath.used:
        return Plan()
    text = files.read(CONF) or ""
    changes = multipath_conf.diff(text, wanted(spec))
    base = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
    units = services.plan(runner, [Unit("multipathd", running=True)])
    return Plan.joined([Plan(changes, base), units])


def apply(runner: Runner, spec: ClusterSpec, todo: Plan) -> None:
    """Do what ``plan`` said: write the file, have multipath read it, start the daemon.

    Raises KvmhaError, the old file back in its place, where multipath does not know a word.
    """
    if any(change.address.startswith("multipath.conf:") for change in todo.changes):
        write(runner, multipath_conf.edit(files.read(CONF) or "", wanted(spec)))
    services.apply(runner, todo)


def plan_absent(alias: str) -> Plan:
    """Return what takes the name ``alias`` from its disk; the disk keeps its WWID for a name."""
    text = files.read(CONF) or ""
    found = [wwid for wwid, name in multipath_conf.Conf(text).aliases().items() if name == alias]
    changes = [
        Change(Action.DELETE, f"multipath.conf:multipaths[{wwid}]", alias, None, Disruption.RELOAD)
        for wwid in found
    ]
    return Plan(tuple(changes), hashlib.sha256(text.encode()).hexdigest()[:16])


def apply_absent(runner: Runner, alias: str) -> None:
    """Do what ``plan_absent`` said."""
    write(runner, multipath_conf.without(files.read(CONF) or "", alias))


def write(runner: Runner, text: str) -> None:
    """Make ``text`` the configuration, or none of it where multipath complains of a line."""
    before = files.read(CONF)
    files.write(CONF, text)
    # The only check that there is: multipath reads no other file than this one.
    said = runner.run(["multipath", "-t"], ok=None).output
    complaints = [match[0] for match in map(_COMPLAINT.search, said.splitlines()) if match]
    if complaints:
        if before is None:
            CONF.unlink()
        else:
            files.write(CONF, before)
        raise KvmhaError(
            "multipath does not accept its configuration: " + "; ".join(complaints),
            hint="see multipath.conf(5); the file is as it was",
        )
    # Fails where the daemon does not run: it reads the file when it starts.
    runner.run(["multipathd", "reconfigure"], ok=None)


def maps(runner: Runner) -> dict[str, dict[str, str]]:
    """Return map -> ``wwid``, ``paths`` and those of them that are ``active``, as text."""
    said = runner.run(["multipathd", "show", "maps", "raw", "format", "%n|%w|%N"], ok=None).stdout
    found = (line.split("|") for line in said.splitlines() if line.count("|") == 2)
    return {name.strip(): {"wwid": w.strip(), "active": n.strip()} for name, w, n in found}
