"""OCFS2 on both stacks and GFS2, each mounted on three nodes that read what another wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.api import Lab
from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

OCFS2, GFS2 = "/srv/vmstore", "/srv/gfsdata"
NODES = [
    {"name": f"ha-host{number}", "id": number, "links": [f"192.168.56.10{number}"]}
    for number in (1, 2, 3)
]
# A cluster of OCFS2's own: no Pacemaker, no fencing but its own.
ALONE: dict[str, Any] = {
    "cluster": {"name": "classic"},
    "nodes": NODES,
    "storage": {
        "ocfs2": {"stack": "o2cb", "heartbeat_threshold": 31},
        "filesystems": [
            {
                "name": "vmstore",
                "device": "/dev/disk/by-id/scsi-lab-vmstore",
                "mount": OCFS2,
                "max_nodes": 4,
            }
        ],
    },
}


def _read_everywhere(run: dict[str, Any], mount: str) -> None:
    """Write a file on each node and read all of them on each."""
    for name, node in run.items():
        node(f"echo {name} > {mount}/mark-{name} && sync -f {mount}")
    for name, node in run.items():
        said = node(f"cat {mount}/mark-ha-host*").stdout.split()
        assert sorted(said) == sorted(run), name


@pytest.mark.parametrize(("mount", "kind"), [(OCFS2, "ocfs2"), (GFS2, "gfs2")])
def test_every_node_mounts_it_and_reads_what_others_wrote(breadth: Story, mount, kind):
    kinds = breadth.everywhere(f"stat -f -c %T {mount}; findmnt -no FSTYPE {mount}")
    assert all(said.splitlines()[-1] == kind for said in kinds.values()), kinds
    _read_everywhere({node.name: node.run for node in breadth.nodes}, mount)


def test_journals_are_added_on_the_mounted_filesystem(breadth: Story):
    text = Path(breadth.lab.spec.pillar).read_text(encoding="utf-8")
    document = yaml.safe_load(text)["kvmha"]
    first = breadth.lab.node("ha-host1")
    before = json.loads(first.run("salt-call --out=json gfs2.status").stdout)["local"]
    journals = before["gfsdata"]["journals"]
    for each in document["storage"]["filesystems"]:
        if each["name"] == "gfsdata":
            each["max_nodes"] = journals + 1
    state = f"salt-call state.single gfs2.formatted gfsdata 'spec={json.dumps(document)}'"
    assert "journals" in first.run(state, timeout=300).stdout
    after = json.loads(first.run("salt-call --out=json gfs2.status").stdout)["local"]
    assert after["gfsdata"]["journals"] == journals + 1
    assert "journals" not in first.run(state, timeout=300).stdout


@pytest.fixture(scope="module")
def alone() -> Iterator[Lab]:
    """Yield three nodes of their own, without Pacemaker."""
    with Lab("classic").up(nodes=3, image="prepared", salt="3008") as lab:
        lab.master.run("salt --out=quiet -t 120 '*' saltutil.sync_all", timeout=300)
        yield lab


def _state(lab: Lab, function: str, target: str = "*") -> dict[str, Any]:
    """Run one state on nodes; return what it changed, by node. A failure is told."""
    words = f"name=vmstore 'spec={json.dumps(ALONE)}'"
    done = lab.master.run(
        f"salt --out=json --static -t 200 '{target}' state.single {function} {words}",
        timeout=600,
        check=False,
    )
    answer = json.loads(done.stdout)
    changes = {}
    for node, states in answer.items():
        assert isinstance(states, dict), f"{node}: {states}"
        (state,) = states.values()
        assert state["result"] is True, f"{node}: {state['comment']}"
        changes[node] = state["changes"]
    return changes


ORDER = (
    ("o2cb.managed", "*"),
    ("o2cb.online", "*"),
    ("ocfs2.formatted", "ha-host1"),
    ("ocfs2.mounted", "*"),
)


def test_the_classic_stack_mounts_on_three_nodes_without_pacemaker(alone: Lab):
    for function, target in ORDER:
        changes = _state(alone, function, target)
        assert all(changes.values()), (function, changes)
    kinds = [node.run(f"findmnt -no FSTYPE {OCFS2}").stdout.strip() for node in alone.nodes]
    assert kinds == ["ocfs2"] * 3
    stacks = {node.run("cat /sys/fs/ocfs2/cluster_stack").stdout.strip() for node in alone.nodes}
    assert stacks == {"o2cb"}
    _read_everywhere({node.name: node.run for node in alone.nodes}, OCFS2)
    for function, target in ORDER:
        assert not any(_state(alone, function, target).values()), function


def test_the_classic_stack_is_left_again(alone: Lab):
    _state(alone, "ocfs2.unmounted")
    _state(alone, "o2cb.absent")
    for node in alone.nodes:
        assert not node.run("findmnt -t ocfs2", check=False).stdout
        assert "vmstore" not in node.run("cat /etc/fstab").stdout
    assert not any(_state(alone, "o2cb.absent").values())
