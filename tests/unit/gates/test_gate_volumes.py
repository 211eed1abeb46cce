"""What keeps the gate of storage closed where volumes are not active as wanted."""

from __future__ import annotations

import pytest

from kvmha.gates import volumes
from kvmha.spec import load


def status(**where):
    names = {"db1": "lv-vg--vms-db1", "images": "lv-vg--vms-images"}
    listed = [
        {"id": names[name], "role": "Started", "nodes": [node], "failed": False}
        for name, nodes in where.items()
        for node in nodes
    ]
    return {"ha-host1": {"pacemaker": {"resources": listed}}}


BOTH = ["ha-host1", "ha-host2"]
CASES = [
    ({"db1": ["ha-host2"], "images": BOTH}, []),
    (
        {"db1": [], "images": ["ha-host2"]},
        [
            "ha-host1: volume vg-vms/db1 is active nowhere, not on one node",
            "ha-host1: volume vg-vms/images is not active on ha-host1",
        ],
    ),
    (
        {"db1": BOTH, "images": BOTH},
        ["ha-host1: volume vg-vms/db1 is active on ha-host1, ha-host2, not on one node"],
    ),
]


@pytest.mark.parametrize(("where", "told"), CASES)
def test_volumes_are_active_as_the_pillar_wants(example, where, told):
    assert list(volumes.inactive(load(example("shared_lvm")), status(**where))) == told


def test_a_vms_own_volume_comes_with_the_vm(example, changed):
    disk = {"volume": "vg-vms/db1", "size": "1GiB"}
    said = {
        "vms": [{"name": "db1", "memory": "1GiB", "disks": [disk]}],
        "storage.filesystems": [
            {"name": "store", "device": "/dev/disk/by-id/scsi-store", "mount": "/srv/store"}
        ],
    }
    spec = load(changed(example("shared_lvm"), said))
    assert list(volumes.inactive(spec, status(images=BOTH))) == []
