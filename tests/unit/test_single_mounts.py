"""Filesystems that one node mounts at a time, and packages that only a type needs."""

from __future__ import annotations

import pytest

from kvmha import platforms
from kvmha.gates import storage
from kvmha.spec import load
from kvmha.spec.shorthand import shorthand

NODES = ["ha-host1", "ha-host2", "ha-host3"]


@pytest.fixture
def spec(example):
    return load(example("single_mount"))


def seen(**mounts):
    """Return what nodes see: the shared store everywhere, and ``mounts`` of each."""
    everywhere = {"/srv/vmstore": {"device": "/dev/x", "type": "ocfs2"}}
    idle = {"running": True, "nodes": {}, "resources": [], "failures": []}
    return {
        node: {"pacemaker": idle, "mounts": everywhere | mounts.get(node.replace("-", "_"), {})}
        for node in NODES
    }


XFS = {"/srv/dbfiles": {"device": "/dev/y", "type": "xfs"}}
EXT4 = {"/srv/archive": {"device": "/dev/z", "type": "ext4"}}


def test_a_single_mount_is_a_plain_resource_and_begins_on_the_first_node(spec):
    cib = shorthand(spec, "external/sbd")
    kinds = {each.id: each.kind for each in cib.resources}
    assert kinds["fs-vmstore-clone"] == "clone"
    assert kinds["fs-dbfiles"] == kinds["fs-archive"] == "primitive"
    about = [each for each in cib.constraints if each.rsc == "fs-dbfiles"]
    assert [(each.node, each.score) for each in about] == [("ha-host1", "10")]


def test_a_vm_runs_where_its_single_mount_is(example, changed):
    changes = {"vms[0].filesystem": "dbfiles", "vms[0].migrate": False}
    cib = shorthand(load(changed(example("single_mount"), changes)), "external/sbd")
    about = [each for each in cib.constraints if "vm-web1" in (each.rsc, each.then)]
    assert {each.with_rsc or each.first for each in about} == {"fs-dbfiles"}


def test_the_gate_is_open_when_each_is_mounted_once(spec):
    assert storage.judge_mounted(spec, seen(ha_host1=XFS, ha_host3=EXT4)) == []


def test_the_gate_is_closed_by_a_single_mount_nowhere_or_twice(spec):
    found = storage.judge_mounted(spec, seen(ha_host1=XFS, ha_host2=XFS))
    assert any("mounted on ha-host1, ha-host2 at once" in line for line in found)
    assert any("/srv/archive (archive, ext4) is mounted on no node" in line for line in found)


def test_only_shared_filesystems_are_read_by_all(spec):
    views = {
        node: {"marked": {"vmstore": "aa"}, "marks": {"vmstore": dict.fromkeys(NODES, "aa")}}
        for node in NODES
    }
    assert storage.judge_coherent(spec, views) == []


@pytest.mark.parametrize(
    ("name", "platform", "package"),
    [
        ("gfs2", platforms.SLES_16, "gfs2-utils"),
        ("gfs2", platforms.RHEL_9, "gfs2-utils"),
        ("single_mount", platforms.DEBIAN, "xfsprogs"),
        ("o2cb", platforms.SLES_15, "ocfs2-tools-o2cb"),
    ],
)
def test_a_choice_brings_its_packages(example, name, platform, package):
    assert package in platforms.packages_for(platform, load(example(name)))


def test_without_a_choice_the_list_is_the_platforms_own(example):
    for platform in (platforms.DEBIAN, platforms.SLES_15, platforms.LEAP_15):
        assert platforms.packages_for(platform, load(example("lab"))) == platform.packages
