"""What one node sees of that on which a drill depends; judged by ``kvmha.drills.readiness``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree

from kvmha.documents import cib, corosync_conf, sysconfig
from kvmha.documents.secrets import is_secret
from kvmha.errors import KvmhaError
from kvmha.spec.model import ClusterSpec
from kvmha.tools import corosync, files, pacemaker, sbd
from kvmha.tools.runner import Runner

_CMAP = ("totem.token", "totem.consensus", "quorum.", "runtime.votequorum.")
_CMAP_LINE = re.compile(r"^(\S+) \(\w+\) = (.*)$", re.MULTILINE)


def look(
    runner: Runner,
    spec: ClusterSpec,
    *,
    first: bool,
    sbd_config: str,
    conf: Path = corosync.CONF,
) -> dict[str, Any]:
    """Return the settings that are in force here. Changes nothing.

    Keys: ``cmap`` ({key: value} of corosync as it runs, empty where it does not), ``conf`` (the
    values of the section quorum of corosync.conf), ``cib`` (its configuration without secrets,
    empty where Pacemaker does not run), ``fencing`` (why nodes could not be fenced; asked by the
    ``first`` node alone), ``disks`` ({disk: timeouts, or error}), ``settings`` of sbd, and
    ``errors`` ({what: why it could not be seen}).
    """
    errors: dict[str, str] = {}

    def seen(what: str, look: Callable[[], Any], empty: Any) -> Any:
        try:
            return look()
        except (KvmhaError, OSError) as error:
            errors[what] = f"{what} cannot be seen: {error}"
            return empty

    names = [node.name for node in spec.nodes]
    found = {
        "cmap": seen("corosync", lambda: _cmap(runner), {}),
        "conf": seen("corosync.conf", lambda: _quorum(files.read(conf)), {}),
        "cib": seen("the CIB", lambda: _cib(pacemaker.query(runner)), ""),
        "fencing": seen(
            "fencing",
            lambda: pacemaker.fencing_answers(runner, names)["problems"] if first else [],
            [],
        ),
        "disks": {disk: _disk(disk) for disk in spec.fencing.disks},
        "settings": seen("sbd's settings", lambda: _settings(files.read(sbd_config)), {}),
    }
    if not found["cib"] and "the CIB" not in errors:
        errors["the CIB"] = pacemaker.NOT_RUNNING_HERE
    return found | {"errors": errors}


def _cmap(runner: Runner) -> dict[str, str]:
    done = corosync.attempt(runner, ["corosync-cmapctl", *_CMAP])
    return dict(_CMAP_LINE.findall(done.stdout)) if done else {}


def _quorum(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    found: dict[str, str] = {}
    for section in corosync_conf.parse(text).sections("quorum"):
        found |= {
            item.key: item.value
            for item in section.items
            if isinstance(item, corosync_conf.Entry) and item.key != "#"
        }
    return found


def _cib(text: str | None) -> str:
    """Return the configuration alone; passwords stay here, and most of what devices are told."""
    if text is None:
        return ""
    root = cib.parse(text)
    for status in root.findall("status"):
        root.remove(status)
    for pair in [*root.iter("nvpair")]:
        name = pair.get("name") or ""
        told = pair.xpath(
            "boolean(parent::instance_attributes/parent::primitive[@class='stonith'])"
        )
        if is_secret(name) or (told and not name.startswith("pcmk_")):
            pair.getparent().remove(pair)
    return str(etree.tostring(root, encoding="unicode"))


def _disk(path: str) -> dict[str, Any]:
    try:
        header, _ = sbd.read_header(path)
    except (KvmhaError, OSError) as error:
        return {"error": str(error)}
    if header is None:
        return {"error": f"{path} carries no SBD header"}
    return vars(header.timeouts) | {"error": ""}


def _settings(text: str | None) -> dict[str, str]:
    lines = sysconfig.parse(text or "").lines
    return {line.key: line.value for line in lines if line.key.startswith("SBD_")}
