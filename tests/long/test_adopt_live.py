"""VMs that libvirt has are taken under the cluster, off and running; their counts go on."""

from __future__ import annotations

import json

import pytest

from kvmha.wait import eventually
from tests.cluster.story import RUNNING_VMS

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

HOST = "ha-host2"
DOMAIN = """
set -e
mkdir -p /srv/vmstore/{vm}
head -c 512 /srv/vmstore/{image} > /srv/vmstore/{vm}/disk0.raw
truncate -s 1M /srv/vmstore/{vm}/disk0.raw
cat > /root/{vm}.xml <<XML
<domain type="qemu">
  <name>{vm}</name>
  <memory unit="MiB">32</memory>
  <vcpu>1</vcpu>
  <os><type arch="x86_64">hvm</type></os>
  <features><acpi/><apic/></features>
  <devices>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw"/>
      <source file="/srv/vmstore/{vm}/disk0.raw"/>
      <target dev="hda" bus="ide"/>
    </disk>
    <serial type="file"><source path="/srv/vmstore/{vm}/serial.log"/><target port="0"/></serial>
  </devices>
</domain>
XML
virsh define /root/{vm}.xml
virsh autostart {vm}
virsh start {vm}
"""


def adopt(breadth, *words: str):
    """Run ``kvmha.adopt_vm``; return its answer."""
    done = breadth.lab.master.run(
        ["salt-run", "--out=json", "-l", "quiet", "kvmha.adopt_vm", *words],
        timeout=900,
        check=False,
    )
    return json.loads(done.stdout)


def goes_on(breadth, vm: str) -> None:
    before = breadth.counts(vm)[-1:]

    def missing() -> str:
        return "" if breadth.counts(vm)[-1:] > before else "the guest stands still"

    eventually(missing, timeout=180, interval=2)


@pytest.fixture(name="vm", params=["moved1", "live1"])
def standing_vm(request, breadth):
    """Define and start a VM in one host's libvirt alone; take all of it away in the end."""
    vm, node = request.param, breadth.lab.node(HOST)
    # The boot sector of a guest that the lab has.
    node.run(DOMAIN.format(vm=vm, image="db1/disk0.raw"))
    eventually(lambda: "" if breadth.counts(vm) else "it says nothing yet", timeout=120)
    yield vm
    node.run(f"crm_resource --resource vm-{vm} --set-parameter target-role --meta -v Stopped",
             check=False)  # fmt: skip
    gone = f"! ps -o args= -C qemu-system-x86 | grep guest={vm},"
    eventually(
        lambda: "" if all(breadth.succeeds(each.name, gone) for each in breadth.nodes) else "runs",
        timeout=300,
    )
    for kind in (f'//rsc_location[@rsc="vm-{vm}"]', f'//rsc_order[@then="vm-{vm}"]',
                 f'//rsc_colocation[@rsc="vm-{vm}"]', f'//primitive[@id="vm-{vm}"]'):  # fmt: skip
        node.run(f"cibadmin --delete-all --force --xpath '{kind}'", check=False)
    node.run(f"virsh undefine {vm}; rm -rf /srv/vmstore/{vm}", check=False)


def test_a_vm_is_adopted_and_counts_on(breadth, vm):
    live = vm == "live1"
    words = [vm, f"from={HOST}", *(["live=True"] if live else [])]
    pid = breadth.lab.node(HOST).run(f"pgrep -f guest={vm},").stdout

    planned = adopt(breadth, *words, "test=True")
    assert planned["result"] is None, planned["comment"]
    assert f"adopt:{vm}:resource" in planned["changes"]
    refused = adopt(breadth, *words)
    assert refused["result"] is False
    assert f"confirm={vm}" in refused["comment"]
    assert breadth.lab.node(HOST).run(f"pgrep -f guest={vm},").stdout == pid

    before = breadth.counts(vm)[-1]
    done = adopt(breadth, *words, f"confirm={vm}")
    assert done["result"] is True, done["comment"]
    goes_on(breadth, vm)
    assert breadth.counts(vm)[-1] > before
    assert breadth.serial(vm).count("boot kvmha") == (1 if live else 2)
    host = breadth.host_of(vm)
    if live:
        assert breadth.lab.node(HOST).run(f"pgrep -f guest={vm},").stdout == pid
    assert not breadth.lab.node(HOST).run("virsh list --all --persistent --name").stdout.split()
    assert breadth.succeeds(host, f"crm_resource --resource vm-{vm} --locate | grep -q {host}")
    assert f"guest={vm}" in breadth.lab.node(host).run(RUNNING_VMS).stdout

    again = adopt(breadth, *words, f"confirm={vm}")
    assert (again["result"], again["changes"]) == (True, {}), again["comment"]
    assert f"{vm} is adopted" in again["comment"]


def test_a_vm_on_a_local_disk_is_refused_and_left_alone(breadth):
    node = breadth.lab.node(HOST)
    node.run(
        DOMAIN.format(vm="local1", image="db1/disk0.raw").replace("virsh start local1", "")
        + "mkdir -p /srv/local; cp /srv/vmstore/local1/disk0.raw /srv/local/\n"
        "sed -i 's,/srv/vmstore/local1/disk0,/srv/local/disk0,' /root/local1.xml\n"
        "virsh define /root/local1.xml\n"
    )
    try:
        before = node.run("virsh dumpxml local1").stdout
        ret = adopt(breadth, "local1", "confirm=local1")
        assert ret["result"] is False
        assert "/srv/local/disk0.raw is missing on" in ret["comment"]
        assert "hint: move it to /srv/vmstore/" in ret["comment"]
        assert node.run("virsh dumpxml local1").stdout == before
    finally:
        node.run("virsh undefine local1; rm -rf /srv/vmstore/local1 /srv/local", check=False)
