"""Figures for Prometheus: what they say, their text, and what writes them."""

from __future__ import annotations

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kvmha import platforms
from kvmha.build import metrics, monitoring
from kvmha.documents import prometheus
from kvmha.documents.prometheus import Metric, Sample
from kvmha.spec import load
from kvmha.tools import monitoring as tool

PROM = "/var/lib/prometheus/node-exporter/kvmha.prom"


def read(text):
    """Return (name, labels) -> value, as Prometheus' own client reads a text."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_labels_and_help_survive_whatever_is_in_them():
    odd = 'a "quoted" \\ back\nline'
    text = prometheus.render([Metric("m", odd, (Sample(0.5, {"l": odd}),))], {"cluster": "alpha"})
    assert read(text) == {("m", (("cluster", "alpha"), ("l", odd))): 0.5}
    (family,) = text_string_to_metric_families(text)
    assert family.documentation == odd and family.type == "gauge"


def test_without_samples_there_is_no_metric():
    assert prometheus.render([Metric("m", "help")], {}) == ""


FLAGS = {"online": True, "standby": False, "maintenance": False, "unclean": False, "pending": False}


def seen(**more):
    said = {
        "node": "ha-host1",
        "corosync": {
            "running": True, "quorate": True, "votes": 2, "expected_votes": 3,
            "members": ["ha-host2", "ha-host1"],
            "links": {"0": {"1": "localhost", "2": "connected", "3": "disconnected"}},
        },
        "pacemaker": {
            "running": True, "dc": "ha-host1",
            "nodes": {"ha-host1": FLAGS, "ha-host2": FLAGS,
                      "ha-host3": FLAGS | {"online": False, "unclean": True}},
            "resources": [{"id": "vm-web1", "active": True, "nodes": ["ha-host1"]}],
            "failures": [{"op_key": "x"}],
            "fencing_history": [
                {"target": "ha-host3", "status": "failed", "completed": "2026-11-27 10:00:09Z"},
                {"target": "ha-host3", "status": "success", "completed": "2026-11-27 10:00:00Z"},
                {"target": "ha-host3", "status": "success", "completed": "2026-11-26 10:00:00Z"},
            ],
        },
        "disks": {
            "/dev/a": ("", {"ha-host1": "clear", "ha-host3": "reset"}),
            "/dev/b": ("gone", {}),
        },
        "drift": {"cib": 2},
        "proofs": {"web1": {"seconds": 70.1, "detection": 8.0, "fencing": 28.0, "start": 42.1}},
        "errors": ("drift-sbd",),
        "seconds": 0.25,
    }  # fmt: skip
    return metrics.Seen(**(said | more))


def figures(spec, looked):
    text = prometheus.render(metrics.metrics(spec, looked), {})
    return {
        name + "".join(f" {value}" for _, value in labels): value
        for (name, labels), value in read(text).items()
    }


def test_a_partition_a_failure_and_a_fencing_are_in_the_figures(example):
    found = figures(load(example("lab")), seen())
    assert found == {
        "kvmha_nodes_configured": 3,
        "kvmha_corosync_up": 1,
        "kvmha_quorate": 1,
        "kvmha_votes": 2,
        "kvmha_expected_votes": 3,
        "kvmha_members": 2,
        "kvmha_partition ha-host1,ha-host2": 1,
        "kvmha_link_up 0 ha-host2": 1,
        "kvmha_link_up 0 ha-host3": 0,
        "kvmha_pacemaker_up": 1,
        "kvmha_nodes_online": 2,
        "kvmha_dc": 1,
        **{
            f"kvmha_node_flag {flag} ha-host{node}": float((flag, node) == ("unclean", 3))
            for flag in ("standby", "maintenance", "pending", "unclean")
            for node in (1, 2, 3)
        },
        "kvmha_vms": 1,
        "kvmha_vm_active web1": 1,
        "kvmha_failed_actions": 1,
        "kvmha_fenced_timestamp_seconds ha-host3": 1795773600,
        "kvmha_fencing_failures": 1,
        "kvmha_sbd_device_ok /dev/a": 1,
        "kvmha_sbd_device_ok /dev/b": 0,
        "kvmha_sbd_slot_clear /dev/a ha-host1": 1,
        "kvmha_sbd_slot_clear /dev/a ha-host3": 0,
        "kvmha_drift_changes cib": 2,
        "kvmha_failover_seconds total web1": 70.1,
        "kvmha_failover_seconds detection web1": 8,
        "kvmha_failover_seconds fencing web1": 28,
        "kvmha_failover_seconds start web1": 42.1,
        "kvmha_collect_error drift-sbd": 1,
        "kvmha_collect_seconds": 0.25,
    }


def test_a_node_without_a_cluster_says_so_and_no_more(example):
    found = figures(load(example("lab")), metrics.Seen("ha-host1"))
    assert found == {
        "kvmha_nodes_configured": 3,
        "kvmha_corosync_up": 0,
        "kvmha_pacemaker_up": 0,
        "kvmha_collect_seconds": 0,
    }


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-27 10:00:00Z", 1795773600.0),
        ("2026-11-27 11:00:00.123456 +01:00", 1795773600.0),
        ("never", 0.0),
    ],
)
def test_times_of_crm_mon_are_read(text, time):
    assert metrics.timestamp(text) == time


# --- what writes them --------------------------------------------------------------------------


class NoPrograms:
    def run(self, *_args, **_options):
        raise AssertionError("no program was to be started")


@pytest.fixture
def node(example, changed):
    def make(said, platform=platforms.DEBIAN):
        document = changed(example("lab"), {"monitoring": said} if said else {})
        return tool.here(load(document), document, platform, "ha-host1")

    return make


def test_off_is_nothing_at_all(node, tmp_path):
    todo = tool.plan(NoPrograms(), node(None), tmp_path)
    assert not todo and todo.notes == ()


def test_the_unit_starts_this_python_with_this_library(node):
    made = monitoring.files(node({"metrics": True, "interval": "90s"}))
    assert list(made) == [monitoring.CONFIG, monitoring.SERVICE, monitoring.TIMER]
    assert "OnUnitActiveSec=90s\n" in made[monitoring.TIMER]
    assert "-m kvmha.tools.monitoring\n" in made[monitoring.SERVICE]
    said = json.loads(made[monitoring.CONFIG])
    assert said["path"] == PROM and said["node"] == "ha-host1"
    assert load(said["spec"]).cluster.name == "alpha"


def test_what_is_there_is_left_and_what_is_taken_out_goes(node):
    on, off = node({"metrics": True}), node(None)
    have = {**monitoring.files(on), PROM: "kvmha_quorate 1\n"}
    assert not monitoring.plan(on, have)
    assert monitoring.plan(on, have).digest == monitoring.plan(on, {**have, PROM: "new"}).digest
    gone = [change.text().split()[:2] for change in monitoring.plan(off, have).changes]
    assert gone == [
        ["-", f"file:{path}"]
        for path in (monitoring.CONFIG, monitoring.SERVICE, monitoring.TIMER, PROM)
    ]


def test_another_path_takes_the_old_file_away(node):
    have = {**monitoring.files(node({"metrics": True})), PROM: "x"}
    moved = monitoring.plan(node({"metrics": True, "path": "/srv/kvmha.prom"}), have)
    assert [change.address for change in moved.changes] == [
        f"file:{monitoring.CONFIG}",
        f"file:{PROM}",
    ]


def test_the_exporter_is_where_the_platform_has_it(node):
    suse = node({"exporter": True}, platforms.SLES_15)
    assert suse.exporter == "prometheus-ha_cluster_exporter"
    assert suse.exporter in platforms.packages_for(platforms.SLES_15, suse.spec)
    debian = monitoring.plan(node({"exporter": True}), {})
    assert not debian
    assert debian.notes == ("Debian has no package of ha_cluster_exporter: it is left out",)
    assert platforms.packages_for(platforms.DEBIAN, suse.spec) == platforms.packages_for(
        platforms.DEBIAN, node(None).spec
    )
