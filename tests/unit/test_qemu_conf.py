"""qemu.conf: settings are set where a person would look for them, the rest stays."""

from __future__ import annotations

import pytest

from kvmha.documents import qemu_conf
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Disruption

SHIPPED = """\
# Master configuration file for the QEMU driver.
#
# The user for QEMU processes run by the system instance.
#
#       user = "qemu"   # A user named "qemu"
#
#user = "libvirt-qemu"

# What cgroup controllers to make use of with QEMU guests
#cgroup_controllers = [ "cpu", "devices", "memory" ]

#cgroup_device_acl = [
#    "/dev/null", "/dev/full", "/dev/zero",
#    "/dev/ptmx", "/dev/kvm"
#]
vnc_listen = "0.0.0.0"  # everywhere
security_driver = [ "selinux",
    # and the other one
    "apparmor" ]
max_queued = 0
"""


def test_values_are_read_in_every_form():
    assert qemu_conf.parse(SHIPPED) == {
        "vnc_listen": "0.0.0.0",
        "security_driver": ("selinux", "apparmor"),
        "max_queued": 0,
    }
    assert qemu_conf.parse('a=\'x\'\nb = """two\nlines"""\n c=-1\nd = []\n') == {
        "a": "x",
        "b": "two\nlines",
        "c": -1,
        "d": (),
    }


def test_a_setting_comes_below_its_commented_default():
    lines = qemu_conf.edit(SHIPPED, {"user": "root", "cgroup_device_acl": "x"}).splitlines()
    assert lines[lines.index('#user = "libvirt-qemu"') + 1] == 'user = "root"'
    assert lines[lines.index("#]") + 1] == 'cgroup_device_acl = "x"'


def test_only_the_lines_of_what_changes_change():
    wanted = {"security_driver": "none", "max_queued": 0, "remember_owner": False}
    expected = SHIPPED.replace(
        'security_driver = [ "selinux",\n    # and the other one\n    "apparmor" ]\n',
        'security_driver = "none"\n',
    )
    assert qemu_conf.edit(SHIPPED, wanted) == expected + "remember_owner = 0\n"


def test_what_was_edited_needs_no_second_edit():
    wanted = {"user": "root", "security_driver": "none", "remember_owner": 0, "odd": 'a "b" c'}
    once = qemu_conf.edit(SHIPPED, wanted)
    assert qemu_conf.diff(once, wanted) == []
    assert qemu_conf.edit(once, wanted) == once
    assert qemu_conf.edit("", wanted) != ""


def test_changes_name_old_and_new_and_cost_a_reload():
    user, driver = qemu_conf.diff(SHIPPED, {"user": "root", "security_driver": "none"})
    assert (user.action, user.address, user.new) == (Action.CREATE, "qemu.conf:user", "root")
    assert (driver.action, driver.old, driver.new) == (Action.UPDATE, "selinux, apparmor", "none")
    assert {user.disruption, driver.disruption} == {Disruption.RELOAD}


def test_the_number_0_is_not_the_text_0():
    assert qemu_conf.diff('user = "0"', {"user": 0})
    assert not qemu_conf.diff('user = "0"', {"user": "0"})


def test_the_last_of_equal_keys_is_the_one_that_counts():
    text = 'user = "a"\nuser = "b"\n'
    assert qemu_conf.parse(text) == {"user": "b"}
    assert qemu_conf.edit(text, {"user": "c"}) == 'user = "a"\nuser = "c"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user\n", "line 1: no setting: 'user'"),
        ('\nuser = "open\n', "line 2: libvirt cannot read the value of user"),
        ('acl = [ "a",\n"b"\n', "line 1: libvirt cannot read the value of acl"),
    ],
)
def test_what_libvirt_would_not_read_is_refused_with_its_line(text, said):
    with pytest.raises(KvmhaError, match=said):
        qemu_conf.parse(text)
