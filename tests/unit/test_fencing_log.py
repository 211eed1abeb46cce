"""Which device fenced whom, by Pacemaker's log; and the ledger that it goes into."""

from __future__ import annotations

from datetime import datetime

import pytest

from kvmha.documents import fencing_log
from kvmha.errors import KvmhaError
from kvmha.spec import load
from kvmha.tools import ledger as ledger_file
from kvmha.tools import look
from kvmha.view import ledger
from kvmha.view.snapshot import NodeSeen, Snapshot

NOW = datetime(2027, 1, 2, 3, 4, 5)
PACEMAKER_21 = """\
Nov 27 20:53:44.152 h1 pacemaker-fenced    [30] (request_peer_fencing) \tnotice: Requesting that \
h1 perform 'reboot' action targeting ha-host2 | for client stonith_admin.78 (24s, 0s)
Nov 27 20:53:44.160 h1 pacemaker-fenced    [30] (log_async_result) \tnotice: Operation 'reboot' \
[79] targeting ha-host2 using fencing-sbd returned 0 | call 2 from stonith_admin.78
Nov 27 20:53:44.160 h1 pacemaker-fenced    [30] (finalize_op) \tnotice: Operation 'reboot' \
targeting ha-host2 by h1 for stonith_admin.78@h1: OK (complete) | id=6d7a28ac
Nov 27 20:59:00.160 h1 pacemaker-fenced    [30] (log_async_result) \terror: Operation 'off' \
[80] targeting ha-host2 using fencing-ipmi1 returned 1 | call 3 from stonith_admin.79
"""
PACEMAKER_20 = (
    "Jan 02 01:00:00 h1 pacemaker-fenced    [30] (log_operation) \tnotice: Operation 'reboot' "
    "[79] (call 2 from stonith_admin.78) for host 'ha-host2' with device 'fencing-sbd' returned: "
    "0 (OK)\n"
)


def test_devices_are_read_with_the_year_that_was():
    done, failed = fencing_log.events(PACEMAKER_21.splitlines(), NOW)
    assert done == {
        "device": "fencing-sbd",
        "target": "ha-host2",
        "action": "reboot",
        "ok": True,
        "time": datetime(2026, 11, 27, 20, 53, 44).timestamp(),
    }
    assert (failed["device"], failed["ok"]) == ("fencing-ipmi1", False)


def test_older_words_are_read_too():
    (found,) = fencing_log.events(PACEMAKER_20.splitlines(), NOW)
    assert (found["device"], found["target"], found["ok"]) == ("fencing-sbd", "ha-host2", True)
    assert found["time"] == datetime(2027, 1, 2, 1).timestamp()


def test_the_end_of_the_log_is_read_and_a_missing_one_is_empty(tmp_path):
    path = tmp_path / "pacemaker.log"
    assert look.fenced(path) == []
    path.write_bytes(b"x" * 100 + b"\xff\n" + PACEMAKER_21.encode())
    assert [event["device"] for event in look.fenced(path)] == ["fencing-sbd", "fencing-ipmi1"]


@pytest.fixture
def spec(example, changed):
    ipmi = {"name": "ipmi1", "agent": "fence_ipmilan", "nodes": ["ha-host2"]}
    return load(changed(example("lab"), {"fencing.devices": [ipmi]}))


def test_each_device_has_its_own_proof(spec):
    logged = tuple(fencing_log.events(PACEMAKER_21.splitlines(), NOW))
    event = {
        "target": "ha-host2",
        "status": "success",
        "delegate": "ha-host1",
        "completed": "2026-11-27 20:53:44Z",
    }
    told = NodeSeen("ha-host1", answered=True, fenced=logged, fencing_history=(event,))
    known = ledger.merged(spec, {}, Snapshot(NOW.timestamp(), (told,)))
    assert known["ha-host2"].devices == ("sbd", "ipmi1")
    assert list(known["ha-host2"].proven) == ["sbd"]
    assert known["ha-host2"].unproven == ("ipmi1",)
    later = ledger.merged(spec, known, Snapshot(NOW.timestamp(), ()))
    assert later == known


def test_a_device_that_is_gone_from_the_pillar_proves_nothing_more(spec, example):
    old = {"ha-host2": ledger.Proof("ha-host2", ("ipmi1",), 9.0, proven={"ipmi1": 9.0})}
    known = ledger.merged(load(example("lab")), old, Snapshot(10.0, ()))
    assert known["ha-host2"].unproven == ("sbd",), "it was the other one that did it"
    assert ledger.merged(spec, old, Snapshot(10.0, ()))["ha-host2"].proven == {"ipmi1": 9.0}


def test_the_ledger_lasts_in_a_file(tmp_path):
    path = ledger_file.path_of(str(tmp_path), "alpha")
    assert ledger_file.read(path) == {}
    proofs = {"ha-host2": ledger.Proof("ha-host2", ("sbd",), 9.0, proven={"sbd": 9.0})}
    ledger_file.write(path, proofs)
    before = path.stat().st_mtime_ns
    ledger_file.write(path, proofs)
    assert ledger_file.read(path) == proofs
    assert path.stat().st_mtime_ns == before, "nothing has changed"


@pytest.mark.parametrize("text", ["{", "[]", '{"ha-host2": {"time": 1.0}}', '{"ha-host2": 7}'])
def test_a_broken_ledger_is_an_error_with_a_hint(tmp_path, text):
    path = tmp_path / "alpha.json"
    path.write_text(text)
    with pytest.raises(KvmhaError, match="cannot be read") as caught:
        ledger_file.read(path)
    assert "mend it, or remove it" in caught.value.hint


def test_a_ledger_that_cannot_be_kept_is_an_error(tmp_path):
    (tmp_path / "kvmha").write_text("")
    with pytest.raises(KvmhaError, match="cannot be kept"):
        ledger_file.write(ledger_file.path_of(str(tmp_path), "alpha"), {})
