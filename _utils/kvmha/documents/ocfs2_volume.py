"""What debugfs.ocfs2 tells of a volume."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMANDS = "stats\nls /\nslotmap\n"
_NO_STACK = "classic o2cb"


@dataclass(frozen=True)
class Volume:
    """An OCFS2 volume: who it is for, what its root folder holds, and who has it mounted.

    ``mounted`` are the node numbers in the slot map, also those of nodes that died with the
    volume mounted and were not recovered yet.
    """

    label: str
    uuid: str
    stack: str
    cluster: str
    slots: int
    entries: tuple[str, ...] | None = ()
    mounted: tuple[int, ...] = ()

    @property
    def unfinished(self) -> bool:
        """Whether mkfs.ocfs2 did not come to its end.

        It writes the superblock early and ``lost+found`` last (mkfs.c, ``main``), so a root
        folder that reads well and is empty is that of a volume whose making was cut short;
        and no file is lost with it. A volume that somebody has mounted is never unfinished,
        nor one whose root folder cannot be read (``entries`` None): that one is damaged.
        """
        return self.entries == () and not self.mounted

    @property
    def whole(self) -> bool:
        """Whether it is in use, or at least ready to be."""
        return bool(self.entries or self.mounted)


def parse(text: str) -> Volume | None:
    """Return the volume that debugfs.ocfs2 printed for COMMANDS; None when it opened none."""
    if not re.search(r"^\s*Max Node Slots: \d+", text, re.MULTILINE):
        return None
    head, _, tail = text.partition("ls /\n")
    listing, _, slotmap = tail.partition("slotmap\n")
    stack = _said(head, "Cluster stack")
    return Volume(
        label=_said(head, "Label"),
        uuid=_said(head, "UUID"),
        stack="o2cb" if stack == _NO_STACK else stack,
        cluster=_said(head, "Cluster name"),
        slots=int(_said(head, "Max Node Slots")),
        entries=_entries(listing),
        mounted=tuple(int(node) for node in re.findall(r"^\s+\d+\s+(\d+)\s*$", slotmap, re.M)),
    )


def _said(text: str, key: str) -> str:
    match = re.search(rf"^\s*{key}: *(.*?) *$", text, re.MULTILINE)
    return match.group(1) if match else ""


def _entries(listing: str) -> tuple[str, ...] | None:
    """Inode, record length, name length, file type, then the name."""
    names = re.findall(r"^\t\d+\s+\d+\s+\d+\s+\d+\s+(.+)$", listing, re.MULTILINE)
    if "." not in names or ".." not in names:
        return None
    return tuple(name for name in names if name not in (".", ".."))
