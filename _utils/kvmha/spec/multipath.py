"""Several paths to one disk: the words of ``storage.multipath``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import optional, said


@vocabulary(frozen=True)
class MultipathAlias:
    """``storage.multipath.aliases[]``: a disk with a name, ``/dev/mapper/NAME``, on every node."""

    name: str = said("name", "Its name below /dev/mapper.", example="vmstore")
    wwid: str = said(
        "text",
        "The disk's WWID, as `multipath -ll` shows it in brackets.",
        example="36001405abcdef0123456789abcdef012",
    )
    options: dict[str, str | int | bool] = optional(
        "scalars", "More of its section in multipath.conf.", example={"no_path_retry": 12}
    )


@vocabulary(frozen=True)
class MultipathBlacklist:
    """``storage.multipath.blacklist``: disks that multipath leaves alone."""

    devnodes: tuple[str, ...] = optional(
        "text", "Regular expressions for kernel names.", many=True, example=["^vd[a-z]"]
    )
    wwids: tuple[str, ...] = optional(
        "text", "WWIDs, or regular expressions for them.", many=True, example=["3600508b1001c"]
    )

    def __bool__(self) -> bool:
        return bool(self.devnodes or self.wwids)


@vocabulary(frozen=True)
class Multipath:
    """``storage.multipath``: several paths to one disk. In use when anything is said here."""

    defaults: dict[str, str | int | bool] = optional(
        "scalars",
        "The section `defaults` of multipath.conf, in its own words.",
        example={"find_multipaths": "yes"},
    )
    blacklist: MultipathBlacklist = said(
        "object",
        "Disks that multipath leaves alone.",
        of=MultipathBlacklist,
        default=MultipathBlacklist,
    )
    aliases: tuple[MultipathAlias, ...] = said(
        "object", "Disks with names of their own.", many=True, of=MultipathAlias, default=()
    )

    @property
    def used(self) -> bool:
        """Tell whether the nodes are to run multipath."""
        return bool(self.defaults or self.blacklist or self.aliases)
