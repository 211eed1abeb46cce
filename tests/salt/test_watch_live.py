"""``salt-run kvmha.watch`` with a real master, in a terminal and into a pipe; Ctrl-C ends it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys

import pytest
import salt.config

from kvmha.salt_news import TAG, heard
from kvmha.wait import eventually
from tests.salt.daemons import BIN, started

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


class Terminal:
    """A program of Salt's behind a terminal of 80x24."""

    def __init__(self, *words: str) -> None:
        self.leader, follower = pty.openpty()
        self.said = bytearray()
        self.process = subprocess.Popen(
            [*SALT_RUN, *words],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
            start_new_session=True,
        )
        os.close(follower)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.leader)

    def text(self) -> str:
        """Return all that it has said."""
        while select.select([self.leader], [], [], 0.1)[0]:
            try:
                self.said.extend(os.read(self.leader, 65536))
            except OSError:
                break
        return self.said.decode(errors="replace")

    def until(self, word: str) -> None:
        """Wait until it has said ``word``."""

        def missing() -> str:
            text = self.text()
            return "" if word in text else f"no {word!r} yet: {text}"

        eventually(missing, timeout=90, interval=0.5)


def test_ctrl_c_in_a_terminal_is_the_normal_end(master):
    with Terminal(*master, "kvmha.watch", "interval=1", "silent=3") as terminal:
        terminal.until("silent")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(timeout=30) == 0
        said = terminal.text()
    assert "Traceback" not in said and "\x1b[?1049l" in said  # the screen is left


def test_a_deployment_in_a_terminal_shows_what_it_is_at_and_how_it_ended(master):
    with Terminal(*master, "kvmha.deploy", "test=True") as terminal:
        terminal.until("s] preflight: are these the hosts")
        terminal.until("0:00:0")  # the line that lives
        terminal.until("FAILED  All nodes are ready: ha-host2: its minion does not answer")
        terminal.until("retcode")
        assert terminal.process.wait(timeout=60) == 1
        said = terminal.text()
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
