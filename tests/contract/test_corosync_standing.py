"""corosync itself takes what an export builds again, wherever it took the original."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kvmha.build import corosync_conf as build
from kvmha.build.corosync_export import export
from kvmha.documents import corosync_conf
from kvmha.errors import InvalidInput, KvmhaError
from kvmha.plan import Disruption
from kvmha.spec import load, load_part
from kvmha.spec.corosync import CorosyncPart
from kvmha.spec.corosync_words import words
from kvmha.tools import corosync
from kvmha.tools.runner import Runner
from tests.contract.test_corosync import AsNode, Running

CASES = sorted((Path(__file__).parents[1] / "cases" / "corosync_export").iterdir())
# corosync 3 refuses what only older ones know, and values that are none.
REFUSED = {
    *(
        "corosync1_pacemaker",
        "corosync1_udpu_members",
        "every_other_key",
        "openais_0_80",
        "opensuse_13_1",
    ),
    *("sle12_crm_udpu", "odd_but_legal"),
}


def verdict(text: str, folder: Path) -> tuple[int | None, str]:
    """Return how ``corosync -t`` ends, and its errors, where the file's world exists.

    That is: the host is called as its first node, its addresses are this host's, its key
    and its log's folder are there.
    """
    document = corosync_conf.parse(text)
    nodes = corosync_conf.nodes(document)
    name = (nodes[0].get("name") or nodes[0].get("ring0_addr")) if nodes else None
    here = text.replace("192.168.", "127.168.").replace("/var/log", str(folder))
    here = re.sub(r"(ring0_addr: )ha-host(\d).*", r"\g<1>127.0.0.\2", here)
    for name_of_logs in ("cluster", "corosync"):
        (folder / name_of_logs).mkdir(exist_ok=True)
    key = folder / "authkey"
    key.write_bytes(bytes(128))
    candidate = folder / "corosync.conf"
    document = corosync_conf.parse(here)
    document.section("totem").set("keyfile", str(key))
    candidate.write_text(corosync_conf.render(document))
    done = AsNode(name or "host").run(["corosync", "-t", "-c", str(candidate)], ok=None)
    said = [line for line in done.stdout.splitlines() + done.stderr.splitlines() if "rror" in line]
    return done.returncode, "\n".join(said)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_corosync_judges_the_rebuilt_file_as_the_original(case, tmp_path):
    original = (case / "corosync.conf").read_text()
    rebuilt = corosync_conf.render(build.build(load_part(export(corosync_conf.parse(original)))))
    code, said = verdict(original, tmp_path)
    assert (code == 0) is (case.name not in REFUSED), said
    assert verdict(rebuilt, tmp_path)[0] == code


def test_corosync_accepts_every_word_as_we_write_it(tmp_path):
    said = {"nodelist": [{"name": "ha-host1", "nodeid": 1, "ring0_addr": "127.0.0.1"}]}
    said |= {"uidgid": [{"uid": "nobody"}], "interfaces": [{"linknumber": 0}]}
    for word in words(CorosyncPart):
        if word.meta.many or word.meta.example is None:
            continue
        *way, last = word.place
        inner = said
        for name in way:
            inner = inner.setdefault(name, {})
        inner[last] = word.meta.example
    said["logging"]["logfile"] = str(tmp_path / "corosync.log")  # opened, wanted or not
    text = corosync_conf.render(build.build(load_part({"corosync": said})))
    corosync.accepts(AsNode(), text)


# --- tools -------------------------------------------------------------------------------------

SECRET = "dGhlLXNlY3JldA"


@pytest.fixture
def standing(tmp_path) -> Path:
    """Return a file that others wrote."""
    path = tmp_path / "corosync.conf"
    path.write_bytes(
        b"# caf\xe9, from before UTF-8\ntotem {\n  version: 2\n  token: 1000\n}\n"
        b"amf {\n  mode: disabled\n}\n"
    )
    return path


def test_a_file_is_described_where_nothing_runs(standing):
    found = corosync.export_conf(standing)
    assert found == {
        "corosync": {"token": "1s", "totem": {"version": 2}, "more": {"amf.mode": "disabled"}}
    }
    runner = Runner()
    assert not corosync.plan_conf(runner, load_part(found), standing)
    assert runner.started == 0


def test_without_a_file_there_is_nothing_to_describe(tmp_path):
    with pytest.raises(KvmhaError, match=r"there is no .*hint"):
        corosync.export_conf(tmp_path / "corosync.conf")


def test_what_is_no_file_is_told_so(tmp_path):
    with pytest.raises(KvmhaError, match=r"cannot be read: Is a directory"):
        corosync.export_conf(tmp_path)
    with pytest.raises(KvmhaError, match=r"cannot be read: Is a directory"):
        corosync.plan_conf(Runner(), load_part({"corosync": {}}), tmp_path)


def test_who_may_read_the_file_stays(standing):
    standing.chmod(0o600)
    corosync.apply_conf(
        Runner(), load_part({"corosync": {"token": "2s"}}), path=standing, live=False
    )
    assert standing.stat().st_mode & 0o777 == 0o600


def test_a_secret_is_in_no_message(standing):
    standing.write_text(f"totem {{\n  key: {SECRET}\n}}\n")
    with pytest.raises(InvalidInput) as caught:
        corosync.export_conf(standing)
    assert SECRET not in str(caught.value) and ":2: totem.key" in str(caught.value)
    removed = corosync.plan_conf(
        AsNode(), load_part({"corosync": {}, "unmanaged": "remove"}), standing
    )
    assert removed and SECRET not in str(removed.to_dict())


def test_a_file_that_is_not_live_is_changed_without_a_program(standing):
    part = load_part({"corosync": {"token": "2s", "totem": {"netmtu": 1400}}})
    runner = Running()
    plan = corosync.apply_conf(runner, part, None, standing, live=False)
    assert runner.argvs == [] and plan.disruption is Disruption.NONE
    assert b"token: 2000" in standing.read_bytes() and b"caf\xe9" in standing.read_bytes()


def test_a_part_is_planned_like_a_cluster_and_reloaded(standing):
    standing.write_text(standing.read_text(errors="replace").replace("}\namf", "}\nnozzle"))
    plan = corosync.plan_conf(Running(), load_part({"corosync": {"token": "2s"}}), standing)
    assert plan.text().splitlines() == [
        "~ corosync.conf:totem.token: 1000 -> 2000  [reload]",
        "# in the file, not in the pillar, kept: totem.version, nozzle.mode",
    ]


@pytest.mark.parametrize(
    "unmanaged, notes", [("report", ["kept: amf.mode"]), ("keep", []), ("remove", [])]
)
def test_what_is_not_in_the_pillar_is_a_note(standing, example, unmanaged, notes):
    spec = load(example("lab") | {"unmanaged": unmanaged})
    found = corosync.plan_conf(AsNode(), spec, standing).notes
    assert [note.rpartition(", ")[2] for note in found] == notes


def test_a_plan_says_that_the_device_has_a_daemon_of_its_own(example, changed, tmp_path):
    path = tmp_path / "corosync.conf"
    corosync.apply_conf(AsNode(), load(example("lab")), path=path)
    device = {"model": "net", "net": {"host": "qnetd.example.org", "algorithm": "lms"}}
    spec = load(changed(example("lab"), {"corosync.quorum": {"device": device}}))
    plan = corosync.plan_conf(Running(), spec, path)
    assert plan.disruption is Disruption.RELOAD
    assert plan.notes == ("corosync-qdevice reads its part when it is restarted",)
