"""May a VM come to a node: the matrix, judged from what nodes say (tests/cases/migration)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha.documents import domain, domain_needs
from kvmha.errors import KvmhaError
from kvmha.gates import migration
from kvmha.spec import load

CASES = sorted((Path(__file__).parents[1] / "cases" / "migration").iterdir())
NODES = ("ha-host1", "ha-host2", "ha-host3")


def facts(node):
    """Return what a node says that has everything ap1 needs."""
    return {
        "memory": 64 * 1024**3,
        "cpus": {},
        "vms": {
            "ap1": {
                "xml": "",
                "virttype": "kvm",
                "cpu_mode": "",
                "cpu_model": "",
                "disks": {"/srv/vmstore/ap1/system.qcow2": True},
                "bridges": {"br0": True},
                "networks": {},
                "pools": {},
                "runs": node == "ha-host2",
            }
        },
        "peers": {other: "" for other in NODES if other != node},
    }


def with_changes(answer, changes):
    """Set values at places whose steps are parted by dots; a path is one step."""
    for place, value in changes.items():
        way = place.split(".", place.count(".") if "/" not in place else 3)
        inner = answer
        for step in way[:-1]:
            inner = inner[step]
        inner[way[-1]] = value
    return answer


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_matrix_is_the_recorded_one(folder, example, changed):
    said = yaml.safe_load((folder / "case.yaml").read_text())
    spec = load(changed(example("three_node"), said["changed"]))
    seen = {}
    for node in NODES:
        changes = said["facts"].get(node, {})
        if changes is None or "error" in changes:
            seen[node] = changes
        else:
            seen[node] = {"migration": with_changes(facts(node), changes)}
    lines = [*migration.table(spec, seen), *migration.judge(spec, seen)]
    assert "\n".join(lines) + "\n" == (folder / "matrix.txt").read_text()


XML = """<domain type='qemu'><name>a</name>
  <cpu mode='custom'><model>Haswell</model></cpu>
  <devices>
    <disk type='file'><source file='/srv/a.raw'/></disk>
    <disk type='block'><source dev='/dev/vg/a'/></disk>
    <disk type='volume'><source pool='san' volume='a'/></disk>
    <disk type='file' device='cdrom'/>
    <interface type='bridge'><source bridge='br0'/></interface>
    <interface type='network'><source network='back'/></interface>
  </devices></domain>"""


def test_needs_are_read_from_any_domain_xml():
    found = domain_needs.needs(domain.parse(XML))
    assert found == domain_needs.Needs(
        virttype="qemu",
        paths=("/srv/a.raw", "/dev/vg/a"),
        volumes=(("san", "a"),),
        bridges=("br0",),
        networks=("back",),
        cpu_mode="custom",
        cpu_model="Haswell",
    )


@pytest.mark.parametrize(
    ("cpu", "mode"),
    [("", ""), ("<cpu><topology/></cpu>", ""), ("<cpu mode='host-model'/>", "host-model")],
)
def test_a_cpu_that_is_left_to_qemu_has_no_mode(cpu, mode):
    root = domain.parse(f"<domain type='kvm'>{cpu}</domain>")
    assert domain_needs.needs(root).cpu_mode == mode


def test_capabilities_that_are_no_xml_are_an_error_in_words():
    with pytest.raises(KvmhaError, match="printed no XML"):
        domain_needs.cpus("error: failed")
