"""The screen of ``kvmha.watch`` in a terminal: drawn, resized, left with Ctrl-C."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
PROGRAM = """
from kvmha.view import watch
from kvmha.wait import pause
from tests.unit.test_watch import VIPS, cut, whole

looks = iter([whole(), *(cut(5.0 + n) for n in range(10_000))])
watch.follow(lambda: next(looks), title="alpha", vips=VIPS, interval=0.1, pause=pause)
print("ended well")
"""


def behind(lines, columns, program=PROGRAM):
    """Return a terminal with this Python program."""
    env = {"PYTHONPATH": f"{ROOT / '_utils'}:{ROOT}"}
    return Terminal(sys.executable, "-c", program, lines=lines, columns=columns, env=env)


@pytest.fixture
def terminal():
    made = behind(24, 80)
    yield made
    made.close()


def test_the_screen_is_drawn_resized_and_left_with_ctrl_c(terminal):
    shown = terminal.until("1 ha-host1", "silent", "web1", "moved from ha-host1 to ha-host2")
    assert shown.splitlines()[0].startswith("alpha")
    assert "heartbeat 7" in shown
    terminal.resize(40, 120)
    wide = terminal.until("DC ha-host1)", "link 0 to ha-host1 is down")
    assert "(no quorum, DC ha-host1)" in wide  # cut off at 80 columns
    terminal.process.send_signal(signal.SIGINT)
    left = terminal.until("ended well")
    assert "Traceback" not in left
    assert terminal.process.wait(timeout=20) == 0
    assert not terminal.screen.cursor.hidden
