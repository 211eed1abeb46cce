"""Both ways to libvirt give the same: the test driver, and a real libvirtd of the test's own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from kvmha.documents.domain import NAMESPACE
from kvmha.errors import CommandFailed
from kvmha.tools.libvirt import BINDING, VIRSH, Libvirt, Standing
from kvmha.tools.runner import Runner
from kvmha.wait import eventually
from tests.contract.libvirtd import private

TEST = "test:///default"
# Debian's binding, which is built for Debian's Python: the venv's own has the same version.
SYSTEM_PACKAGES = "/usr/lib/python3/dist-packages"
WAYS = pytest.mark.parametrize("way", [BINDING, VIRSH])

QEMU_CONF = """
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
stdio_handler = "file"
"""
DOMAIN = """
<domain type="qemu">
  <name>{name}</name><memory unit="MiB">64</memory><vcpu>1</vcpu>
  <os><type arch="x86_64">hvm</type></os>
</domain>
"""
CONTROLLER = '<controller type="scsi" index="0" model="virtio-scsi"/>'
NETWORK = "<network><name>lan</name><forward mode='bridge'/><bridge name='br9'/></network>"


@pytest.fixture(autouse=True)
def _the_binding() -> Iterator[None]:
    """Let this Python find the system's binding, and nothing else of the system."""
    sys.path.append(SYSTEM_PACKAGES)
    try:
        import libvirt  # noqa: F401, PLC0415
    finally:
        sys.path.remove(SYSTEM_PACKAGES)
    yield
    del sys.modules["libvirt"]


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> Iterator[str]:
    """Yield the URI of a libvirtd that shares nothing with the machine's."""
    folder = tmp_path_factory.mktemp("libvirtd")
    network = "ip link set lo up; ip link add br9 type bridge"
    with private(folder, QEMU_CONF, network) as found:
        yield found


@pytest.fixture(params=[BINDING, VIRSH])
def libvirt(uri, request) -> Libvirt:
    return Libvirt(Runner(), uri, request.param)


def both(ask, uri=TEST):
    """Return what ``ask`` gets by each way; the text of the error where it raises one."""
    found = []
    for way in (BINDING, VIRSH):
        try:
            found.append(ask(Libvirt(Runner(), uri, way)))
        except CommandFailed as error:
            found.append(str(error))
    return found


ASKED = {
    "domains": lambda it: it.domains(),
    "domain": lambda it: it.standing("domain"),
    "network": lambda it: it.standing("network"),
    "pool": lambda it: it.standing("pool"),
    "domain_xml": lambda it: etree.tostring(etree.fromstring(it.xml("test")), method="c14n"),
    "network_xml": lambda it: it.xml("default", "network").strip(),
    "pool_xml": lambda it: it.xml("default-pool", "pool").strip(),
    "volumes": lambda it: it.volumes("default-pool"),
    "capabilities": lambda it: it.capabilities().strip(),
    "no_domain": lambda it: it.xml("nope"),
    "no_network": lambda it: it.start("nope", "network"),
    "no_pool": lambda it: it.volumes("nope"),
    "not_supported": lambda it: it.compare_cpu("<cpu><model>qemu64</model></cpu>"),
    "no_xml": lambda it: it.define("<domain><name>x</name></domain>"),
    "memory": lambda it: it.set_memory("test", 1 << 30),
    "too_many_vcpus": lambda it: it.set_vcpus("test", 99),
    "autostart": lambda it: it.set_autostart("test", True),
}


@pytest.mark.parametrize("asked", ASKED)
def test_both_ways_answer_the_same_and_fail_in_the_same_words(asked):
    binding, virsh = both(ASKED[asked])
    assert binding == virsh
    if asked.startswith("no_"):
        assert "hint: is the libvirt daemon running?" in virsh


@WAYS
def test_a_daemon_that_is_away_is_an_error_and_not_an_empty_host(way, tmp_path):
    away = Libvirt(Runner(), f"qemu:///system?socket={tmp_path}/no-sock", way)
    with pytest.raises(CommandFailed, match=r"Failed to connect socket.*hint: is the libvirt"):
        away.domains()


def test_the_binding_starts_no_program_and_virsh_one():
    for way, count in ((BINDING, 0), (VIRSH, 1)):
        runner = Runner()
        assert list(Libvirt(runner, TEST, way).domains()) == ["test"]
        assert runner.started == count


def test_the_binding_is_taken_where_it_can_be_imported():
    assert Libvirt(Runner(), TEST).backend == BINDING


def test_virsh_is_taken_where_it_cannot():
    """In a process that has the library and lxml, and no binding: SUSE's bundle, for one."""
    code = (
        "from kvmha.tools.libvirt import Libvirt; from kvmha.tools.runner import Runner;"
        f"it = Libvirt(Runner(), {TEST!r}); print(it.backend, *it.domains())"
    )
    library = str(Path(__file__).parents[2] / "_utils")
    environment = {**os.environ, "PYTHONPATH": library}
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["virsh", "test"]


def test_a_domain_is_defined_changed_and_forgotten(libvirt):
    name = f"vm-{libvirt.backend}"
    libvirt.define(DOMAIN.format(name=name))
    try:
        assert libvirt.domains()[name].state == "shut off"
        libvirt.set_autostart(name, True)
        assert libvirt.standing("domain")[name] == Standing(active=False, autostart=True)
        libvirt.disable_autostart(name)
        assert libvirt.standing("domain")[name] == Standing(active=False, autostart=False)
        libvirt.set_memory(name, 32 << 20, live=False)
        mac = '<mac address="52:54:00:00:00:07"/>'
        card = f'<interface type="bridge">{mac}<source bridge="br9"/></interface>'
        libvirt.attach(name, card, live=False)
        root = etree.fromstring(libvirt.xml(name, inactive=True))
        assert root.findtext("currentMemory") == str(32 << 10)
        assert len(root.findall("devices/interface")) == 1
        libvirt.detach(name, card, live=False)
        assert "<interface" not in libvirt.xml(name, inactive=True)
    finally:
        libvirt.undefine(name)
    assert name not in libvirt.domains()


def test_a_domain_runs_gets_less_memory_and_is_stopped(libvirt):
    name = f"run-{libvirt.backend}"
    libvirt.create(DOMAIN.format(name=name))
    try:
        assert libvirt.domains()[name].active
        libvirt.set_memory(name, 48 << 20)  # the guest has no balloon: taken, not waited for
        libvirt.shutdown(name)
    finally:
        with contextlib.suppress(CommandFailed):
            libvirt.destroy(name)
    assert name not in libvirt.domains()


def test_a_running_domain_is_changed_and_its_definition_is_not(libvirt, tmp_path):
    name = f"live-{libvirt.backend}"
    disk = tmp_path / "disk.raw"
    disk.write_bytes(bytes(1024**2))
    device = (
        f'<disk type="file"><driver name="qemu" type="raw"/><source file="{disk}"/>'
        '<target dev="sda" bus="scsi"/></disk>'
    )
    libvirt.define(
        DOMAIN.format(name=name)
        .replace("<vcpu>1<", '<vcpu current="1">3<')
        .replace("</domain>", f"<devices>{CONTROLLER}</devices></domain>")
    )
    try:
        before = libvirt.xml(name, inactive=True)
        libvirt.start(name)
        libvirt.change(name, "setmem", str(48 << 10))
        libvirt.change(name, "setvcpus", "2")
        libvirt.change(name, "attach-device", xml=device)
        libvirt.change(name, "metadata", xml=f'<spec xmlns="{NAMESPACE}" asked="1"/>')
        running = etree.fromstring(libvirt.xml(name))
        assert running.find("vcpu").get("current") == "2"
        assert running.find("devices/disk/source").get("file") == str(disk)
        assert running.find(f"metadata/{{{NAMESPACE}}}spec").get("asked") == "1"
        libvirt.change(name, "detach-device", xml=device)  # a SCSI disk goes without the guest
        gone = lambda: "disk" if "<disk" in libvirt.xml(name) else ""  # noqa: E731
        eventually(gone, timeout=60, interval=0.1)
        assert libvirt.xml(name, inactive=True) == before
    finally:
        with contextlib.suppress(CommandFailed):
            libvirt.destroy(name)
        libvirt.undefine(name)


def test_a_network_is_defined_started_and_forgotten(libvirt):
    libvirt.define(NETWORK, "network")
    try:
        libvirt.set_autostart("lan", True, "network")
        libvirt.start("lan", "network")
        assert libvirt.standing("network") == {"lan": Standing(active=True, autostart=True)}
        assert etree.fromstring(libvirt.xml("lan", "network")).find("bridge").get("name") == "br9"
        libvirt.destroy("lan", "network")
    finally:
        libvirt.undefine("lan", "network")
    assert libvirt.standing("network") == {}


def test_a_pool_and_a_volume_come_and_go(libvirt, tmp_path):
    folder = tmp_path / "pool"
    xml = f"<pool type='dir'><name>p1</name><target><path>{folder}</path></target></pool>"
    libvirt.define(xml, "pool")
    try:
        libvirt.build_pool("p1")
        libvirt.start("p1", "pool")
        assert libvirt.volumes("p1") == {}
        libvirt.create_volume(
            "p1", "<volume><name>a disk.raw</name><capacity>1048576</capacity></volume>"
        )
        assert libvirt.volumes("p1") == {"a disk.raw": f"{folder}/a disk.raw"}
        root = etree.fromstring(libvirt.volume_xml("p1", "a disk.raw"))
        assert root.findtext("capacity") == "1048576"
        libvirt.delete_volume("p1", "a disk.raw")
        assert libvirt.volumes("p1") == {}
        libvirt.destroy("p1", "pool")
    finally:
        libvirt.undefine("p1", "pool")


def test_processors_are_compared_in_one_word(uri):
    host = etree.fromstring(Libvirt(Runner(), uri, VIRSH).capabilities()).find("host/cpu")
    cpu = f"<cpu><arch>x86_64</arch><model>{host.findtext('model')}</model></cpu>"
    one, two = both(lambda it: it.compare_cpu(cpu), uri)
    assert one == two
    assert one in {"identical", "superset", "incompatible"}
