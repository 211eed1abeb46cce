"""LVM's own words: reports of real volume groups, and plans made from them.

The kernel of the test machine has no device-mapper, so volumes are made without being activated.
What needs lvmlockd is in tests/long/test_clvm_live.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kvmha.documents import lvm_conf, lvm_report
from kvmha.errors import KvmhaError, Refused
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import lvm
from kvmha.tools.runner import Runner
from tests.contract import disks

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root")
SYSTEM = Path("/etc/lvm/lvm.conf")


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """Yield two blank disks that LVM looks at, and no others."""
    disks.needs("lvm", "losetup")
    with (
        disks.loop(disks.sparse(tmp_path / "one")) as one,
        disks.loop(disks.sparse(tmp_path / "two")) as two,
    ):
        seen = [f'"a|^{os.path.realpath(disk)}$|"' for disk in (one, two)]
        wanted = {"devices/global_filter": f'[ {", ".join(seen)}, "r|.*|" ]'}
        (tmp_path / "lvm.conf").write_text(lvm_conf.edit("", wanted))
        monkeypatch.setenv("LVM_SYSTEM_DIR", str(tmp_path))
        monkeypatch.setenv("LVM_SUPPRESS_FD_WARNINGS", "1")
        yield one, two
        for disk in (one, two):  # the kernel would keep a PV's loop device
            disks.run("wipefs", "--all", "--quiet", disk)


@pytest.fixture
def spec(example, changed, pair):
    def made(**consent):
        said = {"storage.volume_groups[0].devices": [*pair], "consent": consent}
        return load(changed(example("shared_lvm"), said))

    return made


def volume(name: str) -> None:
    quiet = ("--driverloaded", "n", "--activate", "n", "--zero", "n", "--wipesignatures", "n")
    disks.run("lvcreate", *quiet, "--size", "8m", "--name", name, "vg-vms")


def test_a_report_tells_groups_volumes_and_idle_disks(pair):
    one, two = pair
    disks.run("vgcreate", "vg-vms", os.path.realpath(one))
    disks.run("pvcreate", os.path.realpath(two))
    volume("db1")
    report = lvm.read(Runner())
    assert report.idle == (os.path.realpath(two),)
    group = report.group("vg-vms")
    assert (group.lock, group.extent, group.devices) == ("", 4 << 20, (os.path.realpath(one),))
    found = group.volume("db1")
    assert (found.size, found.active, found.open) == (8 << 20, False, False)
    assert group.volume("db2") is None
    assert report.group("vg-none") is None


def test_blank_disks_need_no_consent(spec, pair):
    disks.run("pvcreate", os.path.realpath(pair[1]))
    assert lvm.plan_group(Runner(), spec(), "vg-vms").disruption is Disruption.NONE


def test_a_filesystem_is_refused_and_agreed_to_by_name(spec, pair):
    disks.ext4(pair[1])
    with pytest.raises(Refused, match=f"{pair[1]} carries ext4 'mine'"):
        lvm.plan_group(Runner(), spec(), "vg-vms")
    agreed = lvm.plan_group(Runner(), spec(overwrite=[pair[1]]), "vg-vms")
    assert agreed.disruption is Disruption.DATA_LOSS


def test_a_disk_of_another_group_is_refused(spec, pair):
    disks.run("vgcreate", "vg-other", os.path.realpath(pair[0]))
    with pytest.raises(Refused, match="a physical volume of volume group vg-other"):
        lvm.plan_group(Runner(), spec(), "vg-vms")


def test_a_local_group_of_that_name_is_not_taken(spec, pair):
    disks.run("vgcreate", "vg-vms", *(os.path.realpath(disk) for disk in pair))
    with pytest.raises(KvmhaError, match="its lock type is none, not dlm"):
        lvm.plan_group(Runner(), spec(), "vg-vms")


def test_nothing_is_made_while_the_locking_daemon_is_away(spec, pair):
    with pytest.raises(KvmhaError, match="lvmlockd does not run on this node"):
        lvm.apply_group(Runner(), spec(), "vg-vms")
    assert lvm.read(Runner()) == lvm_report.Report()


def test_lvm_reads_what_we_write_into_the_file_it_ships(spec, tmp_path, monkeypatch):
    text = SYSTEM.read_text(encoding="utf-8")
    root = tmp_path / "root"
    config = root / "etc/lvm/lvm.conf"
    config.parent.mkdir(parents=True)
    config.write_text(text, encoding="utf-8")
    assert lvm.apply_config(spec(), root=root)
    assert not lvm.plan_config(spec(), root=root)
    monkeypatch.setenv("LVM_SYSTEM_DIR", str(config.parent))
    assert disks.run("lvmconfig", "global/use_lvmlockd") == "use_lvmlockd=1\n"
    disks.run("lvmconfig", "--validate")
    added = set(config.read_text(encoding="utf-8").splitlines()) - set(text.splitlines())
    assert added == {"\tuse_lvmlockd = 1"}


def test_the_last_of_equal_settings_counts_to_lvm_too(tmp_path, monkeypatch):
    disks.needs("lvmconfig")
    text = "global {\n use_lvmlockd = 1\n}\nglobal {\n use_lvmlockd = 0\n}\n"
    (tmp_path / "lvm.conf").write_text(text)
    monkeypatch.setenv("LVM_SYSTEM_DIR", str(tmp_path))
    monkeypatch.setenv("LVM_SUPPRESS_FD_WARNINGS", "1")
    told = disks.run("lvmconfig", "global/use_lvmlockd").strip()
    assert told == f"use_lvmlockd={lvm_conf.parse(text)['global/use_lvmlockd']}"
