"""The fencing ledger's file on the master; what it is for: ``kvmha.view.ledger``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from kvmha import plain
from kvmha.errors import KvmhaError
from kvmha.tools import files
from kvmha.view.ledger import Proof


def path_of(cachedir: str, cluster: str) -> Path:
    """Return the file of ``cluster`` below Salt's ``cachedir``."""
    return Path(cachedir, "kvmha", "ledger", f"{cluster}.json")


def read(path: Path) -> dict[str, Proof]:
    """Return node -> proof; nothing where there is no file. Raises KvmhaError for a broken one."""
    try:
        text = files.read(path)
        said = json.loads(text) if text else {}
        return {node: plain.of(Proof, proof) for node, proof in said.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        hint = "mend it, or remove it: what it knew of fencing is lost then"
        raise KvmhaError(f"the fencing ledger {path} cannot be read: {error}", hint=hint) from None


def write(path: Path, proofs: Mapping[str, Proof]) -> None:
    """Write the ledger, whole or not at all; not where nothing has changed."""
    text = json.dumps(plain.plain(proofs), indent=1, sort_keys=True) + "\n"
    try:
        if files.read(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write(path, text)
    except OSError as error:
        raise KvmhaError(f"the fencing ledger cannot be kept: {error}") from None
