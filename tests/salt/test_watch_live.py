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


def test_ctrl_c_in_a_terminal_is_the_normal_end(master):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*SALT_RUN, *master, "kvmha.watch", "interval=1", "silent=3"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        start_new_session=True,
    )
    os.close(follower)
    said = bytearray()

    def missing():
        while select.select([leader], [], [], 0.1)[0]:
            try:
                said.extend(os.read(leader, 65536))
            except OSError:
                break
        return "" if b"silent" in said else f"no screen yet: {said.decode(errors='replace')}"

    try:
        eventually(missing, timeout=90, interval=0.5)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)
        missing()
        assert code == 0
        assert b"Traceback" not in said and b"\x1b[?1049l" in said  # the screen is left
    finally:
        process.kill()
        process.wait()
        os.close(leader)


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
