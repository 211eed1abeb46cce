"""What of a changed domain XML a running domain can take at once, and what waits for its start."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

from kvmha import values
from kvmha.documents import domain, domain_defaults, domain_match
from kvmha.plan import Action, Change, Disruption, Plan

# Buses on which QEMU plugs disks while the guest runs.
HOT_BUSES = ("virtio", "scsi", "usb")


@dataclass(frozen=True)
class Step:
    """One thing that is done to a running domain: a word of virsh with what follows the name.

    ``xml`` is the device that comes or goes, or the metadata that is set.
    """

    verb: str
    words: tuple[str, ...] = ()
    xml: str = ""


@dataclass(frozen=True)
class Live:
    """What can be done to a running domain, and what it then still is not."""

    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    rest: tuple[Change, ...]

    def priced(self, todo: Plan) -> Plan:
        """Return ``todo``, in which what the domain takes at once costs no restart."""
        waiting = {change.address for change in self.rest}
        changes = [
            replace(change, disruption=Disruption.NONE)
            if change.disruption is Disruption.RESOURCE_RESTART and change.address not in waiting
            else change
            for change in todo.changes
        ]
        notes = [note for note in todo.notes if "takes the change when it next starts" not in note]
        for change in self.rest:
            notes.append(f"when it next starts: {replace(change, disruption=Disruption(0)).text()}")
        return replace(todo, changes=(*changes, *self.changes), notes=tuple(notes))


def live(name: str, running: domain.Element, wanted: domain.Element) -> Live:
    """Return how the domain ``running`` becomes ``wanted`` as far as that goes while it runs.

    The balloon within the memory it started with, processors within their maximum, disks on
    buses that can be plugged, network cards with an address. Only what the spec once named is
    unplugged. Source: virsh(1): setmem, setvcpus, attach-device, detach-device.
    """
    after = copy.deepcopy(running)
    found = [*_memory(after, wanted), *_processors(after, wanted), *_devices(after, wanted)]
    changes = tuple(
        replace(change, address=f"domain:{name}:live:{change.address}") for change, _ in found
    )
    steps = [step for _, step in found]
    if steps:
        steps.append(_mark(running, wanted, [change.address for change, _ in found]))
    restart = Disruption.RESOURCE_RESTART
    rest = domain.diff(name, after, domain.merged(after, wanted), restart)
    return Live(changes, tuple(steps), tuple(rest))


_Found = Iterator[tuple[Change, Step]]


def _memory(after: domain.Element, wanted: domain.Element) -> _Found:
    have = domain.asked_memory(after) or _size(after, "currentMemory") or _size(after, "memory")
    want = _size(wanted, "currentMemory") or _size(wanted, "memory")
    most = _size(after, "memory")
    balloon = after.find("devices/memballoon")
    if balloon is None or balloon.get("model") == "none" or want == have or not 0 < want <= most:
        if want and want == have:
            _set_size(after, want)
        return
    _set_size(after, want)
    said = (values.size(have), values.size(want))
    yield _change("currentMemory", *said), Step("setmem", (str(want // 1024),))


def _processors(after: domain.Element, wanted: domain.Element) -> _Found:
    mine, other = after.find("vcpu"), wanted.find("vcpu")
    if mine is None or other is None:
        return
    most, have = int(mine.text or 1), int(mine.get("current") or mine.text or 1)
    want = int(other.get("current") or other.text or 1)
    if want != have and want <= most:
        mine.set("current", str(want))
        yield _change("vcpu@current", str(have), str(want)), Step("setvcpus", (str(want),))


def _devices(after: domain.Element, wanted: domain.Element) -> _Found:
    mine, theirs = (domain.devices_by_name(root) for root in (after, wanted))
    for name in sorted(domain.owned(after) - domain.owned(wanted)):
        if name in mine and _is_hot(mine[name]):
            said = domain.describe(after, name)
            xml = _text(mine[name])
            after.find("devices").remove(mine[name])
            change = Change(Action.DELETE, name, said, None, Disruption.RELOAD)
            yield change, Step("detach-device", (), xml)
    for name, device in theirs.items():
        if name not in mine and _is_hot(device):
            after.find("devices").append(copy.deepcopy(device))
            said = domain.describe(wanted, name)
            change = Change(Action.CREATE, name, None, said, Disruption.RELOAD)
            yield change, Step("attach-device", (), _text(device))


def _is_hot(device: domain.Element) -> bool:
    if device.tag == "interface":
        return bool(domain_match.identity(device))
    target = device.find("target")
    fixed = device.get("device", "disk") in ("cdrom", "floppy")
    return device.tag == "disk" and not fixed and target.get("bus") in HOT_BUSES


def _mark(running: domain.Element, wanted: domain.Element, done: list[str]) -> Step:
    """Return the step that notes in the running domain what is ours and what it was asked for.

    A device that is asked to go stays noted: the guest may not let go of it.
    """
    leaving = domain.owned(running) & set(done)
    asked = _size(wanted, "currentMemory") or _size(wanted, "memory")
    return Step("metadata", (), domain.marker(domain.owned(wanted) | leaving, asked))


def _change(address: str, old: str, new: str) -> Change:
    return Change(Action.UPDATE, address, old, new, Disruption.RELOAD)


def _size(root: domain.Element, tag: str) -> int:
    element = root.find(tag)
    return (domain_defaults.size_of(element) or 0) if element is not None else 0


def _set_size(root: domain.Element, size: int) -> None:
    element = root.find("currentMemory")
    if element is not None:
        element.text = str(size // 1024)
        element.set("unit", "KiB")


def _text(device: domain.Element) -> str:
    alone = copy.deepcopy(device)
    alias = alone.find("alias")
    if alias is not None and not alias.get("name", "").startswith("ua-"):
        alone.remove(alias)
    return str(etree.tostring(alone, encoding="unicode"))
