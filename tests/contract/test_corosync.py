"""corosync: what it accepts, and what writing its files does."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from kvmha.build import corosync_conf as build
from kvmha.documents import corosync_conf
from kvmha.errors import CommandFailed, KvmhaError, StalePlan
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import corosync
from kvmha.tools.runner import Result, Runner

KEY = bytes(range(128))
ENCODED = base64.b64encode(KEY).decode()
EXAMPLES = ["lab", "minimal", "two_node", "three_node"]


class AsNode(Runner):
    """Runs programs on a machine that is called as the node: corosync looks itself up."""

    def __init__(self, name: str = "ha-host1") -> None:
        super().__init__()
        self.name = name

    def run(self, argv, **options) -> Result:
        script = 'hostname "$0" && exec "$@"'
        return super().run(["unshare", "--uts", "sh", "-c", script, self.name, *argv], **options)


class Running(AsNode):
    """A node on which corosync runs; ``reload`` is the exit code of a reload."""

    def __init__(self, reload: int = 0) -> None:
        super().__init__()
        self.reload = reload
        self.argvs = []

    def run(self, argv, *, ok=(0,), **options) -> Result:
        self.argvs.append(list(argv))
        answers = {"corosync-cmapctl": 0, "corosync-cfgtool": self.reload}
        if argv[0] not in answers:
            return super().run(argv, ok=ok, **options)
        code = answers[argv[0]]
        if ok is not None and code not in ok:
            raise CommandFailed(argv, code, "said no", hint=options.get("hint", ""))
        return Result(tuple(argv), code, "", "", 0.0)


@pytest.fixture
def lab(example):
    return load(example("lab"))


@pytest.fixture
def conf(tmp_path) -> Path:
    return tmp_path / "corosync.conf"


@pytest.mark.parametrize("name", EXAMPLES)
def test_corosync_accepts_what_every_example_builds(name, example):
    spec = load(example(name))
    text = corosync_conf.render(build.build(spec))
    corosync.accepts(AsNode(spec.nodes[0].name), text)


def test_corosync_accepts_what_we_make_of_the_packages_file(lab):
    shipped = corosync_conf.parse(
        "totem {\nversion: 2\ncluster_name: debian\ncrypto_cipher: none\ncrypto_hash: none\n}\n"
        "logging {\nto_logfile: yes\nlogfile: /var/log/corosync/corosync.log\n"
        "logger_subsys {\nsubsys: QUORUM\ndebug: off\n}\n}\n"
        "nodelist {\nnode {\nname: node1\nnodeid: 1\nring0_addr: 127.0.0.1\n}\n}\n"
    )
    corosync.accepts(AsNode(), corosync_conf.render(build.build(lab, shipped)))


def test_what_corosync_refuses_is_not_written(example, changed, conf):
    # A foreign key is kept, so it is corosync that has to refuse it, in its own words.
    corosync.apply_conf(AsNode(), load(example("lab")), path=conf)
    conf.write_text(conf.read_text().replace("version: 2", "version: 2\n    ip_version: ipv5"))
    broken = conf.read_text()
    spec = load(changed(example("lab"), {"corosync.token": "12s"}))
    with pytest.raises(CommandFailed, match="ip_version"):
        corosync.apply_conf(AsNode(), spec, path=conf)
    assert conf.read_text() == broken


def test_a_bare_node_gets_its_file_and_then_nothing_is_left(lab, conf):
    plan = corosync.plan_conf(AsNode(), lab, conf)
    assert plan and not conf.exists() and plan.disruption is Disruption.NONE
    assert corosync.apply_conf(AsNode(), lab, plan.digest, conf) == plan
    assert not corosync.plan_conf(AsNode(), lab, conf)


def test_nothing_to_do_starts_no_program(lab, conf):
    corosync.apply_conf(AsNode(), lab, path=conf)
    runner = AsNode()
    assert not corosync.apply_conf(runner, lab, path=conf)
    assert runner.started == 0


def test_a_running_corosync_reloads_what_it_can(example, changed, lab, conf):
    corosync.apply_conf(AsNode(), lab, path=conf)
    spec = load(changed(example("lab"), {"corosync.token": "12s"}))
    runner = Running()
    plan = corosync.apply_conf(runner, spec, path=conf)
    assert plan.disruption is Disruption.RELOAD
    assert runner.argvs[-1] == ["corosync-cfgtool", "-R"]


def test_a_running_corosync_is_not_reloaded_for_more(example, changed, lab, conf):
    corosync.apply_conf(AsNode(), lab, path=conf)
    spec = load(changed(example("lab"), {"cluster.name": "omega"}))
    runner = Running()
    assert corosync.apply_conf(runner, spec, path=conf).disruption is Disruption.CLUSTER_STOP
    assert ["corosync-cfgtool", "-R"] not in runner.argvs
    assert "cluster_name: omega" in conf.read_text()


def test_a_failed_reload_puts_the_old_file_back(example, changed, lab, conf):
    corosync.apply_conf(AsNode(), lab, path=conf)
    before = conf.read_text()
    spec = load(changed(example("lab"), {"corosync.token": "12s"}))
    with pytest.raises(CommandFailed, match="put back"):
        corosync.apply_conf(Running(reload=1), spec, path=conf)
    assert conf.read_text() == before


def test_another_plan_than_the_one_shown_is_refused(example, changed, lab, conf):
    corosync.apply_conf(AsNode(), lab, path=conf)
    spec = load(changed(example("lab"), {"corosync.token": "12s"}))
    shown = corosync.plan_conf(AsNode(), spec, conf)
    before = conf.read_text().replace("to_syslog: yes", "to_syslog: yes\n    debug: on")
    conf.write_text(before)
    with pytest.raises(StalePlan):
        corosync.apply_conf(AsNode(), spec, shown.digest, conf)
    assert conf.read_text() == before


# --- authkey -----------------------------------------------------------------------------------


def test_the_key_is_written_for_root_alone_and_never_shown(lab, tmp_path):
    path = tmp_path / "authkey"
    plan = corosync.apply_authkey(AsNode(), lab, ENCODED, path=path)
    assert path.read_bytes() == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert ENCODED not in str(plan.to_dict()) and ENCODED[:12] not in str(plan.to_dict())
    assert plan.changes[0].new == corosync.fingerprint(KEY) and len(plan.changes[0].new) == 8
    assert not corosync.plan_authkey(AsNode(), lab, ENCODED, path)


def test_a_key_that_others_can_read_is_put_right(lab, tmp_path):
    path = tmp_path / "authkey"
    path.write_bytes(KEY)
    path.chmod(0o644)
    plan = corosync.apply_authkey(AsNode(), lab, ENCODED, path=path)
    assert plan.text() == "~ corosync:authkey@mode: 0644 -> 0400"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_another_key_under_a_running_corosync_needs_a_stop(lab, tmp_path):
    path = tmp_path / "authkey"
    path.write_bytes(bytes(128))
    assert corosync.plan_authkey(AsNode(), lab, ENCODED, path).disruption is Disruption.NONE
    running = corosync.plan_authkey(Running(), lab, ENCODED, path)
    assert running.disruption is Disruption.CLUSTER_STOP


def test_without_a_key_in_pillar_the_plan_says_where_it_comes_from(lab, tmp_path):
    path = tmp_path / "authkey"
    plan = corosync.plan_authkey(AsNode(), lab, None, path)
    assert plan.changes[0].new == "made on the master at the first run"
    with pytest.raises(KvmhaError, match=r"kvmha_authkey.*hint"):
        corosync.apply_authkey(AsNode(), lab, None, path=path)
    assert not path.exists()


@pytest.mark.parametrize("text, said", [("?", "no base64"), ("QUJD", "3 bytes")])
def test_a_key_that_corosync_would_not_take_is_refused(lab, tmp_path, text, said):
    with pytest.raises(KvmhaError, match=said):
        corosync.plan_authkey(AsNode(), lab, text, tmp_path / "authkey")


# --- status ------------------------------------------------------------------------------------


def test_status_where_nothing_runs(lab, conf):
    corosync.apply_conf(AsNode(), lab, path=conf)
    runner = Runner()
    status = corosync.status(runner, conf)
    assert (status["running"], status["members"], runner.started) == (False, [], 1)
    assert status["conf_sha256"] == corosync.sha256(conf.read_bytes())


QUORUM = """\
Quorate:          {quorate}

Votequorum information
----------------------
Expected votes:   3
Total votes:      {votes}
Quorum:           2 {words}

Membership information
----------------------
    Nodeid      Votes{column} Name
"""


@pytest.mark.parametrize(
    "rows, members",
    [
        (
            "         1          1 ha-host1 (local)\n         2          1 ha-host2\n",
            ["ha-host1", "ha-host2"],
        ),
        (
            "         1          1 10.0.0.1\n         2          1 10.0.0.2 (local)\n",
            ["ha-host1", "10.0.0.2"],
        ),
        (
            "         1          1    A,V,NMW ha-host1 (local)\n"
            "         0          1            Qdevice\n",
            ["ha-host1"],
        ),
    ],
    ids=["names", "addresses", "qdevice"],
)
def test_members_are_told_by_name(rows, members):
    text = QUORUM.format(quorate="No", votes=1, words="Activity blocked", column="") + rows
    seen = corosync.parse_quorum(text, {"1": "ha-host1"})
    assert seen == {"quorate": False, "votes": 1, "expected_votes": 3, "members": members}
