"""Several looks at once, none of which can hold up the others."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from kvmha.errors import KvmhaError

Looks = Mapping[str, Callable[[], Any]]


def at_once(looks: Looks, seconds: float) -> tuple[dict[str, Any], dict[str, str]]:
    """Call all ``looks`` in threads of their own; return what they found, and why others did not.

    What has not ended after ``seconds`` is left behind: a read of a disk that is gone waits in
    the kernel and cannot be broken off, and its thread ends when the kernel lets go of it. So
    the threads are daemons: the process ends without them.
    """
    done: queue.SimpleQueue[tuple[str, bool, Any]] = queue.SimpleQueue()

    def call(name: str, look: Callable[[], Any]) -> None:
        try:
            done.put((name, True, look()))
        except KvmhaError as error:
            done.put((name, False, str(error)))
        except Exception as error:
            # One thing that cannot be seen must not hide the rest.
            done.put((name, False, f"{type(error).__name__}: {error}"))

    for name, look in looks.items():
        threading.Thread(target=call, args=(name, look), daemon=True).start()
    found: dict[str, Any] = {}
    errors: dict[str, str] = {}
    end = time.monotonic() + seconds
    while len(found) + len(errors) < len(looks):
        try:
            name, well, told = done.get(timeout=max(end - time.monotonic(), 0.001))
        except queue.Empty:
            break
        (found if well else errors)[name] = told
    late = [name for name in looks if name not in found and name not in errors]
    return found, errors | dict.fromkeys(late, f"no answer within {seconds:g} s")
