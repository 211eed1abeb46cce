"""Making a filesystem on a disk, of whatever kind: what may be done, and what is left to do.

While mkfs runs, the disk carries a note of ours in its last MiB, outside the filesystem: whoever
plans next knows that what is there is the rest of that run, and nobody's content.
"""

from __future__ import annotations

from dataclasses import dataclass

from kvmha import consent
from kvmha.build.sbd import fingerprint
from kvmha.consent import UNKNOWN, Signature
from kvmha.errors import Refused
from kvmha.plan import Action, Change, Plan
from kvmha.spec.storage import Filesystem

MIB = 1024 * 1024
RESERVED = MIB
BLOCK = 4096


@dataclass(frozen=True)
class DiskSeen:
    """What was observed of a disk.

    ``note`` is what ``blockdev.read_note`` found; ``unfinished`` tells that the filesystem on it
    says of itself that its mkfs did not come to the end.
    """

    signatures: tuple[Signature, ...]
    size: int
    note: str = ""
    in_use: str = ""
    unfinished: bool = False


@dataclass(frozen=True)
class Wanted:
    """A filesystem as it should be made; ``label`` is what wipefs will call it."""

    filesystem: Filesystem
    cluster: str
    label: str
    text: str

    @property
    def address(self) -> str:
        """The address of its changes."""
        return f"{self.filesystem.type}:{self.filesystem.device}"

    @property
    def note(self) -> str:
        """What is written at the end of the disk for the time that its mkfs takes."""
        return f"formatting {self.filesystem.type} {self.filesystem.name} of cluster {self.cluster}"


def is_labelled(wanted: Wanted, seen: DiskSeen) -> bool:
    """Tell whether the disk carries nothing but a filesystem of the wanted kind and label."""
    sought = (wanted.filesystem.type, wanted.label)
    return [(item.type, item.label) for item in seen.signatures] == [sought]


def is_interrupted(wanted: Wanted, seen: DiskSeen) -> bool:
    """Tell whether a format of ours did not come to its end, or not to that of its note."""
    return seen.note == wanted.note or (seen.unfinished and is_labelled(wanted, seen))


def plan(wanted: Wanted, seen: DiskSeen, overwrite: tuple[str, ...], *, is_there: bool) -> Plan:
    """Return what is needed for ``wanted`` to be on its disk; raise Refused without consent.

    ``is_there`` tells that it is, whole. ``overwrite`` is the pillar's consent. A disk that is
    in use on this node is refused in any case.
    """
    base = fingerprint(seen)
    interrupted = is_interrupted(wanted, seen)
    if is_there:
        left = Change(Action.DELETE, f"{wanted.address}:note", seen.note)
        return Plan((left,) if interrupted and not seen.in_use else (), base)
    device = wanted.filesystem.device
    if seen.in_use:
        hint = "stop what uses it, on every node"
        raise Refused(f"refused: {device} is {seen.in_use}", hint=hint)
    found = seen.signatures
    if interrupted:
        ours = {(UNKNOWN, ""), (wanted.filesystem.type, wanted.label)}
        found = tuple(item for item in found if (item.type, item.label) not in ours)
    consent.refuse([consent.foreign(device, found, overwrite)])
    action = Action.UPDATE if found else Action.CREATE
    old = consent.described(found) or None
    change = Change(action, wanted.address, old, wanted.text, consent.cost(found))
    notes = ("a format cut short is begun again",) if interrupted else ()
    return Plan((change,), base, notes)


def usable(size: int) -> int:
    """Return the bytes of a disk of ``size`` that the filesystem may take."""
    return (size - RESERVED) // BLOCK * BLOCK
