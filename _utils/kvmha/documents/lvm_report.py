"""What ``lvm fullreport --reportformat json`` tells of volume groups and their volumes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kvmha.errors import KvmhaError

# One query for all; without locks, so that it answers where the locking daemon does not run.
COMMAND = (
    *("lvm", "fullreport", "--reportformat", "json", "--units", "b", "--nosuffix", "--nolocking"),
    *("--configreport", "vg", "-o"),
    "vg_name,vg_uuid,vg_lock_type,vg_clustered,vg_extent_size,vg_free,vg_missing_pv_count",
    *("--configreport", "pv", "-o", "pv_name,vg_name"),
    *("--configreport", "lv", "-o", "lv_name,lv_uuid,lv_size,lv_active,lv_device_open"),
    *("--configreport", "seg", "-o", "lv_name", "--configreport", "pvseg", "-o", "pv_name"),
)


@dataclass(frozen=True)
class Volume:
    """A logical volume: bytes, whether it is active here, and open by anybody here."""

    name: str
    uuid: str
    size: int
    active: bool = False
    open: bool = False


@dataclass(frozen=True)
class Group:
    """A volume group; ``lock`` is ``dlm``, ``clvmd``, another lock manager's name or empty.

    ``devices`` are the names that LVM gives its physical volumes, ``missing`` counts those that
    it does not find. Sizes are bytes.
    """

    name: str
    uuid: str
    lock: str
    extent: int
    free: int
    devices: tuple[str, ...]
    volumes: tuple[Volume, ...]
    missing: int = 0

    def volume(self, name: str) -> Volume | None:
        """Return the logical volume called ``name``, None when there is none."""
        return next((one for one in self.volumes if one.name == name), None)


@dataclass(frozen=True)
class Report:
    """All volume groups that a node sees, and its physical volumes that are in none."""

    groups: tuple[Group, ...] = ()
    idle: tuple[str, ...] = ()

    def group(self, name: str) -> Group | None:
        """Return the group called ``name``; raise KvmhaError when there are two of them."""
        found = [one for one in self.groups if one.name == name]
        if len(found) > 1:
            uuids = ", ".join(one.uuid for one in found)
            raise KvmhaError(
                f"there are {len(found)} volume groups called {name}: {uuids}",
                hint="vgrename UUID NEWNAME gives one of them another name",
            )
        return found[0] if found else None


def parse(text: str) -> Report:
    """Return what the output of COMMAND tells; raise KvmhaError when it is none."""
    try:
        reports = json.loads(text)["report"]
    except (ValueError, KeyError, TypeError):
        raise KvmhaError(f"this is no report of LVM: {text[:200]!r}") from None
    groups = tuple(_group(one) for one in reports if one.get("vg"))
    idle = (pv["pv_name"] for one in reports if not one.get("vg") for pv in one.get("pv", ()))
    return Report(groups, tuple(idle))


def locks(text: str) -> dict[str, str]:
    """Return uuid of a volume -> ``ex`` or ``sh``, of what ``lvmlockctl --info`` tells.

    Those are the locks of one node; unlocked volumes are left out.
    """
    lines = (line.split() for line in text.splitlines())
    found = {words[3]: words[2] for words in lines if words[:2] == ["LK", "LV"] and len(words) > 3}
    return {uuid: mode for uuid, mode in found.items() if mode != "un"}


def _group(report: dict[str, Any]) -> Group:
    vg = report["vg"][0]
    return Group(
        name=vg["vg_name"],
        uuid=vg["vg_uuid"],
        lock=vg["vg_lock_type"] or ("clvmd" if vg["vg_clustered"] else ""),
        extent=int(vg["vg_extent_size"]),
        free=int(vg["vg_free"]),
        devices=tuple(pv["pv_name"] for pv in report.get("pv", ())),
        volumes=tuple(_volumes(report.get("lv", ()))),
        missing=int(vg["vg_missing_pv_count"]),
    )


def _volumes(listed: Iterable[dict[str, Any]]) -> Iterable[Volume]:
    for lv in listed:
        yield Volume(
            name=lv["lv_name"],
            uuid=lv["lv_uuid"],
            size=int(lv["lv_size"]),
            active=lv["lv_active"] not in ("", "unknown"),
            open=lv["lv_device_open"] == "open",
        )
