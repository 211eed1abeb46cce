"""OCFS2's classic stack: cluster.conf, settings, the kernel; cases in tests/cases/o2cb."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from kvmha.build import o2cb
from kvmha.documents import fstab, o2cb_conf
from kvmha.errors import InvalidInput, KvmhaError
from kvmha.spec import load, load_storage
from kvmha.spec.shorthand import shorthand
from kvmha.tools import mounts

CASES = sorted((Path(__file__).parents[1] / "cases" / "o2cb").iterdir())
CONFIG = "/etc/default/o2cb"


@pytest.fixture
def spec(example):
    return load(example("o2cb"))


@pytest.fixture
def part(example):
    document = example("o2cb")
    return load_storage({key: document[key] for key in ("cluster", "nodes", "storage")})


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    observed = request.param / "observed.conf"
    wanted = request.param / "wanted.conf"
    text = observed.read_text() if observed.exists() else ""
    return request.param, text, wanted.read_text() if wanted.exists() else text


def test_plan_and_file_are_the_recorded_ones(case, spec):
    folder, text, wanted = case
    stanzas = o2cb_conf.parse(text)
    told = [change.text() for change in o2cb_conf.diff(stanzas, o2cb.cluster(spec))]
    assert told == yaml.safe_load((folder / "plan.yaml").read_text())
    new = o2cb_conf.changed(stanzas, o2cb.cluster(spec))
    assert o2cb_conf.render(new) == wanted
    assert not o2cb_conf.diff(o2cb_conf.parse(wanted), o2cb.cluster(spec))


def test_what_is_not_changed_is_kept_byte_for_byte(case):
    _, text, wanted = case
    for each in (text, wanted):
        assert o2cb_conf.render(o2cb_conf.parse(each)) == each


def test_a_cluster_leaves_with_all_that_belongs_to_it(case):
    _, text, wanted = case
    left = o2cb_conf.render(o2cb_conf.without(o2cb_conf.parse(wanted), "epsilon"))
    assert "epsilon" not in left
    assert left.count("old") == text.count("old")


def files(spec):
    conf = o2cb_conf.render(o2cb_conf.changed((), o2cb.cluster(spec)))
    config = "".join(f"{key}={value}\n" for key, value in o2cb.settings(spec).items())
    return o2cb.FilesSeen(conf, config, None, enabled=True)


def online(spec):
    return o2cb.KernelSeen("o2cb", True, o2cb.cluster(spec).nodes, o2cb.timeouts(spec))


def test_settings_are_those_of_the_pillar_and_the_seconds_are_told(part):
    seen = dataclasses.replace(files(part), config="# mine\nO2CB_HEARTBEAT_THRESHOLD=31\n")
    todo = o2cb.plan_files(part, seen, CONFIG)
    assert f"~ sysconfig:{CONFIG}:O2CB_HEARTBEAT_THRESHOLD: 31 -> 61" in todo.text()
    assert f"+ sysconfig:{CONFIG}:O2CB_IDLE_TIMEOUT_MS = 60000" in todo.text()
    assert "120 s is dead" in todo.notes[0]
    assert not o2cb.plan_files(part, files(part), CONFIG)


def test_pacemaker_starts_after_the_stack_where_there_is_pacemaker(spec):
    todo = o2cb.plan_files(spec, files(spec), CONFIG)
    assert [change.address for change in todo.changes] == [f"file:{o2cb.DROPIN}"]
    assert "After=o2cb.service" in todo.changes[0].new


def test_a_member_has_nothing_to_do_and_a_stopped_service_is_started(part):
    assert not o2cb.plan_online(part, online(part))
    assert "! service:o2cb.start" in o2cb.plan_online(part, o2cb.KernelSeen("", False)).text()


def test_a_node_that_joins_is_registered_also_while_mounted(part):
    two = dict(list(o2cb.cluster(part).nodes.items())[:2])
    seen = dataclasses.replace(online(part), nodes=two, regions=1, mounts=("/srv/vmstore",))
    todo = o2cb.plan_online(part, seen)
    assert [change.address for change in todo.changes] == ["o2cb:epsilon.register"]


def test_timeouts_change_only_while_nothing_is_mounted(part):
    old = o2cb.timeouts(part) | {"O2CB_HEARTBEAT_THRESHOLD": "31"}
    free = dataclasses.replace(online(part), settings=old)
    assert "THRESHOLD: 31 -> 61" in o2cb.plan_online(part, free).text()
    busy = dataclasses.replace(free, regions=1, mounts=("/srv/vmstore",))
    todo = o2cb.plan_online(part, busy)
    assert not todo
    assert "is 31 and not 61 until every node has unmounted" in todo.notes[0]


def test_another_stack_or_cluster_that_is_in_use_is_an_error_with_the_next_step(part):
    pcmk = o2cb.KernelSeen("pcmk", False, mounts=("/srv/a",))
    with pytest.raises(KvmhaError, match=r"stack pcmk, mounted at /srv/a.*unmount these"):
        o2cb.plan_online(part, pcmk)
    assert "pcmk -> o2cb" in o2cb.plan_online(part, dataclasses.replace(pcmk, mounts=())).text()
    other = o2cb.KernelSeen("o2cb", True, mounts=("/srv/a",), others=("old",))
    with pytest.raises(KvmhaError, match="member of the cluster old"):
        o2cb.plan_online(part, other)


def test_leaving_is_refused_while_mounted_and_then_stops_and_forgets(part):
    seen = dataclasses.replace(online(part), regions=1, mounts=("/srv/vmstore",))
    with pytest.raises(KvmhaError, match=r"ocfs2\.unmounted"):
        o2cb.plan_absent(part, files(part), seen)
    todo = o2cb.plan_absent(part, files(part), online(part))
    assert [change.address for change in todo.changes] == [
        "service:o2cb.stop",
        "service:o2cb.disable",
        "cluster.conf:epsilon",
    ]


def test_the_cluster_needs_neither_dlm_nor_freeze(spec):
    cib = shorthand(spec, "external/sbd")
    assert [each.id for each in cib.resources] == ["fencing-sbd", "fs-vmstore-clone"]
    assert cib.property("no-quorum-policy") == "stop"
    assert not cib.constraints


def test_without_fencing_only_the_classic_stack_goes(example):
    document = example("gfs2")
    with pytest.raises(InvalidInput, match="needs Pacemaker"):
        load_storage({key: document[key] for key in ("cluster", "nodes", "storage")})


def test_the_line_of_fstab_replaces_its_own_alone(part, spec, tmp_path):
    line = mounts.line(part.storage.filesystems[0])
    assert "_netdev,x-systemd.requires=o2cb.service" in line
    text = "# /srv/vmstore\nUUID=1 / ext4 defaults 0 1\n/dev/old /srv/vmstore ocfs2 x 0 0\nlast\n"
    new = fstab.changed(text, "/srv/vmstore", line)
    assert new == text.replace("/dev/old /srv/vmstore ocfs2 x 0 0", line)
    assert not fstab.diff(new, "/srv/vmstore", line)
    assert fstab.changed(new, "/srv/vmstore", None) == text.replace(
        "/dev/old /srv/vmstore ocfs2 x 0 0\n", ""
    )
    path = tmp_path / "fstab"
    path.write_text(text)
    todo = mounts.plan(part, "vmstore", mounted=True, path=str(path))
    assert [change.address for change in todo.changes] == [
        "fstab:/srv/vmstore",
        "mount:/srv/vmstore",
    ]
    with pytest.raises(KvmhaError, match="Pacemaker's to mount"):
        mounts.plan(spec, "vmstore", mounted=True, path=str(path))
