"""What shared volume groups need, on a node and on the disks, and what is missing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kvmha import consent
from kvmha.build.sbd import fingerprint
from kvmha.consent import UNKNOWN, Signature
from kvmha.documents import lvm_conf
from kvmha.documents.lvm_report import Group, Volume
from kvmha.errors import KvmhaError, Refused
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.lvm import CLVMD, LVMLOCKD, LogicalVolume, VolumeGroup, path
from kvmha.spec.model import ClusterSpec

CONFIG = "/etc/lvm/lvm.conf"
LOCKS = {LVMLOCKD: "dlm", CLVMD: "clvmd"}
MIB = 1024 * 1024

# What the agents themselves see to, so that neither undoes the other. ocf:heartbeat:lvmlockd
# sets use_lvmlockd and, where it is set at all, takes out locking_type (1 before LVM 2.03, which
# is the default); ocf:lvm2:clvmd runs `lvmconf --enable-cluster`. LVM-activate only looks.
# `local/host_id` is for sanlock, and shared groups have no system id: neither is touched.
SETTINGS: Mapping[str, Mapping[str, str | None]] = {
    LVMLOCKD: {"global/use_lvmlockd": "1", "global/locking_type": None},
    CLVMD: {"global/use_lvmlockd": "0", "global/locking_type": "3", "global/use_lvmetad": "0"},
}


@dataclass(frozen=True)
class DiskSeen:
    """What was observed of a disk; ``known`` is the name that LVM has for it, if it is a PV.

    ``group`` is the volume group it is in; empty for a PV that is in none.
    """

    signatures: tuple[Signature, ...] = ()
    note: str = ""
    in_use: str = ""
    known: str = ""
    group: str = ""


def settings(spec: ClusterSpec) -> dict[str, str | None]:
    """Return what lvm.conf has to say; None: nothing."""
    wanted = dict(SETTINGS[spec.storage.lvm.backend])
    if spec.storage.lvm.filter:
        listed = ", ".join(f'"{pattern}"' for pattern in spec.storage.lvm.filter)
        wanted["devices/global_filter"] = f"[ {listed} ]"
    return wanted


def plan_config(spec: ClusterSpec, text: str | None) -> Plan:
    """Return what lvm.conf, None where there is none, needs to say. Safe at any time.

    Every command of LVM reads the file anew.
    """
    wanted = settings(spec) if spec.storage.volume_groups else {}
    present = lvm_conf.parse(text or "")
    changes = []
    for key, value in wanted.items():
        old = present.get(key)
        if _plain(old) == _plain(value):
            continue
        action = Action.CREATE if old is None else Action.UPDATE if value else Action.DELETE
        changes.append(Change(action, f"lvm.conf:{key}", old, value))
    return Plan(tuple(changes), fingerprint(text))


def note(spec: ClusterSpec, group: VolumeGroup) -> str:
    """Return what is written at the end of a disk from when it is emptied until it is a PV."""
    return f"emptied for volume group {group.name} of cluster {spec.cluster.name}"


def plan_group(
    spec: ClusterSpec, group: VolumeGroup, found: Group | None, disks: Mapping[str, DiskSeen]
) -> Plan:
    """Return what is needed for ``group`` to be on its disks; raise Refused without consent.

    Nothing when it is there with all its disks, whatever else is in it. A disk it lacks is
    added; one that the pillar does not name stays, and is told. ``disks`` are those of the
    pillar, by their names there. A group of that name on other disks, without this locking, or
    with disks missing is an error that says what to do.
    """
    base = fingerprint((found, sorted(disks.items())))
    lacking = [name for name in group.devices if disks[name].group != group.name]
    if found is not None:
        _refuse_another(spec, group, found, disks)
    if not lacking:
        return Plan((), base, _beside(group, found, disks))
    taken = {name: _taken(spec, group, disks[name]) for name in lacking}
    _refuse_in_use(taken, disks)
    consent.refuse(
        consent.foreign(name, what, spec.consent.overwrite) for name, what in taken.items()
    )
    cost = max(consent.cost(what) for what in taken.values())
    content = "; ".join(
        f"{name} carries {consent.described(what)}" for name, what in taken.items() if what
    )
    names = ", ".join(lacking)
    if found is None:
        lock = LOCKS[spec.storage.lvm.backend]
        change = Change(
            Action.CREATE, f"vg:{group.name}", content or None, f"{names} (lock: {lock})", cost
        )
    else:
        change = Change(Action.UPDATE, f"vg:{group.name}:devices", content or None, names, cost)
    return Plan((change,), base, _beside(group, found, disks))


def to_empty(spec: ClusterSpec, group: VolumeGroup, disks: Mapping[str, DiskSeen]) -> list[str]:
    """Return the disks that vgcreate or vgextend must find empty, and are not."""
    lacking = (name for name in group.devices if disks[name].group != group.name)
    return [name for name in lacking if _taken(spec, group, disks[name])]


def commands(spec: ClusterSpec, group: VolumeGroup, *, exists: bool, add: list[str]) -> list[str]:
    """Return the command that makes ``group`` of the disks ``add``, or extends it by them.

    Never ``--force`` or ``--yes``: what is on the disks by then is nobody's, or LVM refuses.
    """
    if exists:
        return ["vgextend", group.name, *add]
    kind = ["--clustered", "y"] if spec.storage.lvm.backend == CLVMD else ["--shared"]
    return ["vgcreate", *kind, group.name, *add]


def grows(wanted: LogicalVolume, group: Group | None) -> bool:
    """Tell whether a volume is there, and smaller than it should be."""
    volume = group.volume(wanted.volume.name) if group else None
    return group is not None and volume is not None and volume.size < _rounded(wanted, group)


def is_idle(wanted: LogicalVolume, group: Group | None) -> bool:
    """Tell whether a volume is one that another node may have for itself."""
    volume = group.volume(wanted.volume.name) if group else None
    return not wanted.shared and volume is not None and not volume.active


def plan_volume(wanted: LogicalVolume, group: Group | None, elsewhere: str = "") -> Plan:
    """Return what is needed for a volume to be there in its size. Never makes it smaller.

    ``group`` is None where it is not there yet. ``elsewhere`` names a node that has the
    exclusive volume active: only that one can change it, so there is nothing to do here but to
    tell.
    """
    address = f"lv:{wanted.name}"
    volume = group.volume(wanted.volume.name) if group else None
    size = _rounded(wanted, group)
    base = fingerprint((group and (group.uuid, group.extent), volume))
    if volume is None:
        _refuse_above_free(wanted, group, size)
        access = "shared" if wanted.shared else "exclusive"
        return Plan((Change(Action.CREATE, address, None, f"{_mib(size)}, {access}"),), base)
    if volume.size > size:
        remark = f"{wanted.name} has {_mib(volume.size)}, more than {_mib(size)}: left as it is"
        return Plan((), base, (remark,))
    if volume.size == size:
        return Plan((), base)
    if elsewhere:
        remark = f"{wanted.name} is active on {elsewhere}, which lets it grow to {_mib(size)}"
        return Plan((), base, (remark,))
    _refuse_above_free(wanted, group, size - volume.size)
    change = Change(Action.UPDATE, f"{address}:size", _mib(volume.size), _mib(size))
    return Plan((change,), base)


def lvcreate(wanted: LogicalVolume) -> list[str]:
    """Return the command that makes a volume, blank, and leaves it active in its own mode."""
    mode = "sy" if wanted.shared else "ey"
    wiped = ["--wipesignatures", "y", "--zero", "y", "--yes"]
    named = ["--name", wanted.volume.name, wanted.group.name]
    return ["lvcreate", "--activate", mode, "--size", f"{wanted.volume.size}b", *wiped, *named]


def lvextend(wanted: LogicalVolume) -> list[str]:
    """Return the command that lets a volume grow to its size.

    A shared one is locked by every node that has it active, so nobody could have its exclusive
    lock: ``shupdate`` does without. The others have to refresh it: see ``plan_held``.
    """
    together = ["--lockopt", "shupdate"] if wanted.shared else []
    return ["lvextend", *together, "--size", f"{wanted.volume.size}b", wanted.name]


def refresh(wanted: LogicalVolume) -> list[str]:
    """Return the command that shows this node's kernel the size that a volume has by now."""
    return ["lvchange", "--refresh", wanted.name]


def plan_held(wanted: LogicalVolume, group: Group | None, kernel: Callable[[str], int]) -> Plan:
    """Return what a node that has a volume active must do for it to have its size there.

    Only the node that has an exclusive volume can let it grow, and a shared one that was let
    grow by another node has to be refreshed: LVM tells the others only where it was built with
    the DLM's control library, which Debian's is not. ``kernel`` returns the size that the
    kernel has for a device.
    """
    volume = group.volume(wanted.volume.name) if group else None
    if group is None or volume is None or not volume.active:
        return Plan()
    if grows(wanted, group) and not wanted.shared:
        return plan_volume(wanted, group)
    known = kernel(path(wanted.name))
    if known >= volume.size:
        return Plan()
    change = Change(
        Action.RUN, f"lv:{wanted.name}:refresh", _mib(known), f"refresh to {_mib(volume.size)}"
    )
    return Plan((change,), fingerprint((volume, known)))


def plan_removal(
    spec: ClusterSpec, wanted: LogicalVolume, volume: Volume | None, *, managed: bool = False
) -> Plan:
    """Return what it takes for a volume to be gone; raise Refused without consent or while used.

    Consent is its path, ``/dev/vg/lv``, in ``consent.overwrite``. ``managed``: a resource of ours
    has it active, and will be taken out before.
    """
    base = fingerprint(volume)
    if volume is None:
        return Plan((), base)
    device = path(wanted.name)
    if volume.open or (volume.active and not managed):
        used = "in use" if volume.open else "active"
        raise Refused(
            f"refused: {device} is {used} on this node",
            hint="stop what uses it; lvchange --activate n, if no resource does that",
        )
    found = (Signature(f"a logical volume of {_mib(volume.size)}"),)
    consent.refuse([consent.foreign(device, found, spec.consent.overwrite)])
    change = Change(
        Action.DELETE, f"lv:{wanted.name}", _mib(volume.size), None, Disruption.DATA_LOSS
    )
    return Plan((change,), base)


def _plain(value: str | None) -> str | None:
    return None if value is None else "".join(value.split())


def _refuse_another(
    spec: ClusterSpec, group: VolumeGroup, found: Group, disks: Mapping[str, DiskSeen]
) -> None:
    name = group.name
    if not any(seen.group == name for seen in disks.values()):
        raise KvmhaError(
            f"there is a volume group {name} on other disks: {', '.join(found.devices)}",
            hint="name those disks, or give the group another name",
        )
    lock = LOCKS[spec.storage.lvm.backend]
    if found.lock != lock:
        raise KvmhaError(
            f"volume group {name} is there, but its lock type is {found.lock or 'none'}, "
            f"not {lock}",
            hint=f"with its volumes inactive on all nodes: vgchange --lock-type {lock} {name}",
        )
    if found.missing:
        raise KvmhaError(
            f"volume group {name} lacks {found.missing} of its disks on this node",
            hint=f"pvs -o+missing shows which; is the SAN attached? {CONFIG}: a filter?",
        )


def _taken(spec: ClusterSpec, group: VolumeGroup, seen: DiskSeen) -> tuple[Signature, ...]:
    """Return what on a disk is not ours to destroy; a PV that is in no group holds nothing."""
    if seen.known and not seen.group:
        return ()
    if seen.group:
        return (Signature(f"a physical volume of volume group {seen.group}"),)
    if seen.note == note(spec, group):
        return tuple(one for one in seen.signatures if one.type != UNKNOWN)
    return seen.signatures


def _refuse_in_use(taken: Mapping[str, object], disks: Mapping[str, DiskSeen]) -> None:
    reasons = [f"{name} is {disks[name].in_use}" for name in taken if disks[name].in_use]
    if reasons:
        raise Refused(
            f"refused: {'; '.join(reasons)}", hint="stop what uses it, or name another disk"
        )


def _refuse_above_free(wanted: LogicalVolume, group: Group | None, more: int) -> None:
    if group is not None and more > group.free:
        raise KvmhaError(
            f"{wanted.name} needs {_mib(more)} more, and {group.name} has {_mib(group.free)} free",
            hint="add a disk to the group, or ask for less",
        )


def _beside(
    group: VolumeGroup, found: Group | None, disks: Mapping[str, DiskSeen]
) -> tuple[str, ...]:
    """Tell what else the group stands on: taking a disk out is left to a person."""
    named = {seen.known for seen in disks.values()}
    other = [name for name in (found.devices if found else ()) if name not in named]
    if not other:
        return ()
    return (f"{group.name} has more disks than the pillar: {', '.join(other)} (kept)",)


def _rounded(wanted: LogicalVolume, group: Group | None) -> int:
    """Return a volume's size in whole extents."""
    extent = group.extent if group else 1
    return -(-wanted.volume.size // extent) * extent


def _mib(size: int) -> str:
    return f"{size // MIB} MiB" if size % MIB == 0 else f"{size} bytes"
