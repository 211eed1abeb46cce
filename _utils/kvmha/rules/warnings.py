"""What is valid and probably not meant: told before a run and by ``validate_pillar``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.storage import is_unstable
from kvmha.spec.devices import devices
from kvmha.spec.model import ClusterSpec

_FRIENDLY = re.compile(r"/dev/mapper/mpath[a-z]+\d*\Z")


def warnings(spec: ClusterSpec) -> list[Problem]:
    """Return what a person should look at; nothing of it keeps a run from starting."""
    return [*_names(spec), *_paths(spec)]


def _names(spec: ClusterSpec) -> Iterator[Problem]:
    """Warn of names that can be another disk on the next node, or after the next boot.

    Where this program formats, they are refused: see ``device_names_are_stable``.
    """
    for place, path in devices(spec):
        if is_unstable(path):
            message = f"{path} can be another disk on the next node or boot"
            yield Problem(place, message, "use its /dev/disk/by-id/ name", "DEVICE_UNSTABLE")
        elif _FRIENDLY.match(path):
            message = f"{path} is counted by each node for itself: another disk on the next"
            hint = "give the disk a name in storage.multipath.aliases"
            yield Problem(place, message, hint, "DEVICE_COUNTED")


def _paths(spec: ClusterSpec) -> Iterator[Problem]:
    if spec.storage.multipath.used:
        return
    for index, target in enumerate(spec.storage.iscsi.targets):
        if len(target.portals) > 1:
            message = f"{len(target.portals)} paths, and no multipath that makes one disk of them"
            hint = "say something under storage.multipath, for example its aliases"
            place = f"storage.iscsi.targets[{index}].portals"
            yield Problem(place, message, hint, "PATHS_UNJOINED")
