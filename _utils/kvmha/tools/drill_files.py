"""The records of drills, as files on the master: ``ID.json`` in one folder."""

from __future__ import annotations

from pathlib import Path

from kvmha.errors import KvmhaError


def known(folder: str | Path) -> list[str]:
    """Return the ids of all records in ``folder``, the newest last; none without a folder."""
    files = [(path.stat().st_mtime_ns, path.stem) for path in Path(folder).glob("*.json")]
    return [stem for _, stem in sorted(files)]


def read(folder: str | Path, drill: str = "") -> str:
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
    path = Path(folder) / f"{drill or ids[-1]}.json"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise KvmhaError(f"{path}: {why}") from error
