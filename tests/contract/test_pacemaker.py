"""Pacemaker's own tools on a CIB in a file: plan, apply, race, status."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lxml import etree

from kvmha.build import cib as build
from kvmha.documents import cib
from kvmha.errors import KvmhaError, StalePlan
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import pacemaker
from kvmha.tools.runner import Runner

EXAMPLES = ["lab", "minimal", "two_node", "three_node"]
STRANGERS = """\
      <group id="web">
        <primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2">
          <instance_attributes id="ip-params">
            <nvpair id="ip-params-ip" name="ip" value="192.168.56.200"/>
          </instance_attributes>
          <meta_attributes id="ip-meta">
            <nvpair id="ip-meta-target-role" name="target-role" value="Stopped"/>
          </meta_attributes>
        </primitive>
        <primitive id="apache" class="systemd" type="apache2" description="A &amp; B"/>
      </group>
"""


def wanted_of(spec, part="vms"):
    return build.build(load(spec), "external/sbd", part)


class Meddling(Runner):
    """Lets somebody else change the CIB just before a patch, ``times`` times."""

    def __init__(self, cib_file: Path, times: int, name: str = "elsewhere") -> None:
        super().__init__()
        self.cib_file, self.times, self.name = cib_file, times, name

    def run(self, argv, **options):
        if "--patch" in argv and self.times:
            self.times -= 1
            subprocess.run(
                ["crm_attribute", "--type=crm_config", f"--name={self.name}", f"-v{self.times}"],
                env={"CIB_file": str(self.cib_file), "PATH": "/usr/sbin:/usr/bin"},
                check=True,
            )
        return super().run(argv, **options)


@pytest.fixture
def cib_file(tmp_path) -> Path:
    path = tmp_path / "cib.xml"
    path.write_text(cib.EMPTY)
    return path


@pytest.fixture
def running(example, tmp_path) -> Path:
    """Return a CIB in which the lab's three nodes run everything, vm-web1 among it."""
    path = tmp_path / "cib.xml"
    names = [f"ha-host{number}" for number in (1, 2, 3)]
    nodes = "".join(f'<node id="{n[-1]}" uname="{n}"/>' for n in names)
    text = cib.EMPTY.replace("<nodes/>", f"<nodes>{nodes}</nodes>")
    path.write_text(text.replace("<cib ", '<cib have-quorum="1" dc-uuid="1" '))
    pacemaker.apply(Runner(), wanted_of(example("lab")), cib_file=str(path))
    up = [f"--node-up={name}" for name in names]
    Runner().run(["crm_simulate", "--in-place", f"--xml-file={path}", *up])
    return path


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_makes_a_cib_that_pacemaker_accepts(example, name, cib_file):
    wanted = wanted_of(example(name))
    plan = pacemaker.apply(Runner(), wanted, cib_file=str(cib_file))
    assert len(plan.changes) >= 7
    assert pacemaker.verify(Runner(), str(cib_file)) == []
    assert not pacemaker.plan(Runner(), wanted, str(cib_file))


@pytest.mark.parametrize("agent", ["external/sbd", "fence_sbd"])
def test_each_part_alone_is_accepted(example, cib_file, agent):
    for part in build.PARTS:
        wanted = build.build(load(example("three_node")), agent, part)
        pacemaker.apply(Runner(), wanted, cib_file=str(cib_file))
        assert pacemaker.verify(Runner(), str(cib_file)) == []


def test_plan_changes_nothing(example, cib_file):
    assert pacemaker.plan(Runner(), wanted_of(example("lab")), str(cib_file))
    assert cib_file.read_text() == cib.EMPTY


def test_processes_do_not_grow_with_the_number_of_objects(example, changed, cib_file):
    vm = example("lab")["vms"][0]
    many = {f"vms[{number}]": {**vm, "name": f"web{number}"} for number in range(40)}
    wanted = wanted_of(changed(example("lab"), many | {"validate": {}}))
    first, nothing = Runner(), Runner()
    assert len(pacemaker.apply(first, wanted, cib_file=str(cib_file)).changes) > 120
    assert not pacemaker.apply(nothing, wanted, cib_file=str(cib_file))
    assert (first.started, nothing.started) == (3, 0)  # a file is read by no program


def test_one_changed_value_is_one_change(example, changed, running):
    spec = changed(example("lab"), {"vms[0].stop_timeout": "4min"})
    runner = Runner()
    plan = pacemaker.apply(runner, wanted_of(spec), cib_file=str(running))
    assert [c.text() for c in plan.changes] == [
        "~ cib:primitive/vm-web1/op/stop@timeout: 180s -> 240s"
    ]
    assert runner.started == 4  # with the simulation, since resources run


def test_what_strangers_configured_survives_byte_for_byte(example, cib_file):
    text = cib.EMPTY.replace("<resources/>", f"<resources>\n{STRANGERS}    </resources>")
    cib_file.write_text(text)
    pacemaker.apply(Runner(), wanted_of(example("lab")), cib_file=str(cib_file))
    after = cib_file.read_text()
    assert STRANGERS in after and "vm-web1" in after


def test_a_change_by_another_in_between_is_kept_and_the_plan_made_afresh(example, cib_file):
    runner = Meddling(cib_file, times=2)
    pacemaker.apply(runner, wanted_of(example("lab")), cib_file=str(cib_file))
    text = cib_file.read_text()
    assert 'name="elsewhere" value="0"' in text and 'id="vm-web1"' in text
    assert runner.started == 3 * 3


def test_tries_are_bounded(example, cib_file):
    runner = Meddling(cib_file, times=99)
    with pytest.raises(KvmhaError, match="5 times"):
        pacemaker.apply(runner, wanted_of(example("lab")), cib_file=str(cib_file))
    assert "vm-web1" not in cib_file.read_text()


def test_a_change_elsewhere_does_not_make_a_shown_plan_stale(example, cib_file):
    wanted = wanted_of(example("lab"))
    shown = pacemaker.plan(Runner(), wanted, str(cib_file))
    runner = Meddling(cib_file, times=1)
    assert pacemaker.apply(runner, wanted, shown.digest, str(cib_file)) == shown


def test_a_change_of_what_was_shown_makes_the_plan_stale(example, cib_file):
    wanted = wanted_of(example("lab"))
    shown = pacemaker.plan(Runner(), wanted, str(cib_file))
    runner = Meddling(cib_file, times=1, name="stonith-timeout")
    with pytest.raises(StalePlan, match="stonith-timeout: 0 -> 82s"):
        pacemaker.apply(runner, wanted, shown.digest, str(cib_file))
    assert "vm-web1" not in cib_file.read_text()


def test_what_another_has_done_already_is_not_stale(example, cib_file):
    wanted = wanted_of(example("lab"))
    shown = pacemaker.plan(Runner(), wanted, str(cib_file))
    pacemaker.apply(Runner(), wanted, cib_file=str(cib_file))
    assert not pacemaker.apply(Runner(), wanted, shown.digest, str(cib_file))


def test_what_pacemaker_would_not_accept_is_refused_in_its_words(example, changed, cib_file):
    twice = [
        {"name": "monitor", "interval": "10s", "timeout": "9s"},
        {"name": "monitor", "interval": "10", "timeout": "8s"},
    ]
    broken = {
        "properties": {"no-quorum-policy": "perhaps"},
        "resources": [{"id": "x", "agent": "ocf:heartbeat:Dummy", "ops": twice}],
    }
    wanted = wanted_of(changed(example("lab"), {"cib": broken}))
    for call in (pacemaker.plan, lambda *a: pacemaker.apply(a[0], a[1], cib_file=a[2])):
        with pytest.raises(KvmhaError, match="duplicate of x-monitor"):
            call(Runner(), wanted, str(cib_file))
    assert cib_file.read_text() == cib.EMPTY


def test_a_fault_that_was_there_before_does_not_stop_us(example, cib_file):
    fault = (
        '<primitive id="old" class="ocf" provider="heartbeat" type="Dummy"><operations>'
        '<op id="o1" name="monitor" interval="10s"/><op id="o2" name="monitor" interval="10"/>'
        "</operations></primitive>"
    )
    cib_file.write_text(cib.EMPTY.replace("<resources/>", f"<resources>{fault}</resources>"))
    plan = pacemaker.apply(Runner(), wanted_of(example("lab")), cib_file=str(cib_file))
    assert any("had this fault before" in note and "o2" in note for note in plan.notes)
    assert 'id="vm-web1"' in cib_file.read_text()


# --- consequences ------------------------------------------------------------------------------


def test_first_plan_says_what_would_start(example, running):
    spec = example("lab")
    text = running.read_text()
    root = etree.fromstring(text.encode())
    for gone in root.xpath("//*[@id='vm-web1' or contains(@id, 'storage-vm-web1')]"):
        gone.getparent().remove(gone)
    running.write_text(etree.tostring(root, encoding="unicode"))
    plan = pacemaker.plan(Runner(), wanted_of(spec), str(running))
    assert plan.disruption is Disruption.NONE
    assert any(note.startswith("would start vm-web1 on ha-host") for note in plan.notes)


def test_a_changed_mount_option_restarts_what_stands_on_it(example, changed, running):
    spec = changed(example("lab"), {"storage.filesystems[0].options": "noatime,coherency=full"})
    plan = pacemaker.plan(Runner(), wanted_of(spec), str(running))
    assert plan.disruption is Disruption.RESOURCE_RESTART
    assert "would restart fs-vmstore on ha-host1, ha-host2, ha-host3" in "\n".join(plan.notes)
    assert "would restart vm-web1 on ha-host2" in "\n".join(plan.notes)


@pytest.mark.parametrize(
    "migrate, told",
    [(False, ("move", Disruption.RESOURCE_RESTART)), (True, ("migrate", Disruption.RELOAD))],
)
def test_a_vm_that_must_leave_its_node(example, changed, running, migrate, told):
    verb, disruption = told
    spec = changed(example("lab"), {"vms[0].avoid": ["ha-host2"], "vms[0].migrate": migrate})
    plan = pacemaker.plan(Runner(), wanted_of(spec), str(running))
    assert plan.disruption is disruption
    assert any(note.startswith(f"would {verb} vm-web1 from ha-host2 to ") for note in plan.notes)


def test_a_vm_stays_when_it_prefers_another_node(example, changed, running):
    spec = changed(example("lab"), {"vms[0].prefer": ["ha-host1", "ha-host3"]})
    plan = pacemaker.plan(Runner(), wanted_of(spec), str(running))
    assert len(plan.changes) == 2 and plan.disruption is Disruption.NONE
    assert plan.notes == ()


def test_a_plan_that_fences_a_node_says_so(example, changed, running):
    text = running.read_text().replace('in_ccm="true" crmd="online"', "X", 1)
    assert text.count("X") == 1
    text = text.replace("X", 'in_ccm="false" crmd="offline"')
    text = text.replace('name="stonith-enabled" value="true"', 'name="stonith-enabled" value="0"')
    running.write_text(text)
    plan = pacemaker.plan(Runner(), wanted_of(example("lab")), str(running))
    assert plan.disruption is Disruption.CLUSTER_STOP
    assert any(note.startswith("would fence ha-host1") for note in plan.notes)


def test_a_vm_that_left_the_pillar_is_named_and_kept(example, changed, cib_file):
    pacemaker.apply(Runner(), wanted_of(example("three_node")), cib_file=str(cib_file))
    fewer = changed(example("three_node"), {"vms[0]": None})
    plan = pacemaker.plan(Runner(), wanted_of(fewer), str(cib_file))
    left = (
        "primitive/vm-db1",
        *(f"constraint/{kind}-storage-vm-db1" for kind in ("order", "colocation")),
        "constraint/location-vm-db1-prefer-ha-host1",
    )
    assert (plan.changes, plan.notes) == (
        (),
        tuple(f"cib:{what} is in the cluster but not in the pillar: kept" for what in left),
    )


# --- no cluster --------------------------------------------------------------------------------


def test_without_a_cluster_the_plan_is_made_from_nothing(example):
    plan = pacemaker.plan(Runner(), wanted_of(example("lab")))
    assert len(plan.changes) == 14
    assert plan.notes == ("Pacemaker does not run on this node: planned from an empty CIB",)
    with pytest.raises(KvmhaError, match=r"does not run on this node.*hint"):
        pacemaker.apply(Runner(), wanted_of(example("lab")))


def test_a_file_that_is_missing_is_an_error(example, tmp_path):
    with pytest.raises(KvmhaError, match=r"none\.xml cannot be read"):
        pacemaker.plan(Runner(), wanted_of(example("lab")), str(tmp_path / "none.xml"))


# --- status ------------------------------------------------------------------------------------


def test_status_of_a_cluster_at_work(running):
    runner = Runner()
    status = pacemaker.status(runner, str(running))
    assert runner.started == 1
    assert (status["running"], status["dc"], status["quorate"]) == (True, "ha-host1", True)
    assert {name: node["online"] for name, node in status["nodes"].items()} == {
        "ha-host1": True,
        "ha-host2": True,
        "ha-host3": True,
    }
    (vm,) = [item for item in status["resources"] if item["id"] == "vm-web1"]
    assert (vm["role"], vm["nodes"], vm["clone"]) == ("Started", ["ha-host2"], None)
    mounts = [item for item in status["resources"] if item["clone"] == "fs-vmstore-clone"]
    assert sorted(node for item in mounts for node in item["nodes"]) == [*status["nodes"]]
    assert status["options"]["stonith_enabled"] is True
    assert status["failures"] == []


def test_status_tells_a_failure(running):
    Runner().run(
        ["crm_simulate", "--in-place", f"--xml-file={running}",
         "--op-inject=vm-web1_monitor_20000@ha-host2=1"]
    )  # fmt: skip
    status = pacemaker.status(Runner(), str(running))
    assert [failure["op_key"] for failure in status["failures"]] == ["vm-web1_monitor_20000"]
    assert status["failures"][0]["node"] == "ha-host2"


def test_status_where_nothing_runs():
    status = pacemaker.status(Runner())
    assert (status["running"], status["nodes"], status["resources"]) == (False, {}, [])


def test_verify_where_nothing_runs_is_not_clean():
    assert pacemaker.verify(Runner()) == ["Pacemaker does not run on this node"]


def test_fencing_does_not_answer_where_nothing_runs():
    answer = pacemaker.fencing_answers(Runner(), ["ha-host1"])
    assert (answer["ok"], answer["problems"]) == (False, ["Pacemaker does not run on this node"])


def test_patch_keeps_the_epoch_and_drops_the_count_of_status_updates():
    patch = (
        '<diff format="2"><version><source admin_epoch="0" epoch="5" num_updates="7"/>'
        '<target admin_epoch="0" epoch="5" num_updates="7"/></version></diff>'
    )
    assert pacemaker.without_num_updates(patch).replace('"/>', "/>").count("num_updates") == 0
    assert 'epoch="5"' in pacemaker.without_num_updates(patch)
