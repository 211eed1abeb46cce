"""A guest moves from host to host and counts on; a second start of it is refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.story import Story

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]

VM = "mover"
LEASES = "/srv/vmstore/.virtlockd"
ON_A_DEVICE = """<domain type="qemu"><name>lease</name><memory unit="MiB">16</memory><vcpu>1</vcpu>
<os><type arch="x86_64">hvm</type></os><devices>
<disk type="block" device="disk"><driver name="qemu" type="raw" cache="none"/>
<source dev="/dev/disk/by-id/scsi-lab-spare"/><target dev="vda" bus="virtio"/></disk>
</devices></domain>
"""


def host(story: Story) -> str:
    """Return the node in whose libvirt the guest runs."""
    (found,) = story.running(VM, [node.name for node in story.nodes])
    return found


def other(story: Story, name: str) -> Any:
    """Return a node that is not called ``name``."""
    return next(node for node in story.nodes if node.name != name)


def boots(story: Story) -> int:
    """Return how often the guest was started."""
    return len(re.findall(r"^boot ", story.serial(VM), re.MULTILINE))


def move(story: Story) -> tuple[str, str]:
    """Put the guest's host in standby until the guest is elsewhere; return from where to where."""
    source = host(story)
    names = [node.name for node in story.nodes]
    node = story.lab.node(source)
    node.run(f"crm_standby -N {source} -v on")
    try:
        story.until(lambda: story.running(VM, names) not in ([], [source]), timeout=900)
    finally:
        node.run(f"crm_standby -N {source} -D")
    return source, host(story)


def assert_counts_on(story: Story, counted: list[int], started: int) -> None:
    story.until(lambda: len(story.counts(VM)) > len(counted) + 5, timeout=300)
    counts = story.counts(VM)
    assert boots(story) == started
    assert counts == sorted(set(counts)), "the count fell or stood twice"
    assert "conflict" not in story.serial(VM)


@contextmanager
def pillar(story: Story, **migration: str) -> Iterator[None]:
    """Change ``libvirt.migration`` of the lab's pillar, and configure all nodes by it."""
    path = Path(story.lab.paths.salt, "srv/pillar/kvmha.sls")
    before = path.read_text(encoding="utf-8")
    said = yaml.safe_load(before)
    said["kvmha"]["libvirt"]["migration"].update(migration)
    try:
        path.write_text(yaml.safe_dump(said), encoding="utf-8")
        configure(story)
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        configure(story)


def configure(story: Story) -> None:
    """Configure all nodes; another transport is a parameter, whose change restarts the VM."""
    run = story.lab.master.run
    run("salt -t 600 '*' state.apply kvmha.node.configured", timeout=900)
    state = "pacemaker.configured name=vms part=vms allow=resource_restart"
    run(f"salt -t 600 ha-host1 state.single {state}", timeout=900)
    names = [node.name for node in story.nodes]
    story.until(lambda: len(story.running(VM, names)) == 1, timeout=600)


def test_every_node_may_get_the_guest(breadth: Story) -> None:
    said = breadth.lab.master.run("salt-run -l quiet kvmha.migration_matrix", timeout=300).stdout
    assert re.search(rf"{VM} .*\bruns\b", said), said
    assert " NO" not in said


def test_the_guest_counts_on_while_its_host_goes_to_standby(breadth: Story) -> None:
    counted, started = breadth.counts(VM), boots(breadth)
    source, target = move(breadth)
    assert source != target
    assert_counts_on(breadth, counted, started)


def test_so_it_does_over_tcp_on_the_nodes_addresses_alone(breadth: Story) -> None:
    with pillar(breadth, transport="tcp"):
        counted, started = breadth.counts(VM), boots(breadth)
        listening = breadth.everywhere("ss -Hltn sport = :16509 | awk '{print $4}'")
        for node in breadth.nodes:
            assert re.fullmatch(r"192\.168\.56\.\d+:16509", listening[node.name])
        source, target = move(breadth)
        assert source != target
        assert_counts_on(breadth, counted, started)
    assert not any(breadth.everywhere("ss -Hltn sport = :16509").values())


def test_a_second_start_by_hand_is_refused_and_harms_nothing(breadth: Story) -> None:
    """QEMU's own lock on a file of the cluster filesystem speaks before virtlockd's lease."""
    counted, started, source = breadth.counts(VM), boots(breadth), host(breadth)
    assert breadth.lab.node(source).run(f"ls -A {LEASES}").stdout.strip()
    node = other(breadth, source)
    done = node.run(f"virsh create /srv/vmstore/{VM}/{VM}.xml", check=False, timeout=600)
    assert done.returncode
    assert re.search(r"Failed to get \"write\" lock|Lockspace resource '.*' is locked", done.stderr)
    assert host(breadth) == source
    assert_counts_on(breadth, counted, started)


def test_a_disk_on_the_san_is_refused_to_a_second_node_by_virtlockd(breadth: Story) -> None:
    """QEMU's lock on a device node ends at its host: here the lease is all there is."""
    one, two, *_ = breadth.nodes
    for node in (one, two):
        node.run("cat > /tmp/lease.xml", text=ON_A_DEVICE)
    one.run("virsh create /tmp/lease.xml", timeout=600)
    try:
        done = two.run("virsh create /tmp/lease.xml", check=False, timeout=600)
        assert done.returncode
        assert re.search("Lockspace resource '.*' is locked", done.stderr), done.stderr
    finally:
        one.run("virsh destroy lease", timeout=600)
    two.run("virsh create /tmp/lease.xml && virsh destroy lease", timeout=600)


def test_a_node_behind_a_firewall_is_refused_and_named(breadth: Story) -> None:
    source = host(breadth)
    node = other(breadth, source)
    rule = shlex.join(["INPUT", "-p", "tcp", "--dport", "49152", "-j", "DROP"])
    node.run(f"iptables -I {rule}")
    try:
        done = breadth.lab.master.run(
            "salt-run -l quiet kvmha.migration_matrix", timeout=300, check=False
        )
    finally:
        node.run(f"iptables -D {rule}")
    assert done.returncode == 1
    assert re.search(rf"{VM} on {node.name}: .*port 49152: timed out.*open 49152", done.stdout)
