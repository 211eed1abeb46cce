"""What each verb promises holds when it returns; on one node."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from traces import eventually

from lab.api import Lab
from lab.errors import CommandError, LabError

pytestmark = pytest.mark.lab

NODE = "ha-host1"
DISK = "/dev/disk/by-id/scsi-lab-vmstore"
READ = f"dd if={DISK} of=/dev/null bs=4096 count=1 iflag=direct"


def test_a_node_runs_commands_and_passes_their_status_on(one_node: Lab) -> None:
    node = one_node.node(NODE)
    assert node.run(["printf", "%s|", "a b", "$HOME"]).stdout == "a b|$HOME|"
    assert node.run("exit 7", check=False).returncode == 7
    assert node.run("cat", text="given").stdout == "given"
    with pytest.raises(CommandError, match=r"ha-host1: ls /nowhere: status 2: .*No such file"):
        node.run(["ls", "/nowhere"])
    with pytest.raises(LabError, match="no end after 1 s"):
        node.run(["sleep", "60"], timeout=1)


def test_the_master_reaches_the_node_with_the_wanted_salt(one_node: Lab) -> None:
    answer = one_node.master.run(["salt", "--out=json", "*", "test.version"]).stdout
    assert '"ha-host1": "3008.3"' in answer


def test_an_unknown_node_or_disk_is_named_with_those_that_there_are(one_node: Lab) -> None:
    with pytest.raises(LabError, match=r"'ha-host7'.*hint: nodes: ha-host1"):
        one_node.kill("ha-host7")
    with pytest.raises(LabError, match=r"'tape'.*hint: disks: sbd, vmstore, lvm"):
        one_node.disk_fail(NODE, "tape")


def test_a_failed_disk_gives_errors_until_healed_reboots_included(one_node: Lab) -> None:
    node = one_node.node(NODE)
    node.run(READ)
    one_node.disk_fail(NODE, "vmstore")
    assert "Input/output error" in node.run(READ, check=False).stderr
    one_node.kill(NODE)
    one_node.on(NODE)  # at once: not the minute in the firmware
    assert "Input/output error" in node.run(READ, check=False).stderr
    one_node.disk_heal(NODE, "vmstore")
    node.run(READ)


def test_a_killed_node_boots_again_and_loses_what_it_had_not_written(one_node: Lab) -> None:
    node = one_node.node(NODE)
    boots = node.state()["boots"]
    node.run("echo kept >/root/kept && sync && echo lost >/root/lost")
    one_node.kill(NODE)
    one_node.on(NODE)
    assert node.state()["boots"] == boots + 1
    assert node.run("cat /root/kept").stdout == "kept\n"
    assert node.run("cat /root/lost", check=False).returncode == 1


def test_a_node_stays_off_until_it_is_switched_on(one_node: Lab) -> None:
    one_node.off(NODE)
    time.sleep(2)
    assert one_node.node(NODE).state()["power"] == "off"
    one_node.on(NODE)
    assert one_node.node(NODE).run("hostname").stdout == "ha-host1\n"


def test_a_frozen_node_goes_on_where_it_was(one_node: Lab) -> None:
    node = one_node.node(NODE)
    boot = node.run("cat /proc/sys/kernel/random/boot_id").stdout
    one_node.freeze(NODE)
    assert not one_node.ask("answers", node=NODE)
    one_node.thaw(NODE)
    eventually(lambda: bool(one_node.ask("answers", node=NODE)), "no answer after the thaw")
    assert node.run("cat /proc/sys/kernel/random/boot_id").stdout == boot


def test_a_node_that_resets_itself_ends_its_commands_and_boots_again(one_node: Lab) -> None:
    node = one_node.node(NODE)
    boots = node.state()["boots"]
    done = node.run("echo b >/proc/sysrq-trigger; sleep 60", check=False, timeout=30)
    assert done.returncode == 255
    eventually(lambda: node.state()["power"] == "off", "it has not reset")
    assert node.state()["wanted"], "it would stay off"
    one_node.on(NODE)
    assert node.state()["boots"] == boots + 1


def test_evidence_holds_journals_consoles_and_logs(one_node: Lab, tmp_path: Path) -> None:
    folder = one_node.evidence(tmp_path / "evidence")
    for file in ("ha-host1/journal.txt", "ha-host1/console.txt", "master.log", "lab.json"):
        assert (folder / file).is_file(), file
    assert "lab-identity" in (folder / "ha-host1/journal.txt").read_text()


def test_a_second_up_is_refused(one_node: Lab) -> None:
    with pytest.raises(LabError, match=r"up already \(hint: python -m lab down\)"):
        one_node.up(nodes=1)
