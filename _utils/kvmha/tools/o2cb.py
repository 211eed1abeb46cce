"""OCFS2's classic cluster stack on this node: its files, its service, what the kernel knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kvmha.build import o2cb as build
from kvmha.documents import o2cb_conf, sysconfig
from kvmha.errors import KvmhaError
from kvmha.plan import Plan
from kvmha.spec.storage_part import HasStorage
from kvmha.tools import files, host, kernel
from kvmha.tools.runner import Runner

_ROOT = Path("/")
_CLUSTERS = "sys/kernel/config/cluster"
_HINT = "see: journalctl -b -u o2cb; dmesg"


def plan_files(runner: Runner, spec: HasStorage, config: str, root: Path = _ROOT) -> Plan:
    """Return what the files of this node lack; ``config`` is the path of o2cb's settings."""
    return build.plan_files(spec, _files(runner, config, root), config)


def apply_files(
    runner: Runner, spec: HasStorage, config: str, expect: str | None = None, root: Path = _ROOT
) -> Plan:
    """Write cluster.conf and the settings, and have the service start at boot."""
    seen = _files(runner, config, root)
    todo = build.plan_files(spec, seen, config)
    todo.refuse_stale(expect)
    addresses = [change.address for change in todo.changes]
    if any(address.startswith("cluster.conf:") for address in addresses):
        stanzas = o2cb_conf.changed(o2cb_conf.parse(seen.conf or ""), build.cluster(spec))
        files.write(_below(root, build.CONF), o2cb_conf.render(stanzas))
    if any(address.startswith(f"sysconfig:{config}:") for address in addresses):
        document = sysconfig.changed(sysconfig.parse(seen.config or ""), config, todo.changes)
        files.write(_below(root, config), document.render())
    for change in todo.changes:
        if change.address == f"file:{build.DROPIN}":
            files.write(_below(root, build.DROPIN), change.new)
            runner.run(["systemctl", "daemon-reload"])
        elif change.address == f"service:{build.SERVICE}.enable":
            runner.run(["systemctl", "enable", build.SERVICE], hint="install ocfs2-tools")
    return todo


def plan_online(runner: Runner, spec: HasStorage, root: Path = _ROOT) -> Plan:
    """Return what makes this node a member of the cluster in the kernel. Changes nothing."""
    return build.plan_online(spec, _kernel(runner, spec.cluster.name, root))


def apply_online(
    runner: Runner, spec: HasStorage, expect: str | None = None, root: Path = _ROOT
) -> Plan:
    """Start the service, register the members, set the timeouts: what ``plan_online`` found."""
    todo = plan_online(runner, spec, root)
    todo.refuse_stale(expect)
    name = spec.cluster.name
    for change in todo.changes:
        _, _, what = change.address.rpartition(":")
        if change.address == "ocfs2:stack":
            kernel.load(runner, ["ocfs2_stack_o2cb"], root)
            kernel.set_stack(build.STACK, root)
        elif what == f"{build.SERVICE}.start":
            runner.run(["systemctl", "start", build.SERVICE], timeout=120, hint=_HINT)
        elif what.endswith(".unregister"):
            runner.run(["o2cb", "unregister-cluster", str(change.old)], hint=_HINT)
        elif what.endswith(".register"):
            runner.run(["o2cb", "register-cluster", name], hint=_HINT)
        elif what in build.SETTINGS:
            _set(_below(root, f"{_CLUSTERS}/{name}/{build.SETTINGS[what]}"), str(change.new))
    return todo


def plan_absent(runner: Runner, spec: HasStorage, config: str, root: Path = _ROOT) -> Plan:
    """Return what takes this node out of the cluster. Raises KvmhaError while it mounts."""
    seen = _kernel(runner, spec.cluster.name, root)
    return build.plan_absent(spec, _files(runner, config, root), seen)


def apply_absent(
    runner: Runner, spec: HasStorage, config: str, expect: str | None = None, root: Path = _ROOT
) -> Plan:
    """Stop the service, take it out of the boot, and the cluster out of cluster.conf."""
    todo = plan_absent(runner, spec, config, root)
    todo.refuse_stale(expect)
    for change in todo.changes:
        if change.address.startswith("service:"):
            runner.run(["systemctl", str(change.new), build.SERVICE], timeout=120, hint=_HINT)
        elif change.address.startswith("file:"):
            _below(root, build.DROPIN).unlink(missing_ok=True)
            runner.run(["systemctl", "daemon-reload"])
        else:
            path = _below(root, build.CONF)
            stanzas = o2cb_conf.parse(files.read(path) or "")
            files.write(path, o2cb_conf.render(o2cb_conf.without(stanzas, spec.cluster.name)))
    return todo


def status(runner: Runner, spec: HasStorage, root: Path = _ROOT) -> dict[str, Any]:
    """Return the stack, whether the service is active, members, settings, regions, mounts."""
    seen = _kernel(runner, spec.cluster.name, root)
    return {
        "stack": seen.stack,
        "active": seen.active,
        "nodes": {name: dict(values) for name, values in seen.nodes.items()},
        "settings": dict(seen.settings),
        "regions": seen.regions,
        "mounts": list(seen.mounts),
    }


def _files(runner: Runner, config: str, root: Path) -> build.FilesSeen:
    # `systemctl show` says "generated" of an init script, whether it starts at boot or not.
    enabled = runner.run(["systemctl", "is-enabled", build.SERVICE], ok=None).stdout
    return build.FilesSeen(
        conf=files.read(_below(root, build.CONF)),
        config=files.read(_below(root, config)),
        dropin=files.read(_below(root, build.DROPIN)),
        enabled=enabled.split()[-1:] == ["enabled"],
    )


def _kernel(runner: Runner, name: str, root: Path) -> build.KernelSeen:
    active = runner.run(["systemctl", "is-active", build.SERVICE], ok=None).stdout.strip()
    clusters = _below(root, _CLUSTERS)
    folder = clusters / name
    mounts = [point for point, each in host.mounts().items() if each["type"] == "ocfs2"]
    return build.KernelSeen(
        stack=kernel.stack(root),
        active=active == "active",
        nodes={node.name: _node(node) for node in _folders(folder / "node")},
        settings={key: _value(folder / path) for key, path in build.SETTINGS.items()},
        regions=len(_folders(folder / "heartbeat")),
        mounts=tuple(mounts),
        others=tuple(each.name for each in _folders(clusters) if each.name != name),
    )


def _node(folder: Path) -> dict[str, str]:
    return {
        "ip_port": _value(folder / "ipv4_port"),
        "ip_address": _value(folder / "ipv4_address"),
        "number": _value(folder / "num"),
    }


def _folders(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir()) if path.is_dir() else []


def _value(path: Path) -> str:
    return (files.read(path) or "").strip()


def _set(path: Path, value: str) -> None:
    try:
        path.write_text(f"{value}\n", encoding="ascii")
    except OSError as error:
        raise KvmhaError(
            f"the kernel does not take {value} for {path.name}: {error.strerror}",
            hint="unmount OCFS2 on every node first",
        ) from None


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")
