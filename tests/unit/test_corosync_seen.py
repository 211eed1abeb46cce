"""What corosync's tools print of links and votes, in the forms of its releases."""

from __future__ import annotations

import pytest

from kvmha.documents import corosync_seen

NAMES = {"1": "ha-host1", "2": "ha-host2", "3": "ha-host3"}
COROSYNC_31 = """\
Local node ID 1, transport knet
LINK ID 0 udp
\taddr\t= 192.168.56.101
\tstatus:
\t\tnodeid:          1:\tlocalhost
\t\tnodeid:          2:\tconnected
\t\tnodeid:          3:\tdisconnected
LINK ID 1 udp
\taddr\t= 192.168.57.101
\tstatus:
\t\tnodeid:          1:\tlocalhost
\t\tnodeid:          2:\tconnected
\t\tnodeid:          4:\tconnected
"""
COROSYNC_30 = """\
Local node ID 1, transport knet
LINK ID 0
\taddr\t= 192.168.56.101
\tstatus:
\t\tnodeid  2:\tlink enabled:1\tlink connected:1
\t\tnodeid  3:\tlink enabled:1\tlink connected:0
"""
COROSYNC_2 = """\
Printing ring status.
Local node ID 1
RING ID 0
\tid\t= 192.168.56.101
\tstatus\t= ring 0 active with no faults
RING ID 1
\tid\t= 192.168.57.101
\tstatus\t= Marking ringid 1 interface 192.168.57.101 FAULTY
"""
QUORUM = """\
Quorum information
------------------
Quorate:          {quorate}

Votequorum information
----------------------
Expected votes:   2
Highest expected: 2
Total votes:      1
Quorum:           {quorum}
Flags:            {flags}
"""


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (
            COROSYNC_31,
            [
                (0, "ha-host2", True),
                (0, "ha-host3", False),
                (1, "ha-host2", True),
                (1, "4", True),
            ],
        ),
        (COROSYNC_30, [(0, "ha-host2", True), (0, "ha-host3", False)]),
        (COROSYNC_2, [(0, "", True), (1, "", False)]),
        ("Could not initialize corosync configuration API error 2\n", []),
    ],
    ids=["3.1", "3.0", "2", "stopped"],
)
def test_links_are_read(text, links):
    assert corosync_seen.links(text, NAMES) == links


@pytest.mark.parametrize(
    ("said", "votes"),
    [
        (("Yes", "1  ", "2Node Quorate WaitForAll "), (1, ("2Node", "WaitForAll"))),
        (("No", "2 Activity blocked", "Qdevice "), (2, ("Qdevice",))),
        (("Yes", "2", ""), (2, ())),
    ],
)
def test_votes_are_read(said, votes):
    words = dict(zip(("quorate", "quorum", "flags"), said, strict=True))
    assert corosync_seen.votes(QUORUM.format(**words)) == votes
