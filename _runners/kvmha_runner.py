"""The main job with a summary at its end, and the pillar checked without touching a node."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from salt.version import __version__ as salt_version

import kvmha
from kvmha import report
from kvmha.errors import KvmhaError
from kvmha.salt_edge import loadable
from kvmha.spec import load

__version__ = "0.1.0"
__virtualname__ = "kvmha"


def __virtual__():
    return loadable(__virtualname__, __version__)


def deploy(test: bool = False, pillar: dict[str, Any] | None = None) -> dict[str, Any]:
    """Bring bare nodes to a validated cluster; the same as ``state.orchestrate kvmha``.

    Tells on standard error what it is at, and a summary at the end; returns the report (see
    ``kvmha.report``), with the versions of Salt and kvmha. The exit status is 1 when anything
    failed. With ``test`` it says what it would change.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.deploy
        salt-run kvmha.deploy test=True --out=json
    """
    began = time.monotonic()
    logging.getLogger("salt.state").addFilter(_is_readable)
    run = __salt__["state.orchestrate"]("kvmha", test=bool(test), pillar=pillar)
    results = next(iter(run["data"].values()))
    found = report.of_run(results, seconds=time.monotonic() - began, test=bool(test))
    _tell(report.text(found))
    versions = {"salt": salt_version, "kvmha": kvmha.__version__}
    return _ended(found["result"]) | found | {"versions": versions}


def validate_pillar(path: str = "", spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return all mistakes of a pillar document, without asking a node.

    ``path`` is an SLS or YAML file with the key ``kvmha`` and no Jinja; ``spec`` the document
    itself. The exit status is 1 when there are mistakes.

    CLI Example:

    .. code-block:: bash

        salt-run kvmha.validate_pillar /srv/pillar/kvmha.sls
    """
    try:
        document = _read(path) if spec is None else spec
        cluster = load(document)
    except KvmhaError as error:
        return _ended(False) | {"valid": False, "problems": str(error).splitlines()}
    names = [node.name for node in cluster.nodes]
    return _ended(True) | {
        "valid": True,
        "problems": [],
        "cluster": cluster.cluster.name,
        "nodes": names,
    }


def _ended(well: bool) -> dict[str, Any]:
    """Set the exit status: salt-run takes it from the answer, events from the context."""
    __context__["retcode"] = int(not well)
    return {"retcode": int(not well)}


def _is_readable(record: logging.LogRecord) -> bool:
    """Keep whole returns of nodes from the screen: a failure is in the summary, with its words."""
    return not record.getMessage().startswith("{'out': 'highstate'")


def _read(path: str) -> dict[str, Any]:
    if not path:
        raise KvmhaError("no file is named", hint="salt-run kvmha.validate_pillar FILE")
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise KvmhaError(f"{path}: {error}", hint="a YAML file without Jinja is wanted") from None
    if not isinstance(document, dict) or "kvmha" not in document:
        raise KvmhaError(f"{path} has no key kvmha at its top")
    return document["kvmha"]


def _tell(text: str) -> None:
    if not __opts__.get("quiet"):
        sys.stderr.write(f"{text}\n")
