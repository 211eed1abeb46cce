"""Fencing before it is done: what Pacemaker's own simulation and the agents' metadata say."""

from __future__ import annotations

import pytest

from kvmha.build import cib as build
from kvmha.documents import cib
from kvmha.errors import InvalidInput, KvmhaError
from kvmha.spec import load
from kvmha.tools import fencing, pacemaker, sbd
from kvmha.tools.agent_types import Typed
from kvmha.tools.agents import Catalogue
from kvmha.tools.runner import Runner

NODES = ("ha-host1", "ha-host2", "ha-host3")


@pytest.fixture
def spec(example):
    return load(example("lab"))


@pytest.fixture
def running(spec, tmp_path, monkeypatch):
    """Have the tools see a cluster in which the lab's three nodes run everything."""
    path = tmp_path / "cib.xml"
    nodes = "".join(f'<node id="{name[-1]}" uname="{name}"/>' for name in NODES)
    text = cib.EMPTY.replace("<nodes/>", f"<nodes>{nodes}</nodes>")
    path.write_text(text.replace("<cib ", '<cib have-quorum="1" dc-uuid="1" '))
    pacemaker.apply(Runner(), build.build(spec, "external/sbd"), cib_file=str(path))
    up = [f"--node-up={name}" for name in NODES]
    Runner().run(["crm_simulate", "--in-place", f"--xml-file={path}", *up])
    monkeypatch.setenv("CIB_file", str(path))
    return path


def host_of(vm):
    status = pacemaker.status(Runner())
    return next(one["nodes"][0] for one in status["resources"] if one["id"] == f"vm-{vm}")


def test_it_is_told_which_vms_would_move(running, spec):
    victim = host_of("web1")
    here = next(name for name in NODES if name != victim)
    said = fencing.preview(Runner(), spec, victim, here)
    assert any(line.startswith(f"would fence {victim}") for line in said["would"])
    places = said["placement"]["vm-web1"]
    assert places["before"] == [victim] and places["after"] not in ([], [victim])
    # A file has no fencer to ask: in earnest it would be refused.
    assert said["problems"] == [pacemaker.NOT_RUNNING_HERE]


@pytest.mark.parametrize(
    ("node", "here", "words"),
    [
        ("ha-host9", "ha-host1", "there is no node 'ha-host9'"),
        ("ha-host1", "ha-host1", "ha-host1 cannot fence itself"),
    ],
)
def test_who_cannot_be_fenced_is_told(running, spec, node, here, words):
    (problem,) = fencing.preview(Runner(), spec, node, here)["problems"]
    assert problem.startswith(words)


def test_a_cluster_that_is_not_whole_refuses(running, spec):
    Runner().run(
        [
            "crm_simulate",
            "--in-place",
            f"--xml-file={running}",
            "--node-down=ha-host3",
            "--quorum=0",
        ]
    )
    said = fencing.preview(Runner(), spec, "ha-host2", "ha-host1")
    assert said["problems"] == ["the cluster has no quorum", "ha-host3 is offline"]
    with pytest.raises(KvmhaError, match=r"not fenced, since\n  the cluster has no quorum"):
        fencing.test(Runner(), spec, "ha-host2", "ha-host1")


def test_parameters_of_a_fence_agent_are_checked_against_its_metadata(example, changed, tmp_path):
    board = {
        "name": "board",
        "agent": "external/ipmi",
        "params": {"hostname": "ha-host1", "ipadr": "10.0.0.1", "userid": "kvmha"},
        "nodes": ["ha-host1"],
    }
    spec = load(changed(example("lab"), {"fencing.devices": [board]}))
    path = tmp_path / "cib.xml"
    path.write_text(cib.EMPTY)
    types = Typed(Catalogue(Runner(), tmp_path / "cache"))
    wanted = build.build(spec, "external/sbd", "fencing", types=types)
    with pytest.raises(InvalidInput) as caught:
        pacemaker.plan(Runner(), wanted, str(path))
    codes = {problem.place: problem.code for problem in caught.value.problems}
    assert codes["cib:primitive/fencing-board/param.ipadr"] == "UNKNOWN_OPTION"


def test_no_message_is_sent_where_there_is_no_disk(example):
    with pytest.raises(KvmhaError, match="no SBD disk"):
        sbd.test(Runner(), load(example("diskless")), "kvm-a")


# What Pacemaker itself writes where sbd runs: without a device it is all that fences.
WATCHDOG = (
    '<crm_config><cluster_property_set id="cib-bootstrap-options">'
    '<nvpair id="w" name="have-watchdog" value="true"/></cluster_property_set></crm_config>'
)


@pytest.mark.parametrize("name", ["diskless", "two_node_qdevice", "ipmi", "pdu"])
def test_pacemaker_accepts_the_cib_of_every_example(name, example, tmp_path):
    path = tmp_path / "cib.xml"
    path.write_text(cib.EMPTY.replace("<crm_config/>", WATCHDOG))
    secrets = dict.fromkeys(("ipmi.a", "ipmi.b", "ipmi.c", "pdu"), "kept-to-itself")
    wanted = build.build(load(example(name)), "external/sbd", "fencing", secrets)
    done, left = pacemaker.apply(Runner(), wanted, cib_file=str(path))
    assert done and not left
    assert pacemaker.verify(Runner(), str(path)) == []
    assert "kept-to-itself" not in str(done.to_dict())
