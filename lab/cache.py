"""Things made once and kept: each under a name with a hash of what it was made from."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Maker = Callable[[Path], None]


def cache_root() -> Path:
    """Return the cache folder: ``$KVMHA_CACHE``, else ``~/.cache/kvmha``."""
    return Path(os.environ.get("KVMHA_CACHE") or Path.home() / ".cache" / "kvmha")


def digest(*parts: object) -> str:
    """Hash values, and the contents and modes of files and folders given as paths."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            for file in _files(part):
                total.update(f"{file.relative_to(part.parent)}\0{_mode(file)}\0".encode())
                total.update(_content(file))
        else:
            total.update(json.dumps(part, sort_keys=True, default=str).encode())
    return total.hexdigest()[:12]


def _files(path: Path) -> list[Path]:
    if path.is_dir() and not path.is_symlink():
        return sorted(p for p in path.rglob("*") if p.is_symlink() or p.is_file())
    return [path]


def _mode(path: Path) -> str:
    return "x" if path.is_symlink() or os.access(path, os.X_OK) else "-"


def _content(path: Path) -> bytes:
    return bytes(path.readlink()) if path.is_symlink() else path.read_bytes()


def path_of(name: str, key: str) -> Path:
    """Return where the thing ``name`` with hash ``key`` is kept, whether it exists or not."""
    return cache_root() / f"{name}-{key}"


def made(name: str, key: str, make: Maker) -> Path:
    """Return the cached folder ``name-key``; make it first when it is not there.

    ``make`` fills an empty folder, which appears under its name only when it is complete.
    Others that want the same thing wait.
    """
    final = path_of(name, key)
    if final.is_dir():
        return final
    with _locked(cache_root() / f"{name}.lock"):
        if final.is_dir():
            return final
        draft = cache_root() / f"{name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            make(draft)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        draft.rename(final)
        return final


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def log_path(name: str) -> Path:
    """Return the file that keeps the log of the last make of ``name``."""
    folder = cache_root() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"
