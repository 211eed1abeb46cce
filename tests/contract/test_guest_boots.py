"""The heartbeat guest in a real QEMU, without KVM."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from kvmha.wait import eventually
from lab import guest


@pytest.fixture(name="disk")
def new_disk(tmp_path):
    disk = tmp_path / "disk.raw"
    disk.write_bytes(guest.boot_sector().ljust(1024**2, b"\x00"))
    return disk


@contextmanager
def booted(disk: Path, name: str = "a"):
    """Boot ``disk``; yield its serial log and a function that sends one command to QEMU."""
    log, control = disk.with_name(f"{name}.log"), disk.with_name(name)
    argv = [
        *("qemu-system-x86_64", "-accel", "tcg", "-m", "32", "-nodefaults", "-display", "none"),
        *("-chardev", f"file,id=serial,path={log},append=on", "-serial", "chardev:serial"),
        *("-drive", f"file={disk},format=raw,if=ide,file.locking=off"),
        *("-qmp", f"unix:{control},server=on,wait=off"),
    ]
    process = subprocess.Popen(argv)
    try:
        yield log, process, lambda command: command_to(control, command)
    finally:
        process.kill()
        process.wait()


def command_to(control: Path, command: str) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(control))
        stream = link.makefile("rw")
        stream.readline()
        for word in ("qmp_capabilities", command):
            stream.write(json.dumps({"execute": word}))
            stream.flush()
            stream.readline()


def count_reaches(disk: Path, count: int):
    def missing() -> str:
        record = guest.read_record(disk.read_bytes())
        return "" if record and record.count >= count else f"{record}, not {count}"

    return missing


def test_it_counts_on_disk_and_serial_and_goes_on_after_a_start(disk):
    with booted(disk) as (log, process, command):
        eventually(count_reaches(disk, 3), timeout=30, interval=0.1)
        command("system_powerdown")
        assert process.wait(timeout=10) == 0, "the power button switches it off"
    first = guest.read_record(disk.read_bytes())
    lines = log.read_text().splitlines()
    assert lines[0] == f"boot kvmha 0000000000 {first.start}"
    assert lines[1:] == [f"{n:010} {first.start}" for n in range(1, first.count + 1)]

    with booted(disk) as (log, _, _):
        eventually(count_reaches(disk, first.count + 1), timeout=30, interval=0.1)
        second = guest.read_record(disk.read_bytes())
    assert second.start != first.start
    assert f"boot kvmha {first.count:010} {second.start}" in log.read_text()
    assert "conflict" not in log.read_text()


def test_a_double_start_is_visible(disk):
    with booted(disk, "a") as (first, _, _):
        eventually(count_reaches(disk, 1), timeout=30, interval=0.1)
        with booted(disk, "b") as (second, _, _):

            def missing() -> str:
                said = first.read_text() + (second.read_text() if second.exists() else "")
                return "" if "conflict kvmha" in said else f"no conflict in {said!r}"

            eventually(missing, timeout=30, interval=0.2)
