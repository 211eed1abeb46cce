"""The node's own tools on real files, locks and processes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kvmha.errors import KvmhaError, TimedOut
from kvmha.spec import load
from kvmha.tools import authkey, host, kernel, marks, packages, services
from kvmha.tools.runner import Result, Runner
from kvmha.tools.services import Unit

# --- packages ----------------------------------------------------------------------------------


@pytest.fixture
def policy(tmp_path) -> Path:
    return tmp_path / "policy-rc.d"


def ask(policy: Path, service: str) -> int:
    """Return what the policy says to a start of ``service``: 101 forbids (policy-rc.d(8))."""
    return subprocess.run([str(policy), service, "start"], check=False).returncode


def test_services_are_kept_from_starting_while_packages_install(policy):
    with packages.nothing_starts(str(policy)):
        assert ask(policy, "corosync") == 101
        assert ask(policy, "dbus.socket") == 0
    assert not policy.exists()


def test_policy_is_taken_away_when_installing_fails(policy):
    with pytest.raises(KeyError), packages.nothing_starts(str(policy)):
        raise KeyError
    assert not policy.exists()


def test_policy_of_somebody_else_is_kept(policy):
    policy.write_text("#!/bin/sh\nexit 0\n")
    with packages.nothing_starts(str(policy)):
        pass
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"


def test_policy_that_a_killed_run_left_is_known_and_removed(policy):
    child = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from kvmha.tools import packages
with packages.nothing_starts({str(policy)!r}):
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", child], check=False)
    assert packages.leftover(str(policy))
    packages.remove_leftover(str(policy))
    assert not policy.exists()


def test_package_manager_at_work_is_waited_for_and_named(tmp_path):
    lock = tmp_path / "lock-frontend"
    lock.touch()
    holder = "import fcntl, sys; f = open(sys.argv[1], 'rb+'); fcntl.lockf(f, fcntl.LOCK_EX)"
    argv = [sys.executable, "-c", f"{holder}; print('held', flush=True); input()", str(lock)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TimedOut, match="another package manager holds"):
            packages.mend_dpkg(Runner(), str(tmp_path), timeout=0)
        other.communicate(b"\n")


# --- services ----------------------------------------------------------------------------------


class Systemctl(Runner):
    """Answers ``systemctl show`` with given states and keeps what else is asked."""

    def __init__(self, **states: tuple[str, str, str]) -> None:
        super().__init__()
        self.states = states
        self.asked: list[list[str]] = []

    def run(self, argv, **_):
        if argv[1] != "show":
            self.asked.append(list(argv[1:]))
            return Result(tuple(argv), 0, "", "", 0.0)
        self.started += 1
        blocks = []
        for unit in argv[3:]:
            name = unit.removesuffix(".service").replace(".", "_")
            load, active, file = self.states.get(name, ("not-found", "inactive", ""))
            lines = (f"Id={unit}", f"LoadState={load}", f"ActiveState={active}")
            blocks.append("\n".join([*lines, f"UnitFileState={file}"]))
        return Result(tuple(argv), 0, "\n\n".join(blocks) + "\n", "", 0.0)


UNITS = [
    Unit("sbd"),
    Unit("pacemaker", running=True),
    Unit("libvirtd.socket", running=True),
    Unit("dlm", enabled=False),
    Unit("libvirt-guests", masked=True),
]


def test_units_as_wanted_cost_one_query_and_no_change():
    runner = Systemctl(
        sbd=("loaded", "active", "enabled"),
        pacemaker=("loaded", "active", "enabled"),
        libvirtd_socket=("loaded", "active", "enabled"),
        dlm=("loaded", "inactive", "disabled"),
        **{"libvirt-guests": ("masked", "inactive", "masked")},
    )
    assert not services.plan(runner, UNITS)
    assert runner.started == 1


def test_units_of_a_fresh_node_are_grouped_by_verb_and_masked_first():
    runner = Systemctl(
        sbd=("loaded", "inactive", "disabled"),
        pacemaker=("loaded", "inactive", "disabled"),
        libvirtd_socket=("loaded", "inactive", "enabled"),
        dlm=("loaded", "inactive", "enabled"),
        **{"libvirt-guests": ("loaded", "inactive", "enabled")},
    )
    services.apply(runner, services.plan(runner, UNITS))
    assert runner.asked == [
        ["mask", "--now", "libvirt-guests"],
        ["disable", "--now", "dlm"],
        ["enable", "sbd", "pacemaker"],
        ["start", "pacemaker", "libvirtd.socket"],
    ]


def test_units_that_are_not_installed_are_planned_all_the_same():
    plan = services.plan(Systemctl(), UNITS)
    assert "service:pacemaker.start" in {change.address for change in plan.changes}
    assert not any("dlm" in change.address for change in plan.changes)


def test_systemd_of_this_machine_is_understood():
    states = services.show(Runner(), ["no-such-unit", "systemd-journald"])
    assert states["no-such-unit"][0] in ("not-found", "")


# --- marks on shared filesystems ---------------------------------------------------------------


@pytest.fixture
def mounted(example, tmp_path, monkeypatch):
    """Return the lab's spec with its filesystem mounted, as far as anybody can tell."""
    spec = load(example("lab"))
    filesystem = replace(spec.storage.filesystems[0], mount=str(tmp_path))
    spec = replace(spec, storage=replace(spec.storage, filesystems=(filesystem,)))
    monkeypatch.setattr(host, "mounts", lambda: {str(tmp_path): {"device": "", "type": "ocfs2"}})
    return spec


def test_what_one_node_writes_the_others_read(mounted):
    written = marks.write(mounted, "ha-host1", "token")
    assert marks.read(mounted)["vmstore"]["ha-host1"] == written["vmstore"]
    assert marks.read(mounted)["vmstore"]["ha-host2"] == ""


def test_every_node_and_every_run_writes_something_else(mounted):
    all_written = {
        marks.write(mounted, node, token)["vmstore"]
        for node in ("ha-host1", "ha-host2")
        for token in ("1", "2")
    }
    assert len(all_written) == 4


def test_nothing_is_written_where_the_filesystem_is_not_mounted(mounted, tmp_path, monkeypatch):
    monkeypatch.setattr(host, "mounts", dict)
    assert marks.write(mounted, "ha-host1", "token") == {}
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KvmhaError, match="not mounted"):
        marks.write_proof(mounted, "web1", {})


def test_proof_is_kept_beside_the_vm(mounted):
    marks.write_proof(mounted, "web1", {"seconds": 62.0})
    assert marks.read_proofs(mounted) == {"web1": {"seconds": 62.0}}


# --- host --------------------------------------------------------------------------------------


def test_own_addresses_are_told_from_others():
    assert host.has_address("127.0.0.1")
    assert not host.has_address("192.0.2.1")


def test_missing_disk_and_plain_file_are_told_apart(tmp_path):
    (tmp_path / "file").touch()
    assert host.device(str(tmp_path / "no"))["kind"] == "missing"
    assert host.device(str(tmp_path / "file"))["kind"] == "other"


def test_root_is_mounted():
    assert "/" in host.mounts()


@pytest.mark.parametrize(
    ("name", "found"), [("softdog", True), ("i6300esb", True), ("it87_wdt", True), ("dog", False)]
)
def test_module_is_found_in_the_folder_of_the_running_kernel(tmp_path, name, found):
    folder = tmp_path / "lib/modules" / os.uname().release
    folder.mkdir(parents=True)
    assert not kernel.can_load(name, tmp_path)
    (folder / "modules.dep").write_text(
        "kernel/drivers/watchdog/softdog.ko.xz:\n"
        "kernel/drivers/watchdog/it87-wdt.ko: kernel/drivers/watchdog/other.ko\n"
    )
    (folder / "modules.builtin").write_text("kernel/drivers/watchdog/i6300esb.ko\n")
    assert kernel.can_load(name, tmp_path) is found


def test_memory_of_this_host_is_that_of_the_system():
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert host.memory() == pages


def test_key_is_never_made_anew(tmp_path):
    path = authkey.path_of(tmp_path, "alpha")
    authkey.make(path)
    key = path.read_bytes()
    authkey.make(path)
    assert path.read_bytes() == key
