"""libvirt's networks, pools and volumes: each case is a directory of tests/cases/libvirt_objects.

``observed.yaml`` says which object it is ``of`` and what is seen of it, ``change.yaml`` what
differs from the example networks_pools, ``defined.xml`` and ``live.xml`` what libvirt has. They
give ``plan.txt``, which may be an error, and ``wanted.xml``, what libvirt is told.
"""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from kvmha import platforms, sls
from kvmha.build import domain, domain_live
from kvmha.build import libvirt_objects as build
from kvmha.documents import libvirt_xml
from kvmha.errors import InvalidInput, KvmhaError, Refused
from kvmha.plan import Disruption
from kvmha.spec import load

CASES = sorted((Path(__file__).parent.parent / "cases" / "libvirt_objects").iterdir())


def read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


class Case:
    """One directory, read."""

    def __init__(self, folder, document, changed):
        self.said = yaml.safe_load((folder / "observed.yaml").read_text())
        change = yaml.safe_load(read(folder / "change.yaml") or "{}")
        self.spec = load(changed(document, change))
        self.kind, _, self.name = self.said["of"].partition(" ")
        self.absent = self.said.get("absent", False)
        self.defined, live = read(folder / "defined.xml"), read(folder / "live.xml")
        self.live = live or (self.defined if self.said.get("active") else None)
        self.users = tuple(self.said.get("users", ()))

    def plan(self):
        """Return the plan, and the XML that libvirt is told; None where it is told none."""
        if self.kind == "volume":
            return self._volume()
        seen = build.Observed(
            answers=self.said.get("answers", True),
            defined=self.defined,
            live=self.live,
            autostart=self.said.get("autostart", False),
            folder=self.said.get("folder", False),
            users=self.users,
        )
        if self.absent:
            return build.plan_absent(self.kind, self.name, seen), None
        wanted = getattr(build, self.kind)(self.spec, self.name)
        todo = build.plan(wanted, seen)
        return todo, build.wanted_xml(wanted, seen) if todo else None

    def _volume(self):
        pool, volume = build.volume(self.spec, self.name)
        path = pool.path_of(volume) if self.defined else ""
        seen = build.Volume(self.said.get("pool", "absent"), self.defined, path, self.users)
        if self.absent:
            return build.plan_volume_absent(self.spec, pool, volume, seen), None
        todo = build.plan_volume(pool, volume, seen)
        return todo, build.volume_xml(pool, volume) if todo else None


@pytest.fixture(name="case", params=CASES, ids=lambda folder: folder.name)
def read_case(request, example, changed):
    return request.param, Case(request.param, example("networks_pools"), changed)


def test_case_gives_its_plan_and_its_xml(case):
    folder, read_ = case
    try:
        todo, xml = read_.plan()
        told = todo.text()
    except KvmhaError as error:
        told, xml = str(error), None
    assert told == (folder / "plan.txt").read_text().strip()
    assert xml == read(folder / "wanted.xml")


def test_what_was_told_once_is_not_told_again(case):
    _, read_ = case
    if read_.absent or read_.kind == "volume":
        return
    _, xml = read_.plan()
    read_.defined = read_.live = xml or read_.defined
    read_.said |= {"autostart": True, "folder": True, "answers": True}
    assert read_.plan()[0].changes == ()


def test_a_restart_costs_only_where_somebody_is_plugged_in(example, changed):
    for name, cost in (("a_network_in_use_takes_another_bridge", Disruption.RESOURCE_RESTART),
                       ("defined_but_not_restarted", Disruption.NONE)):  # fmt: skip
        (folder,) = (each for each in CASES if each.name == name)
        assert Case(folder, example("networks_pools"), changed).plan()[0].disruption == cost


def test_what_the_pillar_does_not_want_is_an_error_with_what_it_wants(example):
    spec = load(example("networks_pools"))
    with pytest.raises(InvalidInput, match=r"no network 'default'.*it wants: lan, san, between"):
        build.network(spec, "default")
    with pytest.raises(InvalidInput, match=r"no pool 'former'.*images, local, archive"):
        build.pool(spec, "former")
    with pytest.raises(InvalidInput, match=r"no volume 'x'.*scratch.qcow2, old.raw"):
        build.volume(spec, "images/x")


def test_a_volume_of_an_inactive_pool_is_not_taken_for_gone(example):
    spec = load(example("networks_pools"))
    found = build.volume(spec, "images/old.raw")
    with pytest.raises(Refused, match=r"pool images is inactive.*virsh pool-start images"):
        build.plan_volume_absent(spec, *found, build.Volume("inactive"))


@pytest.mark.parametrize("text", ["", "<network>", "<domain><name>x</name></domain>"])
def test_what_is_no_such_xml_is_an_error(text):
    with pytest.raises(KvmhaError, match=r"no XML|found <domain>"):
        libvirt_xml.read(text)


def test_a_pool_stands_before_its_volumes_and_what_leaves_comes_last(example):
    found = sls.layout(load(example("networks_pools")))["libvirt"]
    assert [f"{one['kind']}_{one['state']} {one['name']}" for one in found] == [
        *("network_defined lan", "network_defined san", "network_defined between"),
        *("network_defined out", "network_absent default"),
        *("pool_defined images", "pool_defined local", "pool_defined archive"),
        *("pool_absent former", "volume_present images/scratch.qcow2"),
        *("volume_present local/scratch", "volume_absent images/old.raw"),
    ]
    assert sls.layout(load(example("lab")))["libvirt"] == []


def test_modular_daemons_are_asked_by_sockets_of_their_own(example):
    spec, plain = load(example("networks_pools")), load(example("lab"))
    listed = platforms.libvirt_sockets
    assert listed(platforms.DEBIAN, spec) == ("libvirtd.socket",)
    modular = ("virtqemud.socket", "virtnetworkd.socket", "virtstoraged.socket")
    assert listed(platforms.SLES_16, spec) == modular
    assert listed(platforms.SLES_16, plain) == ("virtqemud.socket",)


def test_a_network_in_which_libvirt_answers_needs_dnsmasq(example, changed):
    spec = load(example("networks_pools"))
    more = platforms.packages_for(platforms.DEBIAN, spec)[len(platforms.DEBIAN.packages) :]
    assert more == ("dnsmasq-base",)
    between = {"networks": [{"name": "between", "type": "isolated"}]}
    plain = load(changed(example("lab"), {"libvirt": between}))
    assert platforms.packages_for(platforms.DEBIAN, plain) == platforms.DEBIAN.packages


@pytest.mark.parametrize(
    ("kind", "source"),
    [("bridge", 'portid="x" bridge="br0"'), ("direct", 'portid="x" dev="eth1" mode="bridge"')],
)
def test_a_card_that_runs_is_of_the_type_its_network_is_made_of(kind, source, example):
    spec = load(example("networks_pools"))
    wanted = domain.build(spec, spec.vms[0])
    running = copy.deepcopy(wanted)
    card = running.find("devices/interface")
    card.set("type", kind)
    card.find("source").attrib.update(pair.split("=") for pair in source.replace('"', "").split())
    assert domain_live.live("web1", running, wanted) == domain_live.Live((), (), ())
