"""Shared volumes through lvmlockd: made, active where they should be, grown, removed.

Works beside what the cluster's pillar has: two volumes of its own in the first volume group.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

EXTENT = 4 << 20


class Volumes:
    """The cluster's pillar with two volumes more, and questions about them."""

    def __init__(self, story: Story) -> None:
        self.story = story
        path = story.lab.paths.salt / "srv/pillar/kvmha.sls"
        self.pillar: dict[str, Any] = yaml.safe_load(path.read_text())["kvmha"]
        self.group = self.pillar["storage"]["volume_groups"][0]["name"]
        self.first = self.pillar["nodes"][0]["name"]
        self.exclusive = f"{self.group}/test-ex"
        self.shared = f"{self.group}/test-sh"

    def spec(self, size: str = "32MiB", state: str = "present", *consent: str) -> dict[str, Any]:
        """Return the pillar with the two volumes in this size and state."""
        spec = copy.deepcopy(self.pillar)
        more = {"size": size, "state": state}
        spec["storage"]["volume_groups"][0].setdefault("volumes", []).extend(
            [
                {"name": "test-ex", "access": "exclusive", **more},
                {"name": "test-sh", "access": "shared", **more},
            ]
        )
        spec.setdefault("consent", {}).setdefault("overwrite", []).extend(consent)
        return spec

    def ask(self, node: str, function: str, *words: str, spec: dict[str, Any]) -> tuple[int, Any]:
        """Call an execution module on a node; return its exit code and answer."""
        said = f"spec={json.dumps(spec)}"
        call = ["salt", "--out=json", "-l", "quiet", "-t", "600", node, function]
        done = self.story.lab.master.run([*call, *words, said], timeout=700, check=False)
        return done.returncode, json.loads(done.stdout)[node]

    def done(self, node: str, function: str, *words: str, spec: dict[str, Any]) -> list[str]:
        """Call a module that must succeed; return the addresses that it changed."""
        code, answer = self.ask(node, function, *words, spec=spec)
        assert code == 0, answer
        return [change["address"] for change in answer["changes"]]

    def active(self, volume: str) -> dict[str, int]:
        """Return node -> size in the kernel, of the nodes that have a volume active."""
        sizes = self.story.everywhere(f"blockdev --getsize64 /dev/{volume} 2>/dev/null")
        return {node: int(size) for node, size in sizes.items() if size}

    def in_cluster(self, spec: dict[str, Any]) -> None:
        """Give the volumes their resources, and wait for these."""
        self.done(self.first, "pacemaker.apply", "part=filesystems", "settle=5min", spec=spec)


@pytest.fixture(scope="module")
def volumes(breadth: Story) -> Iterator[Volumes]:
    """Yield the two volumes, made and in the cluster; take them out in the end."""
    found = Volumes(breadth)
    spec = found.spec()
    for volume in (found.exclusive, found.shared):
        assert found.done(found.first, "clvm.lv_apply", volume, spec=spec) == [f"lv:{volume}"]
    found.in_cluster(spec)
    yield found
    gone = found.spec(
        "32MiB", "absent", *(f"/dev/{one}" for one in (found.exclusive, found.shared))
    )
    for volume in (found.exclusive, found.shared):
        found.done(found.first, "clvm.lv_apply", volume, spec=gone)
    assert not found.active(found.shared)
    assert not found.active(found.exclusive)


def test_a_shared_volume_is_active_on_all_nodes_and_an_exclusive_one_on_one(volumes):
    nodes = {node.name for node in volumes.story.nodes}
    assert set(volumes.active(volumes.shared)) == nodes
    (owner,) = volumes.active(volumes.exclusive)
    other = next(name for name in nodes if name != owner)
    refused = volumes.story.lab.node(other).run(
        f"lvchange --activate ey {volumes.exclusive}", check=False
    )
    assert "locked by other host" in refused.stdout + refused.stderr
    code, status = volumes.ask(owner, "clvm.status", spec=volumes.spec())
    assert code == 0
    assert status["volumes"][volumes.exclusive]["locked"] == "ex"
    assert status["volumes"][volumes.shared]["locked"] == "sh"


def test_a_second_run_changes_nothing(volumes):
    for volume in (volumes.exclusive, volumes.shared):
        assert volumes.done(volumes.first, "clvm.lv_apply", volume, spec=volumes.spec()) == []
    for node in volumes.story.nodes:
        assert volumes.done(node.name, "clvm.held_apply", spec=volumes.spec()) == []
        assert volumes.done(node.name, "clvm.config_apply", spec=volumes.spec()) == []


def test_volumes_grow_wherever_they_are_active(volumes):
    larger = volumes.spec("64MiB")
    for volume in (volumes.exclusive, volumes.shared):
        volumes.done(volumes.first, "clvm.lv_apply", volume, spec=larger)
    for node in volumes.story.nodes:
        volumes.done(node.name, "clvm.held_apply", spec=larger)
    for volume in (volumes.exclusive, volumes.shared):
        assert set(volumes.active(volume).values()) == {16 * EXTENT}
        code, plan = volumes.ask(volumes.first, "clvm.lv_plan", volume, spec=volumes.spec())
        assert (code, plan["changes"]) == (0, [])
        assert "left as it is" in plan["notes"][0]


def test_a_volume_stays_without_consent_and_while_it_is_open(volumes):
    absent = volumes.spec("64MiB", "absent")
    code, said = volumes.ask(volumes.first, "clvm.lv_apply", volumes.exclusive, spec=absent)
    assert code != 0
    assert f"refused: /dev/{volumes.exclusive} carries" in said
    (owner,) = volumes.active(volumes.exclusive)
    agreed = volumes.spec("64MiB", "absent", f"/dev/{volumes.exclusive}")
    wait = "touch /run/held; while test -e /run/held; do sleep 1; done"
    holder = f"exec 3</dev/{volumes.exclusive}; {wait}"
    node = volumes.story.lab.node(owner)
    node.run(f"systemd-run --quiet sh -c {json.dumps(holder)}")
    try:
        volumes.story.until(lambda: volumes.story.succeeds(owner, "test -e /run/held"), 60)
        code, said = volumes.ask(owner, "clvm.lv_apply", volumes.exclusive, spec=agreed)
        assert code != 0
        assert "is in use on this node" in said
    finally:
        node.run("rm -f /run/held")
    assert owner in volumes.active(volumes.exclusive)


def test_a_foreign_disk_is_not_taken_into_the_group(volumes):
    node = volumes.story.lab.node(volumes.first)
    spare = "/dev/disk/by-id/scsi-lab-spare"
    spec = volumes.spec("64MiB")
    spec["storage"]["volume_groups"][0]["devices"].append(spare)
    node.run(f"mkswap {spare}")
    before = node.run(f"sha256sum {spare}").stdout
    code, said = volumes.ask(volumes.first, "clvm.vg_apply", volumes.group, spec=spec)
    assert code != 0
    assert f"refused: {spare} carries" in said
    assert node.run(f"sha256sum {spare}").stdout == before


def test_the_group_is_extended_by_a_blank_disk(volumes):
    node = volumes.story.lab.node(volumes.first)
    spare = "/dev/disk/by-id/scsi-lab-spare"
    volumes.story.blank("spare")
    spec = volumes.spec("64MiB")
    spec["storage"]["volume_groups"][0]["devices"].append(spare)
    try:
        code, plan = volumes.ask(volumes.first, "clvm.vg_plan", volumes.group, spec=spec)
        assert code == 0 and spare in str(plan["changes"]), plan
        assert volumes.done(volumes.first, "clvm.vg_apply", volumes.group, spec=spec)
        assert volumes.done(volumes.first, "clvm.vg_apply", volumes.group, spec=spec) == []
        sizes = volumes.story.everywhere(f"vgs --noheadings -o pv_count {volumes.group}")
        assert {size.split()[-1] for size in sizes.values()} == {"2"}
    finally:
        node.run(f"vgreduce {volumes.group} {spare} && pvremove {spare}", check=False)
