"""A cluster as crm_simulate(8) plays it: from a pillar, through whatever happens to it.

The scheduler is the real one; that an action does what it is for is taken for granted, but for
the node attributes that ``ocf:pacemaker:attribute`` sets: those are written here.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from lxml import etree

from kvmha.build import cib as build
from kvmha.documents import cib, cib_merge, crm_simulate
from kvmha.spec import ClusterSpec

_QUORATE = '<cib have-quorum="1" dc-uuid="1" '
_MOST = 8


class Simulated:
    """A cluster in which nothing runs yet; ``folder`` takes files."""

    def __init__(self, spec: ClusterSpec, folder: Path, up: list[str] | None = None) -> None:
        wanted = build.build(spec, "external/sbd")
        text, _, _ = cib_merge.edit(cib.EMPTY.replace("<cib ", _QUORATE), wanted)
        root = etree.fromstring(text.encode())
        nodes, status = root.find("configuration/nodes"), root.find("status")
        known = {node.get("uname") for node in nodes}
        for node in spec.nodes:
            identity = {"id": str(node.id), "uname": node.name}
            if node.name not in known:
                etree.SubElement(nodes, "node", identity)
            if up is None or node.name in up:
                there = {"in_ccm": "true", "crmd": "online", "join": "member"}
                state = etree.SubElement(status, "node_state", identity | there, expected="member")
                etree.SubElement(etree.SubElement(state, "lrm", id=str(node.id)), "lrm_resources")
        self.text = etree.tostring(root, encoding="unicode")
        self.folder = folder
        self.where: dict[str, str] = {}

    def happens(self, *injections: str) -> list[list[str]]:
        """Let it happen and the cluster answer until it is at rest; return each transition's starts
        and stops (``stop vm-a ha-host1``), in order."""
        found = []
        for number in range(_MOST):
            before = self.where
            steps = self._transition(*(() if number else injections))
            if not steps and before == self.where:
                return found
            found.append(steps)
        raise AssertionError(f"the cluster finds no rest: {found}")

    def once(self, *injections: str) -> list[str]:
        """Let it happen and the cluster answer with one transition; return its starts and stops."""
        return self._transition(*injections)

    def set_option(self, resource: str, name: str, value: str) -> None:
        """Set a meta attribute of ``resource``, as crm_resource(8) does."""
        root = etree.fromstring(self.text.encode())
        (home,) = root.xpath("//primitive[@id=$id]", id=resource)
        home.append(etree.fromstring(
            f'<meta_attributes id="by-hand-{resource}">'
            f'<nvpair id="by-hand-{resource}-{name}" name="{name}" value="{value}"/>'
            "</meta_attributes>"
        ))  # fmt: skip
        self.text = etree.tostring(root, encoding="unicode")

    def set_property(self, name: str, value: str) -> None:
        """Set a property of the cluster."""
        root = etree.fromstring(self.text.encode())
        home = root.find("configuration/crm_config/cluster_property_set")
        etree.SubElement(home, "nvpair", id=f"by-hand-{name}", name=name, value=value)
        self.text = etree.tostring(root, encoding="unicode")

    def _transition(self, *injections: str) -> list[str]:
        """Have one transition made. It ends with 1 where a database can run nowhere: see
        ``kvmha.tools.simulation``."""
        output = self.folder / "after.xml"
        argv = ["crm_simulate", "--simulate", "--xml-pipe", "--output-as=xml", *injections]
        done = subprocess.run(
            [*argv, f"--save-output={output}"],
            input=self.text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        answer = etree.fromstring(done.stdout.encode())
        root = etree.parse(output).getroot()
        for state in root.iterfind("status/node_state"):
            _set_attributes(state)
        self.text = etree.tostring(root, encoding="unicode")
        running = crm_simulate.running(answer.find("revised_cluster_status"))
        assert not [one for one in running if "vm-" in one and len(running[one]) > 1], running
        self.where = {
            name: nodes[0]
            for name, nodes in sorted(running.items())
            if nodes and name.startswith(("vm-", "vip-", "up-"))
        }
        return [
            f"{one.get('op')} {one.get('resource')} {one.get('node')}"
            for one in answer.iterfind("transition/rsc_action")
            if one.get("op") in ("start", "stop", "migrate_to") and one.get("resource") in self.ours
        ]

    @property
    def ours(self) -> set[str]:
        """The resources that are followed."""
        names = {
            one.get("id", "") for one in etree.fromstring(self.text.encode()).iter("primitive")
        }
        return {name for name in names if name.startswith(("vm-", "vip-", "up-"))}


def _set_attributes(state: Any) -> None:
    """Write what the attribute agent has set on a node: 1 since a start, 0 since a stop."""
    old = state.find("transient_attributes")
    if old is not None:
        state.remove(old)
    values = {}
    for resource in state.iterfind("lrm/lrm_resources/lrm_resource[@type='attribute']"):
        done = [op for op in resource if op.get("rc-code") == "0"]
        changed = [op for op in done if op.get("operation") in ("start", "stop")]
        if changed:
            last = max(changed, key=lambda op: int(op.get("call-id")))
            values[resource.get("id")] = "1" if last.get("operation") == "start" else "0"
    if state.get("crmd") != "online" or not values:
        return
    identity = state.get("id")
    home = etree.SubElement(state, "transient_attributes", id=identity)
    pairs = etree.SubElement(home, "instance_attributes", id=f"status-{identity}")
    for name, value in values.items():
        etree.SubElement(pairs, "nvpair", id=f"status-{identity}-{name}", name=name, value=value)
