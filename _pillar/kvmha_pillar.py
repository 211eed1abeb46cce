"""Give corosync's key, kept on the master, to the nodes of its cluster and to nobody else.

The key becomes the pillar key ``kvmha_authkey`` (base64). A key that the pillar brings itself
wins. To switch it on, in the master's configuration:

.. code-block:: yaml

    ext_pillar:
      - kvmha: {}

Plain Python without the kvmha library: a master that runs while the library is upgraded would
keep the old one.
"""

from __future__ import annotations

import base64
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
    """Return ``{"kvmha_authkey": ...}`` for a node of the cluster in ``pillar``, else nothing."""
    spec = pillar.get("kvmha")
    if "kvmha_authkey" in pillar or not isinstance(spec, dict):
        return {}
    if minion_id not in _minions(spec):
        return {}
    name = str((spec.get("cluster") or {}).get("name", ""))
    if not _NAME.match(name):
        return {}
    path = Path(__opts__["conf_file"]).parent / "kvmha" / name / "authkey"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        log.error("kvmha: %s cannot be read: %s", path, error.strerror)
        return {}
    return {"kvmha_authkey": base64.b64encode(key).decode()}


def _minions(spec: dict[str, Any]) -> set[str]:
    nodes = spec.get("nodes")
    if not isinstance(nodes, list):
        return set()
    return {
        str(node.get("minion") or node.get("name", "")) for node in nodes if isinstance(node, dict)
    }
