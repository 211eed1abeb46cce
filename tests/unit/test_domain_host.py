"""What libvirt on a node needs, and what is left alone."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from kvmha.build import libvirt_host, libvirt_tcp
from kvmha.build.libvirt_host import Observed
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools.libvirt import domains_of
from kvmha.tools.libvirt_host import observe_host
from kvmha.tools.libvirt_virsh import parse_domstats
from kvmha.tools.runner import Result


@pytest.fixture(name="spec")
def lab_spec(example):
    return load(example("lab"))


def test_a_bare_node_gets_every_setting(spec):
    plan = libvirt_host.plan(spec, "libvirtd", Observed())
    assert [change.address for change in plan.changes] == [
        f"qemu.conf:{key}"
        for key in ("user", "group", "security_driver", "remember_owner", "stdio_handler")
    ]
    assert plan.disruption is Disruption.RELOAD


def test_what_was_written_leaves_nothing_to_change(spec):
    text = libvirt_host.wanted_qemu_conf(spec, Observed())
    drop_in = libvirt_host.drop_in("virtqemud")
    seen = Observed(qemu_conf=text, drop_in=drop_in)
    assert libvirt_host.plan(spec, "virtqemud", seen).text() == ""
    assert libvirt_host.wanted_qemu_conf(spec, seen) is None


def test_modular_libvirt_stops_after_the_cluster(spec):
    text = libvirt_host.wanted_qemu_conf(spec, Observed())
    plan = libvirt_host.plan(spec, "virtqemud", Observed(qemu_conf=text))
    assert "After=virtqemud.service" in plan.text()
    assert libvirt_host.plan(spec, "libvirtd", Observed(qemu_conf=text)).text() == ""


def test_a_restart_that_a_killed_run_owes_is_planned(spec):
    text = libvirt_host.wanted_qemu_conf(spec, Observed())
    plan = libvirt_host.plan(spec, "libvirtd", Observed(qemu_conf=text, active=True, stale=True))
    assert plan.text().startswith("! service:libvirtd: restart, to read the present qemu.conf")


def test_autostart_of_our_vms_ends_and_that_of_others_is_only_told(spec):
    text = libvirt_host.wanted_qemu_conf(spec, Observed())
    seen = Observed(qemu_conf=text, autostart=("printer", "web1"))
    assert libvirt_host.plan(spec, "libvirtd", seen).text().splitlines() == [
        "~ domain:web1:autostart: yes -> no",
        "# printer is started by libvirt itself: not ours, left alone",
    ]


def test_domains_are_read_with_state_and_processor_time():
    said = parse_domstats(
        "Domain: 'web1'\n  state.state=1\n  state.reason=1\n  cpu.time=500000000\n\n"
        "Domain: 'it's'\n  state.state=5\n  state.reason=2\n\n"
    )
    found = domains_of(said)
    assert {name: (each.state, each.cpu_time, each.active) for name, each in found.items()} == {
        "web1": ("running", 500_000_000, True),
        "it's": ("shut off", 0, False),
    }
    assert parse_domstats("") == {}


class Systemctl:
    """Answers ``systemctl show`` for a daemon that started ``ago`` seconds ago."""

    def __init__(self, state, ago):
        began = int((time.clock_gettime(time.CLOCK_MONOTONIC) - ago) * 1e6)
        said = f"ActiveState={state}\nExecMainStartTimestampMonotonic={began}\n"
        self.answer = Result((), 0, said, "", 0.0)

    def run(self, *_argv, **_options):
        return self.answer


@pytest.mark.parametrize(
    ("answer", "written_ago", "expected"),
    [
        (("active", 100), 50, (True, True)),
        (("active", 50), 100, (True, False)),
        (("active", 50), -100, (True, False)),
        (("inactive", 0), 100, (False, False)),
    ],
)
def test_a_daemon_is_stale_when_its_file_is_newer(
    tmp_path, monkeypatch, answer, written_ago, expected
):
    conf = tmp_path / "qemu.conf"
    conf.write_text("")
    os.utime(conf, (time.time() - written_ago,) * 2)
    monkeypatch.setattr(libvirt_host, "QEMU_CONF", str(conf))
    seen = observe_host(Systemctl(*answer), "libvirtd")
    assert (seen.active, seen.stale) == expected


# --- migration and locks -----------------------------------------------------------------------

MOVING = {"vms[0].migrate": True, "libvirt.qemu_conf": {}}


def planned(spec, seen, service="libvirtd"):
    return libvirt_host.plan(spec, service, seen, "ha-host2")


def test_memory_of_guests_keeps_to_a_link_and_its_ports(example, changed):
    said = {"libvirt.migration": {"link": 0, "port_min": 50000, "port_max": 50009}}
    spec = load(changed(example("lab"), MOVING | said))
    assert libvirt_host.wanted_qemu_conf(spec, Observed(), "ha-host2").splitlines() == [
        'migration_address = "192.168.56.102"',
        'migration_host = "192.168.56.102"',
        "migration_port_min = 50000",
        "migration_port_max = 50009",
    ]


def test_leases_are_on_the_shared_filesystem_and_taken_back_when_unsaid(example, changed):
    spec = load(changed(example("lab"), {"libvirt": {"locking": "virtlockd"}}))
    text = libvirt_host.wanted_qemu_conf(spec, Observed(), "ha-host2")
    leases = libvirt_host.wanted_lockd_conf(spec, Observed())
    assert text == 'lock_manager = "lockd"\n'
    assert 'file_lockspace_dir = "/srv/vmstore/.virtlockd"' in leases
    seen = Observed(qemu_conf=text, lockd_conf=leases)
    assert planned(spec, seen).text() == "! service:virtlockd.socket: enable and start"
    assert planned(spec, replace(seen, virtlockd=True)).text() == ""
    back = load(changed(example("lab"), {"libvirt": {}}))
    assert planned(back, seen).text() == "~ qemu.conf:lock_manager: lockd -> nop  [reload]"


def test_another_lock_manager_is_not_ours_to_take_back(example, changed):
    spec = load(changed(example("lab"), {"libvirt": {}}))
    assert planned(spec, Observed(qemu_conf='lock_manager = "sanlock"\n')).text() == ""


def test_locks_come_before_the_vms_or_at_the_price_of_their_restart(example, changed):
    spec = load(changed(example("lab"), {"libvirt": {"locking": "virtlockd"}}))
    assert planned(spec, Observed(virtlockd=True)).disruption is Disruption.RELOAD
    plan = planned(spec, Observed(virtlockd=True, running=("web1",)))
    assert plan.disruption is Disruption.RESOURCE_RESTART
    assert "web1 runs here, and keeps the leases it has" in plan.text()


@pytest.mark.parametrize(
    ("service", "daemon"), [("libvirtd", "libvirtd"), ("virtqemud", "virtproxyd")]
)
def test_tcp_listens_on_the_cluster_alone_and_says_that_it_is_open(
    example, changed, service, daemon
):
    said = MOVING | {"libvirt.migration": {"transport": "tcp"}}
    spec = load(changed(example("lab"), said))
    plan = planned(spec, Observed(drop_in=libvirt_host.drop_in(service)), service)
    assert [change.address for change in plan.changes] == [
        f"{daemon}.conf:auth_tcp",
        f"file:/etc/systemd/system/{daemon}-tcp.socket.d/kvmha.conf",
        f"service:{daemon}-tcp.socket",
    ]
    assert "NOT ENCRYPTED AND WITHOUT A PASSWORD" in plan.text()
    drop_in = libvirt_tcp.drop_in(spec, "ha-host2").splitlines()
    assert drop_in[1:3] == ["ListenStream=", "ListenStream=192.168.56.102:16509"]
    assert "IPAddressDeny=any" in drop_in


def test_tcp_is_closed_and_its_password_asked_again_when_it_is_unsaid(example, changed):
    listening = load(changed(example("lab"), MOVING | {"libvirt.migration": {"transport": "tcp"}}))
    drop_in = libvirt_tcp.drop_in(listening, "ha-host2")
    seen = libvirt_tcp.Observed('auth_tcp = "none"\n', drop_in, True)
    assert planned(listening, Observed(tcp=seen)).changes == ()
    spec = load(changed(example("lab"), MOVING))
    plan = planned(spec, Observed(tcp=seen))
    assert [change.text().splitlines()[0] for change in plan.changes] == [
        "~ libvirtd.conf:auth_tcp: none -> sasl  [reload]",
        "- file:/etc/systemd/system/libvirtd-tcp.socket.d/kvmha.conf (was [Socket]",
    ]


def test_a_socket_that_is_not_ours_is_left_alone(example, changed):
    spec = load(changed(example("lab"), MOVING))
    seen = libvirt_tcp.Observed('auth_tcp = "none"\n', None, True)
    assert planned(spec, Observed(tcp=seen)).text() == ""


def test_ipv6_is_written_in_brackets(example, changed):
    said = {f"nodes[{n}].links": [f"fd00::{n + 1}"] for n in range(3)}
    spec = load(
        changed(example("lab"), MOVING | said | {"libvirt.migration": {"transport": "tcp"}})
    )
    assert "ListenStream=[fd00::2]:16509" in libvirt_tcp.drop_in(spec, "ha-host2")
