"""What corosync's own tools print of links and votes."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINK = re.compile(r"LINK ID (\d+)")
# corosync 3.1 has `nodeid:  2:  connected`; 3.0 `nodeid  2:  link enabled:1  link connected:1`.
_PEER = re.compile(r"\s*nodeid:?\s*(\d+):\s*(.+)")
_RING = re.compile(r"RING ID (\d+)")
_RING_STATUS = re.compile(r"\s*status\s*=\s*(.+)")
_WHOLE = ("active with no faults",)


def links(text: str, names: Mapping[str, str]) -> list[tuple[int, str, bool]]:
    """Return (link, peer, connected) from ``corosync-cfgtool -s``; ``names`` are those by ids.

    A node's link to itself is none. corosync 2 tells of its rings only whether they have a
    fault: such a ring is (ring, "", whole).
    """
    found: list[tuple[int, str, bool]] = []
    number = -1
    for line in text.splitlines():
        if begun := _LINK.match(line) or _RING.match(line):
            number = int(begun[1])
        elif peer := _PEER.match(line):
            state = peer[2].strip()
            if state != "localhost":
                up = state == "connected" or "link connected:1" in state
                found.append((number, names.get(peer[1], peer[1]), up))
        elif ring := _RING_STATUS.match(line):
            found.append((number, "", ring[1].strip().endswith(_WHOLE)))
    return found


def votes(text: str) -> tuple[int, tuple[str, ...]]:
    """Return the votes that make quorum and the flags, from ``corosync-quorumtool -s``.

    ``Quorate`` is no flag here: it is told apart.
    """
    needed = re.search(r"^Quorum:\s+(\d+)", text, re.MULTILINE)
    flags = re.search(r"^Flags:\s+(.*)$", text, re.MULTILINE)
    words = flags[1].split() if flags else []
    return (
        int(needed[1]) if needed else 0,
        tuple(word for word in words if word != "Quorate"),
    )
