"""A VM on a raw SAN device, with a seed, in the deployed lab; a used device is left alone."""

from __future__ import annotations

import json

import pytest
import yaml

from kvmha.wait import eventually

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

DEVICE = "/dev/disk/by-id/scsi-lab-raw"
VM = "raw1"


def counted(breadth) -> int:
    counts = breadth.counts(VM)
    return counts[-1] if counts else 0


def state(breadth, spec, *words):
    """Apply ``libvirt_domain.defined`` for the VM on the first node; return the state's return."""
    done = breadth.lab.master.run(
        ["salt", "--out=json", "--static", "-t", "300", "ha-host1", "state.single",
         "libvirt_domain.defined", f"name={VM}", f"spec={json.dumps(spec)}", *words],
        timeout=600, check=False,
    )  # fmt: skip
    (ret,) = json.loads(done.stdout)["ha-host1"].values()
    return ret


@pytest.fixture(name="spec")
def deployed_pillar(breadth):
    """Return the pillar below ``kvmha`` that the lab was deployed from."""
    text = (breadth.lab.paths.salt / "srv/pillar/kvmha.sls").read_text()
    return yaml.safe_load(text)["kvmha"]


def test_the_guest_on_a_device_lives_and_its_device_is_recorded(breadth):
    before = counted(breadth)
    eventually(lambda: "" if counted(breadth) > before else "it stands still", timeout=120)
    record = breadth.lab.node("ha-host1").run(f"cat /srv/vmstore/{VM}/disks.json").stdout
    assert json.loads(record)["disks"][DEVICE]["state"] == "finished"
    host = breadth.host_of(VM)
    assert breadth.succeeds(host, f"ps -ww -o args= -C qemu-system-x86 | grep -q {DEVICE}")
    label = f"blkid -p -o value -s LABEL /srv/vmstore/{VM}/seed.iso"
    assert breadth.lab.node(host).run(label).stdout.strip() == "cidata"


def test_a_second_run_does_not_touch_the_device(breadth, spec):
    before = counted(breadth)
    ret = state(breadth, spec)
    assert (ret["result"], ret["changes"]) == (True, {}), ret["comment"]
    eventually(lambda: "" if counted(breadth) > before else "it stands still", timeout=120)


def test_a_used_device_without_its_record_is_refused_without_consent(breadth, spec):
    """As if the record were lost: the guest's device is in use, and is told by its content."""
    node, path = breadth.lab.node("ha-host1"), f"/srv/vmstore/{VM}/disks.json"
    node.run(f"mv {path} {path}.away")
    try:
        ret = state(breadth, spec, "allow=data_loss")
        assert ret["result"] is False
        assert f"{DEVICE} carries" in ret["comment"]
        assert "kvmha:consent:overwrite" in ret["comment"]
    finally:
        node.run(f"mv {path}.away {path}")
    before = counted(breadth)
    eventually(lambda: "" if counted(breadth) > before else "it stands still", timeout=120)
