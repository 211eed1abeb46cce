"""lvm.conf: a setting is put where a person would look for it, all else stays."""

from __future__ import annotations

import pytest

from kvmha.build import clvm
from kvmha.documents import lvm_conf
from kvmha.errors import KvmhaError
from kvmha.plan import Action
from kvmha.spec import load

SHIPPED = """\
# This is an example configuration file.
config {
\t# Configuration option config/checks.
\tchecks = 1
}
devices {
\tscan = [ "/dev",   # {not a section}
\t\t"/dev/disk" ]
\t# global_filter = [ "a|.*|" ]
}
global {
\tlocking_type = 3
\t# Configuration option global/use_lvmlockd.
\t# use_lvmlockd = 0
}
activation { volume_list = [] readahead = "a = b # c" }
"""


def test_values_are_read_in_every_form():
    assert lvm_conf.parse(SHIPPED) == {
        "config/checks": "1",
        "devices/scan": '[ "/dev",   # {not a section}\n\t\t"/dev/disk" ]',
        "global/locking_type": "3",
        "activation/volume_list": "[]",
        "activation/readahead": '"a = b # c"',
    }


def test_a_missing_setting_comes_below_its_commented_default():
    new = lvm_conf.edit(SHIPPED, {"global/use_lvmlockd": "1"})
    assert new == SHIPPED.replace(
        "\t# use_lvmlockd = 0\n", "\t# use_lvmlockd = 0\n\tuse_lvmlockd = 1\n"
    )
    assert lvm_conf.edit(new, {"global/use_lvmlockd": None}) == SHIPPED


def test_a_default_of_another_section_is_no_place_for_it():
    new = lvm_conf.edit(SHIPPED, {"config/use_lvmlockd": "1"})
    assert new == SHIPPED.replace("config {", "config {\n    use_lvmlockd = 1")


def test_a_missing_section_comes_last():
    assert lvm_conf.edit("a { b = 1 }", {"global/x": "2"}) == (
        "a { b = 1 }\nglobal {\n    x = 2\n}\n"
    )
    assert lvm_conf.edit("", {"global/x": "2"}) == "global {\n    x = 2\n}\n"


def test_a_setting_is_changed_where_it_stands_and_wherever_it_stands_again():
    text = "global { x = 1 # why\n y = 2 }\nglobal/x = 3\n"
    assert lvm_conf.parse(text)["global/x"] == "3"
    assert lvm_conf.edit(text, {"global/x": "5"}) == (
        "global { x = 5 # why\n y = 2 }\nglobal/x = 5\n"
    )
    assert lvm_conf.edit(text, {"global/x": None}) == "global {  # why\n y = 2 }\n"


@pytest.mark.parametrize("text", ["global {\n x = 1\n", "x = 1\n}\n", "a b\n", 'x = "open\n'])
def test_what_lvm_would_not_read_is_refused(text):
    with pytest.raises(KvmhaError, match=r"lvm\.conf"):
        lvm_conf.parse(text)


def test_the_locking_of_lvmlockd_is_what_its_agent_sets(example):
    spec = load(example("shared_lvm"))
    plan = clvm.plan_config(spec, SHIPPED)
    assert [(change.action, change.address, change.new) for change in plan.changes] == [
        (Action.CREATE, "lvm.conf:global/use_lvmlockd", "1"),
        (Action.DELETE, "lvm.conf:global/locking_type", None),
    ]
    # What the agent ocf:heartbeat:lvmlockd does by sed to this file leads to the same.
    agents = SHIPPED.replace("\tlocking_type = 3\n", "") + "\nglobal {\n    use_lvmlockd = 1\n}\n"
    assert not clvm.plan_config(spec, agents)


def test_clvmd_as_configuration_only_its_daemon_can_run_nowhere_here(example, changed):
    old = load(changed(example("shared_lvm"), {"storage.lvm": {"backend": "clvmd"}, **EXCLUSIVE}))
    assert [change.text() for change in clvm.plan_config(old, SHIPPED).changes] == [
        "+ lvm.conf:global/use_lvmlockd = 0",
        "+ lvm.conf:global/use_lvmetad = 0",
    ]


EXCLUSIVE = {"storage.volume_groups[0].volumes[1].access": "exclusive"}


def test_a_filter_is_compared_without_its_blanks(example, changed):
    said = {"storage.lvm": {"filter": ["a|^/dev/mapper/|", "r|.*|"]}}
    spec = load(changed(example("shared_lvm"), said))
    new = lvm_conf.edit(SHIPPED, clvm.settings(spec))
    assert '\tglobal_filter = [ "a|^/dev/mapper/|", "r|.*|" ]\n' in new
    assert not clvm.plan_config(spec, new.replace('", "r', '","r'))


def test_nothing_is_touched_without_volume_groups(example):
    assert not clvm.plan_config(load(example("three_node")), SHIPPED)
