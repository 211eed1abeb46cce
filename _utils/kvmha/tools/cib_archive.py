"""Pacemaker's archive of the CIB: since when something is there, and who put it there.

On every node the CIB manager keeps the versions before the one in use, a hundred at most, as
``cib-N.raw``; ``cib.last`` is the next N, and after 99 comes 0 (``cib_file.c``: CIB_SERIES,
CIB_SERIES_MAX). The root element of each says when this node wrote it, and by which program
on which node it was changed. A node that was away has the versions of that time as one, from
when it came back: there a mark may be older than told. No program is started here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import dropwhile
from pathlib import Path
from typing import Any

from lxml import etree

from kvmha.documents import cib, cib_marks
from kvmha.documents.cib_marks import Mark, Since

FOLDER = Path("/var/lib/pacemaker/cib")
_ROOT = re.compile(rb"<cib\b[^>]*>")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CTIME = re.compile(r"\w{3} (\w{3}) +(\d+) (\d+):(\d+):(\d+) (\d{4})$")
# The CIB manager writes what came in one burst as one version, so that some are not kept.
_BURST = 60.0
_MOST = 100  # files that are read


@dataclass(frozen=True)
class _Version:
    """One version of the CIB: its text, and what its root element says of it."""

    data: bytes
    root: dict[str, str]

    @classmethod
    def of(cls, data: bytes) -> _Version:
        """Read the root's start tag alone; raise ValueError when there is none."""
        found = _ROOT.search(data)
        if not found:
            raise ValueError("this is no CIB")
        return cls(data, _attributes(found[0]))

    @property
    def written(self) -> float | None:
        return _moment(self.root.get("cib-last-written", ""))

    @property
    def number(self) -> tuple[int, int]:
        """What the CIB manager compares versions of the configuration by."""
        admin, epoch = (self.root.get(name, "") for name in ("admin_epoch", "epoch"))
        return int(admin or 0), int(epoch or 0)

    def follows(self, older: _Version) -> bool:
        """Tell whether no other version can have been between the two."""
        admin, epoch = older.number
        return self.number == (admin, epoch + 1)

    def has(self, mark: Mark) -> bool:
        """Tell whether the mark is in this version: looks for its start tag, parses no more."""
        named = b'id="' + mark.id.encode() + b'"'
        begin = b"<" + mark.tag.encode() + b" "
        at = self.data.find(named)
        while at >= 0:
            tag = self.data[self.data.rfind(b"<", 0, at) : self.data.find(b">", at) + 1]
            found = _attributes(tag) if tag.startswith(begin) else {}
            if found.get("id") == mark.id and mark.is_in(found):
                return True
            at = self.data.find(named, at + 1)
        return False


def ages(root: Any, text: str, marks: Iterable[Mark], folder: Path) -> dict[Mark, Since]:
    """Return since when each of ``marks`` is in the CIB that ``text`` (parsed: ``root``) is.

    Where the archive cannot be read, the status in the CIB tells when a resource stopped.
    """
    found: dict[Mark, Since] = {}
    base = _Version.of(text.encode())
    last = {mark: base for mark in marks if mark.lasting}
    try:
        # What was written after ``text`` was asked for, by us perhaps, tells nothing of it.
        for older in dropwhile(lambda one: one.number > base.number, _versions(folder)):
            for mark, newer in list(last.items()):
                if older.has(mark):
                    last[mark] = older
                else:
                    found[mark] = _since(newer, older)
                    del last[mark]
            if not last:
                break
    except (OSError, ValueError):
        last = {}
    for mark, version in last.items():
        written = version.written
        found[mark] = Since() if written is None else Since("there", written)
    return {mark: found.get(mark) or _by_stop(root, mark) for mark in marks}


def _since(newer: _Version, older: _Version) -> Since:
    """Return what the first version with a mark, and the one before it, tell of it."""
    time_new, time_old = newer.written, older.written
    if time_new is None:
        return Since()
    if newer.follows(older):
        who = (newer.root.get("update-origin", ""), newer.root.get("update-client", ""))
        return Since("set", time_new, *who)
    close = time_old is not None and time_new - time_old < _BURST
    return Since("set" if close else "there", time_new)


def _by_stop(root: Any, mark: Mark) -> Since:
    moment = cib_marks.stopped(root, mark)
    return Since() if moment is None else Since("stopped", moment)


def _versions(folder: Path) -> Iterator[_Version]:
    """Yield the versions on this node's disk, newest first; one that is broken ends them.

    Raises OSError or ValueError when there is no archive that can be read.
    """
    following = int((folder / "cib.last").read_text(encoding="ascii"))
    numbers = [int(path.stem[4:]) for path in folder.glob("cib-*.raw") if path.stem[4:].isdigit()]
    order = sorted(numbers, key=lambda number: (number < following, number), reverse=True)
    for name in ("cib.xml", *(f"cib-{number}.raw" for number in order[:_MOST])):
        try:
            version = _Version.of((folder / name).read_bytes())
        except (OSError, ValueError):
            return
        yield version


def _attributes(tag: bytes) -> dict[str, str]:
    """Return the attributes of a start tag; none when it is no XML."""
    try:
        element = etree.fromstring(tag.rstrip(b"/>") + b"/>")
    except etree.XMLSyntaxError:
        return {}
    return {str(name): str(value) for name, value in element.items()}


def _moment(written: str) -> float | None:
    """Return ``cib-last-written`` in seconds since 1970: local time, as ctime(3) writes it."""
    found = _CTIME.match(written)
    if not found or found[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(found[group]) for group in range(2, 7))
    month = _MONTHS.index(found[1]) + 1
    return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))


# --- telling -----------------------------------------------------------------------------------


def notes(
    base: str,
    new: str,
    wanted: Any,
    *,
    live: bool,
    folder: Path | None = None,
    now: float | None = None,
) -> list[str]:
    """Return a line about each mark in ``base``: since when, and whether ``new`` has it still.

    ``wanted`` is the configuration that the pillar says. With ``live`` False the CIB is
    somebody's file, and nothing here tells its ages.
    """
    moment = time.time() if now is None else now
    root = cib.parse(base)
    found = cib_marks.marks(root, wanted, moment)
    if not found:
        return []
    since = ages(root, base, found, folder or FOLDER) if live else {}
    kept = {*cib_marks.marks(cib.parse(new), None, moment)}
    fates = {mark: "left as it is" if mark in kept else "this plan undoes it" for mark in found}
    return [cib_marks.text(mark, since.get(mark), moment, fates[mark]) for mark in found]


def told(
    base: str,
    wanted: Any,
    *,
    live: bool,
    folder: Path | None = None,
    now: float | None = None,
) -> list[dict[str, Any]]:
    """Return the marks in ``base`` as data: address, text, since, how, seconds, origin, client.

    ``since`` is in UTC, ISO 8601, None when nobody knows; ``how`` is that of ``Since``.
    """
    moment = time.time() if now is None else now
    root = cib.parse(base)
    found = cib_marks.marks(root, wanted, moment)
    since = ages(root, base, found, folder or FOLDER) if live else {}
    return [_data(mark, since.get(mark), moment) for mark in found]


def _data(mark: Mark, since: Since | None, now: float) -> dict[str, Any]:
    known = since or Since()
    when = datetime.fromtimestamp(known.time, timezone.utc) if known.how != "unknown" else None
    return {
        "address": mark.address,
        "about": mark.about,
        "text": cib_marks.text(mark, since, now, ""),
        "since": when.isoformat() if when else None,
        "how": known.how,
        "seconds": max(round(now - known.time), 0) if when else None,
        "origin": known.origin,
        "client": known.client,
    }
