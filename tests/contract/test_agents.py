"""The agents installed here: all that speak are understood, and asked once only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kvmha.documents import agent_metadata, typed_values
from kvmha.errors import CommandFailed
from kvmha.tools.agents import AgentUse, Catalogue
from kvmha.tools.runner import Runner

OCF = Path("/usr/lib/ocf/resource.d")
GLUE = Path("/usr/lib/stonith/plugins/external")


def installed() -> list[str]:
    found = [
        f"ocf:{provider}:{path.name}"
        for provider in ("heartbeat", "pacemaker")
        for path in sorted((OCF / provider).glob("[!.]*"))
    ]
    found += [f"stonith:external/{path.name}" for path in sorted(GLUE.glob("*"))]
    return found + [f"stonith:{path.name}" for path in sorted(Path("/usr/sbin").glob("fence_*"))]


class WithoutPacemaker(Runner):
    """A host on which crm_resource is not installed."""

    def run(self, argv, **options):
        if argv[0] == "crm_resource":
            raise CommandFailed(argv, 127, "no such program")
        return super().run(argv, **options)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return Catalogue(Runner(), tmp_path_factory.mktemp("agents"))


@pytest.fixture
def own_agent(tmp_path):
    """Return a function that installs ``ocf:mine:Agent``, a shell script, in a root of its own."""
    path = tmp_path / "ocf" / "resource.d" / "mine" / "Agent"
    path.parent.mkdir(parents=True)

    def install(script: str) -> Path:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return install


def own_catalogue(tmp_path) -> tuple[Runner, Catalogue]:
    runner = WithoutPacemaker()
    return runner, Catalogue(runner, tmp_path / "cache", ocf_root=tmp_path / "ocf")


def test_many_agents_are_installed():
    assert len(installed()) > 120


@pytest.mark.parametrize("agent", installed())
def test_every_installed_agent_is_understood(catalogue, agent):
    metadata = catalogue.metadata(agent)
    assert metadata is not None, catalogue.why_not(agent)
    assert metadata.parameters
    assert metadata.actions
    defaults = {n: each.default for n, each in metadata.parameters.items() if each.default}
    wrong = agent_metadata.problems(metadata, defaults, agent)
    assert [each for each in wrong if each.code != "MISSING"] == [], "its own defaults are right"


def test_what_the_agents_of_this_project_say(catalogue):
    guest = catalogue.metadata("ocf:heartbeat:VirtualDomain").parameters
    assert (guest["config"].required, guest["config"].unique) == (True, "unique")
    assert typed_values.same(guest["force_stop"], "no", "0")
    assert guest["migration_downtime"].type == "integer"
    sbd = catalogue.metadata("stonith:external/sbd")
    assert sbd.fencing
    assert sbd.parameters["timeout_bypass"].type == "boolean"


def test_a_second_run_starts_no_program(tmp_path):
    names = ["ocf:heartbeat:Dummy", "ocf:pacemaker:ping", "stonith:external/sbd"]
    first, second = Runner(), Runner()
    one, two = Catalogue(first, tmp_path), Catalogue(second, tmp_path)
    assert [one.metadata(name) for name in names * 2] == [two.metadata(name) for name in names * 2]
    assert (first.started, second.started) == (3, 0)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


@pytest.mark.parametrize("damage", [b"", b"<resource-agent>", b"\xff\xfe"])
@pytest.mark.parametrize("stamped", [True, False])
def test_a_damaged_cache_is_made_again(tmp_path, damage, stamped):
    Catalogue(Runner(), tmp_path).metadata("ocf:heartbeat:Dummy")
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    stamp = whole.splitlines(keepends=True)[-1] if stamped else b""
    kept.write_bytes(damage + b"\n" + stamp)
    runner = Runner()
    assert Catalogue(runner, tmp_path).metadata("ocf:heartbeat:Dummy").parameters
    assert runner.started == 1
    assert kept.read_bytes() == whole


def test_an_agent_that_changed_is_asked_again(tmp_path, own_agent):
    say = "echo \"<resource-agent name='{}'></resource-agent>\""
    path = own_agent(say.format("old"))
    assert own_catalogue(tmp_path)[1].metadata("ocf:mine:Agent").name == "old"
    before = path.stat()
    own_agent(say.format("new"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    runner, catalogue = own_catalogue(tmp_path)
    assert catalogue.metadata("ocf:mine:Agent").name == "new"
    assert runner.started == 1


def test_without_pacemaker_an_agent_speaks_for_itself(tmp_path):
    runner = WithoutPacemaker()
    catalogue = Catalogue(runner, tmp_path)
    own = catalogue.metadata("ocf:heartbeat:VirtualDomain")
    assert own == Catalogue(Runner(), tmp_path / "other").metadata("ocf:heartbeat:VirtualDomain")
    assert catalogue.metadata("stonith:fence_watchdog").parameters["plug"]
    assert catalogue.metadata("stonith:external/sbd") is None
    assert "crm_resource" in catalogue.why_not("stonith:external/sbd")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo '<resource-agent><parameters>'", "is no XML"),
        ("echo usage: Agent start", "no <resource-agent>"),
        ("echo no such action >&2; exit 3", "exited with 3: no such action"),
    ],
)
def test_an_agent_whose_metadata_is_broken_is_none_with_the_reason(
    tmp_path, own_agent, script, why
):
    own_agent(script)
    runner, catalogue = own_catalogue(tmp_path)
    assert catalogue.metadata("ocf:mine:Agent") is None
    assert why in catalogue.why_not("ocf:mine:Agent")
    assert runner.started == 1, "it is not asked twice"


@pytest.mark.parametrize(
    ("agent", "why"),
    [
        ("ocf:heartbeat:Nothing", "not installed here"),
        ("stonith:external/nothing", "not installed here"),
        ("stonith:fence_nothing", "not installed here"),
        ("systemd:sshd", "have no metadata"),
        ("lsb:sshd", "have no metadata"),
        ("service:sshd", "have no metadata"),
        ("ocf:heartbeat:../pacemaker/ping", "no name of an agent"),
        ("ocf:heartbeat:", "no name of an agent"),
        ("stonith:/bin/sh", "no name of an agent"),
        ("stonith:external/../../x", "no name of an agent"),
        ("ocf:Dummy", "no agent of the class"),
        ("Dummy", "no name of an agent"),
    ],
)
def test_what_is_not_here_starts_no_program(tmp_path, agent, why):
    runner = Runner()
    catalogue = Catalogue(runner, tmp_path)
    assert catalogue.metadata(agent) is None
    assert why in catalogue.why_not(agent)
    assert runner.started == 0


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    catalogue = Catalogue(Runner(), tmp_path / "file" / "agents")
    assert catalogue.metadata("ocf:heartbeat:Dummy") is not None


def test_resources_are_checked_all_at_once(tmp_path):
    guest, monitor = (
        "ocf:heartbeat:VirtualDomain",
        ("monitor", {"interval": "10s", "timeout": "1s"}),
    )
    runner = Runner()
    checked = Catalogue(runner, tmp_path).check(
        [
            AgentUse("cib[0].params", "vm-a", guest, {"config": "/srv/a.xml"}, (monitor,)),
            AgentUse("cib[1].params", "vm-b", guest, {"config": "/srv/a.xml", "forcestop": "1"}),
            AgentUse("cib[2].params", "vm-c", guest, {"force_stop": "perhaps"}),
            AgentUse("cib[3].params", "sbd", "stonith:external/sbd", {"pcmk_delay_max": "30"}),
            AgentUse("cib[4].params", "x", "ocf:acme:Thing", {"any": "thing"}),
            AgentUse("cib[5].params", "web", "systemd:nginx"),
        ]
    )
    assert [f"{each.place} {each.code}" for each in checked.problems] == [
        "cib[1].params.forcestop UNKNOWN_OPTION",
        "cib[2].params.force_stop WRONG_KIND",
        "cib[2].params MISSING",
        "cib[1].params NOT_UNIQUE",
    ]
    assert checked.notes == (
        "vm-a: the timeout of monitor, 1s, is less than the 30s that VirtualDomain advises",
    )
    assert checked.unchecked == {"ocf:acme:Thing": "it is not installed here"}
    assert runner.started == 2
