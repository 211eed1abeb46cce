"""Networks, pools and volumes on a real libvirtd, both ways to it, by the states themselves."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import salt.config
import salt.loader
from lxml import etree

from kvmha.build import libvirt_objects as build
from kvmha.documents import libvirt_xml
from kvmha.errors import CommandFailed, KvmhaError
from kvmha.spec import load
from kvmha.tools import libvirt_objects as tool
from kvmha.tools.libvirt import BINDING, VIRSH, Libvirt, Standing
from kvmha.tools.runner import Runner
from tests.contract.test_libvirt_ways import DOMAIN, TEST, _the_binding, uri

__all__ = ["_the_binding", "uri"]  # fixtures

ROOT = Path(__file__).parents[2]
GRAINS = {"os_family": "Debian", "os": "Debian", "osmajorrelease": 12, "kernel": "Linux"}
HOOKED = "<devices><interface type='network'><source network='lan'/></interface></devices>"
NETWORKS = [
    {"name": "lan", "type": "bridge", "bridge": "br9"},
    {"name": "direct", "type": "direct", "dev": "br9", "mode": "vepa"},
    {"name": "between", "type": "isolated", "bridge": "virbr8"},
    {"name": "some", "type": "isolated", "address": "fd00:0:0::1/64"},
    {
        "name": "out", "type": "nat", "dev": "br9", "address": "192.168.77.1/24",
        "dhcp_start": "192.168.77.10", "dhcp_end": "192.168.77.20",
    },
    {"name": "routed", "type": "route", "address": "192.168.78.1/24"},
]  # fmt: skip
POOLS = [
    {"name": "images", "type": "dir", "path": "/nowhere"},
    {"name": "local", "type": "logical", "group": "vg-local"},
    {"name": "far", "type": "iscsi", "iqn": "iqn.2026-11.com.example:x", "portal": "192.168.9.9"},
]
VOLUMES = [
    {"name": "plain.raw", "size": "1MiB"},
    {"name": "one.qcow2", "size": "2MiB", "format": "qcow2"},
]


@pytest.fixture(name="pillar")
def pillar_of(example, changed, tmp_path):
    pool = {"name": "images", "type": "dir", "path": f"{tmp_path}/a/pool", "volumes": VOLUMES}
    said = {"networks": [NETWORKS[0]], "pools": [pool]}
    return changed(example("three_node"), {"libvirt": said})


@pytest.fixture(params=[BINDING, VIRSH])
def libvirt(uri, request, monkeypatch) -> Libvirt:
    """Return the private daemon, which is also that of the states."""
    monkeypatch.setattr(Libvirt.__init__, "__defaults__", (uri, request.param))
    found = Libvirt(Runner())
    yield found
    for name, each in found.domains().items():
        if each.active:
            found.destroy(name)
    for kind in ("network", "pool"):
        for name, each in found.standing(kind).items():
            if each.active:
                found.destroy(name, kind)
            with contextlib.suppress(CommandFailed):  # it was transient
                found.undefine(name, kind)


@pytest.fixture(name="loaded", scope="module")
def loaded_states(tmp_path_factory):
    """Return Salt's states by test mode, loaded from the checkout."""

    def load_states(test):
        opts = dict(salt.config.minion_config(None)) | {
            "id": "ha-host1", "test": test, "file_client": "local", "module_dirs": [str(ROOT)],
            "cachedir": str(tmp_path_factory.mktemp("cache")), "grains": GRAINS, "pillar": {},
            "extension_modules": "",
        }  # fmt: skip
        utils = salt.loader.utils(opts)
        return salt.loader.states(opts, salt.loader.minion_mods(opts, utils=utils), utils, {})

    return {test: load_states(test) for test in (True, False)}


@pytest.fixture(name="state")
def state_function(loaded, pillar):
    """Return a function that calls a state."""

    def call(function, name, *, document=None, test=False, **more):
        found = loaded[test][f"libvirt_domain.{function}"]
        return found(name, spec=document or pillar, **more)

    return call


def settled(state, function, name, **more):
    """Call a state in test mode, for real, and again; return what the second said."""
    told = state(function, name, test=True, **more)
    assert told["result"] is None, told["comment"]
    done = state(function, name, **more)
    assert done["result"] is True, done["comment"]
    assert done["changes"] == told["changes"]
    for test in (True, False):
        again = state(function, name, test=test, **more)
        assert (again["result"], again["changes"]) == (True, {}), again["comment"]
    return done


def words(libvirt, name, kind):
    return libvirt_xml.read(libvirt.xml(name, kind, inactive=True))


def test_libvirt_gives_back_the_words_it_was_told(libvirt, example, changed):
    """So that what it adds by itself is no drift: nothing differs after a definition."""
    said = {"libvirt": {"networks": NETWORKS, "pools": POOLS}}
    spec = load(changed(example("three_node"), said))
    wanted = [build.network(spec, one.name) for one in spec.libvirt.networks]
    wanted += [build.pool(spec, one.name) for one in spec.libvirt.pools]
    for each in wanted:
        libvirt.define(build.wanted_xml(each, build.Observed()), each.kind)
        seen = tool.observe(libvirt, each)
        left = [change.address for change in build.plan(each, seen).changes]
        assert [one for one in left if one.endswith(("autostart", "start", "build"))] == left
        again = build.wanted_xml(each, seen)
        assert libvirt_xml.read(again) == libvirt_xml.read(seen.defined)
        assert "<uuid>" in again


@pytest.mark.parametrize("way", [BINDING, VIRSH])
def test_objects_of_the_test_driver_are_planned_and_keep_their_uuid(way, example, changed):
    """It gives no XML of the next start, and keeps nothing between connections: it is only read."""
    it = Libvirt(Runner(), TEST, way)
    said = {
        "networks": [{"name": "default", "type": "bridge", "bridge": "br0"}],
        "pools": [{"name": "default-pool", "type": "dir", "path": "/default-pool"}],
    }
    spec = load(changed(example("three_node"), {"libvirt": said}))
    text = it.xml("default", "network")
    wanted = build.network(spec, "default")
    seen = build.Observed(defined=text, live=text, autostart=True)
    told = build.plan(wanted, seen).text()
    assert "~ network:default:type: nat -> bridge" in told
    assert "! network:default:restart: stop and start" in told
    before, after = (etree.fromstring(one) for one in (text, build.wanted_xml(wanted, seen)))
    assert after.findtext("uuid") == before.findtext("uuid")
    assert after.find("ip") is None
    text = it.xml("default-pool", "pool")
    seen = build.Observed(defined=text, live=text, autostart=True)
    assert not build.plan(build.pool(spec, "default-pool"), seen)


def test_a_network_comes_is_kept_and_goes(libvirt, state):
    done = settled(state, "network_defined", "lan")
    assert list(done["changes"]) == ["network:lan", "network:lan:autostart", "network:lan:start"]
    assert libvirt.standing("network") == {"lan": Standing(active=True, autostart=True)}
    assert words(libvirt, "lan", "network") == {"type": "bridge", "bridge": "br9"}
    settled(state, "network_absent", "lan")
    assert libvirt.standing("network") == {}


def test_what_somebody_added_to_a_network_stays(libvirt, state, pillar, changed):
    libvirt.define(
        "<network><name>lan</name><forward mode='bridge'/><bridge name='br8'/>"
        "<portgroup name='slow' default='yes'><bandwidth><inbound average='8'/></bandwidth>"
        "</portgroup></network>",
        "network",
    )
    done = settled(state, "network_defined", "lan")
    assert done["changes"]["network:lan:bridge"] == {"old": "br8", "new": "br9"}
    root = etree.fromstring(libvirt.xml("lan", "network"))
    assert root.find("portgroup/bandwidth/inbound").get("average") == "8"
    assert root.find("bridge").get("name") == "br9"


def test_a_network_that_runs_without_a_definition_gets_one(libvirt, state):
    libvirt.define(
        "<network><name>lan</name><forward mode='bridge'/><bridge name='br9'/></network>", "network"
    )
    libvirt.start("lan", "network")
    libvirt.undefine("lan", "network")
    assert libvirt.standing("network")["lan"].active
    done = settled(state, "network_defined", "lan")
    assert list(done["changes"]) == ["network:lan:autostart"]


def test_a_network_in_use_is_not_restarted_or_removed(libvirt, state, pillar, changed):
    settled(state, "network_defined", "lan")
    xml = DOMAIN.format(name="guest").replace("</domain>", f"{HOOKED}</domain>")
    libvirt.create(xml)
    for test in (True, False):
        ret = state("network_absent", "lan", test=test)
        assert ret["result"] is False
        assert "network lan is in use: guest" in ret["comment"]
    other = changed(pillar, {"libvirt.networks[0].type": "direct", "libvirt.networks[0].dev": "br9",
                             "libvirt.networks[0].bridge": None})  # fmt: skip
    for test in (True, False):
        ret = state("network_defined", "lan", document=other, test=test)
        assert ret["result"] is False
        assert "[resource_restart]" in ret["comment"]
    assert words(libvirt, "lan", "network")["type"] == "bridge"
    allowed = state("network_defined", "lan", document=other, allow="resource_restart")
    assert allowed["result"] is True, allowed["comment"]
    assert "lan is in use: guest" in allowed["comment"]
    assert libvirt_xml.read(libvirt.xml("lan", "network"))["type"] == "direct"
    libvirt.destroy("guest")
    settled(state, "network_absent", "lan", document=other)


def test_a_pool_and_its_volumes_come_and_go(libvirt, state, pillar, changed, tmp_path):
    folder = tmp_path / "a" / "pool"
    first = state("volume_present", "images/plain.raw", test=True)
    assert first["result"] is None
    assert "pool images is absent here yet" in first["comment"]
    done = settled(state, "pool_defined", "images")
    assert f"mkdir {folder}" in done["comment"]
    assert folder.is_dir()
    settled(state, "volume_present", "images/plain.raw")
    settled(state, "volume_present", "images/one.qcow2")
    assert (folder / "plain.raw").stat().st_size == 1 << 20
    assert (folder / "plain.raw").stat().st_blocks == 0
    assert (folder / "one.qcow2").read_bytes()[:4] == b"QFI\xfb"

    gone = changed(pillar, {"libvirt.pools[0].volumes[0].state": "absent"})
    for test in (True, False):
        ret = state("volume_absent", "images/plain.raw", document=gone, test=test)
        assert ret["result"] is False
        assert f"{folder}/plain.raw carries a volume of 1MiB" in ret["comment"]
        assert "kvmha:consent:overwrite" in ret["comment"]
    wanted = state("volume_absent", "images/one.qcow2", document=gone)
    assert "the pillar wants volume images/one.qcow2" in wanted["comment"]
    agreed = changed(gone, {"consent": {"overwrite": [f"{folder}/plain.raw"]}})
    settled(state, "volume_absent", "images/plain.raw", document=agreed)
    assert sorted(path.name for path in folder.iterdir()) == ["one.qcow2"]

    settled(state, "pool_absent", "images")
    assert libvirt.standing("pool") == {}
    assert (folder / "one.qcow2").exists()


def test_a_folder_with_foreign_files_is_taken_as_it_is(libvirt, state, tmp_path):
    folder = tmp_path / "a" / "pool"
    folder.mkdir(parents=True, mode=0o750)
    (folder / "plain.raw").write_bytes(b"somebody's" * 100)
    done = settled(state, "pool_defined", "images")
    assert "pool:images:build" not in done["changes"]
    assert folder.stat().st_mode & 0o777 == 0o750
    ret = state("volume_present", "images/plain.raw")
    assert (ret["result"], ret["changes"]) == (True, {}), ret["comment"]
    assert "an existing volume is kept as it is" in ret["comment"]
    assert (folder / "plain.raw").read_bytes() == b"somebody's" * 100


@pytest.mark.parametrize("how", ["file", "volume"])
def test_a_pool_or_volume_in_use_is_not_removed(how, libvirt, state, pillar, changed):
    path = Path(pillar["libvirt"]["pools"][0]["path"], "plain.raw")
    settled(state, "pool_defined", "images")
    settled(state, "volume_present", "images/plain.raw")
    source = {"file": f"file='{path}'", "volume": "pool='images' volume='plain.raw'"}[how]
    disk = (
        f"<devices><disk type='{how}'><driver name='qemu' type='raw'/><source {source}/>"
        "<target dev='hda'/></disk></devices>"
    )
    libvirt.create(DOMAIN.format(name="guest").replace("</domain>", f"{disk}</domain>"))
    agreed = changed(pillar, {"libvirt.pools[0].volumes[0].state": "absent",
                              "consent": {"overwrite": [str(path)]}})  # fmt: skip
    for test in (True, False):
        ret = state("volume_absent", "images/plain.raw", document=agreed, test=test)
        assert ret["result"] is False
        assert "volume images/plain.raw is in use: guest" in ret["comment"]
        ret = state("pool_absent", "images", document=agreed, test=test)
        assert ret["result"] is False
        assert "pool images is in use: guest" in ret["comment"]
    libvirt.destroy("guest")
    settled(state, "volume_absent", "images/plain.raw", document=agreed)


def test_an_inactive_pool_hides_no_volume_that_is_to_go(libvirt, state, pillar, changed):
    settled(state, "pool_defined", "images")
    libvirt.destroy("images", "pool")
    gone = changed(pillar, {"libvirt.pools[0].volumes[0].state": "absent"})
    ret = state("volume_absent", "images/plain.raw", document=gone)
    assert ret["result"] is False
    assert "pool images is inactive" in ret["comment"]
    done = settled(state, "pool_defined", "images")
    assert list(done["changes"]) == ["pool:images:start"]


def test_where_libvirt_is_away_it_is_woken_and_looked_at_again(libvirt, pillar, tmp_path):
    """Before the cluster was first started nothing listens: a plan can be made all the same."""
    wanted = build.network(load(pillar), "lan")
    away = Libvirt(Runner(), f"qemu:///system?socket={tmp_path}/no-sock", libvirt.backend)
    shown = tool.plan(away, wanted)
    assert shown.notes == (build.UNKNOWN,)
    assert [change.action.value for change in shown.changes] == ["create", "update", "run"]
    with pytest.raises(KvmhaError, match="Failed to connect socket"):
        tool.apply(away, wanted, shown.digest, lambda: None)
    woken = []

    def wake():
        woken.append(True)
        away._does = libvirt._does

    done = tool.apply(away, wanted, shown.digest, wake)
    assert (woken, [change.action.value for change in done.changes]) == (
        [True], ["create", "update", "run"],
    )  # fmt: skip
    assert libvirt.standing("network")["lan"].active


def test_what_is_to_be_forgotten_is_looked_for_when_libvirt_wakes(libvirt, tmp_path):
    away = Libvirt(Runner(), f"qemu:///system?socket={tmp_path}/no-sock", libvirt.backend)
    shown = tool.plan_absent(away, "pool", "old")
    assert [change.address for change in shown.changes] == ["pool:old:look"]
    done = tool.apply_absent(
        away, "pool", "old", shown.digest, lambda: setattr(away, "_does", libvirt._does)
    )
    assert done.changes == ()


def test_a_pool_moves_to_a_folder_that_is_made_for_it(libvirt, state, pillar, changed, tmp_path):
    settled(state, "pool_defined", "images")
    moved = changed(pillar, {"libvirt.pools[0].path": f"{tmp_path}/b"})
    done = settled(state, "pool_defined", "images", document=moved)
    assert list(done["changes"]) == ["pool:images:path", "pool:images:build", "pool:images:restart"]
    settled(state, "volume_present", "images/plain.raw", document=moved)
    assert (tmp_path / "b" / "plain.raw").exists()
