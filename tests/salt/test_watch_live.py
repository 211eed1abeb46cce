"""``salt-run kvmha.watch`` with a real master, in a terminal and into a pipe; Ctrl-C ends it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import salt.config

from kvmha.salt_news import TAG, heard
from kvmha.wait import eventually
from tests.salt.daemons import BIN, started
from tests.terminal import Terminal

SALT_RUN = [sys.executable, str(BIN / "salt-run")]


@pytest.fixture(scope="module")
def master(tmp_path_factory, example):
    """A master with one node that answers, on which no cluster runs, and two that do not."""
    folder = tmp_path_factory.mktemp("w")
    with started(folder, example("lab"), "ha-host1") as daemons:
        yield ["-c", str(daemons.folder / "m" / "etc" / "salt")]


def test_piped_it_prints_lines_of_events(master):
    words = ["kvmha.watch", "interval=1", "count=2", "silent=3"]
    done = subprocess.run(
        [*SALT_RUN, *master, *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told = [line.split(None, 1)[1].split() for line in done.stdout.splitlines()]
    assert ["ha-host1", "answers"] in told
    assert ["ha-host2", "does", "not", "answer"] in told
    assert all(line.startswith("20") for line in done.stdout.splitlines()), done.stdout


def test_ctrl_c_in_a_terminal_is_the_normal_end(master):
    with Terminal(*SALT_RUN, *master, "kvmha.watch", "interval=1", "silent=3") as terminal:
        terminal.until_said("silent")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(timeout=30) == 0
        said = terminal.read()
    assert "Traceback" not in said and "\x1b[?1049l" in said  # the screen is left


def test_a_deployment_in_a_terminal_shows_what_it_is_at_and_how_it_ended(master):
    with Terminal(*SALT_RUN, *master, "kvmha.deploy", "test=True") as terminal:
        terminal.until_said("s] preflight: are these the hosts")
        terminal.until_said("0:00:0")  # the line that lives
        terminal.until_said("FAILED  All nodes are ready: ha-host2: its minion does not answer")
        terminal.until_said("retcode")
        assert terminal.process.wait(timeout=60) == 1
        said = terminal.read()
    assert "Traceback" not in said
    assert "\x1b[?25h" in said  # the cursor is back


def test_what_a_node_tells_is_heard(master):
    opts = salt.config.client_config(f"{master[1]}/master")
    told = []
    sent = ["ha-host1", "event.send", TAG, "{message: 'disk0 of web1: 40 %'}"]
    with heard(opts, told.append):

        def missing():
            argv = [sys.executable, str(BIN / "salt"), *master, *sent]
            subprocess.run(argv, capture_output=True, timeout=60, check=True)
            return "" if told else "nothing was heard"

        eventually(missing, timeout=90, interval=1)
    assert set(told) == {"ha-host1: disk0 of web1: 40 %"}
