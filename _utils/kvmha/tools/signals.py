"""Signals that end a run, turned into an exception, once: what heals must not be ended too."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def once(told: Callable[[str], None]) -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal that asks to end; tell of any later one.

    Only the main thread gets signals: in any other this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = False

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal ending
        name = signal.Signals(number).name
        if ending:
            told(f"{name}: it is healing; after that it ends")
            return
        ending = True
        raise KeyboardInterrupt(name)

    before: dict[signal.Signals, Any] = {each: signal.signal(each, end) for each in _ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
