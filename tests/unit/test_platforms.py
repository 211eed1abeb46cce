"""Choosing a platform from grains."""

from __future__ import annotations

import pytest

from kvmha import platforms
from kvmha.errors import KvmhaError
from kvmha.spec import load

KNOWN = [
    ({"os_family": "Debian", "os": "Debian", "osmajorrelease": 12}, "Debian"),
    ({"os_family": "Debian", "os": "Ubuntu", "osmajorrelease": 24}, "Debian"),
    ({"os_family": "Suse", "os": "SLES", "osmajorrelease": 15, "osrelease": "15.5"}, "SLES 15"),
    ({"os_family": "Suse", "os": "SLES_SAP", "osmajorrelease": "15"}, "SLES 15"),
    ({"os_family": "Suse", "os": "SUSE", "osmajorrelease": 15}, "SLES 15"),
    ({"os_family": "Suse", "os": "Leap", "osmajorrelease": 15}, "openSUSE Leap 15"),
    ({"os_family": "Suse", "os": "SLES", "osmajorrelease": 16, "osrelease": "16.0"}, "SLES 16"),
    ({"os_family": "RedHat", "os": "Rocky", "osmajorrelease": 9}, "RHEL 9"),
]


@pytest.mark.parametrize(("grains", "name"), KNOWN)
def test_known_platform_is_chosen(grains, name):
    assert platforms.for_grains(grains).name == name


@pytest.mark.parametrize(
    "grains",
    [
        {},
        {"os_family": "Debian", "os": "Debian", "osmajorrelease": 11},
        {"os_family": "Debian", "os": "Ubuntu", "osmajorrelease": 20},
        {"os_family": "Suse", "os": "SLES", "osmajorrelease": 12},
        {"os_family": "RedHat", "os": "CentOS", "osmajorrelease": 7},
        {"os_family": "Windows", "os": "Windows", "osmajorrelease": "2022Server"},
    ],
)
def test_unknown_platform_is_refused_naming_what_is_supported(grains):
    with pytest.raises(KvmhaError, match=r"no supported platform.*SLES 15"):
        platforms.for_grains(grains)


@pytest.mark.parametrize(("release", "service"), [("15.5", "libvirtd"), ("15.6", "virtqemud")])
def test_libvirt_is_modular_since_service_pack_six(release, service):
    grains = {"os_family": "Suse", "os": "SLES", "osmajorrelease": 15, "osrelease": release}
    assert platforms.for_grains(grains).libvirt_service == service


def test_every_platform_can_fence_and_names_each_package_once():
    for platform in (
        platforms.SLES_15,
        platforms.LEAP_15,
        platforms.SLES_16,
        platforms.DEBIAN,
        platforms.RHEL_9,
    ):
        assert platform.fencing_agent in ("external/sbd", "fence_sbd")
        assert len(set(platform.packages)) == len(platform.packages)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("lab", []),
        ("diskless", []),
        ("two_node_qdevice", ["corosync-qdevice"]),
        ("ipmi", ["fence-agents", "ipmitool"]),
        ("pdu", ["fence-agents"]),
    ],
)
def test_packages_come_with_the_choice_that_needs_them(name, more, example):
    wanted = platforms.packages_for(platforms.DEBIAN, load(example(name)))
    assert list(wanted) == [*platforms.DEBIAN.packages, *more]


@pytest.mark.parametrize(
    ("family", "system", "release", "more"),
    [
        ("Suse", "SLES", "15.5", False),
        ("Suse", "SLES", "15.6", True),
        ("Suse", "SLES", "16.0", True),
        ("RedHat", "RHEL", "9.6", True),
        ("Debian", "Debian", "12", False),
        ("Debian", "Debian", "13", True),
        ("Debian", "Ubuntu", "24.04", False),
        ("Debian", "Ubuntu", "26.04", True),
    ],
)
def test_virtlockd_is_a_package_of_its_own_since_libvirt_9_2(
    family, system, release, more, example
):
    grains = {"os_family": family, "os": system, "osrelease": release}
    platform = platforms.for_grains(grains | {"osmajorrelease": int(release.partition(".")[0])})
    wanted = platforms.packages_for(platform, load(example("live_migration")))
    assert ("libvirt-daemon-plugin-lockd" in wanted) is more


@pytest.mark.parametrize(
    ("agent", "package"),
    [
        ("fence_ipmilan", "fence-agents-ipmilan"),
        ("fence_idrac", "fence-agents-ipmilan"),
        ("fence_apc_snmp", "fence-agents-apc-snmp"),
        ("external/ssh", None),
    ],
)
def test_a_split_fence_agent_brings_its_own_package(agent, package, example, changed):
    device = {"name": "one", "agent": agent, "nodes": ["ha-host1"]}
    spec = load(changed(example("lab"), {"fencing.devices": [device]}))
    more = set(platforms.packages_for(platforms.SLES_16, spec)) - {*platforms.SLES_16.packages}
    assert more - {"ipmitool"} == ({package} if package else set())
