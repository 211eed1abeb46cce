"""The screen of ``kvmha.watch`` in a terminal: drawn, resized, left with Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte
import pytest

from kvmha.wait import eventually

ROOT = Path(__file__).parents[2]
PROGRAM = """
from kvmha.view import watch
from kvmha.wait import pause
from tests.unit.test_watch import VIPS, cut, whole

looks = iter([whole(), *(cut(5.0 + n) for n in range(10_000))])
watch.follow(lambda: next(looks), title="alpha", vips=VIPS, interval=0.1, pause=pause)
print("ended well")
"""


# Ctrl-C is heard also where these tests run in the background of a shell, which ignores it.
LISTENING = ("env", "--default-signal=INT")


class Terminal:
    """A program behind a terminal of ``lines`` times ``columns``."""

    def __init__(self, lines, columns, program=PROGRAM):
        self.screen = pyte.Screen(columns, lines)
        self.feed = pyte.ByteStream(self.screen)
        self.master, slave = pty.openpty()
        silent = termios.tcgetattr(slave)
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, silent)
        self.resize(lines, columns)
        kept = {key: os.environ[key] for key in os.environ if key not in ("LINES", "COLUMNS")}
        env = kept | {"TERM": "xterm", "PYTHONPATH": f"{ROOT / '_utils'}:{ROOT}"}
        self.process = subprocess.Popen(
            [*LISTENING, sys.executable, "-c", program],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
        )
        os.close(slave)

    def resize(self, lines, columns):
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def text(self):
        while select.select([self.master], [], [], 0.05)[0]:
            try:
                self.feed.feed(os.read(self.master, 65536))
            except OSError:  # the program has ended
                break
        return "\n".join(self.screen.display)

    def until(self, words):
        def missing():
            shown = self.text()
            return "" if all(word in shown for word in words) else f"not {words}:\n{shown}"

        eventually(missing, timeout=20, interval=0.1)
        return self.text()


@pytest.fixture
def terminal():
    made = Terminal(24, 80)
    yield made
    made.close()


def test_the_screen_is_drawn_resized_and_left_with_ctrl_c(terminal):
    shown = terminal.until(["1 ha-host1", "silent", "web1", "moved from ha-host1 to ha-host2"])
    assert shown.splitlines()[0].startswith("alpha")
    assert "heartbeat 7" in shown
    terminal.resize(40, 120)
    wide = terminal.until(["DC ha-host1)", "link 0 to ha-host1 is down"])
    assert "(no quorum, DC ha-host1)" in wide  # cut off at 80 columns
    terminal.process.send_signal(signal.SIGINT)
    left = terminal.until(["ended well"])
    assert "Traceback" not in left
    assert terminal.process.wait(timeout=20) == 0
    assert not terminal.screen.cursor.hidden
