"""Asking Pacemaker's scheduler why a resource is where it is."""

from __future__ import annotations

from typing import Any

from lxml import etree

from kvmha.documents import cib
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.plain import plain
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner
from kvmha.view.explain import Explanation, explain

_SCORES = ("--show-scores", "--show-utilization")
_LEFT_OVER = 1  # see kvmha.tools.simulation


def explained(runner: Runner, vm: str, here: str = "") -> dict[str, Any]:
    """Return why ``vm`` runs where it does, as plain data of ``Explanation``; two programs.

    Beside it ``quorate``. With ``here``, the name of this node, only the DC answers: others
    return ``{"dc": name}``, which costs them one program. Raises KvmhaError where Pacemaker does
    not run.
    """
    text = pacemaker.query(runner)
    if text is None:
        raise KvmhaError(pacemaker.NOT_RUNNING_HERE)
    root = cib.parse(text)
    uuid = root.get("dc-uuid") or ""
    nodes = root.xpath("configuration/nodes/node[@id=$id]/@uname", id=uuid)
    if here and nodes != [here]:
        return {"dc": nodes[0] if nodes else ""}
    return {**plain(of_cib(runner, text, vm)), "quorate": root.get("have-quorum") == "1"}


def of_cib(runner: Runner, text: str, vm: str) -> Explanation:
    """Return why ``vm`` runs where it does in the CIB that ``text`` is; one program."""
    argv = ["crm_simulate", "--simulate", "--xml-pipe", "--output-as=xml", *_SCORES]
    done = runner.run(argv, ok=(0, _LEFT_OVER), stdin=text)
    if "<revised_cluster_status" not in done.stdout:
        raise CommandFailed(argv, done.returncode, done.output)
    return explain(cib.parse(text), etree.fromstring(done.stdout.encode()), vm)
