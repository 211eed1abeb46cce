"""A guest that hangs: its process lives, nothing in it does. It is restarted, and it alone."""

from __future__ import annotations

import re

import pytest

from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

VIRSH = "virsh --connect qemu:///system"


def test_monitor_is_a_program_on_the_shared_filesystem(breadth: Story) -> None:
    breadth.until(lambda: breadth.host_of("db1") is not None)
    host = breadth.host_of("db1")
    assert host is not None
    breadth.until(lambda: breadth.succeeds(host, "/srv/vmstore/db1/monitor"))


def test_guest_that_hangs_is_restarted(breadth: Story) -> None:
    breadth.until(lambda: None not in {breadth.host_of(vm) for vm in ("db1", "ap1", "ap2")})
    host = breadth.host_of("db1")
    assert host is not None
    boots = {vm: starts(breadth, vm) for vm in ("db1", "ap1", "ap2")}
    counted = breadth.counts("db1")[-1]
    breadth.lab.node(host).run(f"{VIRSH} suspend db1")
    assert breadth.host_of("db1") == host, "its process lives"
    breadth.until(lambda: starts(breadth, "db1") > boots["db1"], timeout=400)
    breadth.until(lambda: breadth.counts("db1")[-1] > counted, timeout=200)
    assert {vm: starts(breadth, vm) for vm in ("ap1", "ap2")} == {
        vm: boots[vm] for vm in ("ap1", "ap2")
    }
    # crm_mon forgets it with the next probe; the journal of the node that was DC does not.
    said = breadth.everywhere("journalctl --no-pager | grep -c 'db1.*silent on its serial line'")
    assert any(int(count or 0) for count in said.values()), said


def starts(story: Story, vm: str) -> int:
    """Return how often the guest has booted in all its lives."""
    return len(re.findall(r"^boot kvmha", story.serial(vm), re.M))
