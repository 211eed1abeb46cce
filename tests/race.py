"""One of several that change one CIB at once; run as a script on a node, or imported.

Of the project it needs the library alone: on a node, the minion's own Python and copy of it.
"""

from __future__ import annotations

import json
import sys
import time

from lxml import etree

from kvmha.build import cib as build
from kvmha.spec import load_part
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner

WRITER = "race-written"
CLEANING = [
    ["cibadmin", "--delete-all", "--force", "--xpath", xpath]
    for xpath in (
        "//rsc_location[starts-with(@id,'race-')]",
        "//primitive[starts-with(@id,'race-')]",
        f"//nvpair[starts-with(@name,'{WRITER}-')]",
    )
]


def part(who, number):
    """Return a round's own words: one object that changes, one that is new."""
    resource = {
        "id": f"race-{who}",
        "agent": "ocf:heartbeat:Dummy",
        "params": {"fake": str(number)},
        "meta": {"target-role": "Stopped"},
    }
    constraint = {
        "kind": "location",
        "id": f"race-{who}-{number}",
        "rsc": f"race-{who}",
        "node": "ha-host1",
        "score": str(number),
    }
    return {"cib": {"resources": [resource], "constraints": [constraint]}, "unmanaged": "keep"}


def counting(base):
    """Return a kind of runner that counts the patches it sends."""

    class Counting(base):
        patches = 0

        def run(self, argv, **options):
            self.patches += "--patch" in argv
            return super().run(argv, **options)

    return Counting


def apply(runner, who, rounds):
    """Apply ``rounds`` parts; return when that was, and how often each was planned again."""
    began, again = time.time(), []
    for number in range(rounds):
        said = load_part(part(who, number))
        before = runner.patches
        pacemaker.apply(runner, build.of_words(said.cib, unmanaged=said.unmanaged))
        again.append(runner.patches - before - 1)
    return {"began": began, "ended": time.time(), "again": again}


def missing(text, appliers, rounds, written):
    """Return what is not in the CIB of all that was written into it."""
    root = etree.fromstring(text)
    scores = {one.get("id"): one.get("score") for one in root.iter("rsc_location")}
    values = {one.get("name"): one.get("value") for one in root.iter("nvpair")}
    lost = [
        f"race-{who}-{number}"
        for who in appliers
        for number in range(rounds)
        if scores.get(f"race-{who}-{number}") != str(number)
    ]
    for who in appliers:
        pair = root.find(f".//primitive[@id='race-{who}']//nvpair[@name='fake']")
        if pair is None or pair.get("value") != str(rounds - 1):
            lost.append(f"race-{who}'s last value")
    names = (f"{WRITER}-{number}" for number in range(written))
    return lost + [name for name in names if name not in values]


if __name__ == "__main__":
    json.dump(apply(counting(Runner)(), sys.argv[1], int(sys.argv[2])), sys.stdout)
