"""Keys for live migration through Salt's real loader and the real ssh-keygen, node to node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import salt.loader

from kvmha import ask
from kvmha.build import libvirt_host, migration_access
from kvmha.tools import host, openssh
from tests.salt.conftest import MASTER

NODES = ("ha-host1", "ha-host2", "ha-host3")


@pytest.fixture(name="pillar")
def moving_pillar(example, changed):
    return {"kvmha": changed(example("lab"), {"vms[0].migrate": True})}


@pytest.fixture(name="homes")
def homes_of_nodes(tmp_path, monkeypatch):
    """Return a function that makes this host look like the node it names."""
    keys = tmp_path / "sshd"
    keys.mkdir()
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0dRkbVxZxhEQbUTkSFTVKLcSIOWyI5n0JwAcWvmyZT"
    (keys / "ssh_host_ed25519_key.pub").write_text(f"{public} root@host\n")
    monkeypatch.setattr(openssh, "HOST_KEYS", str(keys))

    def become(node):
        home = tmp_path / node
        home.mkdir(exist_ok=True)
        monkeypatch.setattr(openssh, "_home", lambda _user: str(home))
        monkeypatch.setattr(migration_access, "KNOWN_HOSTS", str(home / "known_hosts"))
        return home

    return become


@pytest.fixture(name="states")
def loaded_states(make_opts):
    def make(minion, pillar, test=False):
        opts = make_opts(minion, pillar, test=test)
        functions = salt.loader.minion_mods(opts, context={})
        return salt.loader.states(opts, functions, salt.loader.utils(opts), None), functions

    return make


@pytest.fixture(name="master")
def master_that_asks(states, homes, pillar, monkeypatch):
    """Return a function: a state of the master, whose nodes are the homes of this test."""

    def cmd(minions, asked, tgt_type, kwarg, timeout):
        assert (tgt_type, timeout) == ("list", 30)
        answers = {}
        for minion in minions:
            homes(minion)
            answers[minion] = {"ret": states(minion, pillar)[1][asked](**kwarg), "retcode": 0}
        return answers

    real = ask.ask
    monkeypatch.setattr(ask, "ask", lambda _, *args, **more: real(cmd, *args, **more))

    def run(function, test=False):
        return states(MASTER, pillar, test=test)[0][function]("it", spec=pillar["kvmha"])

    return run


@pytest.fixture(name="ext_pillar")
def loaded_ext_pillar(make_opts, pillar):
    opts = make_opts(MASTER, pillar)
    return salt.loader.pillars(opts, salt.loader.minion_mods(opts, context={}))["kvmha"]


def ready(states, homes, node, pillar, test=False):
    home = homes(node)
    return states(node, pillar, test)[0]["libvirt_migration.ready"]("keys"), home


def test_test_mode_tells_and_makes_no_key(states, homes, pillar):
    ret, home = ready(states, homes, "ha-host1", pillar, test=True)
    assert ret["result"] is None, ret["comment"]
    assert "a new key pair" in ret["comment"]
    assert "ha-host2: its public key is not known yet" in ret["comment"]
    assert list(home.iterdir()) == []


def test_keys_go_round_and_private_ones_stay(states, homes, pillar, master, ext_pillar):
    tmp_path = homes(NODES[0]).parent
    for node in NODES:
        ret, home = ready(states, homes, node, pillar)
        assert ret["result"] is True, ret["comment"]
        assert (home / ".ssh/kvmha_migration").stat().st_mode & 0o777 == 0o600
        assert (home / ".ssh").stat().st_mode & 0o777 == 0o700
    assert master("kvmha.migration_keys_known", test=True)["result"] is None
    assert not (tmp_path / "etc/kvmha/alpha/ssh.json").exists()
    ret = master("kvmha.migration_keys_known")
    assert ret["result"] is True, ret["comment"]
    assert sorted(ret["changes"]) == [f"master:ssh[{node}]" for node in NODES]
    assert master("kvmha.migration_keys_known")["changes"] == {}

    kept = (tmp_path / "etc/kvmha/alpha/ssh.json").read_text()
    for node in NODES:
        mine = pillar | ext_pillar(node, pillar)
        ret, home = ready(states, homes, node, mine)
        assert ret["result"] is True, ret["comment"]
        private = (home / ".ssh/kvmha_migration").read_text()
        assert not any(line in kept + ret["comment"] for line in private.splitlines()[1:-1])
        trusted = (home / ".ssh/authorized_keys").read_text()
        for other in NODES:
            public = (tmp_path / other / ".ssh/kvmha_migration.pub").read_text().split(" ")[1]
            assert (public in trusted) is (other != node)
            assert (f"{other}," in (home / "known_hosts").read_text()) is (other != node)
        again, _ = ready(states, homes, node, mine)
        assert (again["result"], again["changes"]) == (True, {}), again["comment"]


def test_nothing_is_left_when_no_vm_moves_any_more(states, homes, pillar, changed):
    home = homes("ha-host1")
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh/authorized_keys").write_text("ssh-rsa AAAA admin\n")
    ready(states, homes, "ha-host1", pillar)
    assert (home / ".ssh/kvmha_migration").exists()
    still = {"kvmha": changed(pillar["kvmha"], {"vms[0].migrate": False})}
    ret, home = ready(states, homes, "ha-host1", still)
    assert ret["result"] is True, ret["comment"]
    assert not (home / ".ssh/kvmha_migration").exists()
    assert (home / ".ssh/authorized_keys").read_text() == "ssh-rsa AAAA admin\n"
    assert (home / ".ssh/config").read_text() == ""


def test_a_pair_of_which_half_is_lost_is_made_anew(states, homes, pillar):
    _, home = ready(states, homes, "ha-host1", pillar)
    (home / ".ssh/kvmha_migration.pub").unlink()
    ret, _ = ready(states, homes, "ha-host1", pillar)
    assert "ssh:kvmha_migration" in ret["changes"], ret["comment"]
    assert (home / ".ssh/kvmha_migration.pub").exists()


def test_a_foreign_line_in_the_keys_of_the_pillar_is_refused(states, homes, pillar):
    bad = pillar | {"kvmha_ssh": {"ha-host2": {"key": 'command="id" ssh-ed25519 AAAA'}}}
    ret, home = ready(states, homes, "ha-host1", bad)
    assert ret["result"] is False
    assert "kvmha_ssh of ha-host2: this is no public key" in ret["comment"]
    assert list(home.iterdir()) == []


def test_keys_reach_nodes_alone_and_broken_files_do_no_harm(ext_pillar, pillar, tmp_path):
    path = tmp_path / "etc/kvmha/alpha/ssh.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"ha-host1": {"key": "k"}}))
    assert ext_pillar("ha-host2", pillar) == {"kvmha_ssh": {"ha-host1": {"key": "k"}}}
    assert ext_pillar("printer", pillar) == {}
    assert ext_pillar("ha-host2", pillar | {"kvmha_ssh": {}}) == {}
    path.write_text("{")
    assert ext_pillar("ha-host2", pillar) == {"kvmha_ssh": {}}


# --- leases ------------------------------------------------------------------------------------


@pytest.fixture(name="leasing")
def leasing_pillar(pillar, changed, tmp_path):
    said = {"libvirt": {"locking": "virtlockd"}}
    said["storage.filesystems[0].mount"] = str(tmp_path / "vmstore")
    return {"kvmha": changed(pillar["kvmha"], said)}


@pytest.mark.parametrize("test", [True, False])
def test_leases_get_their_folder_on_the_mounted_filesystem(
    test, states, leasing, tmp_path, monkeypatch
):
    mount = tmp_path / "vmstore"
    made = states("ha-host1", leasing, test=test)[0]["virtlockd.lockspace_made"]
    if not test:
        assert "is not mounted here" in made("leases")["comment"]
    mount.mkdir()
    monkeypatch.setattr(host, "mounts", lambda: {str(mount): {"device": "x", "type": "ocfs2"}})
    ret = made("leases")
    assert ret["result"] is (None if test else True), ret["comment"]
    assert Path(libvirt_host.lockspace(str(mount))).is_dir() is not test
    if not test:
        assert made("leases")["changes"] == {}
