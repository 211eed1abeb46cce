"""A look from one node: at a real corosync and Pacemaker, whole, frozen and absent."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kvmha.documents import crm_mon
from kvmha.errors import KvmhaError
from kvmha.plain import of, plain
from kvmha.spec import load
from kvmha.tools import corosync, look
from kvmha.tools.at_once import at_once
from kvmha.tools.runner import Runner
from kvmha.view import ledger
from kvmha.view.snapshot import NodeSeen, Snapshot
from tests.contract import cluster_of_one
from tests.contract.cluster_of_one import Inside

DUMMY = '<primitive id="vm-web1" class="ocf" provider="pacemaker" type="Dummy"/>'


@pytest.fixture(scope="module")
def node():
    if os.geteuid() != 0 or not shutil.which("corosync"):
        pytest.skip("needs root and corosync")
    with cluster_of_one.started() as pid:
        yield Inside(pid)


@pytest.fixture
def spec(example, monkeypatch, tmp_path):
    monkeypatch.setattr(corosync, "CONF", tmp_path / "corosync.conf")
    return load(example("lab"))


def test_a_look_is_three_programs_and_knows_all_of_the_cluster(node, spec):
    node.run(["cibadmin", "--create", "--scope=resources", "--xml-text", DUMMY])
    before = node.started
    seen = look.look(node, spec, "ha-host1", light=True)
    assert node.started - before == 4  # with virsh, where the binding is not
    assert seen.answered and seen.corosync and seen.pacemaker
    assert seen.members == ("ha-host1",)
    assert (seen.quorate, seen.votes, seen.needed) == (True, 1, 1)
    assert seen.dc == "ha-host1" and seen.online == ("ha-host1",)
    assert "vm-web1" in seen.resources
    assert seen.options["no_quorum_policy"] == "stop"
    assert seen.uptime > 0 and "/" in seen.mounts
    assert set(seen.errors) <= {"libvirt"}
    assert of(NodeSeen, plain(seen)) == seen


def test_a_node_that_somebody_says_is_off_proves_nothing(node, spec):
    node.run(["stonith_admin", "--confirm=ha-host2"], ok=None)
    seen = look.look(node, spec, "ha-host1", light=True)
    (event,) = (one for one in seen.fencing_history if one["target"] == "ha-host2")
    assert event["status"] == "success"
    assert abs(ledger.moment(event["completed"]) - time.time()) < 60
    known = ledger.merged(spec, {}, Snapshot(time.time(), (seen,)))
    assert known["ha-host2"].time == 0.0
    by_a_device = replace(seen, fencing_history=({**event, "delegate": "ha-host1"},))
    known = ledger.merged(spec, {}, Snapshot(time.time(), (by_a_device,)))
    assert known["ha-host2"].time > 0 and known["ha-host2"].delegate == "ha-host1"


def test_a_frozen_pacemaker_is_told_in_time(node, spec):
    frozen = _processes_of(node, "pacemaker-based", "pacemakerd", "pacemaker-fence")
    assert frozen
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        seen = look.look(node, spec, "ha-host1", light=True, seconds=2)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert time.monotonic() - began < 4
    assert "2 s" in seen.errors["pacemaker"]
    assert seen.corosync and not seen.pacemaker


def test_without_a_cluster_the_host_is_seen_all_the_same(spec):
    seen = look.look(Runner(), spec, "ha-host1")
    assert not seen.corosync and not seen.pacemaker and seen.dc == ""
    assert seen.answered and seen.uptime > 0
    (disk,) = spec.fencing.disks
    assert f"slots of {disk}" in seen.errors


def test_a_look_that_hangs_holds_up_nobody():
    gate = threading.Event()

    def refuses():
        raise KvmhaError("the disk is gone")

    began = time.monotonic()
    looks = {
        "hangs": gate.wait,
        "refuses": refuses,
        "breaks": lambda: 1 // 0,
        "works": lambda: 7,
    }
    found, errors = at_once(looks, 0.5)
    gate.set()
    assert time.monotonic() - began < 2
    assert found == {"works": 7}
    assert errors == {
        "hangs": "no answer within 0.5 s",
        "refuses": "the disk is gone",
        "breaks": "ZeroDivisionError: integer division or modulo by zero",
    }


def test_addresses_are_those_that_ip_tells():
    told = Runner().run(["ip", "-o", "addr", "show", "scope", "global"]).stdout
    wanted = sorted({line.split()[3].partition("/")[0] for line in told.splitlines()})
    assert list(look.addresses()) == wanted


def test_addresses_are_read_from_the_kernels_tables(tmp_path):
    folder = tmp_path / "proc" / "net"
    folder.mkdir(parents=True)
    (folder / "fib_trie").write_text(
        "Local:\n  +-- 0.0.0.0/0 2 0 2\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
        "     |-- 192.168.56.0\n        /24 link UNICAST\n"
        "     |-- 192.168.56.101\n        /32 host LOCAL\n"
    )
    (folder / "if_inet6").write_text(
        "fe800000000000000000000000000001 02 40 20 80     eth0\n"
        "20010db8000000000000000000000010 02 40 00 80     eth0\n"
    )
    assert look.addresses(tmp_path) == ("192.168.56.101", "2001:db8::10")


def test_troubles_and_failures_are_told_by_their_resource():
    folder = Path(__file__).parents[1] / "cases" / "explain" / "failed_too_often"
    runner = Runner()
    argv = ["crm_mon", "--one-shot", "--inactive", "--output-as=xml"]
    env = {"CIB_file": str(folder / "cib.xml")}
    said = crm_mon.parse(runner.run(argv, env=env).stdout)
    seen = look.of_crm_mon(said)
    assert seen["resources"]["vm-web1"] == ("ha-host2",)
    assert seen["resources"]["fs-vmstore"] == ("ha-host1", "ha-host2", "ha-host3")
    assert any("web1" in line and "does not answer" in line for line in seen["failures"])


def _processes_of(node: Inside, *names: str) -> list[int]:
    """Return the node's own processes by name: never those of another cluster on this machine."""
    space = Path(f"/proc/{node.pid}/ns/pid").readlink()
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit():
            continue
        try:
            inside = (each / "ns" / "pid").readlink() == space
            name = (each / "comm").read_text().strip()
        except OSError:
            continue
        if inside and name.startswith(names):
            found.append(int(each.name))
    return found
