"""A healthy cluster and right hosts, as their nodes see them."""

from __future__ import annotations

import copy

import pytest

from kvmha.spec import load
from tests.unit.gates.seen import NAMES, SBD, STORE, resource


@pytest.fixture
def spec(example):
    return load(example("lab"))


@pytest.fixture
def healthy():
    """Return what three nodes of a healthy cluster see."""
    one = {
        "corosync": {
            "running": True,
            "quorate": True,
            "votes": 3,
            "expected_votes": 3,
            "members": NAMES,
        },
        "pacemaker": {
            "running": True,
            "nodes": {name: {"online": True} for name in NAMES},
            "resources": [
                resource("fencing-sbd", ["ha-host2"]),
                resource("vm-web1", ["ha-host1"]),
            ],
            "failures": [],
        },
        "verify": [],
        "fencing": {"problems": []},
        "sbd": {
            "service": {"active": "active"},
            "devices": {SBD: {"slots": dict.fromkeys(NAMES, "clear"), "error": ""}},
        },
        "mounts": {"/srv/vmstore": {"device": "/dev/x", "type": "ocfs2"}},
        "marked": {"vmstore": "aa"},
        "marks": {"vmstore": dict.fromkeys(NAMES, "aa")},
        "domains": {"domains": {}, "running": {}},
        "files": {"/etc/corosync/corosync.conf": "11"},
        "disks": {
            "devices": {
                path: {"kind": "block", "size": 1, "serial": "", "wwid": ""}
                for path in (SBD, STORE)
            },
            "pending": [],
            "initiator": None,
        },
    }
    seen = {name: copy.deepcopy(one) for name in NAMES}
    seen["ha-host1"]["domains"] = {"domains": {"web1": "running"}, "running": {"web1": 17}}
    return seen


@pytest.fixture
def facts(spec):
    """Return what three right hosts say of themselves."""
    disk = {"kind": "block", "size": 1 << 30, "serial": "", "wwid": ""}
    return {
        node.name: {
            "version": "0.1.0",
            "platform": "Debian",
            "filesystems": ["ocfs2"],
            "hostname": node.name,
            "time": 1000.0,
            "kvm": False,
            "memory": 4 << 30,
            "watchdog": False,
            "watchdog_module": True,
            "devices": {SBD: dict(disk), STORE: dict(disk)},
            "addresses": list(node.links),
        }
        for node in spec.nodes
    }
