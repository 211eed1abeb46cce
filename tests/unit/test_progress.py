"""What a long operation is at: the same lines everywhere, a living one on a terminal."""

from __future__ import annotations

import io
import sys

from kvmha.view import progress
from tests.unit.test_watch_terminal import behind

SAID = [("preflight: are these the hosts?", 0.0), ("  waiting for web1", 56.64)]
LINES = "[   0.0 s] preflight: are these the hosts?\n[  56.6 s]   waiting for web1\n"


def test_lines_are_as_they_are_in_logs(capsys):
    with progress.shown() as is_shown:
        for text, seconds in SAID:
            progress.say(text, seconds)
        progress.note("disk0: 40 %")
    assert not is_shown
    assert capsys.readouterr().err == LINES


class Tty(io.StringIO):
    def isatty(self):
        return True


def test_without_the_library_lines_stay_lines(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    with progress.shown(Tty()) as is_shown:
        progress.say(*SAID[0])
    assert not is_shown and capsys.readouterr().err == LINES.splitlines(keepends=True)[0]


def test_a_display_ends_with_its_operation(capsys):
    with progress.shown(Tty()) as is_shown:
        assert is_shown
    progress.say(*SAID[0])
    assert capsys.readouterr().err == LINES.splitlines(keepends=True)[0]


def test_a_result_that_goes_elsewhere_goes_there(capsys):
    with progress.shown(Tty()) as is_shown:
        print("the result")
    assert is_shown and capsys.readouterr().out == "the result\n"


PROGRAM = """
import sys
from kvmha.view import progress
from kvmha.wait import pause

with progress.shown():
    progress.say("preflight: are these the hosts? [maybe]", 0.0)
    progress.say("storage: formatting", 12.3)
    progress.say("  waiting for the disks", 56.6)
    print("a line of somebody else", file=sys.stderr)
    progress.note("disk0 of web1: 40 %")
    sys.stdin.readline()
    progress.say("vms: begun", 60.0)
print("ended well")
"""


def test_a_line_lives_below_the_others_and_goes_at_the_end():
    terminal = behind(24, 80, PROGRAM)
    try:
        shown = terminal.until("disk0 of web1: 40 %", "0:00:01").splitlines()
        assert [line.rstrip() for line in shown[:4]] == [
            "[   0.0 s] preflight: are these the hosts? [maybe]",
            "[  12.3 s] storage: formatting",
            "[  56.6 s]   waiting for the disks",
            "a line of somebody else",
        ]
        assert "storage 0:00:01 disk0 of web1: 40 %" in shown[4]
        terminal.type("\n")
        left = terminal.until("ended well").splitlines()
        assert not [line for line in left if "0:00:0" in line]
        assert any(line.rstrip() == "[  60.0 s] vms: begun" for line in left)
        assert terminal.process.wait(timeout=20) == 0
    finally:
        terminal.close()
