"""This node made ready for sbd, in a folder that stands for its root; systemd is scripted."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmha.build import sbd as build
from kvmha.documents import sysconfig
from kvmha.errors import StalePlan, TimedOut
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import sbd
from kvmha.tools.runner import Result, Runner
from tests.contract import disks

CONFIG = "/etc/default/sbd"


class Node(Runner):
    """Answers for systemctl and modprobe as a node with this root would."""

    def __init__(self, root, *, active="inactive", makes_watchdog=True):
        super().__init__()
        self.root, self.active, self.makes_watchdog = root, active, makes_watchdog
        self.enabled = "disabled"
        self.ran = []

    def run(self, argv, **_):
        self.ran.append(list(argv))
        out = ""
        if argv[:2] == ["systemctl", "show"]:
            names = [word for word in argv if word.endswith(".service")]
            out = "\n\n".join(
                f"Id={name}\nLoadState=loaded\nActiveState={self.active}\n"
                f"UnitFileState={self.enabled}"
                for name in names
            )
        elif argv[:2] in (["systemctl", "enable"], ["systemctl", "disable"]):
            self.enabled = f"{argv[1]}d"
        elif argv[0] == "modprobe":
            (self.root / "sys/module" / argv[-1]).mkdir(parents=True)
            if self.makes_watchdog:
                (self.root / "dev").mkdir(exist_ok=True)
                (self.root / "dev/watchdog").touch()
        return Result(tuple(argv), 0, out, "", 0.0)


@pytest.fixture
def spec(example):
    return load(example("lab"))


@pytest.fixture
def packaged(tmp_path):
    """A root with the settings file as the package of sbd installs it."""
    disks.needs("sbd")
    target = tmp_path / CONFIG.lstrip("/")
    target.parent.mkdir(parents=True)
    target.write_text(Path(CONFIG).read_text())
    return tmp_path


def test_planning_on_a_bare_node_changes_nothing(tmp_path, spec):
    node = Node(tmp_path)
    assert sbd.plan_node(node, spec, CONFIG, tmp_path).disruption is Disruption.NONE
    assert list(tmp_path.iterdir()) == []
    assert {tuple(argv[:2]) for argv in node.ran} == {("systemctl", "show")}


def test_applied_once_nothing_is_left_to_do(packaged, spec):
    node = Node(packaged)
    plan = sbd.plan_node(node, spec, CONFIG, packaged)
    sbd.apply_node(node, spec, CONFIG, plan.digest, packaged)
    assert not sbd.plan_node(node, spec, CONFIG, packaged)
    assert ["systemctl", "daemon-reload"] in node.ran
    assert ["systemctl", "enable", "sbd"] in node.ran
    ran = len(node.ran)
    sbd.apply_node(node, spec, CONFIG, None, packaged)
    assert all(argv[1] == "show" for argv in node.ran[ran:])


def test_the_packages_comments_and_other_settings_stay(packaged, spec):
    path = packaged / CONFIG.lstrip("/")
    before = path.read_text().splitlines()
    sbd.apply_node(Node(packaged), spec, CONFIG, None, packaged)
    text = path.read_text()
    assert [line for line in before if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#")
    ]
    settings = sysconfig.parse(text)
    assert settings.get("SBD_DEVICE") == "/dev/disk/by-id/scsi-lab-sbd"
    assert settings.get("SBD_SYNC_RESOURCE_STARTUP") == "yes"
    assert settings.get("SBD_OPTS") == ""


def test_a_running_node_is_changed_only_at_the_cost_of_its_cluster(packaged, spec):
    sbd.apply_node(Node(packaged), spec, CONFIG, None, packaged)
    path = packaged / CONFIG.lstrip("/")
    path.write_text(path.read_text().replace("SBD_WATCHDOG_TIMEOUT=15", "SBD_WATCHDOG_TIMEOUT=5"))
    node = Node(packaged, active="active")
    assert sbd.plan_node(node, spec, CONFIG, packaged).disruption is Disruption.CLUSTER_STOP


def test_a_driver_without_the_watchdog_is_an_error_with_the_pillar_key(packaged, spec, monkeypatch):
    monkeypatch.setattr(sbd, "eventually", lambda missing, **_: _now(missing))
    with pytest.raises(TimedOut, match="kvmha:fencing:sbd:watchdog_device"):
        sbd.apply_node(Node(packaged, makes_watchdog=False), spec, CONFIG, None, packaged)


def _now(missing):
    raise TimedOut(missing())


def test_a_plan_that_is_no_longer_true_is_not_done(packaged, spec):
    node = Node(packaged)
    digest = sbd.plan_node(node, spec, CONFIG, packaged).digest
    path = packaged / CONFIG.lstrip("/")
    path.write_text(path.read_text() + "SBD_DEVICE=/dev/other\n")
    with pytest.raises(StalePlan):
        sbd.apply_node(node, spec, CONFIG, digest, packaged)
    assert not (packaged / build.DROPIN.lstrip("/")).exists()


def test_without_sbd_in_the_pillar_it_is_taken_from_the_cluster(packaged, spec, example):
    node = Node(packaged)
    sbd.apply_node(node, spec, CONFIG, None, packaged)
    without = load(example("pdu"))
    sbd.apply_node(node, without, CONFIG, None, packaged)
    assert ["systemctl", "disable", "sbd"] in node.ran  # without --now: it refuses that
    assert not (packaged / build.DROPIN.lstrip("/")).exists()
    assert not (packaged / build.MODULES_FILE.lstrip("/")).exists()
    assert not sbd.plan_node(node, without, CONFIG, packaged)


def test_diskless_sbd_is_ready_without_a_device(packaged, spec, example, changed):
    diskless = load(changed(example("lab"), {"fencing.sbd.devices": []}))
    node = Node(packaged)
    sbd.apply_node(node, diskless, CONFIG, None, packaged)
    settings = sysconfig.parse((packaged / CONFIG.lstrip("/")).read_text())
    assert not settings.get("SBD_DEVICE")
    assert settings.get("SBD_PACEMAKER") == "yes"
    assert not sbd.plan_node(node, diskless, CONFIG, packaged)
    assert sbd.status(node, diskless) | {"watchdog": {}} == {
        "mode": "diskless",
        "level": "ok",
        "devices": {},
        "service": {"active": "inactive", "enabled": True},
        "watchdog": {},
    }
