"""Timing a failover, and what its proof is good for."""

from __future__ import annotations

import itertools
import threading

import pytest

from kvmha.errors import CommandFailed, TimedOut
from kvmha.failover import measure
from kvmha.proof import Proof, fingerprint
from kvmha.report import of_run, text
from kvmha.spec import load


def test_parts_are_timed_while_fencing_is_under_way():
    lost = threading.Event()
    hosts = iter([["ha-host2"], [], ["ha-host3"]])
    found = measure(
        fence=lost.set,
        is_lost=lost.is_set,
        hosts_now=lambda: next(hosts),
        node="ha-host2",
        timeout=5,
        interval=0.01,
    )
    assert found["host"] == "ha-host3"
    assert set(found) == {"host", "seconds", "detection", "fencing", "start"}


def test_fencing_that_fails_is_told_in_its_own_words():
    def fence():
        raise CommandFailed(["stonith_admin"], 1, "No such device")

    with pytest.raises(CommandFailed, match="No such device"):
        measure(
            fence=fence,
            is_lost=lambda: False,
            hosts_now=lambda: ["ha-host2"],
            node="ha-host2",
            timeout=5,
            interval=0.01,
        )


def test_vm_that_stays_away_reaches_the_deadline():
    with pytest.raises(TimedOut, match="started on ha-host2"):
        measure(
            fence=lambda: 1.0,
            is_lost=lambda: True,
            hosts_now=lambda: ["ha-host2"],
            node="ha-host2",
            timeout=0.05,
            interval=0.01,
        )


def test_proof_survives_its_file():
    proof = Proof("ha-host1", "ha-host2", 62.0, 10.0, 31.0, 31.0, "abc")
    assert Proof.from_dict(proof.to_dict()) == proof


def test_proof_holds_until_what_a_failover_depends_on_changes(example, changed):
    one = load(example("lab"))
    other = load(changed(example("lab"), {"validate.failover": False}))
    grown = load(changed(example("lab"), {"vms[0].memory": "64MiB"}))
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) == fingerprint(grown), "an edit of a VM must not fence a host"
    slower = load(changed(example("lab"), {"corosync.token": "12s"}))
    assert fingerprint(one) != fingerprint(slower)


# --- report ------------------------------------------------------------------------------------


def run():
    """Return results as an orchestration returns them."""
    number = itertools.count()

    def result(ident, state="kvmha", name=None, changes=None, comment="", **more):
        tag = f"{state}_|-{ident}_|-{name or ident}_|-x"
        return tag, {
            "__id__": ident,
            "__run_num__": next(number),
            "name": name or ident,
            "result": True,
            "changes": changes or {},
            "comment": comment,
            "duration": 1500.0,
        } | more

    node = {"x_|-a_|-a_|-y": {"__id__": "a", "result": True, "changes": {"hosts:cluster": {}}}}
    proof = Proof("ha-host1", "ha-host2", 62.0, 10.0, 31.0, 31.0).to_dict()
    return dict(
        [
            result("The pillar describes a cluster"),
            result("Stage: packages", name="packages"),
            result("Packages", "salt", changes={"out": "highstate", "ret": {"ha-host1": node}}),
            result("Stage: validation", name="validation"),
            result("The cluster is validated", comment="web1 runs on ha-host2"),
            result("Failover", changes={"failover:web1": {"old": "ha-host1", "new": proof}}),
        ]
    )


def test_report_tells_stages_changes_and_failover():
    found = of_run(run(), seconds=9.04, test=False)
    assert found["stages"] == [
        {"name": "packages", "seconds": 1.5},
        {"name": "validation", "seconds": 3.0},
    ]
    assert found["changed"] == ["ha-host1: hosts:cluster", "master: failover:web1"]
    assert found["failover"]["fencing"] == 31.0
    assert found["vms"].endswith("on ha-host2")
    assert found["result"] is True
    assert "back on ha-host2 after 62 s" in text(found)


def test_report_of_a_failure_names_the_node_and_its_words():
    results = run()
    tag = next(tag for tag in results if "Packages" in tag)
    results[tag]["result"] = False
    node = results[tag]["changes"]["ret"]["ha-host1"]
    node["x_|-a_|-a_|-y"] |= {"result": False, "comment": "no such package"}
    found = of_run(results, seconds=1, test=False)
    assert found["result"] is False
    assert found["failures"] == ["ha-host1: a: no such package"]
    assert "FAILED  ha-host1: a: no such package" in text(found)


def test_report_of_what_could_not_be_compiled_holds_salts_words():
    found = of_run(["Rendering SLS failed"], seconds=1, test=False)
    assert found["result"] is False
    assert found["failures"] == ["Rendering SLS failed"]
