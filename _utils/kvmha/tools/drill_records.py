"""Records of drills, as JSON files on the master: one each, whole after every step."""

from __future__ import annotations

import json
from pathlib import Path

from kvmha.drills.record import Record
from kvmha.plain import plain
from kvmha.tools import files


def folder_of(cachedir: str) -> Path:
    """Return where records are kept, below Salt's ``cachedir``."""
    return Path(cachedir) / "kvmha" / "drills"


def write(folder: Path, record: Record) -> Path:
    """Write ``record`` durably, for root alone, in place of what was known before."""
    path = folder / f"{record.id}.json"
    files.write(path, json.dumps(plain(record), indent=1) + "\n", mode=0o600)
    return path
