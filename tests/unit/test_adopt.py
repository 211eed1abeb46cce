"""Adoption: what is in the way, what is left to do. Cases: tests/cases/adopt."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha.build import adopt
from kvmha.build import domain as build
from kvmha.documents import domain
from kvmha.documents.image import Image
from kvmha.spec import load

CASES = sorted((Path(__file__).parents[1] / "cases" / "adopt").iterdir())
HOST = "ha-host1"


def told(case: Path, pillar) -> str:
    """Return what an adoption says: refusals, or the plan with its snippet for the pillar."""
    said = yaml.safe_load((case / "seen.yaml").read_text())
    nodes = {
        node: adopt.Found(**{**each, "hosts": tuple(each.get("hosts", ()))})
        for node, each in said["nodes"].items()
    }
    root = domain.parse((case / "domain.xml").read_text())
    spec = load(pillar)
    item = adopt.snippet(spec, "old1", root, HOST, said["reach"][HOST]["paths"])
    refused = adopt.in_the_way("old1", nodes, HOST, live=said["live"])
    refused += adopt.judge(spec, root, said["reach"])
    if not refused:
        spec = load(pillar | {"vms": [*pillar["vms"], item]})
        vm = build.find(spec, "old1")
        refused += adopt.added_disks(spec, vm, root)
    if refused:
        return "\n".join(["refused:", *refused]) + "\n"
    notes = [*adopt.notes(spec, vm, root), f"for the pillar, under vms: {item}"]
    return adopt.plan(spec, vm, HOST, nodes[HOST], notes, live=said["live"]).text() + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case_says(case, example):
    assert told(case, example("lab")) == (case / "told.txt").read_text()


def test_after_an_adoption_the_pillar_wants_nothing_more(example):
    """The snippet, planned against the XML that was placed and the disks that are there."""
    case = next(path for path in CASES if path.name == "running_goes_on_live")
    said = yaml.safe_load((case / "seen.yaml").read_text())
    root = domain.parse((case / "domain.xml").read_text())
    pillar = example("lab")
    item = adopt.snippet(load(pillar), "old1", root, HOST, said["reach"][HOST]["paths"])
    spec = load(pillar | {"vms": [*pillar["vms"], item]})
    vm = build.find(spec, "old1")
    placed = domain.render(domain.merged(root, build.build(spec, vm)))
    for kept in ("/dev/urandom", "host-passthrough", "11111111-2222-3333-4444-555555555555"):
        assert kept in placed
    images = {vm.disks[0].file: Image(vm.disks[0].format, vm.disks[0].size)}
    seen = build.Observed(mounted="ocfs2", folder=True, xml=placed, images=images)
    assert build.plan(spec, vm, seen).changes == ()


@pytest.mark.parametrize(
    ("path", "names", "stable"),
    [
        ("/dev/vg-vms/db1", [], "/dev/vg-vms/db1"),
        ("/dev/disk/by-id/scsi-1", [], "/dev/disk/by-id/scsi-1"),
        ("/dev/sdc", ["/dev/disk/by-id/wwn-1", "/dev/disk/by-id/scsi-1"], "/dev/disk/by-id/scsi-1"),
        ("/dev/mapper/mpatha", ["/dev/disk/by-id/dm-name-x"], "/dev/disk/by-id/dm-name-x"),
        ("/dev/sdc", [], ""),
        ("/dev/disk/by-path/pci-1", [], ""),
    ],
)
def test_the_name_by_which_every_node_finds_a_disk(path, names, stable):
    assert adopt.stable_name(path, names) == stable
