"""Two that apply plans and a third that writes all the time: nothing of anybody is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kvmha.tools import pacemaker
from tests import race
from tests.contract.cluster_of_one import Inside, started

ROUNDS = 20
PAUSE = 0.05  # seconds between the changes of the writer; each takes about as long


@pytest.fixture(scope="module")
def node():
    with started() as pid:
        Inside(pid).run(["crm_attribute", "--name=stonith-enabled", "--update=false"])
        yield lambda: race.counting(Inside)(pid)


def write(runner, over):
    """Change the CIB as any tool does until ``over``; return how often."""
    written = 0
    while not over.wait(PAUSE):
        runner.run(["crm_attribute", f"--name={race.WRITER}-{written}", f"--update={written}"])
        written += 1
    return written


def test_appliers_and_a_writer_at_once_all_succeed_and_nothing_is_lost(node):
    before = configuration(node())
    over = threading.Event()
    with ThreadPoolExecutor() as pool:
        writer = pool.submit(write, node(), over)
        appliers = {who: pool.submit(race.apply, node(), who, ROUNDS) for who in ("a", "b")}
        try:
            told = {who: one.result() for who, one in appliers.items()}
        finally:
            over.set()
        written = writer.result()
    for who, one in told.items():
        seconds = one["ended"] - one["began"]
        print(f"{who}: {seconds:.0f} s, planned again {sum(one['again'])} times: {one['again']}")
    print(f"the writer wrote {written} times")
    assert race.missing(pacemaker.query(node()), appliers, ROUNDS, written) == []
    assert sum(sum(one["again"]) for one in told.values()) > 0, "there was no race"
    for argv in race.CLEANING:
        node().run(argv)
    assert configuration(node()) == before


def configuration(runner):
    return runner.run(["cibadmin", "--query", "--scope", "configuration"]).stdout
