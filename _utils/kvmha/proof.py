"""What a failover showed, and of which cluster."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kvmha.spec.model import ClusterSpec


@dataclass(frozen=True)
class Proof:
    """A VM that came back: on which host, and the seconds of each part.

    ``detection`` ends when the survivors have lost the node, ``fencing`` when it is certain
    to be off, ``start`` when the guest lives again; ``seconds`` is the whole. Detection and
    fencing overlap when the cluster is asked to fence.
    """

    fenced: str
    host: str
    seconds: float
    detection: float
    fencing: float
    start: float
    cluster: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that ``from_dict`` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Proof:
        """Return the proof that ``to_dict`` wrote."""
        return cls(**data)

    def text(self) -> str:
        """Return the proof as one line."""
        return (
            f"fenced {self.fenced}, back on {self.host} after {self.seconds:.0f} s"
            f" (detection {self.detection:.0f}, fencing {self.fencing:.0f},"
            f" start {self.start:.0f})"
        )


def fingerprint(spec: ClusterSpec) -> str:
    """Return a name for what a failover depends on: hosts, membership, fencing and storage.

    What runs on them is left out: no edit of a virtual machine may lead to a host being
    fenced again.
    """
    said = asdict(spec)
    lasting = [said[part] for part in ("cluster", "nodes", "corosync", "fencing", "storage")]
    text = json.dumps(lasting, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
