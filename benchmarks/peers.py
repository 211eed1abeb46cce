"""crmsh and pcs, each one by one and in its best batch form.

A second run gives the same commands again, as a script would: what a tool says then, and
whether it mends a changed value, is part of the result.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.node import Node
from benchmarks.workload import Workload

PACKAGES = {"crmsh": "crmsh", "pcs": "pcs"}
PROGRAMS = {"crmsh": "crm", "pcs": "pcs"}


@dataclass(frozen=True)
class Commands:
    """Commands for a whole workload: some once, and one for each object in between."""

    before: Sequence[Sequence[str]] = ()
    each: Sequence[Sequence[str]] = ()
    after: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Way:
    """One tool used in one way."""

    tool: str
    mode: str
    by_object: bool
    commands: Callable[[Node, Workload], Commands]


@dataclass
class Spent:
    """What the commands took; ``fixed`` are those seconds that do not grow with the objects."""

    seconds: float = 0.0
    fixed: float = 0.0
    cpu: float = 0.0
    processes: int = 0
    fixed_processes: int = 0
    failures: int = 0
    said: list[str] = field(default_factory=list)


def spend(node: Node, commands: Commands) -> Spent:
    """Run them all, whatever they say."""
    spent = Spent()
    for fixed, group in (
        (True, commands.before), (False, commands.each), (True, commands.after)
    ):  # fmt: skip
        for argv in group:
            ran = node.run(argv)
            spent.seconds += ran.result.seconds
            spent.cpu += ran.cpu
            spent.processes += ran.processes
            if fixed:
                spent.fixed += ran.result.seconds
                spent.fixed_processes += ran.processes
            if ran.failed:
                spent.failures += 1
                spent.said.append(ran.result.output[-300:])
    return spent


def _crmsh_each(_node: Node, workload: Workload) -> Commands:
    return Commands(each=[["crm", "configure", *line.split()] for line in workload.crmsh()])


def _crmsh_batch(node: Node, workload: Workload) -> Commands:
    path = node.folder / "wanted.crm"
    path.write_text(workload.crmsh_file(), encoding="utf-8")
    return Commands(before=[["crm", "configure", "load", "update", str(path)]])


def _pcs_each(_node: Node, workload: Workload) -> Commands:
    return Commands(each=[["pcs", *words] for words in workload.pcs()])


def _pcs_batch(node: Node, workload: Workload) -> Commands:
    old, new = str(node.folder / "old.xml"), str(node.folder / "new.xml")
    return Commands(
        before=[["pcs", "cluster", "cib", old], ["cp", old, new]],
        each=[["pcs", "-f", new, *words] for words in workload.pcs()],
        after=[["pcs", "cluster", "cib-push", new, f"diff-against={old}"]],
    )


WAYS = (
    Way("crmsh", "load update", False, _crmsh_batch),
    Way("crmsh", "one by one", True, _crmsh_each),
    Way("pcs", "-f, one cib-push", True, _pcs_batch),
    Way("pcs", "one by one", True, _pcs_each),
)


def lacking(tools: Sequence[str]) -> list[str]:
    """Return the packages that have to be installed for ``tools``, and for the node itself."""
    needed = {"corosync": "corosync", "pacemakerd": "pacemaker", "cibadmin": "pacemaker-cli-utils"}
    needed |= {PROGRAMS[tool]: PACKAGES[tool] for tool in tools}
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    return [package for program, package in needed.items() if not shutil.which(program, path=path)]


def version(node: Node, tool: str) -> str:
    """Return what the tool calls its version."""
    words = node.run([PROGRAMS[tool], "--version"]).result.stdout.split()
    return words[-1] if words else "?"
