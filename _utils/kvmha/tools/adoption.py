"""A libvirt domain of this node on its way under the cluster: looked at, and taken out."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kvmha.build import adopt
from kvmha.errors import CommandFailed, TimedOut
from kvmha.tools import blockdev, host, images
from kvmha.tools.libvirt import SYSTEM, Libvirt
from kvmha.tools.runner import Runner
from kvmha.wait import eventually

_ALIASES = "/dev/disk/by-id"
_VIRSH = ["virsh", "-c", SYSTEM]


def look(runner: Runner, name: str) -> dict[str, Any]:
    """Return what this node's libvirt has of domain ``name``; nothing where it has none.

    ``xml`` is that of its next start, without secrets.
    """
    found = Libvirt(runner).domains().get(name)
    if found is None:
        return {}
    said = runner.run([*_VIRSH, "dominfo", name]).stdout.splitlines()
    words = {key.strip(): value.strip() for key, _, value in (each.partition(":") for each in said)}
    persistent = words.get("Persistent") == "yes"
    listed = runner.run([*_VIRSH, "snapshot-list", "--name", name]).stdout.split()
    return {
        "xml": xml(runner, name, inactive=persistent),
        "state": found.state,
        "persistent": persistent,
        "autostart": words.get("Autostart") == "enable",
        "saved": words.get("Managed save") == "yes",
        "snapshots": listed,
    }


def xml(runner: Runner, name: str, *, inactive: bool, secrets: bool = False) -> str:
    """Return the XML of domain ``name``, with passwords when ``secrets``."""
    words = (["--inactive"] if inactive else []) + (["--security-info"] if secrets else [])
    return runner.run([*_VIRSH, "dumpxml", *words, name]).stdout


def reach(
    runner: Runner, paths: Sequence[str], bridges: Sequence[str], networks: Sequence[str]
) -> dict[str, Any]:
    """Return which of the paths, bridges and networks this node has."""
    active = runner.run([*_VIRSH, "net-list", "--name"], ok=None).stdout.split()
    return {
        "paths": {path: _path(runner, path) for path in paths},
        "bridges": [name for name in bridges if Path("/sys/class/net", name, "bridge").is_dir()],
        "networks": [name for name in networks if name in active],
    }


def shut_down(runner: Runner, name: str, *, timeout: float, told: Callable[[str], None]) -> None:
    """Press the power button of domain ``name`` until it is off; never force it.

    Pressed again every half a minute: a guest that is still starting does not notice. Raises
    TimedOut after ``timeout`` seconds: it may run on.
    """
    libvirt, pressed = Libvirt(runner), [0]

    def missing() -> str:
        found = libvirt.domains().get(name)
        if found is None or not found.active:
            return ""
        if pressed[0] % 15 == 0:
            runner.run([*_VIRSH, "shutdown", name], ok=(0, 1))
            told(f"{name} was asked to shut down")
        pressed[0] += 1
        return f"{name} still runs"

    try:
        eventually(missing, timeout=timeout, interval=2)
    except TimedOut as error:
        raise TimedOut(
            f"{error}",
            hint=f"shut it down from inside or by virsh destroy {name}, then run this again",
        ) from None


def release(runner: Runner, name: str) -> None:
    """Take domain ``name`` out of libvirt's own definitions; a running one runs on.

    Its UEFI variables are kept.
    """
    Libvirt(runner).disable_autostart(name)
    runner.run([*_VIRSH, "undefine", "--keep-nvram", name])


def manage(runner: Runner, resource: str) -> None:
    """Let the cluster manage ``resource``: take the mark away that keeps it from that."""
    argv = ["crm_resource", "--resource", resource, "--meta"]
    runner.run([*argv, "--delete-parameter", "is-managed"])


def _path(runner: Runner, path: str) -> dict[str, Any]:
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return _volume(runner, path)
    if not stat.S_ISBLK(mode):
        image = images.inspect(path)
        return {"there": True, "block": False, "size": image.size if image else 0}
    real = Path(path).resolve()
    folder = Path(_ALIASES)
    links = folder.iterdir() if folder.is_dir() else ()
    names = [str(each) for each in links if each.resolve() == real]
    seen = host.device(path)
    return {
        "there": True,
        "block": True,
        "size": blockdev.size(path),
        "serial": seen["serial"],
        "stable": adopt.stable_name(path, names),
    }


def _volume(runner: Runner, path: str) -> dict[str, Any]:
    """Return what LVM knows of a volume that is not active here, being active elsewhere."""
    name = path.removeprefix("/dev/")
    if adopt.stable_name(path, ()) != path or path.startswith("/dev/disk/"):
        return {"there": False}
    argv = ["lvs", "--noheadings", "--nosuffix", "--units", "b", "--options", "lv_size", name]
    try:
        said = runner.run(argv).stdout.split()
    except CommandFailed:
        return {"there": False}
    return {"there": True, "block": True, "size": int(said[0]), "serial": "", "stable": path}
