"""The watchdog of a host, in a folder that stands for its root; and of a real process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kvmha.spec.fencing import Sbd
from kvmha.tools import watchdog


@pytest.fixture
def root(tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text("root=/dev/vda quiet\n")
    return tmp_path


def process(root, pid, name, *opened):
    folder = root / "proc" / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_text(f"{name}\n")
    for number, path in enumerate(opened):
        (folder / "fd" / str(number)).symlink_to(path)


def write(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_who_else_feeds_the_watchdog_is_found(root):
    process(root, 1, "systemd", "/dev/null", "/dev/watchdog0")
    process(root, 7, "sbd", "/dev/watchdog")
    process(root, 8, "bash", "/dev/tty")
    assert watchdog.users("/dev/watchdog", root) == ["systemd (pid 1)"]
    assert watchdog.users("/dev/watchdog1", root) == []


def test_a_real_process_is_seen_with_what_it_has_open(tmp_path):
    path = tmp_path / "watchdog"
    with path.open("w"):
        name = Path("/proc/self/comm").read_text().strip()
        assert watchdog.users(str(path)) == [f"{name} (pid {os.getpid()})"]
    assert watchdog.users(str(path)) == []


@pytest.mark.parametrize(
    "line", ["blacklist soft-dog", "blacklist  soft_dog", "install soft_dog /bin/false"]
)
def test_a_driver_that_must_not_be_loaded_is_found(root, line):
    assert watchdog.denied("soft_dog", root) == ""
    write(root, "lib/modprobe.d/dist.conf", f"# of the distribution\n{line}\n")
    assert watchdog.denied("soft_dog", root) == "/lib/modprobe.d/dist.conf"
    assert watchdog.denied("other", root) == ""
    write(root, "etc/modprobe.d/dist.conf", "# ours hides theirs\n")
    assert watchdog.denied("soft_dog", root) == ""


def test_the_kernels_command_line_counts(root):
    (root / "proc/cmdline").write_text("quiet modprobe.blacklist=a,softdog\n")
    assert "modprobe.blacklist" in watchdog.denied("softdog", root)


def test_facts_tell_it_all(root):
    (root / "dev/watchdog").touch()
    assert watchdog.facts(Sbd(watchdog_module="softdog"), root) == {
        "watchdog": True,
        "watchdog_module": False,
        "watchdog_users": [],
        "watchdog_denied": "",
    }
