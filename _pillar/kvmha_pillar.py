"""Give keys kept on the master to the nodes of their cluster and to nobody else.

corosync's becomes the pillar key ``kvmha_authkey`` (base64); the nodes' public ssh keys, for
VMs that move live, become ``kvmha_ssh``. What the pillar brings itself wins. To switch it on, in
the master's configuration:

.. code-block:: yaml

    ext_pillar:
      - kvmha: {}

Plain Python without the kvmha library: a master that runs while the library is upgraded would
keep the old one.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

__virtualname__ = "kvmha"


def __virtual__() -> str:
    return __virtualname__


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def ext_pillar(minion_id: str, pillar: dict[str, Any], *_args: Any, **_kwargs: Any) -> dict:
    """Return the keys for a node of the cluster in ``pillar``, else nothing."""
    spec = pillar.get("kvmha")
    if not isinstance(spec, dict) or minion_id not in _minions(spec):
        return {}
    name = str((spec.get("cluster") or {}).get("name", ""))
    if not _NAME.match(name):
        return {}
    found = {}
    for key, file, read in _KEPT:
        data = None if key in pillar else _bytes(name, file)
        if data is not None:
            found[key] = read(data)
    return found


def _bytes(cluster: str, file: str) -> bytes | None:
    path = Path(__opts__["conf_file"]).parent / "kvmha" / cluster / file
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.error("kvmha: %s cannot be read: %s", path, error.strerror)
        return None


def _public_keys(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        log.error("kvmha: ssh.json holds no JSON: salt-run kvmha.deploy writes it anew")
        return {}
    return found if isinstance(found, dict) else {}


_KEPT = (
    ("kvmha_authkey", "authkey", lambda data: base64.b64encode(data).decode()),
    ("kvmha_ssh", "ssh.json", _public_keys),
)


def _minions(spec: dict[str, Any]) -> set[str]:
    nodes = spec.get("nodes")
    if not isinstance(nodes, list):
        return set()
    return {
        str(node.get("minion") or node.get("name", "")) for node in nodes if isinstance(node, dict)
    }
