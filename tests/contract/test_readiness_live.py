"""Planted faults and the real tools: Pacemaker's write them, corosync and sbd tell of them."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from kvmha.drills import readiness
from kvmha.spec import load
from kvmha.tools.readiness import look
from kvmha.tools.runner import Runner
from tests import planted
from tests.contract import disks
from tests.contract.cluster_of_one import CONF, Inside, started


@pytest.mark.parametrize("folder", planted.CASES, ids=lambda folder: folder.name)
def test_the_cib_of_a_case_is_what_the_tools_write(folder, example, changed, tmp_path):
    case = yaml.safe_load((folder / "case.yaml").read_text())
    spec = load(changed(example(case["example"]), case.get("changed", {})))
    text = planted.planted(spec, case.get("plant", []), tmp_path)
    kept = (folder / "cib.xml").read_text()
    assert planted.configuration(text) == planted.configuration(kept)
    done = subprocess.run(
        ["crm_verify", "--xml-file", str(folder / "cib.xml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "CIB did not pass" not in done.stderr + done.stdout


@pytest.fixture(scope="module")
def node():
    """A corosync of one of three nodes, told that it is one of two; Pacemaker with it."""
    others = "".join(
        f"node {{\nring0_addr: 127.0.0.{number}\nname: ha-host{number}\nnodeid: {number}\n}}\n"
        for number in (2, 3)
    )
    conf = CONF.replace("nodelist {\n", f"nodelist {{\n{others}", 1)
    conf = conf.replace("corosync_votequorum", "corosync_votequorum\n    two_node: 1")
    with started(conf) as pid:
        yield lambda: Inside(pid)


def test_what_runs_is_judged_not_what_is_written(node, example, tmp_path):
    """corosync runs as it was started, whatever the file says by now."""
    spec = load(example("lab"))
    conf = tmp_path / "corosync.conf"
    conf.write_text("quorum {\n    provider: corosync_votequorum\n}\n")
    seen = look(node(), spec, first=True, sbd_config=str(tmp_path / "sbd"), conf=conf)
    assert seen["cmap"]["runtime.votequorum.two_node"] == "1"
    assert seen["cmap"]["runtime.votequorum.ev_barrier"] == "3"
    found = readiness.problems(spec, {"ha-host1": seen})
    assert any("runs with two_node, and the cluster has 3 nodes" in line for line in found)
    assert any("its corosync.conf says no" in line for line in found)
    # Nothing is configured there: neither fencing nor its disk.
    assert "no device can fence ha-host3" in found
    assert "there is no fencing device (hint: pacemaker.configured, part fencing)" in found
    assert any("/dev/disk/by-id/scsi-lab-sbd" in line for line in found)


def test_passwords_stay_on_the_node(node, example, tmp_path):
    spec = load(example("lab"))
    device = (
        '<primitive id="bmc" class="stonith" type="null"><instance_attributes id="bmc-i">'
        '<nvpair id="bmc-1" name="passwd" value="hunter22"/>'
        '<nvpair id="bmc-2" name="hostlist" value="ha-host9"/>'
        '<nvpair id="bmc-3" name="pcmk_delay_max" value="30s"/>'
        "</instance_attributes></primitive>"
    )
    node().run(["cibadmin", "--create", "--scope", "resources", "--xml-text", device])
    seen = look(node(), spec, first=False, sbd_config=str(tmp_path / "sbd"))
    assert "hunter22" not in seen["cib"] and "ha-host9" not in seen["cib"]
    assert 'id="bmc"' in seen["cib"] and "pcmk_delay_max" in seen["cib"]
    assert seen["fencing"] == []


def test_the_header_on_a_disk_is_judged(example, changed, tmp_path):
    disks.needs("sbd", "losetup")
    with disks.loop(disks.sparse(tmp_path / "disk")) as device:
        disks.run("sbd", "-d", device, "-1", "5", "-4", "6", "create")
        spec = load(changed(example("lab"), {"fencing.sbd.devices": [device]}))
        seen = look(Runner(), spec, first=False, sbd_config=str(tmp_path / "sbd"))
        found = "\n".join(readiness.problems(spec, {"ha-host1": seen}))
        assert f"{device}: msgwait 6s is less than 2 * watchdog 5s" in found
        assert f"{device}: the watchdog bites after 5s, wanted are 15s" in found
        disks.run("sbd", "-d", device, "-1", "15", "-4", "30", "create")
        seen = look(Runner(), spec, first=False, sbd_config=str(tmp_path / "sbd"))
        assert device not in "\n".join(readiness.problems(spec, {"ha-host1": seen})).replace(
            f"the pillar of {device}", ""
        )
