"""Whom a node's ssh trusts, and that it trusts nobody else."""

from __future__ import annotations

import pytest

from kvmha.build import migration_access
from kvmha.build.migration_access import Identity, Observed
from kvmha.documents import marked_block, openssh
from kvmha.errors import KvmhaError
from kvmha.spec import load

# Two keys made for this test; their private halves are gone.
ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0dRkbVxZxhEQbUTkSFTVKLcSIOWyI5n0JwAcWvmyZT"
TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqr1aMT0C2sD6mx3fCQ3sZQo5bEoYvNsVf3vF9Xz2nK"
BASE = {"vms[0].migrate": True}


@pytest.fixture(name="spec")
def moving_spec(example, changed):
    return load(changed(example("lab"), BASE))


def known(*names):
    return {name: Identity(TWO, (ONE,)) for name in names}


def applied(want, seen):
    """Return what is there after the plan was carried out."""
    texts = {
        name: marked_block.replace(text or "", lines)
        for name, text, lines in migration_access.files(want, seen)
    }
    return Observed(want.key, texts["config"], texts["authorized_keys"], texts["known_hosts"])


def test_a_bare_node_makes_its_key_and_waits_for_the_others(spec):
    want = migration_access.wanted(spec, "ha-host1", {})
    plan = migration_access.plan(want, Observed())
    assert plan.changes[0].text() == "+ ssh:kvmha_migration = a new key pair"
    assert [change.address for change in plan.changes] == ["ssh:kvmha_migration", "ssh:config"]
    assert [note.partition(":")[0] for note in plan.notes] == ["ha-host2", "ha-host3"]


def test_other_nodes_come_in_from_their_own_addresses_alone(spec):
    want = migration_access.wanted(spec, "ha-host1", known("ha-host1", "ha-host2", "ha-host3"))
    assert want.authorized["ha-host2"] == (f'restrict,from="192.168.56.102" {TWO} kvmha-ha-host2')
    assert "ha-host1" not in want.authorized
    assert want.known["ha-host3"] == (f"ha-host3,192.168.56.103 {ONE}",)


def test_what_was_written_leaves_nothing_to_change_and_the_rest_as_it_was(spec):
    seen = Observed(True, "Host *\n    Compression yes\n", f"{ONE} admin\n", None)
    want = migration_access.wanted(spec, "ha-host1", known("ha-host2", "ha-host3"))
    after = applied(want, seen)
    assert migration_access.plan(want, seen).changes
    assert migration_access.plan(want, after).text() == ""
    assert after.authorized.startswith(f"{ONE} admin\n")
    assert after.config.startswith("Host *\n    Compression yes\n")


def test_plans_show_fingerprints(spec):
    want = migration_access.wanted(spec, "ha-host1", known("ha-host2"))
    text = migration_access.plan(want, Observed()).text()
    assert openssh.fingerprint(TWO) in text
    assert TWO.split(" ")[1] not in text


@pytest.mark.parametrize(
    "change", [{"vms[0].migrate": False}, {"libvirt.migration": {"transport": "tcp"}}]
)
def test_all_of_it_goes_when_nothing_moves_by_ssh(spec, example, changed, change):
    want = migration_access.wanted(spec, "ha-host1", known("ha-host2"))
    stands = applied(want, Observed(authorized=f"{ONE} admin\n"))
    other = load(changed(example("lab"), BASE | change))
    none = migration_access.wanted(other, "ha-host1", known("ha-host2"))
    plan = migration_access.plan(none, stands)
    assert {change.action.value for change in plan.changes} == {"delete"}
    assert applied(none, stands).authorized == f"{ONE} admin\n"
    assert migration_access.plan(none, Observed()).text() == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-dss AAAA",
        "ssh-ed25519",
        f'{ONE}\ncommand="id" {TWO}',
        f'command="id" {ONE}',
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAA!",
        "ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(KvmhaError):
        openssh.public_key(text)
    with pytest.raises(KvmhaError, match="kvmha_ssh of ha-host2"):
        migration_access.identities({"ha-host2": {"key": text}})


def test_a_comment_of_a_key_is_not_taken_along():
    assert openssh.public_key(f"{ONE} root@host, from=*\n") == ONE


@pytest.mark.parametrize("said", ["text", ["list"], None])
def test_a_pillar_of_another_shape_is_an_error_in_words(said):
    with pytest.raises(KvmhaError, match="kvmha_ssh of ha-host2: this is no mapping"):
        migration_access.identities({"ha-host2": said})
