"""Drills on a cluster with planted faults: each is refused with its sentence, then mended.

Nothing may have been cut when a drill was refused: that is the point of asking first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml

from kvmha.drills import readiness
from kvmha.spec import load
from kvmha.wait import eventually
from tests.cluster.story import Story
from tests.long.conftest import PILLAR

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

FIRST = "ha-host1"
SPEC = yaml.safe_load(PILLAR.read_text(encoding="utf-8"))["kvmha"]
CONF = "/etc/corosync/corosync.conf"


def problems(story: Story) -> list[str]:
    """Return what speaks against a drill, as the nodes see it."""
    words = ["salt", "--out=json", "--static", "-l", "quiet", "-t", "300", "*"]
    done = story.lab.master.run([*words, "kvmha_view.readiness"], timeout=400, check=False)
    said = json.loads(done.stdout)
    return readiness.problems(load(SPEC), {node: said.get(node) for node in said})


def refusal(story: Story) -> str:
    """Start a drill in earnest; return what it said when it was refused."""
    boots = [node.state()["boots"] for node in story.nodes]
    name = SPEC["cluster"]["name"]
    done = story.lab.master.run(
        ["salt-run", "--no-color", "kvmha.drill", "partition3", f"confirm={name}"],
        timeout=900,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    cuts = story.everywhere("iptables-save 2>/dev/null | grep -ic kvmha")
    assert set(cuts.values()) == {"0"}, cuts
    assert [node.state()["boots"] for node in story.nodes] == boots
    return str(done.stdout + done.stderr)


@contextmanager
def prop(story: Story, name: str, value: str) -> Iterator[None]:
    """Set a property of the cluster, and what it was before afterwards."""
    run = story.lab.node(FIRST).run
    query = f"crm_attribute --type crm_config --name {name} --query --quiet"
    before = run(query, check=False).stdout.strip()
    run(f"crm_attribute --type crm_config --name {name} --update {value}")
    try:
        yield
    finally:
        back = f"--update {before}" if before else "--delete"
        run(f"crm_attribute --type crm_config --name {name} {back}")


@contextmanager
def two_node(story: Story) -> Iterator[None]:
    """Tell corosync on all nodes that there are two."""
    story.everywhere(f"cp -a {CONF} {CONF}.kept && sed -i '/provider:/a two_node: 1' {CONF}")
    story.lab.node(FIRST).run("corosync-cfgtool -R")
    try:
        yield
    finally:
        story.everywhere(f"mv {CONF}.kept {CONF}")
        story.lab.node(FIRST).run("corosync-cfgtool -R")


@contextmanager
def without(story: Story, xpath: str) -> Iterator[None]:
    """Take a constraint out of the CIB for a while."""
    run = story.lab.node(FIRST).run
    element = run(f'cibadmin --query --xpath "{xpath}"').stdout.strip()
    run(f'cibadmin --delete --xpath "{xpath}"')
    try:
        yield
    finally:
        run(f"cibadmin --create --scope constraints --xml-text '{element}'")


@contextmanager
def short_msgwait(story: Story) -> Iterator[None]:
    """Have one of SBD's disks say a msgwait of 6 s; sbd reads it when it starts again only."""
    run = story.lab.node(FIRST).run
    disk = SPEC["fencing"]["sbd"]["devices"][2]
    patch = f"dd of={disk} bs=1 seek=28 conv=notrunc,fsync status=none"  # struct sector_header_s
    octal = "od -An -j28 -N4 -v -to1"
    kept = "".join("\\" + byte for byte in run(f"{octal} {disk}").stdout.split())
    run(f"printf '\\0\\0\\0\\6' | {patch}")
    try:
        yield
    finally:
        run(f"printf '{kept}' | {patch}")


ORDER = "//rsc_order[@id='order-storage-vm-db1']"
FAULTS = {
    "no fencing": (lambda story: prop(story, "stonith-enabled", "false"), "stonith-enabled is"),
    "quorum ignored": (
        lambda story: prop(story, "no-quorum-policy", "ignore"),
        "no-quorum-policy is ignore",
    ),
    "fencing too short": (lambda story: prop(story, "stonith-timeout", "20s"), "stonith-timeout"),
    "maintenance": (lambda story: prop(story, "maintenance-mode", "true"), "maintenance-mode"),
    "wrong two_node": (two_node, "two_node"),
    "msgwait too short": (short_msgwait, "msgwait 6s is less than"),
    "missing order": (
        lambda story: without(story, ORDER),
        "no order says that vm-db1 starts after",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_refused_and_named(breadth, fault):
    breadth.until(breadth.is_whole)
    assert problems(breadth) == []
    plant, sentence = FAULTS[fault]
    with plant(breadth):
        assert any(sentence in line for line in problems(breadth)), problems(breadth)
        assert sentence in refusal(breadth)
    eventually(lambda: "\n".join(problems(breadth)), timeout=300, interval=5)
