"""iscsiadm and multipath themselves, on a copy of /etc in a mount namespace; no kernel is asked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IQN = "iqn.2026-11.lab.kvmha:san"
SECRETS = {"san": "pa55 w#rd-in", "san.back": "pa55-out"}

_BEGIN = """
import json, sys
sys.path[:0] = [{library!r}]
from kvmha.build import iscsi as build
from kvmha.errors import KvmhaError
from kvmha.spec import load
from kvmha.tools import iscsi, multipath
from kvmha.tools.runner import Runner
from pathlib import Path
spec, secrets = load(json.loads({pillar!r})), json.loads({secrets!r})
"""


@pytest.fixture
def inside(tmp_path, example):
    """Return a function that runs Python where /etc is a copy; it returns what was printed."""
    for program in ("iscsiadm", "multipath", "unshare"):
        assert shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"), program
    shutil.copytree("/etc", tmp_path / "etc", symlinks=True)

    def run(code, pillar=None):
        begin = _BEGIN.format(
            library=str(ROOT / "_utils"),
            pillar=json.dumps(pillar or example("iscsi")),
            secrets=json.dumps(SECRETS),
        )
        script = tmp_path / "script.py"
        script.write_text(begin + code)
        shell = f"mount --bind {tmp_path}/etc /etc && exec {sys.executable} {script}"
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", shell], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


# Logging in needs a kernel and a daemon; what comes before it does not.
_RECORDS = """
todo = iscsi.plan(spec, "ha-host1", secrets)
only = type(todo)(tuple(c for c in todo.changes if not c.address.endswith(":session")))
class Seen(Runner):
    argvs = []
    def run(self, argv, **more):
        self.argvs.append(list(argv))
        if argv[0] == "systemctl":
            return None
        return super().run(argv, **more)
iscsi.apply(Seen(), spec, "ha-host1", secrets, only)
"""


def test_iscsiadm_reads_the_records_as_they_were_meant(inside, tmp_path):
    told = inside(
        _RECORDS
        + """
said = Runner().run(["iscsiadm", "-m", "node", "-S", "-T", spec.storage.iscsi.targets[0].iqn,
                     "-p", "192.168.56.2:3260"]).stdout
print(said)
print("LEFT", iscsi.plan(spec, "ha-host1", secrets).text())
"""
    )
    for line in (
        "node.startup = automatic",
        "node.session.timeo.replacement_timeout = 5",
        "node.conn[0].timeo.noop_out_interval = 2",
        "node.conn[0].timeo.noop_out_timeout = 3",
        "node.session.auth.authmethod = CHAP",
        "node.session.auth.username = lab-initiator",
        f"node.session.auth.password = {SECRETS['san']}",
        "node.session.auth.username_in = lab-target",
        f"node.session.auth.password_in = {SECRETS['san.back']}",
    ):
        assert line in told.splitlines()
    left = told.partition("LEFT ")[2].split()
    assert left == [
        *("!", f"iscsi:{IQN}@192.168.56.1:3260:session:", "log", "in"),
        *("!", f"iscsi:{IQN}@192.168.56.2:3260:session:", "log", "in"),
    ]
    records = [path for path in (tmp_path / "etc/iscsi/nodes").rglob("*") if path.is_file()]
    assert len(records) == 2
    assert {path.stat().st_mode & 0o777 for path in records} == {0o600}
    name = (tmp_path / "etc/iscsi/initiatorname.iscsi").read_text()
    assert name == "InitiatorName=iqn.2026-11.com.example:ha-host1\n"


def test_no_password_is_an_argument(inside):
    told = inside(_RECORDS + "print(json.dumps(Seen.argvs))")
    assert "--op" in told
    assert not [secret for secret in SECRETS.values() if secret in told]


def test_records_that_discovery_made_are_taken_over(inside, tmp_path, example, changed):
    made = f"/etc/iscsi/nodes/{IQN}/192.168.56.1,3260,1/default"
    told = inside(
        _RECORDS
        + f"""
old = Path("/etc/iscsi/nodes/{IQN}/192.168.56.1,3260")
text = old.read_text()
old.unlink()
new = Path({made!r})
new.parent.mkdir()
new.write_text(text.replace("node.tpgt = -1", "node.tpgt = 1").replace("lab-initiator", "x"))
print(iscsi.plan(spec, "ha-host1", secrets).text())
"""
    )
    key = "node.session.auth.username"
    assert f"~ iscsi:{IQN}@192.168.56.1:3260:{key}: x -> lab-initiator" in told
    assert "a record" not in told


def test_multipath_understands_the_file(inside):
    told = inside(
        """
multipath.write(Runner(), multipath.multipath_conf.edit("", multipath.wanted(spec)))
print(Runner().run(["multipath", "-t"]).stdout)
"""
    )
    lines = [line.strip() for line in told.splitlines()]
    for line in (
        'find_multipaths "on"',  # multipath's other word for yes
        'user_friendly_names "no"',
        'devnode "^ubd[a-z]"',
        'wwid "3600508b1001c.*"',
        'wwid "360000000000000000e00000000010001"',
        'alias "vmstore"',
        "no_path_retry 12",
    ):
        assert line in lines


@pytest.mark.parametrize("before", [None, "defaults {\n}\n"])
def test_a_word_that_multipath_does_not_know_is_an_error_and_changes_nothing(inside, before):
    told = inside(
        f"""
if {before!r} is not None:
    multipath.CONF.write_text({before!r})
try:
    multipath.write(Runner(), "defaults {{\\n\\tfind_multipathz yes\\n}}\\n")
except KvmhaError as error:
    print(error)
print(multipath.CONF.exists() and multipath.CONF.read_text())
"""
    )
    assert "line 2, invalid keyword in the defaults section: find_multipathz" in told
    assert told.splitlines()[1:] == (["False"] if before is None else [*before.splitlines(), ""])
