"""The resource agent VirtualDomain, a real libvirtd and a guest: up is who speaks, hung who does
not. The agent gets the parameters that the CIB would give it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from kvmha.build import domain as build
from kvmha.build import guest_monitor
from kvmha.spec import load
from kvmha.spec.shorthand import vms
from lab import guest
from tests.contract.test_libvirt import private_libvirtd, virsh

__all__ = ["private_libvirtd"]  # a fixture

AGENT = "/usr/lib/ocf/resource.d/heartbeat/VirtualDomain"


@pytest.fixture(name="spec")
def watched(example, changed, tmp_path):
    changes = {
        "storage.filesystems[0].mount": str(tmp_path / "vmstore"),
        "vms[0].monitor": {"serial": {"max_age": "30s"}, "timeout": "1s"},
        "vms[0].watchdog": {"action": "poweroff"},
    }
    return load(changed(example("lab"), changes))


@pytest.fixture
def agent(spec, libvirt, tmp_path):
    """Return a function that has the agent do something: its exit code and all it said."""
    vm = spec.vms[0]
    folder = Path(spec.folder_of(vm))
    folder.mkdir(parents=True)
    (folder / "disk0.raw").write_bytes(guest.boot_sector().ljust(1024**2, b"\x00"))
    Path(build.xml_path(spec, vm)).write_text(build.wanted_xml(spec, vm, build.Observed()))
    program = Path(guest_monitor.path(spec, vm))
    program.write_text(guest_monitor.script(spec, vm))
    program.chmod(0o755)
    (params,) = vms.primitive(spec, vm).params
    said = {f"OCF_RESKEY_{name}": str(value) for name, value in params.values.items()}
    said |= {"OCF_RESKEY_hypervisor": libvirt._uri, "OCF_RESKEY_CRM_meta_timeout": "11000"}
    said |= {"OCF_ROOT": "/usr/lib/ocf", "OCF_RESOURCE_INSTANCE": "vm-web1"}

    def act(action):
        done = subprocess.run(
            [AGENT, action], env={**os.environ, **said, "HA_RSCTMP": str(tmp_path)},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return act


def test_start_waits_for_the_guest_and_a_hung_one_is_restarted(spec, libvirt, agent):
    log = Path(build.serial_log(spec, spec.vms[0]))
    code, said = agent("start")
    assert code == 0, said
    assert log.read_text().startswith("boot kvmha"), "it was up before its guest spoke"
    assert agent("monitor")[0] == 0

    virsh(libvirt, "suspend", "web1")
    os.utime(log, (time.time() - 60, time.time() - 60))  # a minute of silence
    code, said = agent("monitor")
    assert code == 1
    assert "silent on its serial line for " in said
    assert libvirt.domains()["web1"].active, "its process lives"

    assert agent("stop")[0] == 0  # it does not hear the power button, and is ended
    assert "web1" not in libvirt.domains()
    assert agent("start")[0] == 0
    assert log.read_text().count("boot kvmha") == 2
