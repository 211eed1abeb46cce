"""A VM of the breadth lab is changed while it runs: its disk comes and goes, its guest goes on."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]
PILLAR = Path(__file__).parents[2] / "pillar" / "examples" / "lab_breadth.sls"
VM = "live1"


def call(breadth, host, function, spec):
    """Return what ``libvirt_domain.<function>`` says on ``host`` for the VM, live."""
    words = f"vm={VM} live=True spec='{json.dumps(spec)}'"
    node = breadth.lab.node(host)
    said = node.run(f"salt-call --out=json -l quiet libvirt_domain.{function} {words}", check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    return json.loads(said.stdout)["local"]


def devices(breadth, host):
    return breadth.lab.node(host).run(f"virsh domblklist {VM}", check=False).stdout


def test_a_disk_is_plugged_into_the_running_vm_and_out_again(breadth):
    spec = yaml.safe_load(PILLAR.read_text(encoding="utf-8"))["kvmha"]
    host = breadth.host_of(VM)
    assert host, f"{VM} runs nowhere"
    more = copy.deepcopy(spec)
    (vm,) = (one for one in more["vms"] if one["name"] == VM)
    vm["disks"].append({"file": "more.raw", "size": "1MiB", "bus": "scsi"})

    planned = call(breadth, host, "plan", more)
    assert planned["disruption"] == "reload", planned
    assert f"domain:{VM}:live:disk[sda]" in [one["address"] for one in planned["changes"]]
    call(breadth, host, "apply", more)
    assert "sda" in devices(breadth, host)
    assert call(breadth, host, "plan", more)["changes"] == []

    call(breadth, host, "apply", spec)
    assert "sda" not in devices(breadth, host)
    assert call(breadth, host, "plan", spec)["changes"] == []
    assert breadth.host_of(VM) == host
