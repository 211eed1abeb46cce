"""The effects over Salt: who is asked what, and how a node that fails to is told."""

from __future__ import annotations

import json
import os
import signal

import pytest

from kvmha.drills.over_salt import OverSalt
from kvmha.drills.record import Record
from kvmha.plain import of
from kvmha.tools import drill_records, signals

NAMES = ("n1", "n2", "n3")


class Nodes:
    """Nodes that answer as they are told to, and remember what they were asked."""

    def __init__(self, answers=None):
        self.asked = []
        self.answers = answers or {}

    def __call__(self, function, kwargs, nodes):
        self.asked.append((function, kwargs, tuple(nodes)))
        said = self.answers.get(function, {})
        return {name: said.get(name, {}) for name in nodes or NAMES}


def effects(nodes):
    return OverSalt(
        drill="isolate-20260101T000000Z",
        names=NAMES,
        call=nodes,
        look=lambda: None,
        clock=lambda: 0.0,
        pause=print,
        say=print,
        keep=print,
        document={"cluster": {"name": "alpha"}},
    )


def test_silent_and_failing_nodes_are_told_by_name():
    nodes = Nodes({"kvmha_fault.arm": {"n2": None, "n3": {"error": "no systemd-run"}}})
    assert effects(nodes).arm(100) == {"n2": "no answer", "n3": "no systemd-run"}


def test_fault_is_made_on_its_node_alone_with_its_arguments():
    nodes = Nodes()
    assert effects(nodes).inject("n2", "cut", {"peers": ["n3"]}) == ""
    ((function, kwargs, asked),) = nodes.asked
    assert (function, asked) == ("kvmha_fault.inject", ("n2",))
    assert kwargs["peers"] == ["n3"] and kwargs["fault"] == "cut"
    assert kwargs["spec"] == {"cluster": {"name": "alpha"}}


def test_move_is_pacemakers_and_leaves_nothing():
    nodes = Nodes()
    made = effects(nodes)
    made.inject("n2", "migrate", {"vm": "web1"})
    made.heal()
    assert [function for function, _, _ in nodes.asked] == [
        "kvmha_orders.move",
        "kvmha_orders.unmove",
        "kvmha_fault.heal",
    ]


def test_fencing_is_off_only_with_timers_on_every_node():
    nodes = Nodes({"kvmha_orders.arm": {"n3": None}})
    assert effects(nodes).stop_all(60) == "n3: no answer"
    assert effects(nodes).fencing_off(60) == "n3: no answer"
    assert {function for function, _, _ in nodes.asked} == {"kvmha_orders.arm"}


def test_fencing_comes_back_after_faults_have_ended():
    nodes = Nodes()
    made = effects(nodes)
    made.stop_all(60)
    made.arm(100)
    seconds = {function: kwargs["seconds"] for function, kwargs, _ in nodes.asked if kwargs}
    assert seconds["kvmha_orders.arm"] >= seconds["kvmha_fault.arm"] + 120


def test_another_node_takes_an_order_that_the_first_cannot():
    nodes = Nodes({"kvmha_orders.resume": {"n1": None, "n2": {"error": "not connected"}}})
    assert effects(nodes).resume() == ""
    assert [asked for function, _, asked in nodes.asked if function.endswith("resume")] == [
        ("n1",),
        ("n2",),
        ("n3",),
    ]


def test_fencing_that_stays_off_is_told_and_its_timers_stay():
    nodes = Nodes({"kvmha_orders.resume": dict.fromkeys(NAMES)})
    assert "fencing may still be off" in effects(nodes).resume()
    assert not [function for function, _, _ in nodes.asked if function.endswith("disarm")]


def test_faults_in_force_are_told_with_their_node():
    cut = {"fault": "cut", "in_force": True}
    gone = {"fault": "fill", "in_force": False}
    nodes = Nodes({"kvmha_fault.status": {"n1": {"faults": [cut, gone]}, "n2": None}})
    assert effects(nodes).in_force() == ["n1: cut is still in force"]


# --- records and signals -----------------------------------------------------------------------


def test_record_is_one_private_file_that_reads_back(tmp_path):
    record = Record("a-1", "a", "x", "alpha", "2026-01-01T00:00:00Z", 0.0, "interrupted", False)
    path = drill_records.write(drill_records.folder_of(str(tmp_path)), record)
    assert path == tmp_path / "kvmha" / "drills" / "a-1.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert of(Record, json.loads(path.read_text())) == record


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_first_signal_ends_and_later_ones_wait_for_healing(number):
    before, told = signal.getsignal(number), []
    with signals.once(told.append):
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            signal.sigtimedwait([], 1)
        os.kill(os.getpid(), number)
        signal.sigtimedwait([], 0)
    assert told == [f"{signal.Signals(number).name}: it is healing; after that it ends"]
    assert signal.getsignal(number) is before
