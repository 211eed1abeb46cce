"""Records of drills, as JSON files on the master: one each, whole after every step."""

from __future__ import annotations

import json
from pathlib import Path

from kvmha.drills.record import Record
from kvmha.errors import KvmhaError
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


def known(folder: Path) -> list[str]:
    """Return the ids of all records in ``folder``, the newest last; none without a folder."""
    files = [(path.stat().st_mtime_ns, path.stem) for path in folder.glob("*.json")]
    return [stem for _, stem in sorted(files)]


def read(folder: Path, drill: str = "") -> str:
    """Return the text of the record of ``drill``, of the newest when none is named.

    Raises KvmhaError when there is no such record.
    """
    ids = known(folder)
    if not ids:
        raise KvmhaError(
            f"no drill is recorded in {folder}", hint="salt-run kvmha.drill makes a record"
        )
    if drill and drill not in ids:
        raise KvmhaError(
            f"drill {drill!r} is not recorded in {folder}", hint=f"there are {', '.join(ids[-9:])}"
        )
    path = folder / f"{drill or ids[-1]}.json"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise KvmhaError(f"{path}: {why}") from error
