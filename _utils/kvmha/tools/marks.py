"""Small files on the shared filesystems: do all nodes see what one wrote, and what was proven."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from kvmha.errors import KvmhaError
from kvmha.spec import ClusterSpec
from kvmha.tools import files, host

_FOLDER = ".kvmha"
_LENGTH = 64 * 1024


def write(spec: ClusterSpec, node: str, token: str) -> dict[str, str]:
    """Write a file of ``node`` on every mounted filesystem of ``spec``.

    Its content follows from ``token``. Returns filesystem -> SHA-256 of what was written.
    """
    seed = hashlib.sha256(f"{token} {node}".encode()).digest()
    content = seed * (_LENGTH // len(seed))
    for mount in _mounted(spec).values():
        files.write(Path(mount, _FOLDER, node), content)
    return dict.fromkeys(_mounted(spec), hashlib.sha256(content).hexdigest())


def read(spec: ClusterSpec) -> dict[str, dict[str, str]]:
    """Return filesystem -> node -> SHA-256 of the file that node wrote, as read here."""
    return {
        name: {
            node.name: host.fingerprint(str(Path(mount, _FOLDER, node.name))) for node in spec.nodes
        }
        for name, mount in _mounted(spec).items()
    }


def write_proof(spec: ClusterSpec, vm: str, proof: dict[str, Any]) -> None:
    """Keep what was proven about ``vm`` beside it: it ends when that filesystem does.

    Raises KvmhaError when the filesystem is not mounted here.
    """
    path = _proof(spec, vm)
    if path is None:
        raise KvmhaError(f"the filesystem of {vm} is not mounted here")
    files.write(path, json.dumps(proof, indent=1, sort_keys=True) + "\n")


def read_proofs(spec: ClusterSpec) -> dict[str, dict[str, Any]]:
    """Return vm -> what was proven about it; VMs without a proof are left out."""
    found = {}
    for vm in spec.vms:
        path = _proof(spec, vm.name)
        text = files.read(path) if path else None
        if text:
            found[vm.name] = json.loads(text)
    return found


def _proof(spec: ClusterSpec, name: str) -> Path | None:
    vm = next((each for each in spec.vms if each.name == name), None)
    filesystem = spec.filesystem_of(vm) if vm else None
    if filesystem is None or filesystem.name not in _mounted(spec):
        return None
    return Path(filesystem.mount, _FOLDER, f"failover-{name}.json")


def _mounted(spec: ClusterSpec) -> dict[str, str]:
    present = host.mounts()
    return {fs.name: fs.mount for fs in spec.storage.filesystems if fs.mount in present}
