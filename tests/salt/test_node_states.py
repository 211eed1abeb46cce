"""The node's own states and functions through Salt's real loader, on files of the test's own."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
import salt.loader

from kvmha.tools import host
from tests.salt.conftest import MASTER


@pytest.fixture
def pillar(example):
    return {"kvmha": example("lab")}


@pytest.fixture
def hosts(tmp_path, monkeypatch) -> Path:
    """Return a file that stands for /etc/hosts."""
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    for function in (host.plan_names, host.apply_names):
        monkeypatch.setattr(function, "__defaults__", (str(path),))
    return path


def states_of(opts):
    functions = salt.loader.minion_mods(opts, context={})
    return salt.loader.states(opts, functions, salt.loader.utils(opts), None)


@pytest.mark.parametrize("test", [True, False])
def test_names_are_written_once(test, pillar, hosts, make_opts):
    before = hosts.read_text()
    states = states_of(make_opts("ha-host1", pillar, test=test))
    first = states["kvmha.names_managed"]("names", spec=pillar["kvmha"])
    assert first["result"] is (None if test else True), first["comment"]
    assert list(first["changes"]) == ["hosts:cluster"]
    if test:
        assert hosts.read_text() == before
        return
    assert "192.168.56.102 ha-host2" in hosts.read_text()
    again = states["kvmha.names_managed"]("names", spec=pillar["kvmha"])
    assert again["result"] is True
    assert again["changes"] == {}


def test_bad_spec_fails_a_state_with_all_mistakes(hosts, make_opts):
    states = states_of(make_opts("ha-host1", {}))
    ret = states["kvmha.names_managed"]("names", spec={"nodes": "three"})
    assert ret["result"] is False
    assert "mistakes" in ret["comment"]
    assert "Traceback" not in ret["comment"]


def test_missing_packages_are_planned_and_nothing_is_installed(pillar, make_opts, monkeypatch):
    opts = make_opts("ha-host1", pillar)
    functions = salt.loader.minion_mods(opts, context={})
    plan = functions["kvmha.packages_plan"](pillar["kvmha"])
    wanted = {change["address"] for change in plan["changes"]}
    present = set(functions["pkg.list_pkgs"]())
    assert all(address.removeprefix("package:") not in present for address in wanted)


@pytest.mark.parametrize("grains", ["sles-15", "sles-16", "rhel-9", "debian-12"])
def test_platform_is_known(grains, pillar, modules):
    assert modules("ha-host1", pillar, grains=grains)["kvmha.platform"]()


def test_layout_tells_the_first_node(pillar, modules):
    first = modules("ha-host1", pillar)["kvmha.layout"](pillar["kvmha"])
    filesystems = [{"name": "vmstore", "maker": "ocfs2"}]
    assert first == {
        "first": True, "filesystems": filesystems, "ocfs2": "pcmk", "vms": ["web1"],
        "volume_groups": [], "volumes": [], "former_volumes": [],
        "lockspace": "", "san": False, "awaited": [], "libvirt": [],
    }  # fmt: skip
    assert modules("ha-host2", pillar)["kvmha.layout"](pillar["kvmha"])["first"] is False


def test_preflight_tells_the_facts_of_this_host(pillar, modules):
    facts = modules("ha-host1", pillar)["kvmha_view.preflight"](pillar["kvmha"])
    assert facts["hostname"] == os.uname().nodename
    assert facts["devices"]["/dev/disk/by-id/scsi-lab-sbd"]["kind"] == "missing"
    assert facts["addresses"] == []


def test_observation_of_a_bare_host_is_data_and_no_failure(pillar, modules):
    functions = modules("ha-host1", pillar)
    seen = functions["kvmha_view.observe"](pillar["kvmha"], ["corosync", "pacemaker", "mounts"])
    assert seen["corosync"]["running"] is False
    assert "/" in seen["mounts"]


def test_unknown_aspect_is_told_in_its_place(pillar, modules):
    seen = modules("ha-host1", pillar)["kvmha_view.observe"](pillar["kvmha"], ["mount"])
    assert "there is no aspect 'mount'" in seen["mount"]["error"]


def test_node_does_not_fence_itself(pillar, modules):
    functions = modules("ha-host1", pillar)
    with pytest.raises(Exception, match="cannot fence itself"):
        functions["kvmha_view.drill"](pillar["kvmha"], "web1", "ha-host1")


# --- on the master -----------------------------------------------------------------------------


def test_master_functions_are_kept_from_nodes(pillar, modules):
    assert "kvmha_master.problems" not in modules("ha-host1", pillar)
    assert "kvmha_master.problems" in modules(MASTER, pillar)


def test_spec_with_mistakes_fails_in_test_mode_too(make_opts):
    states = states_of(make_opts(MASTER, {}))
    ret = states["kvmha.spec_valid"]("pillar", spec={"nodes": "three"})
    assert ret["result"] is False
    assert "nodes" in ret["comment"]


@pytest.mark.parametrize("test", [True, False])
def test_key_is_made_once_and_only_its_place_is_told(test, pillar, make_opts, tmp_path):
    states = states_of(make_opts(MASTER, pillar, test=test))
    ret = states["kvmha.authkey_made"]("key", spec=pillar["kvmha"])
    path = tmp_path / "etc/kvmha/alpha/authkey"
    assert ret["result"] is (None if test else True), ret["comment"]
    assert ret["changes"][f"master:{path}"]["new"] == "a random key"
    assert path.exists() is not test
    if test:
        return
    key = path.read_bytes()
    assert len(key) == 256
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    again = states["kvmha.authkey_made"]("key", spec=pillar["kvmha"])
    assert again["changes"] == {}
    assert path.read_bytes() == key


def test_key_of_the_pillar_wins(pillar, make_opts, tmp_path):
    opts = make_opts(MASTER, pillar | {"kvmha_authkey": "aGVsbG8="}, test=False)
    ret = states_of(opts)["kvmha.authkey_made"]("key", spec=pillar["kvmha"])
    assert ret["changes"] == {}
    assert not (tmp_path / "etc/kvmha/alpha/authkey").exists()


# --- the key's way into pillar -----------------------------------------------------------------


@pytest.fixture
def ext_pillar(make_opts, pillar, tmp_path):
    """Return the external pillar as the master loads it, with a key in place."""
    key = tmp_path / "etc/kvmha/alpha/authkey"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"k" * 256)
    opts = make_opts(MASTER, pillar)
    return salt.loader.pillars(opts, salt.loader.minion_mods(opts, context={}))["kvmha"]


def test_key_reaches_the_nodes(ext_pillar, pillar):
    found = ext_pillar("ha-host2", pillar)
    assert base64.b64decode(found["kvmha_authkey"]) == b"k" * 256


@pytest.mark.parametrize("minion", ["printer", "ha-host", MASTER])
def test_key_reaches_nobody_else(ext_pillar, pillar, minion):
    assert ext_pillar(minion, pillar) == {}


@pytest.mark.parametrize(
    "more",
    [
        {"kvmha_authkey": "theirs"},
        {"kvmha": {"cluster": {"name": "../alpha"}, "nodes": [{"name": "ha-host2"}]}},
        {"kvmha": {"nodes": [{"name": "ha-host2"}]}},
        {"kvmha": {"nodes": "ha-host2"}},
        {"kvmha": None},
    ],
)
def test_odd_pillar_gets_no_key_and_no_error(ext_pillar, pillar, more):
    assert ext_pillar("ha-host2", pillar | more) == {}
