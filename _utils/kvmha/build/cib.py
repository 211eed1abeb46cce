"""The CIB objects that a ClusterSpec wants, part by part.

The parts are cumulative, since each stands on the one before: ``fencing``, ``locking``,
``filesystems``, ``vms``. What they are made of is said in ``kvmha.spec.shorthand``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kvmha.build.cib_codec import encode
from kvmha.documents.cib import Former, Wanted
from kvmha.documents.cib_ids import repeated
from kvmha.documents.cib_tell import address
from kvmha.documents.cib_types import Exact, Types
from kvmha.errors import InvalidInput, KvmhaError, Problem
from kvmha.spec.cib import Cib
from kvmha.spec.cib_overlay import laid_over
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand import PARTS, fencing, placement, shorthand, tiers, vm_monitor, vms


def build(
    spec: ClusterSpec,
    fencing_agent: str,
    part: str = "vms",
    secrets: Mapping[str, str] | None = None,
    types: Types | None = None,
) -> Wanted:
    """Return what is to be in the CIB for ``part`` and all parts before it.

    ``fencing_agent`` is the platform's ``stonith`` type for SBD; ``secrets`` are the values
    that ``secrets`` in the spec name. Raises KvmhaError for an unknown ``part``.
    """
    if part not in PARTS:
        raise KvmhaError(f"part: {part!r} is no part of the CIB", hint=", ".join(PARTS))
    whole = part == PARTS[-1]
    own = shorthand(spec, fencing_agent, PARTS[: PARTS.index(part) + 1])
    return of_words(
        laid_over(own, spec.cib, whole=whole),
        former=tuple(_former(spec)),
        families=_families(spec) if whole else (),
        unmanaged=spec.unmanaged if whole else "keep",
        secrets=secrets,
        types=types,
    )


def without(resources: Iterable[str]) -> Wanted:
    """Return what takes ``resources`` out of the CIB and leaves all else in it alone."""
    return Wanted(encode(Cib(), "configuration"), gone=tuple(resources))


def of_words(
    cib: Cib,
    *,
    former: tuple[Former, ...] = (),
    families: tuple[str, ...] = (),
    unmanaged: str = "report",
    secrets: Mapping[str, str] | None = None,
    types: Types | None = None,
) -> Wanted:
    """Return what ``cib`` says as it is to be in the CIB, without anything of our own.

    Raises InvalidInput when it says an id twice.
    """
    tree = encode(cib, "configuration", secrets)
    if again := repeated(tree):
        hint = "give each its own id, or say it once"
        problems = [
            Problem(address(one), "stands there twice", hint, "CIB_ID_TWICE") for one in again
        ]
        raise InvalidInput("the CIB's words", problems)
    return Wanted(tree, former, families, unmanaged, types or Exact())


def _former(spec: ClusterSpec) -> Iterable[Former]:
    """Yield what we set for other nodes, or for VMs that may migrate, where neither is so now."""
    yield from (Former(*one) for one in fencing.former(spec))
    for vm in spec.vms:
        if vm.monitor is None and spec.filesystem_of(vm) is not None:
            for name, value in vm_monitor.params(spec, vm).items():
                yield Former(f"vm-{vm.name}", "instance_attributes", name, value)
        if not vm.migrate:
            for value in vms.TRANSPORTS:
                yield Former(f"vm-{vm.name}", "instance_attributes", "migration_transport", value)


def _families(spec: ClusterSpec) -> tuple[str, ...]:
    wishes = (f"location-vm-{vm.name}-{wish}-" for vm in spec.vms for wish in ("prefer", "avoid"))
    bases = [f"lockspace-vm-{vm.name}" for vm in spec.vms]
    bases += [f"device-{filesystem.resource}" for filesystem in spec.storage.filesystems]
    after = (f"{kind}-{base}" for base in bases for kind in ("order", "colocation"))
    return (*wishes, *after, *vms.FAMILIES, *placement.FAMILIES, *tiers.FAMILIES)
