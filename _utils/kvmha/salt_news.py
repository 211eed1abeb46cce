"""What nodes tell of long work, from Salt's event bus."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

TAG = "kvmha/progress"


@contextlib.contextmanager
def heard(opts: Mapping[str, Any], told: Callable[[str], None]) -> Iterator[None]:
    """Call ``told``, in a thread, with each message that a node sends while the block runs.

    ``opts`` are the master's. A bus that cannot be heard is no failure: nothing depends on it.
    """
    from salt.utils.event import get_master_event  # noqa: PLC0415 - absent where there is no Salt

    over = threading.Event()

    def listen() -> None:
        with (
            contextlib.suppress(Exception),
            get_master_event(opts, opts["sock_dir"], listen=True) as bus,
        ):
            while not over.is_set():
                event = bus.get_event(wait=0.5, tag=TAG)
                if event:
                    told(f"{event['id']}: {event['data']['message']}")

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        over.set()
        listener.join(timeout=5)
