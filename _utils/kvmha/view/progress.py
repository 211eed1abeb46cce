"""What a long operation is at: lines, and on a terminal a line below them that lives.

A line that begins without blanks begins a stage; those with blanks are of the stage before. The
lines are the same everywhere, byte for byte; what lives is never in a log.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TextIO

_displays: list[_Display] = []  # those that are shown now, one within another


def say(text: str, seconds: float) -> None:
    """Tell ``text``, ``seconds`` after the operation began, on standard error.

    Goes through the display that is shown, if there is one.
    """
    line = f"[{seconds:6.1f} s] {text}"
    if _displays:
        _displays[-1].said(line, text)
        return
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def note(text: str) -> None:
    """Show ``text`` beside the stage until the next line comes; nothing without a display.

    For what changes too often for a log: percents of a copy, what a node is at.
    """
    if _displays:
        _displays[-1].noted(text)


@contextlib.contextmanager
def shown(stream: TextIO | None = None) -> Iterator[bool]:
    """Keep a living line on ``stream``, standard error, if it is a terminal and rich is there.

    Yields whether there is one. Without it nothing is missing but that line.
    """
    out = sys.stderr if stream is None else stream
    display = _display(out)
    if display is None:
        yield False
        return
    with display.live:
        _displays.append(display)
        try:
            yield True
        finally:
            _displays.remove(display)


class _Display:
    """rich's progress with one task: the stage, how long it lasts, and what it is at."""

    def __init__(self, rich: Any, out: TextIO) -> None:
        columns = (
            rich.SpinnerColumn(),
            rich.TextColumn("{task.description}", markup=False),
            rich.TimeElapsedColumn(),
            rich.TextColumn("{task.fields[at]}", markup=False, style="dim"),
        )
        self._console = import_module("rich.console").Console(file=out)
        self.live = rich.Progress(
            *columns,
            console=self._console,
            transient=True,
            refresh_per_second=2,
            redirect_stdout=sys.stdout.isatty(),  # a result that goes elsewhere goes there
        )
        self._task = self.live.add_task("", total=None, at="")

    def said(self, line: str, text: str) -> None:
        """Print ``line`` above, and show what ``text`` says is going on."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        if text.startswith(" "):
            self.noted(text)
        else:
            self.live.reset(self._task, description=text.partition(":")[0], at="")

    def noted(self, text: str) -> None:
        """Show ``text`` beside the stage."""
        self.live.update(self._task, at=" ".join(text.split()))


def _display(out: TextIO) -> _Display | None:
    if not out.isatty():
        return None
    try:
        return _Display(import_module("rich.progress"), out)
    except ImportError:
        return None
