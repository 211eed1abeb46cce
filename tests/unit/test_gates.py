"""What keeps a gate closed, judged from what the nodes see."""

from __future__ import annotations

import copy

import pytest

from kvmha import gates
from kvmha.errors import KvmhaError
from kvmha.gates import preflight, storage, validated, vms
from kvmha.spec import load

NAMES = ["ha-host1", "ha-host2", "ha-host3"]
SBD = "/dev/disk/by-id/scsi-lab-sbd"
STORE = "/dev/disk/by-id/scsi-lab-vmstore"


@pytest.fixture
def spec(example):
    return load(example("lab"))


def resource(name, nodes, **more):
    return {
        "id": name,
        "role": "Started",
        "nodes": nodes,
        "managed": True,
        "failed": False,
    } | more


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


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_is_open_for_a_healthy_cluster(name, spec, healthy):
    assert gates.of(name).judge(spec, healthy) == []


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_is_closed_by_a_silent_node(name, spec, healthy):
    healthy["ha-host3"] = None
    assert any(
        "ha-host3: its minion does not answer" in line
        for line in gates.of(name).judge(spec, healthy)
    )


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_passes_on_the_words_of_a_node_that_failed(name, spec, healthy):
    healthy["ha-host2"] = {"error": "'kvmha_view.observe' is not available."}
    found = gates.of(name).judge(spec, healthy)
    assert "ha-host2: 'kvmha_view.observe' is not available." in found


@pytest.mark.parametrize("name", list(gates.GATES))
def test_every_gate_looks_only_at_aspects_it_asked_for(name, spec, healthy):
    asked = {*gates.of(name).aspects, "marked"}
    less = {
        node: {key: value for key, value in answer.items() if key in asked}
        for node, answer in healthy.items()
    }
    assert gates.of(name).judge(spec, less) == []


def test_unknown_gate_is_refused_naming_those_there_are():
    with pytest.raises(KvmhaError, match="quorate"):
        gates.of("quorat")


def _change(healthy, node, path, value):
    *way, last = path
    inner = healthy[node]
    for step in way:
        inner = inner[step]
    inner[last] = value


CLOSED = [
    ("quorate", "ha-host1", ("corosync", "running"), False, "corosync does not run"),
    ("quorate", "ha-host1", ("corosync", "quorate"), False, "has no quorum"),
    ("quorate", "ha-host2", ("corosync", "votes"), 2, "ha-host2: sees 2 of 3 votes"),
    (
        "quorate",
        "ha-host2",
        ("pacemaker", "nodes", "ha-host3", "online"),
        False,
        "in Pacemaker ha-host3 is offline",
    ),
    (
        "quorate",
        "ha-host2",
        ("pacemaker", "nodes", "ha-host3", "unclean"),
        True,
        "ha-host3 is unclean",
    ),
    ("quorate", "ha-host2", ("pacemaker", "nodes"), {}, "ha-host1 is unknown"),
    ("quorate", "ha-host2", ("pacemaker",), {"error": "no crm_mon"}, "ha-host2: no crm_mon"),
    ("fencing", "ha-host1", ("pacemaker", "resources"), [], "fencing-sbd is not started"),
    (
        "fencing",
        "ha-host1",
        ("sbd", "devices", SBD, "slots", "ha-host2"),
        "reset",
        f"on {SBD}, ha-host2 is reset",
    ),
    ("fencing", "ha-host1", ("sbd", "devices", SBD, "slots"), {}, "without a slot"),
    ("fencing", "ha-host1", ("sbd", "devices", SBD, "error"), "no header", "no header"),
    ("storage", "ha-host3", ("mounts",), {}, "ha-host3: /srv/vmstore (vmstore) is not mounted"),
    (
        "storage",
        "ha-host3",
        ("mounts", "/srv/vmstore", "type"),
        "ext4",
        "is ext4, not ocfs2",
    ),
    ("vms", "ha-host1", ("domains", "running"), {}, "web1 runs nowhere"),
    (
        "vms",
        "ha-host2",
        ("domains", "running"),
        {"web1": 5},
        "web1 RUNS ON ha-host1 AND ha-host2",
    ),
    (
        "vms",
        "ha-host2",
        ("pacemaker", "failures"),
        [{"op_key": "vm-web1_start_0", "node": "ha-host2", "exitreason": "no XML"}],
        "failed: vm-web1_start_0 ha-host2 no XML",
    ),
    (
        "vms",
        "ha-host2",
        ("pacemaker", "resources"),
        [resource("vm-web1", ["ha-host3"])],
        "Pacemaker has vm-web1 ha-host3",
    ),
    (
        "vms",
        "ha-host2",
        ("pacemaker", "resources"),
        [resource("vm-web1", ["ha-host1"], managed=False)],
        "resource vm-web1 is unmanaged",
    ),
    ("validated", "ha-host2", ("verify",), ["no fencing"], "crm_verify on ha-host2: no fencing"),
    (
        "validated",
        "ha-host1",
        ("fencing",),
        {"problems": ["no device can fence ha-host3"]},
        "no device can fence ha-host3",
    ),
    (
        "validated",
        "ha-host2",
        ("files", "/etc/corosync/corosync.conf"),
        "22",
        "is not the same everywhere",
    ),
    ("validated", "ha-host2", ("files", "/etc/corosync/corosync.conf"), "", "has no /etc/coro"),
    (
        "validated",
        "ha-host2",
        ("marks", "vmstore", "ha-host1"),
        "bb",
        "ha-host2: vmstore shows another file than ha-host1 wrote",
    ),
]


@pytest.mark.parametrize("case", CLOSED, ids=lambda case: f"{case[0]}: {case[-1]}")
def test_gate_is_closed_and_says_why(spec, healthy, case):
    gate, node, path, value, words = case
    _change(healthy, node, path, value)
    found = gates.of(gate).judge(spec, healthy)
    assert any(words in line for line in found), found
    assert any(words in line for line in validated.judge(spec, healthy))


def test_file_that_a_node_does_not_see_is_incoherence(spec, healthy):
    healthy["ha-host3"]["marks"] = {}
    found = storage.judge_coherent(spec, healthy)
    assert len(found) == 3
    assert all(line.startswith("ha-host3: vmstore shows no file") for line in found)


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [({"web1": 5}, {"web1": 6}, 0), ({"web1": 5}, {"web1": 5}, 1), ({"web1": 5}, {}, 1)],
)
def test_heartbeat_must_go_on(spec, before, after, count):
    assert len(vms.judge_alive(spec, before, after)) == count


def test_heartbeat_is_read_where_it_can_be():
    seen = {
        "a": {"heartbeats": {"web1": {"error": "not here"}}},
        "b": {"heartbeats": {"web1": 7}},
        "c": None,
    }
    assert vms.heartbeats(seen) == {"web1": 7}


# --- preflight ---------------------------------------------------------------------------------


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


def test_right_hosts_pass_preflight(spec, facts):
    assert preflight.judge(spec, facts, window=1.0) == []


AMISS = [
    (("version",), "0.0.9", "ha-host2: has kvmha 0.0.9, the master 0.1.0"),
    (("hostname",), "localhost", "ha-host2: calls itself localhost"),
    (("addresses",), [], "ha-host2: has no address 192.168.56.102, that of link 0"),
    (("time",), 1010.0, "clocks:"),
    (("filesystems",), ["gfs2"], "has no ocfs2, the type of vmstore"),
    (
        ("watchdog_module",),
        False,
        "ha-host2: has no /dev/watchdog, and its kernel no module softdog",
    ),
    (("devices", SBD, "kind"), "missing", f"ha-host2: has no {SBD}"),
    (("devices", SBD, "kind"), "other", "is no block device"),
    (("devices", STORE, "size"), 5, f"{STORE} is not one disk"),
]


@pytest.mark.parametrize(("path", "value", "words"), AMISS)
def test_preflight_names_what_is_amiss(spec, facts, path, value, words):
    _change(facts, "ha-host2", path, value)
    found = preflight.judge(spec, facts, window=1.0)
    assert len(found) == 1
    assert words in found[0]
    assert "hint" in found[0] or "no block device" in found[0]


def test_preflight_tells_everything_at_once(spec, facts):
    facts["ha-host1"]["hostname"] = "other"
    facts["ha-host2"]["addresses"] = []
    facts["ha-host3"] = None
    assert len(preflight.judge(spec, facts, window=1.0)) == 3


def test_clocks_within_the_window_of_asking_are_no_skew(spec, facts):
    facts["ha-host2"]["time"] = 1004.0
    assert preflight.judge(spec, facts, window=3.0) == []


def test_two_disks_under_one_name_are_told_by_their_serials(spec, facts):
    for name, serial in zip(NAMES, ("s1", "s1", "s2"), strict=True):
        facts[name]["devices"][SBD]["serial"] = serial
    found = preflight.judge(spec, facts, window=1.0)
    assert len(found) == 1
    assert "ha-host3: s2 is its serial" in found[0]


def test_node_without_watchdog_needs_a_module_for_one(example, changed, facts):
    spec = load(changed(example("lab"), {"fencing.sbd.watchdog_module": None}))
    found = preflight.judge(spec, facts, window=1.0)
    assert len(found) == 3
    assert all("softdog" in line for line in found)


def test_module_is_not_asked_for_where_the_watchdog_is_there(spec, facts):
    for each in facts.values():
        each.update(watchdog=True, watchdog_module=False)
    assert preflight.judge(spec, facts, window=1.0) == []


def test_vm_that_is_larger_than_every_host_is_told(example, changed, facts):
    spec = load(changed(example("lab"), {"vms[0].memory": "5GiB"}))
    (found,) = preflight.judge(spec, facts, window=1.0)
    assert found.startswith("web1: its 5GiB of memory are more than any host has")
    facts["ha-host3"] = None
    assert not any("web1" in line for line in preflight.judge(spec, facts, window=1.0))


def test_memory_without_one_host_is_a_note(example, changed, facts):
    spec = load(changed(example("lab"), {"vms[0].memory": "3GiB"}))
    assert preflight.notes(spec, facts) == []
    facts["ha-host2"]["memory"] = facts["ha-host3"]["memory"] = 2 << 30
    (note,) = preflight.notes(spec, facts)
    assert note.startswith("without ha-host1 there may be no memory for web1 (3GiB)")
    assert preflight.judge(spec, facts, window=1.0) == []
    facts["ha-host2"]["memory"] = 0  # its kernel does not tell
    assert preflight.notes(spec, facts) == []


def test_kvm_guest_needs_dev_kvm(example, changed, facts):
    spec = load(changed(example("lab"), {"vms[0].type": "kvm"}))
    assert all(
        "has no /dev/kvm, which web1 need" in line
        for line in preflight.judge(spec, facts, window=1.0)
    )


# --- fencing without all of SBD's disks, and without disks -------------------------------------

DISKS = [f"/dev/disk/by-id/sbd{number}" for number in range(3)]


@pytest.fixture
def three(example, changed):
    return load(changed(example("lab"), {"fencing.sbd.devices": DISKS}))


def with_lost(healthy, count):
    view = {"slots": dict.fromkeys(NAMES, "clear"), "error": ""}
    for each in healthy.values():
        each["sbd"]["devices"] = {
            disk: view | {"error": f"{disk} is gone" if number < count else ""}
            for number, disk in enumerate(DISKS)
        }
    return healthy


def test_fencing_works_without_one_of_three_disks_and_validation_tells_it(three, healthy):
    seen = with_lost(healthy, 1)
    assert gates.of("fencing").judge(three, seen) == []
    found = validated.judge(three, seen)
    assert found == [f"{node}: {DISKS[0]} is gone (SBD's disks: degraded)" for node in NAMES]


def test_fencing_does_not_work_without_two_of_three_disks(three, healthy):
    found = gates.of("fencing").judge(three, with_lost(healthy, 2))
    assert f"ha-host1: {DISKS[1]} is gone (SBD's disks: lost)" in found


def test_diskless_fencing_wants_sbd_itself(example, changed, healthy):
    spec = load(changed(example("lab"), {"fencing.sbd.devices": []}))
    for each in healthy.values():
        each["sbd"]["devices"] = {}
        each["pacemaker"]["resources"] = []
    assert gates.of("fencing").judge(spec, healthy) == []
    healthy["ha-host2"]["sbd"]["service"]["active"] = "failed"
    (found,) = gates.of("fencing").judge(spec, healthy)
    assert found.startswith("ha-host2: sbd does not run")


def test_every_fencing_device_has_to_be_started(example, changed, healthy):
    ipmi = {"name": "ipmi1", "agent": "fence_ipmilan", "nodes": ["ha-host1"]}
    spec = load(changed(example("lab"), {"fencing.devices": [ipmi]}))
    found = gates.of("fencing").judge(spec, healthy)
    assert found == [f"{node}: fencing-ipmi1 is not started" for node in NAMES]


def test_a_new_cluster_begins_with_all_disks_of_sbd(three, facts):
    disk = {"kind": "block", "size": 1 << 30, "serial": ""}
    for each in facts.values():
        each["devices"] = {path: dict(disk) for path in (*DISKS, STORE)}
    facts["ha-host2"]["devices"][DISKS[1]]["kind"] = "missing"
    (found,) = preflight.judge(three, facts, window=1.0)
    assert found.startswith(f"ha-host2: has no {DISKS[1]}")
    facts["ha-host2"]["sbd_runs"] = True
    assert preflight.judge(three, facts, window=1.0) == []
    assert preflight.notes(three, facts)[0].startswith(f"ha-host2: has no {DISKS[1]}")
    facts["ha-host2"]["devices"][DISKS[2]]["kind"] = "missing"
    assert len(preflight.judge(three, facts, window=1.0)) == 2


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("watchdog_users", ["systemd (pid 1)"], "is in use by systemd (pid 1)"),
        ("watchdog_denied", "/etc/modprobe.d/no.conf", "/etc/modprobe.d/no.conf forbids it"),
    ],
)
def test_preflight_wants_the_watchdog_for_sbd_alone(spec, facts, key, value, words):
    facts["ha-host3"][key] = value
    (found,) = preflight.judge(spec, facts, window=1.0)
    assert found.startswith("ha-host3: ") and words in found


def test_no_watchdog_is_asked_for_without_sbd(example, changed, facts):
    names = ["ha-host1", "ha-host2", "ha-host3"]
    strip = {"name": "pdu", "agent": "fence_apc", "ports": dict.fromkeys(names, 1)}
    spec = load(changed(example("lab"), {"fencing": {"devices": [strip]}}))
    for each in facts.values():
        del each["watchdog"], each["watchdog_module"]
    assert preflight.judge(spec, facts, window=1.0) == []


def test_a_qdevice_has_to_vote(example, changed, healthy):
    device = {"model": "net", "votes": 1, "net": {"host": "qnetd", "algorithm": "ffsplit"}}
    spec = load(changed(example("lab"), {"corosync.quorum": {"device": device}}))
    (first, *_) = gates.of("quorate").judge(spec, healthy)
    assert first.startswith("ha-host1: sees no vote of the qdevice")
    for each in healthy.values():
        each["corosync"]["votes"] = 4
    assert gates.of("quorate").judge(spec, healthy) == []
