"""Networks, pools and volumes of this host's libvirt: looked at, and made as a plan says."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kvmha.build import libvirt_objects as build
from kvmha.build.libvirt_objects import Observed, Wanted
from kvmha.documents import domain, libvirt_xml
from kvmha.errors import CommandFailed
from kvmha.plan import Plan
from kvmha.spec.libvirt_pools import Pool, PoolVolume
from kvmha.spec.model import ClusterSpec
from kvmha.tools import blockdev, openers
from kvmha.tools.libvirt import Libvirt

Wake = Callable[[], None]


def answers(libvirt: Libvirt, kind: str) -> bool:
    """Tell whether the daemon for objects of ``kind`` can be asked."""
    try:
        libvirt.standing(kind)
    except CommandFailed:
        return False
    return True


def plan(libvirt: Libvirt, wanted: Wanted) -> Plan:
    """Return what makes a network or pool as wanted."""
    return build.plan(wanted, observe(libvirt, wanted))


def observe(libvirt: Libvirt, wanted: Wanted) -> Observed:
    """Return what there is of ``wanted``; its users only where a restart would cost them."""
    folder = bool(wanted.folder) and Path(wanted.folder).is_dir()
    if not answers(libvirt, wanted.kind):
        return Observed(answers=False, folder=folder)
    return _observe(libvirt, wanted.kind, wanted.name, wanted, folder=folder)


def apply(libvirt: Libvirt, wanted: Wanted, expect: str | None, wake: Wake) -> Plan:
    """Do what ``plan`` says, if it still is the one with digest ``expect``; return it.

    ``wake`` has systemd listen for the daemon; it is called where libvirt does not answer.
    """
    kind, name = wanted.kind, wanted.name

    def look() -> tuple[Observed, Plan]:
        seen = observe(libvirt, wanted)
        return seen, build.plan(wanted, seen)

    seen, todo = _awake(libvirt, kind, look, expect, wake)
    if not todo:
        return todo
    # Also where only autostart is missing: one that is active without a definition gets one.
    libvirt.define(build.wanted_xml(wanted, seen), kind)
    verbs = {change.address.removeprefix(f"{wanted.address}:") for change in todo.changes}
    if "restart" in verbs:
        libvirt.destroy(name, kind)
    if "build" in verbs:
        libvirt.build_pool(name)
    if "autostart" in verbs:
        libvirt.set_autostart(name, True, kind)
    if verbs & {"start", "restart"}:
        libvirt.start(name, kind)
    return todo


def plan_absent(libvirt: Libvirt, kind: str, name: str) -> Plan:
    """Return what makes libvirt forget a network or pool; raise Refused while it is used."""
    return build.plan_absent(kind, name, _observe_former(libvirt, kind, name))


def apply_absent(libvirt: Libvirt, kind: str, name: str, expect: str | None, wake: Wake) -> Plan:
    """Do what ``plan_absent`` says; return it. ``wake`` is as of ``apply``."""

    def look() -> tuple[Observed, Plan]:
        seen = _observe_former(libvirt, kind, name)
        return seen, build.plan_absent(kind, name, seen)

    _, todo = _awake(libvirt, kind, look, expect, wake)
    for change in todo.changes:
        if change.address.endswith(":stop"):
            libvirt.destroy(name, kind)
        else:
            libvirt.undefine(name, kind)
    return todo


def observe_volume(libvirt: Libvirt, pool: Pool, volume: PoolVolume) -> build.Volume:
    """Return what there is of a volume, and who uses it."""
    if not answers(libvirt, "pool"):
        return build.Volume()
    standing = libvirt.standing("pool").get(pool.name)
    if standing is None or not standing.active:
        return build.Volume("absent" if standing is None else "inactive")
    path = libvirt.volumes(pool.name).get(volume.name)
    if path is None:
        return build.Volume("active")
    users = tuple(_users_of_pool(libvirt, pool.name, [path]))
    return build.Volume("active", libvirt.volume_xml(pool.name, volume.name), path, users)


def plan_volume(libvirt: Libvirt, pool: Pool, volume: PoolVolume) -> Plan:
    """Return what is missing of a volume."""
    return build.plan_volume(pool, volume, observe_volume(libvirt, pool, volume))


def apply_volume(libvirt: Libvirt, pool: Pool, volume: PoolVolume, expect: str | None) -> Plan:
    """Make a volume that is missing; libvirt never writes over one that exists."""
    todo = plan_volume(libvirt, pool, volume)
    todo.refuse_stale(expect)
    if todo:
        libvirt.create_volume(pool.name, build.volume_xml(pool, volume))
    return todo


def plan_volume_absent(libvirt: Libvirt, spec: ClusterSpec, pool: Pool, volume: PoolVolume) -> Plan:
    """Return what it takes for a volume to be gone; raise Refused without consent or if used."""
    seen = observe_volume(libvirt, pool, volume)
    return build.plan_volume_absent(spec, pool, volume, seen)


def apply_volume_absent(
    libvirt: Libvirt, spec: ClusterSpec, pool: Pool, volume: PoolVolume, expect: str | None
) -> Plan:
    """Do what ``plan_volume_absent`` says; return it."""
    todo = plan_volume_absent(libvirt, spec, pool, volume)
    todo.refuse_stale(expect)
    if todo:
        libvirt.delete_volume(pool.name, volume.name)
    return todo


def _awake(
    libvirt: Libvirt,
    kind: str,
    look: Callable[[], tuple[Observed, Plan]],
    expect: str | None,
    wake: Wake,
) -> tuple[Observed, Plan]:
    """Return what there is, and the plan: once more where libvirt had to be woken for that.

    It may then have what was not known, but no change that costs more than what was shown.
    """
    seen, todo = look()
    todo.refuse_stale(expect)
    if seen.answers or not todo:
        return seen, todo
    wake()
    libvirt.standing(kind)  # or its error
    seen, known = look()
    known.refuse_above(todo.disruption)
    return seen, known


def _observe_former(libvirt: Libvirt, kind: str, name: str) -> Observed:
    return _observe(libvirt, kind, name) if answers(libvirt, kind) else Observed(answers=False)


def _observe(
    libvirt: Libvirt, kind: str, name: str, wanted: Wanted | None = None, *, folder: bool = False
) -> Observed:
    standing = libvirt.standing(kind).get(name)
    if standing is None:
        return Observed(folder=folder)
    live = libvirt.xml(name, kind) if standing.active else None
    users: tuple[str, ...] = ()
    if live and (wanted is None or build.restarts(wanted, live)):
        found = _users_of_network if kind == "network" else _users_of_pool
        users = tuple(found(libvirt, name))
    defined = libvirt.xml(name, kind, inactive=True)
    return Observed(True, defined, live, standing.autostart, folder, users)


def _running(libvirt: Libvirt) -> Iterator[tuple[str, domain.Element]]:
    for name, each in libvirt.domains().items():
        if each.active:
            yield name, domain.parse(libvirt.xml(name), where=f"the domain {name}")


def _users_of_network(libvirt: Libvirt, name: str) -> Iterator[str]:
    for who, root in _running(libvirt):
        if name in libvirt_xml.networks_of(root):
            yield who


def _users_of_pool(
    libvirt: Libvirt, name: str, paths: Iterable[str] | None = None
) -> Iterator[str]:
    """Yield the running domains, and for disks all else, that use volumes of a pool.

    ``paths`` are those of the volumes that count; unsaid: all.
    """
    chosen = libvirt.volumes(name) if paths is None else {Path(p).name: p for p in paths}
    real = {str(Path(path).resolve()) for path in chosen.values()}
    for who, root in _running(libvirt):
        named = {one for pool, one in libvirt_xml.volumes_of(root) if pool == name}
        opened = {str(Path(p).resolve()) for p in libvirt_xml.mentions(root) if p.startswith("/")}
        if named & set(chosen) or opened & real:
            yield who
    for path in chosen.values():
        yield from _users_of_disk(path)


def _users_of_disk(path: str) -> Iterator[str]:
    if Path(path).exists() and stat.S_ISBLK(Path(path).stat().st_mode):
        for said in (blockdev.in_use(path), openers.of(path)):
            if said:
                yield f"{path} is {said}"
