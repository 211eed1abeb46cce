"""Files, read whole and written atomically."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def read(path: str | Path) -> str | None:
    """Return the text of ``path``, or None when there is no such file.

    Bytes that are no UTF-8, as in old comments, are ``surrogateescape``d; ``write`` undoes it.
    """
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def write(path: str | Path, text: str | bytes, *, mode: int | None = None) -> None:
    """Replace ``path`` atomically, durably; it never exists half-written.

    ``mode`` defaults to that of the file replaced, or 0644. The folder is made if missing.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if mode is None:
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
    data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
        sync(target.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sync(path: str | Path) -> None:
    """Bring a file, or a folder's names, to the disk: a power loss undoes what is not there."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
