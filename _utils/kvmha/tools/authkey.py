"""corosync's key on the Salt master: made once, readable for the master alone."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from kvmha.tools import files

_LENGTH = 256


def path_of(config_dir: str | Path, cluster: str) -> Path:
    """Return where the key of ``cluster`` is kept below the master's configuration.

    ``_pillar/kvmha_pillar.py`` knows the same place, without this library.
    """
    return Path(config_dir, "kvmha", cluster, "authkey")


def make(path: Path, *, owner: str = "") -> None:
    """Write a new random key (corosync_overview(8): 256 bytes); an existing one is kept.

    ``owner`` is the user the master runs as, who must be able to read it.
    """
    if not path.exists():
        keep(path, secrets.token_bytes(_LENGTH), mode=0o600, owner=owner)


def keep(path: Path, data: bytes, *, mode: int, owner: str = "") -> None:
    """Write a file of ours on the master, in folders that nobody but ``owner`` can look into."""
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _give(folder, owner)
    files.write(path, data, mode=mode)
    _give(path, owner)


def _give(path: Path, owner: str) -> None:
    if owner and path.owner() != owner:
        shutil.chown(path, user=owner)
