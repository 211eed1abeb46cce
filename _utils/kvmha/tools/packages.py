"""Installing packages on Debian without starting what they bring, and after a killed run.

Only what the package manager's own Salt module does not do; a distribution without policy-rc.d
does not start services at installation.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Plan
from kvmha.tools import files
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

POLICY = "/usr/sbin/policy-rc.d"
DPKG = "/var/lib/dpkg"
_MARK = "# kvmha: nothing starts with example configuration; removed after installation"
# dbus must run: libvirt and polkit, that come with it, are asked for later without a reboot.
_SCRIPT = f"""#!/bin/sh
{_MARK}
case "$1" in dbus|dbus.*) exit 0 ;; esac
exit 101
"""


def plan(wanted: Iterable[str], present: Collection[str]) -> Plan:
    """Return which of ``wanted`` are not ``present``, and what a killed run left to remove."""
    changes = [
        Change(Action.CREATE, f"package:{name}", None, "installed")
        for name in wanted
        if name not in present
    ]
    if leftover():
        changes.append(Change(Action.DELETE, f"file:{POLICY}", "left by a killed run"))
    return Plan(tuple(changes))


def missing(todo: Plan) -> list[str]:
    """Return the packages that ``plan`` found missing."""
    return [
        change.address.removeprefix("package:")
        for change in todo.changes
        if change.action is Action.CREATE
    ]


def leftover(path: str = POLICY) -> bool:
    """Tell whether a killed run left our policy behind: no package could start a service."""
    return _MARK in (files.read(path) or "")


def remove_leftover(path: str = POLICY) -> None:
    """Remove our policy; another's is left alone."""
    if leftover(path):
        Path(path).unlink(missing_ok=True)


@contextmanager
def nothing_starts(path: str = POLICY) -> Iterator[None]:
    """Keep packages from starting services while in the block; a policy that exists is kept."""
    if files.read(path) is None or leftover(path):
        files.write(path, _SCRIPT, mode=0o755)
    try:
        yield
    finally:
        remove_leftover(path)


def mend_dpkg(runner: Runner, folder: str = DPKG, *, timeout: float = 600.0) -> None:
    """Finish what a killed dpkg had begun; wait up to ``timeout`` seconds for one that runs."""
    eventually(lambda: _locked(folder), timeout=timeout)
    runner.run(
        ["dpkg", "--force-confold", "--configure", "--pending"],
        timeout=1800,
        env={"DEBIAN_FRONTEND": "noninteractive"},
        hint="mend the package named above by hand, then run this again",
    )


def _locked(folder: str) -> str:
    """Return who holds dpkg's lock, or nothing: the same question dpkg asks."""
    for name in ("lock-frontend", "lock"):
        path = Path(folder, name)
        if not path.exists():
            continue
        with path.open("rb+") as stream:
            try:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return f"another package manager holds {path}"
    return ""


def refuse_if_missing(wanted: set[str], present: set[str]) -> None:
    """Raise KvmhaError when packages are missing although the package manager reported none."""
    missing = sorted(wanted - present)
    if missing:
        raise KvmhaError(
            f"not installed: {', '.join(missing)}",
            hint="see whether the node's repositories offer them",
        )
