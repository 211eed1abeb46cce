"""Following a cluster in a terminal: a screen where there is one, lines of events where not."""

from __future__ import annotations

import contextlib
import datetime
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, TextIO

from kvmha.drills.record import Record
from kvmha.errors import KvmhaError
from kvmha.timeline import Event
from kvmha.view import changes
from kvmha.view.snapshot import Snapshot

_KEPT = 500  # lines of the log
_ENDED = ("passed", "failed", "broken")

Look = Callable[[], Snapshot]
Drill = Callable[[], "Record | None"]


class Watch:
    """What was seen up to now: looks go in, events come out.

    ``vips`` are names -> addresses; ``drill`` is the record of the drill in progress.
    """

    def __init__(self, vips: Mapping[str, str] | None = None) -> None:
        self.vips = dict(vips or {})
        self.last: Snapshot | None = None
        self.drill: Record | None = None
        self._seen: tuple[str, int] | None = None
        self._beats: dict[str, tuple[int, float]] = {}

    def looked(self, now: Snapshot) -> list[Event]:
        """Take a look; return what changed since the last one."""
        found = changes.between(self.last, now, self.vips)
        counts: dict[str, int] = {}
        for node in now.nodes:
            for vm, count in node.heartbeats.items():
                counts[vm] = max(count, counts.get(vm, count))
        for vm, count in counts.items():
            if vm not in self._beats or self._beats[vm][0] != count:
                self._beats[vm] = (count, now.time)
        self.last = now
        return found

    def drilled(self, record: Record | None, time: float) -> list[Event]:
        """Take the newest record of a drill; return its steps since the last time.

        Until it ends a record calls itself interrupted, so that what a crash leaves is right.
        The one that is there at first is followed from the step that comes next, if one comes.
        """
        if record is None:
            self._seen = self._seen or ("", 0)
            return []
        before, self._seen = self._seen, (record.id, len(record.steps))
        over = record.healed or record.verdict in _ENDED
        is_new = before is not None and before[0] != record.id
        if not is_new and (before is None or (self.drill is None and before == self._seen)):
            return []
        was, self.drill = self.drill, None if over else record
        known = 0 if is_new or before is None else before[1]
        found = [f"began: {record.proves}"] if is_new else []
        found += [f"{step.name}: {step.action}: {step.verdict}" for step in record.steps[known:]]
        if over and (was is not None or is_new):
            found.append(record.verdict + ("" if record.healed else ", NOT healed"))
        return [Event(time, record.scenario, what) for what in found]

    @property
    def places(self) -> dict[str, tuple[str, str]]:
        """Where each VM and address is at the last look, and its sign of life."""
        if self.last is None:
            return {}
        now = self.last
        names = {vm for node in now.nodes for vm in (*node.domains, *node.heartbeats)}
        found = {vm: (" and ".join(now.hosts(vm)), self._alive(vm)) for vm in sorted(names)}
        return found | {
            name: (" and ".join(now.holders(address)), address)
            for name, address in self.vips.items()
        }

    def _alive(self, vm: str) -> str:
        if vm not in self._beats or self.last is None:
            return ""
        count, since = self._beats[vm]
        age = self.last.time - since
        return f"heartbeat {count}" + (f", {age:.0f} s old" if age else "")


def follow(
    look: Look,
    *,
    title: str,
    vips: Mapping[str, str] | None = None,
    drill: Drill = lambda: None,
    interval: float,
    count: int = 0,
    pause: Callable[[float], None],
    stream: TextIO | None = None,
) -> int:
    """Look every ``interval`` seconds, ``count`` times or until interrupted; return the looks.

    On a terminal one screen is kept up to date, elsewhere each event is a line. Ctrl-C is the
    normal end. Raises KvmhaError when a screen is wanted and there is no rich.
    """
    out = sys.stdout if stream is None else stream
    watch, looks = Watch(vips), 0
    shown = _screen(title, out) if out.isatty() else _lines(out)
    # salt-run turns an interrupt into SystemExit.
    with contextlib.suppress(KeyboardInterrupt, SystemExit), shown as show:
        while True:
            now = look()
            looks += 1
            show(watch, [*watch.looked(now), *watch.drilled(drill(), now.time)])
            if looks == count:
                break
            pause(interval)
    return looks


Show = Callable[[Watch, "list[Event]"], None]


@contextlib.contextmanager
def _lines(out: TextIO) -> Iterator[Show]:
    def show(_watch: Watch, events: list[Event]) -> None:
        for event in events:
            out.write(f"{clock(event.time, full=True)}  {event.name:<12} {event.what}\n")
        out.flush()

    yield show


@contextlib.contextmanager
def _screen(title: str, out: TextIO) -> Iterator[Show]:
    console, live, frame = _rich(out)
    log: deque[Any] = deque(maxlen=_KEPT)

    def show(watch: Watch, events: list[Event]) -> None:
        log.extend(frame.Line(clock(each.time), each.name, each.what) for each in events)
        now = watch.last
        if now is not None:
            told = f"{title}   {clock(now.time)} UTC   Ctrl-C ends"
            live.update(
                frame.Frame(told, now, watch.places, tuple(log), _drill(watch)), refresh=True
            )

    with live:
        yield show
    for line in list(log)[-10:]:  # what remains when the screen is gone
        console.print(f"{line.clock}  {line.name:<12} {line.what}", markup=False, highlight=False)


def _rich(out: TextIO) -> tuple[Any, Any, Any]:
    try:
        rich = import_module("rich.console"), import_module("rich.live")
        frame = import_module("kvmha.view.frame")
    except ImportError:
        raise KvmhaError(
            "a screen needs the Python library rich, which is not installed here",
            hint="salt-pip install rich; or pipe the output: then events are plain lines",
        ) from None
    console = rich[0].Console(file=out)
    live = rich[1].Live(
        console=console,
        screen=True,
        refresh_per_second=2,
        redirect_stderr=sys.stderr.isatty(),  # a log that goes elsewhere goes there
    )
    return console, live, frame


def _drill(watch: Watch) -> str:
    record = watch.drill
    if record is None:
        return ""
    at = record.steps[-1] if record.steps else None
    told = f"{record.scenario}, step {len(record.steps)}"
    return f"{told}: {at.name}: {at.verdict}" if at else f"{record.scenario}, begins"


def clock(time: float, *, full: bool = False) -> str:
    """Return seconds since the epoch as the time of day in UTC, ``full`` with the date."""
    said = datetime.datetime.fromtimestamp(time, datetime.timezone.utc)
    return said.strftime("%Y-%m-%dT%H:%M:%SZ" if full else "%H:%M:%S")
