"""Three nodes write to the cluster filesystem at once; one is killed; nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cluster.story import Story
from tests.long import writer

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

FOLDER = "/srv/vmstore/writers"
PROGRAM = "/run/writer.py"
SECONDS = 150


def _acknowledged(text: str) -> list[tuple[int, float]]:
    lines = [line.split() for line in text.splitlines() if line.count(" ") == 1]
    return [(int(number), float(when)) for number, when in lines]


def test_nothing_acknowledged_is_lost_when_a_node_dies(breadth: Story, record_property):
    story = breadth
    source = Path(writer.__file__).read_text(encoding="utf-8")
    names = [node.name for node in story.nodes]
    story.until(story.is_whole, timeout=900)
    for node in story.nodes:
        node.run(f"mkdir -p {FOLDER} && cat > {PROGRAM}", text=source)
    running = {
        name: subprocess.Popen(
            [
                *story.lab.ssh_words(name),
                f"python3 {PROGRAM} write {FOLDER}/{name} {SECONDS}",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for name in names
    }
    victim = names[-1]
    try:
        story.until(
            lambda: all(story.succeeds(name, f"test -s {FOLDER}/{name}") for name in names),
            timeout=60,
        )
        story.lab.kill(victim)
        said = {
            name: _acknowledged(process.communicate(timeout=SECONDS + 300)[0])
            for name, process in running.items()
        }
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    story.lab.node(victim).wait()
    story.until(story.is_whole, timeout=900)

    files = " ".join(f"{FOLDER}/{name}" for name in names)
    for reader in story.nodes:
        out = reader.run(f"python3 {PROGRAM} check {files}", text=None, check=False)
        if reader.name == victim:  # its /run is new
            reader.run(f"cat > {PROGRAM}", text=source)
            out = reader.run(f"python3 {PROGRAM} check {files}")
        found = dict(line.split() for line in out.stdout.splitlines())
        for name in names:
            acknowledged = said[name][-1][0]
            assert int(found[f"{FOLDER}/{name}"]) >= acknowledged, (reader.name, name)

    survivors = {name: writer.longest_gap(t for _, t in said[name]) for name in names[:-1]}
    record_property("recovery_seconds", max(survivors.values()))
    print(f"recovery: {survivors} s between two acknowledgements")
    assert all(len(said[name]) > 10 for name in names[:-1]), "the survivors wrote on"
    assert max(survivors.values()) < SECONDS, survivors
