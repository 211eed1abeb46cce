"""What OCFS2 needs on a disk, and under Pacemaker on a node, and what is still missing of it."""

from __future__ import annotations

from dataclasses import dataclass

from kvmha import consent
from kvmha.build.sbd import fingerprint
from kvmha.consent import UNKNOWN, Signature
from kvmha.documents import sysconfig
from kvmha.documents.ocfs2_volume import Volume
from kvmha.errors import KvmhaError, Refused
from kvmha.plan import Action, Change, Disruption, Plan
from kvmha.spec.storage import Filesystem
from kvmha.spec.storage_part import HasStorage

PCMK = "pcmk"
MODULES = ("ocfs2_stack_user", "ocfs2")
MODULES_FILE = "/etc/modules-load.d/kvmha-ocfs2.conf"
LOAD = "kernel:modules.load"
STACK_FILE = "/sys/fs/ocfs2/cluster_stack"
MIB = 1024 * 1024
RESERVED = MIB
SMALLEST = 128 * MIB
_VMSTORE_SMALLEST = 2 * 1024 * MIB
_JOURNAL_LARGEST = 128 * MIB
_JOURNAL_SMALLEST = 4 * MIB
_BLOCK = 4096


@dataclass(frozen=True)
class DiskSeen:
    """What was observed of a disk.

    ``volume`` is None where there is no OCFS2, or (``inspected`` False) where no tools are
    installed yet that could tell. ``note`` is what ``blockdev.read_note`` found; ``online``
    tells whether the cluster stack is.
    """

    signatures: tuple[Signature, ...]
    volume: Volume | None
    size: int
    note: str = ""
    in_use: str = ""
    inspected: bool = True
    online: bool = False


@dataclass(frozen=True)
class StackSeen:
    """What was observed of OCFS2 on a node; ``loadable`` modules are those not built in."""

    modules_file: str | None
    missing: tuple[str, ...]
    loadable: tuple[str, ...]
    stack: str
    o2cb: str | None


def note(spec: HasStorage, filesystem: Filesystem) -> str:
    """Return what is written at the end of a disk for the time that its mkfs takes."""
    return f"formatting ocfs2 {filesystem.name} of cluster {spec.cluster.name}"


def ours(spec: HasStorage, filesystem: Filesystem, volume: Volume | None) -> bool:
    """Tell whether ``volume`` has the label, cluster stack and cluster name of ``filesystem``."""
    wanted = (filesystem.name, spec.storage.ocfs2.stack, spec.cluster.name)
    return volume is not None and (volume.label, volume.stack, volume.cluster) == wanted


def mkfs(spec: HasStorage, filesystem: Filesystem, size: int) -> list[str]:
    """Return the command that makes ``filesystem`` on its disk of ``size`` bytes.

    Never ``--force``: it skips the checks for a mounted volume. Nor would it help: with or
    without it mkfs.ocfs2 asks "Proceed?" where it finds a volume, and takes the end of its
    input for no. So the disk has to be blank by then: see ``must_wipe``.
    The last MiB is left out of the volume: see ``note``. ``-T vmstore`` wants 2 GiB; below
    that, clusters of 64 KiB. Journals, one for each slot, take a sixteenth of a small disk
    instead of 128 MiB each. Raises KvmhaError for a disk below 128 MiB.
    """
    if size < SMALLEST:
        raise KvmhaError(
            f"{filesystem.device} has {size // MIB} MiB: too small for OCFS2",
            hint=f"at least {SMALLEST // MIB} MiB",
        )
    usable = size - RESERVED
    journal = min(max(usable // (16 * filesystem.max_nodes), _JOURNAL_SMALLEST), _JOURNAL_LARGEST)
    kind = ["-T", "vmstore"] if usable >= _VMSTORE_SMALLEST else ["-C", "64K"]
    return [
        "mkfs.ocfs2",
        "--quiet",
        f"--cluster-stack={spec.storage.ocfs2.stack}",
        f"--cluster-name={spec.cluster.name}",
        *("-L", filesystem.name),
        *("-N", str(filesystem.max_nodes)),
        *("-b", "4K"),
        *kind,
        *("-J", f"size={journal // MIB}M"),
        filesystem.device,
        str(usable // _BLOCK),
    ]


def plan_format(spec: HasStorage, filesystem: Filesystem, seen: DiskSeen) -> Plan:
    """Return what is needed for ``filesystem`` to be on its disk; raise Refused without consent.

    Nothing when it is there with its slots: more of them are added, but only while nobody has it
    mounted, which is when tunefs.ocfs2 does it. A volume of ours for another cluster stack is
    not formatted anew, but stamped, with the same consent. A format of ours that was cut short
    is begun again without consent: known by the note on the disk or, once mkfs has written the
    superblock, by a root folder without anything in it. A volume of ours that is damaged needs
    consent. A disk that is in use, here or by the slot map of its volume anywhere, is refused
    in any case.
    """
    base = fingerprint(seen)
    address = f"ocfs2:{filesystem.device}"
    interrupted = seen.note == note(spec, filesystem)
    if ours(spec, filesystem, seen.volume) and seen.volume and seen.volume.whole:
        idle = not (seen.in_use or seen.volume.mounted)
        changes = [Change(Action.DELETE, f"{address}:note", seen.note)] if interrupted else []
        if seen.volume.slots < filesystem.max_nodes and seen.online:
            slots = (seen.volume.slots, filesystem.max_nodes)
            changes.append(Change(Action.UPDATE, f"{address}:slots", *slots))
        notes = () if idle and seen.online else _remarks(spec, filesystem, seen.volume)
        return Plan(tuple(changes) if idle else (), base, notes)
    if not seen.inspected and seen.signatures == _expected(filesystem, seen):
        remark = f"{filesystem.device} can be looked into once ocfs2-tools is installed"
        return Plan((), base, (remark,))
    _refuse_in_use(filesystem, seen)
    if seen.volume and _is_of_another_stack(spec, filesystem, seen.volume):
        return Plan((_restamped(spec, filesystem, seen.volume),), base)
    found = _content(spec, filesystem, seen, interrupted=interrupted)
    consent.refuse([consent.foreign(filesystem.device, found, spec.consent.overwrite)])
    mkfs(spec, filesystem, seen.size)
    again = interrupted or (seen.volume is not None and not found)
    new = f"{filesystem.name} (cluster {spec.cluster.name}, {filesystem.max_nodes} slots)"
    action = Action.UPDATE if found else Action.CREATE
    change = Change(action, address, consent.described(found) or None, new, consent.cost(found))
    return Plan((change,), base, ("a format cut short is begun again",) if again else ())


def restamp(spec: HasStorage, filesystem: Filesystem) -> list[str]:
    """Return the command that makes a volume one of our cluster stack; its files stay.

    o2cluster(8) wants no cluster online, as tunefs.ocfs2 does, and refuses dirty journals.
    """
    flags = "local" if spec.storage.ocfs2.stack == "o2cb" else "none"
    stamp = f"{spec.storage.ocfs2.stack},{spec.cluster.name},{flags}"
    return ["o2cluster", "-y", f"--update={stamp}", filesystem.device]


def add_slots(filesystem: Filesystem) -> list[str]:
    """Return the command that adds the missing slots; the cluster stack has to be online."""
    return ["tunefs.ocfs2", "--yes", "-N", str(filesystem.max_nodes), filesystem.device]


def must_wipe(seen: DiskSeen) -> bool:
    """Tell whether something is on the disk that mkfs must not find."""
    return bool(seen.signatures)


def plan_stack(seen: StackSeen, config: str) -> Plan:
    """Return what makes a node able to mount OCFS2 under Pacemaker. Safe at any time.

    ``config`` is the path of o2cb's settings: its service, for the classic stack, must not
    claim OCFS2 at boot. The name of the stack itself needs no boot-time setting: mount.ocfs2
    loads the plugin and writes the name that the volume carries (mount.ocfs2.c, main:
    o2cb_setup_stack). It is written here nevertheless, since mkfs.ocfs2 and its like fall
    back to the classic stack where they find none.
    """
    changes = []
    wanted = "".join(["# Managed by kvmha.\n", *(f"{name}\n" for name in seen.loadable)])
    if seen.loadable and seen.modules_file != wanted:
        action = Action.CREATE if seen.modules_file is None else Action.UPDATE
        changes.append(Change(action, f"file:{MODULES_FILE}", seen.modules_file, wanted))
    if seen.missing:
        changes.append(Change(Action.RUN, LOAD, None, " ".join(seen.missing)))
    if seen.stack != PCMK:
        action = Action.UPDATE if seen.stack else Action.CREATE
        changes.append(Change(action, f"file:{STACK_FILE}", seen.stack or None, PCMK))
    if seen.o2cb is not None and sysconfig.parse(seen.o2cb).get("O2CB_ENABLED") == "true":
        changes.append(Change(Action.UPDATE, f"sysconfig:{config}:O2CB_ENABLED", "true", "false"))
    return Plan(tuple(changes), fingerprint(seen))


def _is_of_another_stack(spec: HasStorage, filesystem: Filesystem, volume: Volume) -> bool:
    stamped = (volume.label, volume.cluster) == (filesystem.name, spec.cluster.name)
    return stamped and volume.whole and volume.stack != spec.storage.ocfs2.stack


def _restamped(spec: HasStorage, filesystem: Filesystem, volume: Volume) -> Change:
    """Return the change of the cluster stack; raise Refused without consent."""
    old, new = volume.stack, spec.storage.ocfs2.stack
    if filesystem.device not in spec.consent.overwrite:
        raise Refused(
            f"refused: {filesystem.device} carries ocfs2 '{volume.label}' of this cluster, "
            f"for the stack {old} and not {new}",
            hint="unmount it on every node; then list the device in "
            f"{consent.PILLAR_KEY} to have it stamped anew (its files stay), or set "
            f"storage.ocfs2.stack: {old}",
        )
    address = f"ocfs2:{filesystem.device}:stack"
    return Change(Action.UPDATE, address, old, new, Disruption.CLUSTER_STOP)


def _expected(filesystem: Filesystem, seen: DiskSeen) -> tuple[Signature, ...]:
    uuid = seen.signatures[0].uuid if seen.signatures else ""
    return (Signature("ocfs2", filesystem.name, uuid),)


def _content(
    spec: HasStorage, filesystem: Filesystem, seen: DiskSeen, *, interrupted: bool
) -> tuple[Signature, ...]:
    """Return what on the disk is not ours to destroy."""
    if ours(spec, filesystem, seen.volume) and seen.volume and seen.volume.unfinished:
        return ()
    if seen.volume and seen.volume.entries is None:
        damaged = "ocfs2 whose root folder cannot be read (fsck.ocfs2 may mend it)"
        return (Signature(damaged, seen.volume.label, seen.volume.uuid),)
    if interrupted:
        return tuple(item for item in seen.signatures if item.type != UNKNOWN)
    return seen.signatures


def _refuse_in_use(filesystem: Filesystem, seen: DiskSeen) -> None:
    reasons = [seen.in_use] if seen.in_use else []
    if seen.volume and seen.volume.mounted:
        nodes = ", ".join(str(node) for node in seen.volume.mounted)
        reasons.append(f"OCFS2 '{seen.volume.label}', mounted by node number {nodes}")
    if reasons:
        raise Refused(
            f"refused: {filesystem.device} is {'; '.join(reasons)}",
            hint="unmount it on every node (of a node that died: fsck.ocfs2 clears its slot)",
        )


def _remarks(spec: HasStorage, filesystem: Filesystem, volume: Volume) -> tuple[str, ...]:
    if volume.slots >= filesystem.max_nodes:
        return ()
    count = len(spec.nodes)
    short = f", too few for {count} nodes" if volume.slots < count else ""
    return (
        f"{filesystem.name} has {volume.slots} slots{short}: {filesystem.max_nodes} can be made "
        "while it is unmounted on every node, what stands on it stopped, and the cluster stack "
        "online: then run this again",
    )
