"""A lab leaves nothing behind, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from traces import Traces, eventually

from lab import control
from lab.api import Lab
from lab.model import CHECKOUT, STATE_ROOT, Paths

pytestmark = pytest.mark.lab

NAME = "t-life"
PATHS = Paths(STATE_ROOT / NAME)


@pytest.fixture
def starting() -> Iterator[subprocess.Popen[str]]:
    """``lab up`` at the moment when its node's kernel has begun to boot."""
    Lab(NAME).down()
    command = [sys.executable, "-m", "lab", "up", "--name", NAME, "--nodes", "1"]
    up = subprocess.Popen(
        [*command, "--salt", "3008"], cwd=CHECKOUT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    console = PATHS.console("ha-host1")
    eventually(
        lambda: up.poll() is not None or (console.is_file() and b"mmapper" in console.read_bytes()),
        "the node does not boot",
        timeout=900,
    )
    assert up.poll() is None, up.communicate()[0]
    yield up
    up.kill()
    Lab(NAME).down()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_up_takes_the_lab_down(starting: subprocess.Popen[str], how: int) -> None:
    traces = Traces(NAME)
    starting.send_signal(how)
    output, _ = starting.communicate(timeout=30)
    assert starting.returncode == 130
    assert output.endswith("interrupted\n")
    assert "Traceback" not in output
    assert traces.left() == []


def test_a_killed_up_takes_its_lab_with_it(starting: subprocess.Popen[str]) -> None:
    traces = Traces(NAME)
    starting.kill()
    eventually(lambda: control.daemon_pid(PATHS) is None, "the daemon is still there")
    assert control.remove_leftovers() == [NAME]
    eventually(lambda: traces.left() == [], "something is left")


def test_a_killed_daemon_takes_everything_with_it(starting: subprocess.Popen[str]) -> None:
    traces = Traces(NAME)
    daemon = control.daemon_pid(PATHS)
    assert daemon
    os.kill(daemon, signal.SIGKILL)
    output, _ = starting.communicate(timeout=30)
    assert starting.returncode == 1
    assert "Traceback" not in output
    assert traces.left() == []


def test_down_leaves_nothing(starting: subprocess.Popen[str]) -> None:
    traces = Traces(NAME)
    Lab(NAME).down()
    assert not Lab(NAME).is_up()
    starting.communicate(timeout=30)  # what it had running in the lab ends with it
    assert traces.left() == []


def test_what_a_dead_lab_left_is_removed() -> None:
    folder = STATE_ROOT / "t-dead"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lab.json").write_text("{}")
    assert "t-dead" in control.remove_leftovers()
    assert not Path(folder).exists()
