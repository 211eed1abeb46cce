"""The classic stack under Pacemaker, single mounts, and a cluster on disks behind iSCSI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.story import Story
from tests.long.base import cluster, deployed

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

ISCSI = Path(__file__).parents[2] / "pillar/examples/iscsi.sls"
SBD = {
    "devices": ["/dev/disk/by-id/scsi-lab-sbd"],
    "watchdog_timeout": "15s",
    "watchdog_module": "softdog",
}
STORE = {
    "name": "vmstore",
    "device": "/dev/disk/by-id/scsi-lab-vmstore",
    "mount": "/srv/vmstore",
    "max_nodes": 4,
}


def mounted_on(story: Story, mount: str, kind: str) -> list[str]:
    """Return the nodes that mount a filesystem of this kind at ``mount``."""
    said = story.everywhere(f"findmnt -no FSTYPE {mount}")
    return [node for node, found in said.items() if found == kind]


def moves_with_its_content(story: Story, mount: str, kind: str, resource: str) -> None:
    """Move a single mount to another node, and read there what was written here."""
    (host,) = mounted_on(story, mount, kind)
    story.lab.node(host).run(f"echo {host} > {mount}/mark && sync -f {mount}")
    story.lab.node(host).run(f"crm_resource --ban -r {resource} -N {host}")
    try:
        story.until(lambda: mounted_on(story, mount, kind) not in ([], [host]), timeout=240)
        (other,) = mounted_on(story, mount, kind)
        assert story.lab.node(other).run(f"cat {mount}/mark").stdout.strip() == host
    finally:
        story.lab.node(host).run(f"crm_resource --clear -r {resource}")


def storage(**more: Any) -> dict[str, Any]:
    return {"storage": more}


def test_pacemaker_mounts_the_classic_stack_and_xfs_on_one_node(tmp_path):
    archive = {
        "name": "archive",
        "type": "xfs",
        "device": "/dev/disk/by-id/scsi-lab-gfs",
        "mount": "/srv/archive",
    }
    words = storage(ocfs2={"stack": "o2cb"}, filesystems=[STORE, archive])
    with deployed("underpcmk", cluster(3, SBD, **words), tmp_path) as story:
        assert len(mounted_on(story, "/srv/vmstore", "ocfs2")) == 3
        assert set(story.everywhere("cat /sys/fs/ocfs2/cluster_stack").values()) == {"o2cb"}
        assert not story.succeeds("ha-host1", "pgrep -x dlm_controld")
        for node in story.nodes:
            node.run(f"echo {node.name} > /srv/vmstore/mark-{node.name} && sync -f /srv/vmstore")
        for said in story.everywhere("cat /srv/vmstore/mark-*").values():
            assert said.split() == ["ha-host1", "ha-host2", "ha-host3"]
        moves_with_its_content(story, "/srv/archive", "xfs", "fs-archive")
        assert story.deploy()["changes"] == 0


def test_xfs_on_an_exclusive_volume_goes_with_its_volume(tmp_path):
    group = {
        "name": "vg-vms",
        "devices": ["/dev/disk/by-id/scsi-lab-lvm"],
        "access": "exclusive",
        "volumes": [{"name": "dbfiles", "size": "400MiB"}],
    }
    files = {
        "name": "dbfiles",
        "type": "xfs",
        "device": "/dev/vg-vms/dbfiles",
        "mount": "/srv/dbfiles",
    }
    words = storage(
        lvm={"filter": ["r|^/dev/ubd|"]}, volume_groups=[group], filesystems=[STORE, files]
    )
    with deployed("onvolume", cluster(3, SBD, **words), tmp_path) as story:
        moves_with_its_content(story, "/srv/dbfiles", "xfs", "fs-dbfiles")
        active = story.everywhere("lvs --noheadings -o lv_active vg-vms/dbfiles")
        assert sorted(active.values()).count("active") == 1, active
        assert story.deploy()["changes"] == 0


def test_a_cluster_is_deployed_whole_on_disks_behind_iscsi(tmp_path):
    """Logins, multipath and its names come first, then the filesystem on what they bring."""
    example = yaml.safe_load(ISCSI.read_text(encoding="utf-8"))
    with deployed("behindiscsi", example, tmp_path, iscsi=True) as story:
        assert len(mounted_on(story, "/srv/vmstore", "ocfs2")) == 3
        sources = story.everywhere("findmnt -no SOURCE /srv/vmstore")
        assert set(sources.values()) == {"/dev/mapper/vmstore"}
        paths = story.everywhere("iscsiadm -m session | wc -l")
        assert set(paths.values()) == {"2"}
        assert story.deploy()["changes"] == 0
