"""What may be destroyed, and who has to say so: the one decision before anything is formatted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kvmha.errors import Refused
from kvmha.plan import Disruption

UNKNOWN = "unknown data"
PILLAR_KEY = "kvmha:consent:overwrite"


@dataclass(frozen=True)
class Signature:
    """One thing that a block device was seen to carry.

    ``type`` is wipefs' word (``ext4``, ``LVM2_member``, ``gpt``), ``sbd``, or UNKNOWN for
    bytes that are neither zero nor of a known kind.
    """

    type: str
    label: str = ""
    uuid: str = ""

    def __str__(self) -> str:
        label = f" '{self.label}'" if self.label else ""
        uuid = f" (uuid {self.uuid})" if self.uuid else ""
        return f"{self.type}{label}{uuid}"


def described(found: Iterable[Signature]) -> str:
    """Return what was found, as words for a person."""
    return ", ".join(str(signature) for signature in found)


def foreign(device: str, found: Sequence[Signature], overwrite: Sequence[str]) -> str:
    """Return why ``device`` must be left alone; empty when it may be written.

    It may be when it carries nothing, or when ``overwrite`` (the pillar's consent) names it
    letter for letter: a path that merely leads to the same disk is not consent.
    """
    if not found or device in overwrite:
        return ""
    return f"{device} carries {described(found)}"


def cost(found: Sequence[Signature]) -> Disruption:
    """Return the disruption of overwriting what was found."""
    return Disruption.DATA_LOSS if found else Disruption.NONE


def refuse(reasons: Iterable[str]) -> None:
    """Raise Refused with all ``reasons`` at once, saying how to consent; nothing if none."""
    listed = [reason for reason in reasons if reason]
    if listed:
        raise Refused(
            f"refused: {'; '.join(listed)}",
            hint=f"check that it is the right disk and that nobody needs it; then list it, by the "
            f"same name, in {PILLAR_KEY}",
        )
