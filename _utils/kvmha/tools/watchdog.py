"""The watchdog of this host: whether it is there, who feeds it, what keeps its driver away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kvmha.spec.fencing import Sbd
from kvmha.tools import files, kernel

_ROOT = Path("/")
# modprobe.d(5): a file in an earlier folder hides those of its name in later ones.
_FOLDERS = (
    "etc/modprobe.d",
    "run/modprobe.d",
    "usr/local/lib/modprobe.d",
    "usr/lib/modprobe.d",
    "lib/modprobe.d",
)
_FIRST = ("/dev/watchdog", "/dev/watchdog0")  # two names of the first watchdog
_OURS = "sbd"


def facts(sbd: Sbd, root: Path = _ROOT) -> dict[str, Any]:
    """Return what a preflight wants to know of the watchdog.

    ``watchdog`` and ``watchdog_module``: whether they are there; ``watchdog_users``: programs
    other than sbd that have it open; ``watchdog_denied``: where its driver is blacklisted.
    """
    module = sbd.watchdog_module
    return {
        "watchdog": (root / sbd.watchdog_device.lstrip("/")).exists(),
        "watchdog_module": bool(module) and kernel.can_load(module, root),
        "watchdog_users": users(sbd.watchdog_device, root),
        "watchdog_denied": denied(module, root) if module else "",
    }


def users(device: str, root: Path = _ROOT) -> list[str]:
    """Return the programs that have ``device`` open, sbd excepted, each with its pid."""
    names = {device, *(_FIRST if device in _FIRST else ())}
    found = []
    for folder in sorted(root.glob("proc/[0-9]*")):
        if not names.isdisjoint(_opened(folder / "fd")):
            name = _name(folder)
            found += [f"{name} (pid {folder.name})"] if name not in ("", _OURS) else []
    return found


def _name(folder: Path) -> str:
    """Return what a process is called; empty when it has ended."""
    with contextlib.suppress(OSError):
        return (files.read(folder / "comm") or "").strip()
    return ""


def _opened(folder: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):  # the process has ended, or is the kernel's
        for link in folder.iterdir():
            with contextlib.suppress(OSError):
                yield str(link.readlink())


def denied(module: str, root: Path = _ROOT) -> str:
    """Return where ``module`` is kept from being loaded at boot; empty where it is not.

    systemd-modules-load heeds blacklists, which modprobe by hand does not; an ``install`` line
    replaces loading by a command. What is built into the kernel needs no loading.
    """
    if kernel.is_built_in(module, root):
        return ""
    words = (files.read(root / "proc/cmdline") or "").split()
    listed = [name for word in words for name in _named(word)]
    if _plain(module) in listed:
        return "the kernel's command line (modprobe.blacklist)"
    for path in _configuration(root):
        for line in (files.read(path) or "").splitlines():
            verb, name, *_ = [*line.split(), "", ""]
            if verb in ("blacklist", "install") and _plain(name) == _plain(module):
                return f"/{path.relative_to(root)}"
    return ""


def _named(word: str) -> list[str]:
    key, _, value = word.partition("=")
    return [_plain(name) for name in value.split(",")] if key == "modprobe.blacklist" else []


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _configuration(root: Path) -> list[Path]:
    chosen: dict[str, Path] = {}
    for folder in _FOLDERS:
        for path in sorted((root / folder).glob("*.conf")):
            chosen.setdefault(path.name, path)
    return [chosen[name] for name in sorted(chosen)]
