"""A node, a real iSCSI target with CHAP on two portals, and multipath over both.

A lab of its own: one node and the target of ``lab.san``. ``KVMHA_SAN_LAB`` names one that is up.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import san
from lab.api import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

EXAMPLE = Path(__file__).parents[2] / "pillar/examples/iscsi.sls"
NODE = "ha-host1"
PASSWORDS = (san.PASSWORD, san.MUTUAL_PASSWORD, "a-wrong-password")
DISK = "/dev/mapper/vmstore"
# Reads the arguments of every program there is, as often as it can, until it is killed.
WATCH = """
import glob, time
seen, end = set(), time.monotonic() + 900
while time.monotonic() < end:
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try: seen.add(open(path, "rb").read().replace(b"\\0", b" ").decode(errors="replace"))
        except OSError: pass
    open("/tmp/argvs", "w").write("\\n".join(seen))
    time.sleep(0.02)
"""


class San:
    """The lab's node, asked through Salt."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.node = lab.node(NODE)
        self.pillar: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
        self.said = ""

    def call(self, function: str, *words: str) -> Any:
        """Return what ``function`` returns on the node; keep all that Salt printed."""
        argv = ["salt", "--out=json", "--static", "-t", "300", NODE, function, *words]
        done = self.lab.master.run(argv, timeout=600, check=False)
        self.said += done.stdout + done.stderr
        return json.loads(done.stdout)[NODE]

    def state(self, function: str, *words: str) -> dict[str, Any]:
        """Return the one state's return."""
        ((_, ret),) = self.call("state.single", function, "it", *words).items()
        return ret

    def use(self, **secrets: str) -> None:
        """Give the node the example's pillar, with other passwords where they are said."""
        pillar = copy.deepcopy(self.pillar)
        pillar["kvmha_secrets"].update(secrets)
        path = self.lab.spec.paths.salt / "srv/pillar/kvmha.sls"
        path.write_text(json.dumps(pillar))  # JSON is YAML
        self.call("saltutil.refresh_pillar", "wait=True")


@pytest.fixture(scope="module")
def site() -> Iterator[San]:
    """Yield a bare node in front of its SAN; what it is told to run is watched throughout."""
    given = os.environ.get("KVMHA_SAN_LAB")
    lab = Lab(given or "san-test")
    if not given:
        lab.up(nodes=1, salt="3008", pillar=EXAMPLE, iscsi=True)
    try:
        site = San(lab)
        site.call("saltutil.sync_all")
        site.node.run(["systemd-run", "--unit=watch", "python3", "-c", WATCH])
        yield site
    finally:
        if given:
            lab.node(NODE).run("systemctl stop watch", check=False)
        else:
            lab.down()


def test_a_wrong_password_is_told_in_words_and_leaves_no_session(site):
    site.use(san="a-wrong-password")
    ret = site.state("iscsi.logged_in")
    site.use()
    assert ret["result"] is False
    assert ret["comment"].count("authorization failure") == 2  # both portals were tried
    assert "compare targets[].user, its secret in kvmha_secrets" in ret["comment"]
    assert site.call("iscsi.status")["sessions"] == {}


def test_a_preview_logs_in_nowhere(site):
    ret = site.state("iscsi.logged_in", "test=True")
    assert ret["result"] is None
    assert f"iscsi:{san.TARGET}@{san.PORTALS[1]}:session" in ret["changes"]
    assert site.call("iscsi.status")["sessions"] == {}


def test_two_paths_become_one_disk_with_a_name(site):
    assert site.state("multipath.managed")["result"] is True
    ret = site.state("iscsi.logged_in")
    assert ret["result"] is True, ret["comment"]
    assert "secret " in json.dumps(ret["changes"])  # the wrong one is replaced, by fingerprints
    ret = site.state("kvmha.disks_present")
    assert ret["result"] is True, ret["comment"]
    status = site.call("iscsi.status")
    assert status["initiator"] == f"iqn.2026-11.com.example:{NODE}"
    assert sorted(status["sessions"][san.TARGET]) == sorted(san.PORTALS)
    assert site.call("multipath.status")["maps"]["vmstore"]["active"] == "2"
    seen = site.call("kvmha_view.preflight")["devices"][DISK]
    assert (seen["kind"], seen["size"]) == ("block", san.LUN_MIB << 20)
    assert seen["wwid"] == site.pillar["kvmha"]["storage"]["multipath"]["aliases"][0]["wwid"]


@pytest.mark.parametrize("function", ["multipath.managed", "iscsi.logged_in"])
def test_a_second_run_changes_nothing(site, function):
    ret = site.state(function)
    assert (ret["result"], ret["changes"]) == (True, {}), ret["comment"]


def test_writing_goes_on_while_one_path_is_cut(site):
    wipe = f"dd if=/dev/urandom of=/tmp/data bs=1M count=32 2>&1; wipefs -a {DISK}"
    site.node.run(wipe)
    site.lab.san_path_fail()
    try:
        # Direct and synchronous: what is acknowledged is on the target.
        copied = f"dd if=/tmp/data of={DISK} bs=64k oflag=direct,sync conv=fsync"
        site.node.run(copied, timeout=300)
        compared = f"cmp -n {32 << 20} /tmp/data {DISK}"
        site.node.run(f"blockdev --flushbufs {DISK}; {compared}", timeout=300)
        waited = (
            "for n in $(seq 60); do multipath -ll vmstore | grep -q failed && exit; sleep 1; done"
        )
        site.node.run(f"{waited}; exit 1", timeout=120)
    finally:
        site.lab.san_path_heal()
    back = '[ "$(multipath -ll vmstore | grep -c "active ready running")" = 2 ] && exit'
    site.node.run(f"for n in $(seq 60); do {back}; sleep 1; done; exit 1", timeout=120)


def test_a_disk_in_use_is_not_pulled_from_under_its_user(site):
    made = f"mkfs.ocfs2 -q -M local -N 1 {DISK} && mount -t ocfs2 {DISK} /mnt"
    site.node.run(f"modprobe ocfs2; wipefs -a {DISK}; {made}")
    ret = site.state("iscsi.logged_out", f"target={san.TARGET}")
    assert ret["result"] is False
    assert "(vmstore) is mounted at /mnt" in ret["comment"]
    site.node.run("umount /mnt; systemd-run --unit=reader sh -c 'exec sleep 900 <" + DISK + "'")
    ret = site.state("iscsi.logged_out", f"target={san.TARGET}")
    assert ret["result"] is False
    assert "open in sleep" in ret["comment"]
    # One path of two may go: the disk stays.
    ret = site.state("iscsi.logged_out", f"target={san.TARGET}", "portals=['192.168.56.2']")
    assert ret["result"] is True, ret["comment"]
    site.node.run(f"head -c 512 {DISK} | wc -c; systemctl stop reader")


def test_logging_out_forgets_target_and_disks(site):
    for expected in (False, True):
        ret = site.state("iscsi.logged_out", f"target={san.TARGET}")
        assert ret["result"] is True, ret["comment"]
        assert (ret["changes"] == {}) is expected
    assert site.call("iscsi.status")["sessions"] == {}
    assert site.node.run(f"test -e {DISK}", check=False).returncode == 1
    assert site.node.run("find /etc/iscsi/nodes -type f").stdout == ""


def test_no_password_was_seen_anywhere(site):
    argvs = site.node.run(["cat", "/tmp/argvs"]).stdout
    assert "iscsiadm --mode node" in argvs  # it has watched
    logs = site.node.run("journalctl --no-pager; cat /var/log/salt/minion", check=False).stdout
    for password in PASSWORDS:
        assert password not in argvs
        assert password not in logs
        assert password not in site.said
