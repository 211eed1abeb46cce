"""Which code this process has: the master sends its own to nodes that have another."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import kvmha


@functools.cache
def fingerprint() -> str:
    """Return a name for the library's files as they are on disk."""
    folder = Path(kvmha.__file__).parent
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        if "_salt" not in path.relative_to(folder).parts:
            total.update(str(path.relative_to(folder)).encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:16]
