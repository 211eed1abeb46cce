"""libvirt's networks, pools and volumes come on every node of the breadth lab, and go again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]
PILLAR = Path(__file__).parents[2] / "pillar" / "examples" / "lab_breadth.sls"
FOLDER = "/var/lib/libvirt/scratch"
# Those with a bridge of libvirt's own need firewall rules that the lab's kernel does not have.
COME = {
    "networks": [
        {"name": "plug", "type": "bridge", "bridge": "br-plug"},
        {"name": "tap", "type": "direct", "dev": "vec0", "mode": "private"},
        {"name": "default", "type": "nat", "state": "absent"},
    ],
    "pools": [
        {
            "name": "scratch",
            "type": "dir",
            "path": FOLDER,
            "volumes": [{"name": "one.qcow2", "size": "8MiB", "format": "qcow2"}],
        }
    ],
}
STATES = [
    *("network_defined plug", "network_defined tap", "network_absent default"),
    *("pool_defined scratch", "volume_present scratch/one.qcow2"),
]


def spec_with(libvirt: dict[str, Any], **more: Any) -> dict[str, Any]:
    spec = yaml.safe_load(PILLAR.read_text(encoding="utf-8"))["kvmha"]
    spec["libvirt"] = {**spec.get("libvirt", {}), **libvirt}
    return {**spec, **more}


def states(breadth, words, spec):
    """Return the returns of the state ``function name`` on all nodes at once."""
    function, name = words.split()
    argv = ["salt", "--out=json", "--static", "-t", "120", "*", "state.single"]
    argv += [f"libvirt_domain.{function}", name, f"spec={json.dumps(spec)}"]
    said = breadth.lab.master.run(argv, timeout=300, check=False)
    found = [next(iter(each.values())) for each in json.loads(said.stdout).values()]
    assert len(found) == len(breadth.nodes), said.stdout
    return found


def test_networks_and_pools_are_alike_on_all_nodes(breadth):
    spec = spec_with(COME)
    for words in STATES:
        for ret in states(breadth, words, spec):
            assert ret["result"] is True, ret["comment"]
    for words in STATES:
        for ret in states(breadth, words, spec):
            assert (ret["result"], ret["changes"]) == (True, {}), ret["comment"]
    for node in breadth.nodes:
        listed = node.run("virsh net-list --name --autostart; virsh pool-list --name --autostart")
        assert set(listed.stdout.split()) >= {"plug", "tap", "scratch"}
        assert "default" not in listed.stdout.split()
        assert "file format: qcow2" in node.run(f"qemu-img info {FOLDER}/one.qcow2").stdout


def test_they_go_again_and_the_volume_only_with_consent(breadth):
    gone = json.loads(json.dumps(COME))
    gone["pools"][0]["volumes"][0]["state"] = "absent"
    agreed = spec_with(gone, consent={"overwrite": [f"{FOLDER}/one.qcow2"]})
    for ret in states(breadth, "volume_absent scratch/one.qcow2", spec_with(gone)):
        assert ret["result"] is False
        assert "consent:overwrite" in ret["comment"]
    for words in ("volume_absent scratch/one.qcow2", "pool_absent scratch",
                  "network_absent plug", "network_absent tap"):  # fmt: skip
        for ret in states(breadth, words, agreed):
            assert ret["result"] is True, ret["comment"]
    for node in breadth.nodes:
        assert node.run(f"ls {FOLDER}").stdout == ""
        left = node.run("virsh net-list --all --name; virsh pool-list --all --name").stdout
        assert not {"plug", "tap", "scratch"} & set(left.split())
