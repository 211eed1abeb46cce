"""The record of a drill as a page to read, as words for a terminal, and as JUnit XML for CI.

All are pure: the same record gives the same bytes. Pages need drawsvg, an extra of kvmha: it is
imported when one is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kvmha import plain
from kvmha.drills.record import Record
from kvmha.errors import KvmhaError
from kvmha.view.snapshot import Snapshot

if TYPE_CHECKING:
    from types import ModuleType


def loaded(text: str) -> Record:
    """Return the record that a file holds as JSON. Raises KvmhaError when it is none."""
    try:
        return plain.of(Record, json.loads(text))
    except (ValueError, TypeError, AttributeError) as error:
        raise KvmhaError(f"this is no record of a drill: {error}") from error


def html(record: Record) -> str:
    """Return the page of a drill: one file, without script, that loads nothing.

    Raises KvmhaError when drawsvg is not installed.
    """
    return str(_page().of_record(record))


def html_of_snapshot(snapshot: Snapshot, cluster: str, vips: Sequence[str] = ()) -> str:
    """Return the page of ``cluster`` as it stands; ``vips`` are the addresses that it manages.

    Raises KvmhaError when drawsvg is not installed.
    """
    return str(_page().of_snapshot(snapshot, cluster, vips))


def _page() -> ModuleType:
    try:
        from kvmha.drills.report import page  # noqa: PLC0415 - wants an optional library
    except ModuleNotFoundError as error:
        if error.name != "drawsvg":
            raise
        raise KvmhaError(
            "no picture can be drawn: drawsvg is not installed",
            hint="on the master: salt-pip install drawsvg",
        ) from error
    return page
