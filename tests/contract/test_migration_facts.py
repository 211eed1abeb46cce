"""What a node says of the VMs it may get: real files, the real virsh, real sockets."""

from __future__ import annotations

import socket

import pytest

from kvmha.build import domain as build
from kvmha.spec import load
from kvmha.tools import migration
from kvmha.tools.runner import Runner

MOVING = {"vms[0].migrate": True, "deadlines": {"answer": "20s"}}


@pytest.fixture(name="spec")
def moving_spec(example, changed, tmp_path):
    more = {"storage.filesystems[0].mount": str(tmp_path)}
    more["vms[0].interfaces"] = [{"bridge": "nobr0"}]
    return load(changed(example("lab"), MOVING | more))


def facts(spec):
    return migration.facts(Runner(), spec, "ha-host1")


def test_files_are_looked_at_where_they_are(spec, tmp_path):
    disk = tmp_path / "web1" / "disk0.raw"
    found = facts(spec)["vms"]["web1"]
    assert (found["xml"], found["disks"]) == ("absent", {str(disk): False})
    disk.parent.mkdir()
    disk.touch()
    (tmp_path / "web1" / "web1.xml").write_text(
        build.wanted_xml(spec, spec.vms[0], build.Observed())
    )
    found = facts(spec)["vms"]["web1"]
    assert (found["xml"], found["disks"]) == ("", {str(disk): True})
    assert found["bridges"] == {"nobr0": False}
    assert found["runs"] is False


def test_xml_that_is_none_is_told_in_words(spec, tmp_path):
    (tmp_path / "web1").mkdir()
    (tmp_path / "web1" / "web1.xml").write_text("<domain")
    assert "is no XML" in facts(spec)["vms"]["web1"]["xml"]


@pytest.mark.parametrize("transport", ["ssh", "tcp"])
def test_a_node_that_cannot_be_reached_is_told_with_its_uri(spec, example, changed, transport):
    said = MOVING | {"libvirt.migration": {"transport": transport}}
    said |= {f"nodes[{n}].name": f"no-such-host{n}.invalid" for n in (1, 2)}
    found = migration.peers(Runner(), load(changed(example("lab"), said)), "ha-host1")
    assert list(found) == ["no-such-host1.invalid", "no-such-host2.invalid"]
    for node, why in found.items():
        assert why.startswith(f"qemu+{transport}://{node}/system: ")
        assert "esol" in why, why  # in ssh's words or in libvirt's: it does not resolve


def test_memory_that_is_free_is_known(spec):
    assert 0 < facts(spec)["memory"] < 2**50


def test_a_port_that_nobody_filters_is_no_fault(example, changed):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = {"libvirt.migration": {"port_min": port, "port_max": 65535}}
        spec = load(changed(example("lab"), said))
        assert migration._knock("127.0.0.1", spec) == ""
    assert migration._knock("127.0.0.1", spec) == ""  # refused: nobody moves a VM just now


def test_a_port_behind_which_there_is_no_host_is_a_fault(example):
    spec = load(example("lab"))
    assert migration._knock("255.255.255.255", spec).startswith("255.255.255.255, port 49152: ")


def test_nothing_is_asked_where_no_vm_moves(example):
    runner = Runner()
    found = migration.facts(runner, load(example("lab")), "ha-host1")
    assert (found["vms"], found["peers"], runner.started) == ({}, {}, 0)
