"""iSCSI records, multipath.conf and warnings: each case is a directory.

``iscsi``: ``change.yaml`` (of the example iscsi), ``observed.yaml``, ``plan.txt``; ``multipath``:
``change.yaml``, ``before.conf``, ``plan.txt``, ``after.conf``; ``warnings``: ``change.yaml`` (of
three_node) and ``warnings.txt``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmha import platforms
from kvmha.build import iscsi
from kvmha.documents import iscsi_record, multipath_conf
from kvmha.errors import KvmhaError, Refused
from kvmha.gates import disks, preflight
from kvmha.rules.warnings import warnings
from kvmha.spec import load
from kvmha.spec.devices import devices
from kvmha.tools import multipath

CASES = Path(__file__).parent.parent / "cases"
SECRETS = {"san": "in-the-lab-only", "san.back": "said-back-by-the-lab"}
IQN = "iqn.2026-11.lab.kvmha:san"
RECORD = """\
# BEGIN RECORD 2.1.8
node.name = iqn.2026-11.lab.kvmha:san
node.tpgt = -1
node.startup = manual
node.session.auth.authmethod = None
node.session.auth.chap_algs = MD5
node.session.timeo.replacement_timeout = 120
node.conn[0].address = 192.168.56.1
node.conn[0].startup = manual
node.conn[0].timeo.noop_out_interval = 5
node.conn[0].timeo.noop_out_timeout = 5
# END RECORD
"""


def cases(area):
    folders = sorted((CASES / area).iterdir())
    return pytest.mark.parametrize("folder", folders, ids=lambda folder: folder.name)


def change_of(folder):
    return yaml.safe_load((folder / "change.yaml").read_text()) or {}


def path(text):
    address, _, port = text.partition(":")
    return iscsi.Path(IQN, address, int(port))


def observed(folder, wanted):
    """Return what a node has; a record is ``fresh``, ``right`` or a mapping of what is not."""
    said = yaml.safe_load((folder / "observed.yaml").read_text()) or {}
    records = {}
    for where, what in (said.get("records") or {}).items():
        text = RECORD if what == "fresh" else iscsi_record.edit(RECORD, wanted)
        if isinstance(what, dict):
            text = iscsi_record.edit(text, what)
        records[path(where)] = {f"/etc/iscsi/nodes/{where}": text}
    sessions = frozenset(map(path, said.get("sessions") or ()))
    return iscsi.Observed(said.get("initiator"), records, sessions)


@cases("iscsi")
def test_iscsi_case_gives_its_plan(folder, example, changed):
    spec = load(changed(example("iscsi"), change_of(folder)))
    wanted = iscsi.record(spec.storage.iscsi.targets[0], SECRETS)
    plan = iscsi.plan(spec, "ha-host1", SECRETS, observed(folder, wanted))
    assert plan.text() == (folder / "plan.txt").read_text().strip()
    shown = f"{plan.to_dict()}{observed(folder, wanted)!r}"
    assert not [secret for secret in SECRETS.values() if secret in shown]


@cases("iscsi")
def test_records_written_once_are_right(folder, example, changed):
    spec = load(changed(example("iscsi"), change_of(folder)))
    wanted = iscsi.record(spec.storage.iscsi.targets[0], SECRETS)
    seen = observed(folder, wanted)
    written = dict(iscsi.edited(spec, SECRETS, seen.records))
    after = {p: {name: written.get(name, text) for name, text in kept.items()}
             for p, kept in seen.records.items()}  # fmt: skip
    assert dict(iscsi.edited(spec, SECRETS, after)) == {}
    for text in written.values():
        assert text.startswith("# BEGIN RECORD 2.1.8\n")
        assert text.endswith("# END RECORD\n")
        assert "node.session.auth.chap_algs = MD5\n" in text


def test_missing_secrets_are_named_all_at_once(example):
    with pytest.raises(KvmhaError) as caught:
        iscsi.plan(load(example("iscsi")), "ha-host1", {}, iscsi.Observed())
    assert "targets[0].secret: kvmha_secrets has no 'san'" in str(caught.value)
    assert "targets[0].mutual_secret: kvmha_secrets has no 'san.back'" in str(caught.value)


def test_times_follow_the_number_of_paths(example, changed):
    one = "storage.iscsi.targets[0].replacement_timeout"
    both = load(changed(example("iscsi"), {one: None})).storage.iscsi.targets[0]
    portals = {one: None, "storage.iscsi.targets[0].portals": ["192.168.56.1"]}
    single = load(changed(example("iscsi"), portals)).storage.iscsi.targets[0]
    key = "node.session.timeo.replacement_timeout"
    assert iscsi.record(both, SECRETS)[key] == "5"
    assert iscsi.record(single, SECRETS)[key] == "120"


@pytest.mark.parametrize("portals", [[], ["192.168.56.2"]])
def test_logging_out_takes_what_was_named_and_no_more(portals):
    one, two = path("192.168.56.1:3260"), path("192.168.56.2:3260")
    other = iscsi.Path("iqn.2026-11.com.example:other", "192.168.56.9", 3260)
    seen = iscsi.Observed("x", {one: {"f": ""}, other: {"g": ""}}, frozenset({one, two, other}))
    plan = iscsi.plan_out(IQN, portals, seen, {})
    both = [f"! {one}:session: log out", f"- {one} (was a record)"]
    assert plan.text().splitlines() == [*([] if portals else both), f"! {two}:session: log out"]


def test_logging_out_is_refused_while_a_disk_is_in_use():
    one = path("192.168.56.1:3260")
    seen = iscsi.Observed("x", {one: {"f": ""}}, frozenset({one}))
    with pytest.raises(Refused, match="sda is mounted at /mnt"):
        iscsi.plan_out(IQN, [], seen, {one: ["sda is mounted at /mnt"]})


@cases("multipath")
def test_multipath_case_gives_its_plan_and_file(folder, example, changed):
    wanted = multipath.wanted(load(changed(example("iscsi"), change_of(folder))))
    before = (folder / "before.conf").read_text()
    told = "\n".join(change.text() for change in multipath_conf.diff(before, wanted))
    assert told == (folder / "plan.txt").read_text().strip()
    after = multipath_conf.edit(before, wanted)
    assert after == (folder / "after.conf").read_text()
    assert multipath_conf.diff(after, wanted) == ()
    assert multipath_conf.edit(after, wanted) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [("defaults {\n", "multipath.conf:1: this section is never closed"),
     ("defaults {\n}\n}\n", "multipath.conf:3: a brace closes nothing")],
)  # fmt: skip
def test_a_broken_multipath_conf_is_an_error_with_its_line(text, words):
    with pytest.raises(KvmhaError, match=words):
        multipath_conf.Conf(text)


@cases("warnings")
def test_warnings_case(folder, example, changed):
    spec = load(changed(example("three_node"), change_of(folder)))
    told = "\n".join(map(str, warnings(spec)))
    assert told == (folder / "warnings.txt").read_text().strip()


def test_examples_give_no_warnings(example):
    for name in ("minimal", "two_node", "three_node", "lab", "iscsi"):
        assert warnings(load(example(name))) == []


def test_every_disk_of_a_pillar_is_found_but_consent(example, changed):
    path = "/dev/disk/by-id/scsi-lab-sbd"
    spec = load(changed(example("lab"), {"consent": {"overwrite": [path]}}))
    assert [place for place, _ in devices(spec)] == [
        "fencing.sbd.devices[0]", "storage.filesystems[0].device"
    ]  # fmt: skip


# --- disks of all nodes ------------------------------------------------------------------------

SBD, STORE = "/dev/disk/by-id/scsi-lab-sbd", "/dev/mapper/vmstore"


@pytest.fixture
def spec(example):
    return load(example("iscsi"))


@pytest.fixture
def seen(spec):
    """Return what the ``disks`` of three nodes are, all logged in."""
    return {
        node.name: {
            "devices": {
                SBD: {"kind": "block", "size": 16 << 20, "serial": "", "wwid": ""},
                STORE: {"kind": "block", "size": 256 << 20, "serial": "s1", "wwid": "36000"},
            },
            "pending": [],
            "initiator": f"iqn.2026-11.com.example:{node.name}",
        }
        for node in spec.nodes
    }


def test_a_disk_that_comes_with_the_login_is_a_note_and_after_it_an_error(spec, seen):
    two = seen["ha-host2"]
    two["devices"][STORE]["kind"] = "missing"
    two["pending"] = [f"iscsi:{IQN}@192.168.56.1:3260"]
    assert list(disks.judge_disks(spec, seen)) == []
    (note,) = (line for line in preflight.notes(spec, seen) if "not there yet" in line)
    assert note.startswith(f"ha-host2: {STORE}: not there yet")
    assert f"iscsi:{IQN}@192.168.56.1:3260" in note
    after = {node: {"disks": each} for node, each in seen.items()}
    assert disks.judge(spec, after) == [
        f"ha-host2: has no {STORE} (hint: is the LUN mapped to this host?)"
    ]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("size", 1 << 30, "ha-host3: 1073741824 bytes"),
        ("serial", "s2", "ha-host3: s2 is its serial"),
        ("wwid", "36001", "ha-host3: 36001 is its WWID"),
    ],
)
def test_a_disk_that_is_another_on_one_node_is_told_once_with_all_values(
    spec, seen, key, value, words
):
    seen["ha-host3"]["devices"][STORE][key] = value
    (told,) = disks.judge_disks(spec, seen)
    assert told.startswith(f"{STORE} is not one disk: ha-host1: ")
    assert words in told


def test_one_initiator_name_on_two_nodes_is_told(example, changed, seen):
    spec = load(changed(example("iscsi"), {"storage.iscsi.initiator_prefix": None}))
    assert list(disks.judge_initiators(spec, seen)) == []
    seen["ha-host1"]["initiator"] = seen["ha-host3"]["initiator"]
    (told,) = disks.judge_initiators(spec, seen)
    assert told.startswith("ha-host1, ha-host3: have one iSCSI initiator name")
    seen["ha-host3"]["initiator"] = None  # open-iscsi is not installed yet
    assert list(disks.judge_initiators(spec, seen)) == []


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        (platforms.DEBIAN, {"open-iscsi", "multipath-tools"}),
        (platforms.SLES_15, {"open-iscsi", "multipath-tools"}),
        (platforms.RHEL_9, {"iscsi-initiator-utils", "device-mapper-multipath"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_packages_of_a_choice_are_asked_for_only_when_it_is_made(example, platform, names):
    assert platforms.packages_for(platform, load(example("lab"))) == platform.packages
    more = set(platforms.packages_for(platform, load(example("iscsi")))) - set(platform.packages)
    assert more == names


@pytest.mark.parametrize("path", ["/dev/sdb", "/dev/vdc1", "/dev/dm-4", "/dev/nvme0n1"])
def test_a_name_of_the_kernel_is_warned_of_wherever_a_disk_is_named(example, path):
    spec = load(example("lab"))
    object.__setattr__(spec.storage.filesystems[0], "device", path)
    (told,) = warnings(spec)
    assert (told.place, told.code) == ("storage.filesystems[0].device", "DEVICE_UNSTABLE")
    assert path in told.message
