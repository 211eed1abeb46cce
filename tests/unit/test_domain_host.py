"""What libvirt on a node needs, and what is left alone."""

from __future__ import annotations

import os
import time

import pytest

from kvmha.build import libvirt_host
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
