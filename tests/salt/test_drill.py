"""The master's side of drills, through Salt's loader, on nodes of the simulation."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import salt.loader

from kvmha.drills import readiness
from kvmha.drills.record import Record
from kvmha.plain import of, plain
from kvmha.view.snapshot import Snapshot
from tests.salt.conftest import MASTER
from tests.unit.simulation import Cluster

NAMES = ("ha-host1", "ha-host2", "ha-host3")


class Nodes:
    """Minions that do to the simulation what theirs do to a node."""

    def __init__(self):
        self.cluster = Cluster(NAMES, {"web1": "ha-host1"})
        self.asked = []

    def look(self, spec, **options):
        assert spec["cluster"]["name"] == "alpha" and set(options) <= {"silent", "drift"}
        return plain(self.cluster.look())

    def cmd(self, minions, function, kwarg, **options):
        self.asked.append(function)
        assert options["tgt_type"] == "list"
        there = [name for name in minions if self.cluster.hosts[name].up]
        return {name: {"ret": self._do(name, function, kwarg), "retcode": 0} for name in there}

    def _do(self, name, function, asked):
        verb = function.partition(".")[2]
        if function == "kvmha_fault.inject":
            left = {key: value for key, value in asked.items() if key not in TOLD}
            self.cluster.inject(name, asked["fault"], left)
        elif function == "kvmha_fault.heal":
            self.cluster.heal()
        elif function == "kvmha_fault.status":
            cuts = [cut for cut in self.cluster.cuts if cut[0] == name]
            return {"faults": [{"fault": "cut", "in_force": True} for _ in cuts]}
        elif verb in ("stop_all", "fencing_off"):
            getattr(self.cluster, verb)(1.0)
        elif verb == "resume":
            self.cluster.resume()
        else:
            assert verb in ("arm", "disarm", "readiness"), function
        return {}


TOLD = ("drill", "fault", "spec")


@pytest.fixture(name="nodes")
def some_nodes():
    return Nodes()


@pytest.fixture(name="run")
def runner(nodes, make_opts, example, monkeypatch):
    """Return a function that runs a drill through the loaded module, by the simulation's clock."""
    pillar = {"kvmha": example("lab")}
    loaded = salt.loader.minion_mods(make_opts(MASTER, pillar, test=False))

    def call(name, **asked):
        module = loaded["kvmha_drill.run"].func.__wrapped__.__globals__
        clock = SimpleNamespace(monotonic=nodes.cluster.clock, time=nodes.cluster.clock)
        monkeypatch.setitem(module, "time", clock)
        monkeypatch.setitem(module, "pause", nodes.cluster.pause)
        asks = {
            "saltutil.cmd": nodes.cmd,
            "kvmha_status.look": nodes.look,
            "kvmha_master.validate": lambda _spec: [],
            "kvmha_master.progress": print,
        }
        monkeypatch.setitem(module, "__salt__", asks)
        # The simulation has no corosync.conf and no disks of SBD's to judge.
        monkeypatch.setattr(readiness, "problems", lambda _spec, _seen: [])
        return loaded["kvmha_drill.run"](name, spec=pillar["kvmha"], **asked)

    return call


@pytest.mark.parametrize("said", [{"test": True}, {}, {"confirm": "beta"}])
def test_nothing_is_touched_without_the_clusters_name(said, run, nodes):
    found = run("isolate", **said)
    assert "record" not in found
    assert bool(found["problems"]) == ("test" not in said)
    assert found["plan"][0].startswith("isolate on alpha")
    assert set(nodes.asked) == {"kvmha_view.readiness"}


def test_drill_leaves_its_record_in_a_file(run):
    found = run("isolate", confirm="alpha")
    record = of(Record, found["record"])
    assert (record.verdict, record.healed, found["problems"]) == ("passed", True, [])
    assert record.settings["fencing"] == "on" and record.versions["kvmha"]
    with open(found["path"], encoding="utf-8") as file:  # noqa: PTH123 - what the runner names
        assert of(Record, json.load(file)) == record
    assert isinstance(record.steps[0].snapshot, Snapshot)


def test_drill_without_fencing_over_salt(run, nodes):
    found = run("partition3", confirm="alpha", fencing=False)  # YAML's off
    assert found["record"]["verdict"] == "passed"
    order = [name for name in nodes.asked if name.startswith("kvmha_orders")]
    assert order[:4] == [
        "kvmha_orders.arm",
        "kvmha_orders.stop_all",
        "kvmha_orders.arm",
        "kvmha_orders.fencing_off",
    ]
    assert order[-2:] == ["kvmha_orders.resume", "kvmha_orders.disarm"]
    assert nodes.asked.index("kvmha_fault.arm") < nodes.asked.index("kvmha_fault.inject")


def test_unknown_drill_is_told_with_those_there_are(run):
    with pytest.raises(salt.exceptions.CommandExecutionError, match="drills are partition3"):
        run("nothing", confirm="alpha")
