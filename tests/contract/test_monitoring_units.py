"""Timer and files of the figures on a node of the test's own: set up once, taken out whole.

systemd's own systemctl enables and disables there; what runs, without a systemd, is noted.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kvmha import platforms
from kvmha.build import monitoring as build
from kvmha.spec import load
from kvmha.tools import monitoring
from kvmha.tools.runner import Result, Runner

FIGURES = "var/lib/prometheus/node-exporter/kvmha.prom"


class Node(Runner):
    """Runs systemctl on the root ``root``."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.active: set[str] = set()
        self.ran: list[list[str]] = []

    def run(self, argv, **_):
        self.ran.append(list(argv))
        assert argv[0] == "systemctl"
        verb, units = argv[1], [word for word in argv[2:] if not word.startswith("-")]
        out = ""
        if verb == "show":
            out = "\n\n".join(map(self._shown, units))
        elif verb in ("enable", "disable"):
            self._offline(verb, *units)
            if "--now" in argv:
                self.active -= set(units)
        elif verb == "start":
            self.active |= set(units)
        return Result(tuple(argv), 0, out, "", 0.0)

    def _shown(self, unit: str) -> str:
        state = self._offline("is-enabled", unit, check=False).strip()
        active = "active" if unit in self.active else "inactive"
        load_state = "loaded" if state else "not-found"
        return f"Id={unit}\nLoadState={load_state}\nActiveState={active}\nUnitFileState={state}"

    def _offline(self, verb: str, *units: str, check: bool = True) -> str:
        argv = ["systemctl", f"--root={self.root}", verb, *units]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


@pytest.fixture
def here(example, changed):
    def make(**said):
        document = changed(example("lab"), {"monitoring": said} if said else {})
        return monitoring.here(load(document), document, platforms.DEBIAN, "ha-host1")

    return make


def applied(node, here):
    """Apply what is planned; return the addresses. Nothing is left, and nothing ran for that."""
    todo = monitoring.plan(node, here, node.root)
    monitoring.apply(node, here, todo, node.root)
    ran = len(node.ran)
    assert not monitoring.plan(node, here, node.root), monitoring.plan(node, here, node.root).text()
    assert all(argv[1] == "show" for argv in node.ran[ran:])
    return [change.address for change in todo.changes]


def test_a_plan_changes_nothing(node, here):
    todo = monitoring.plan(node, here(metrics=True), node.root)
    assert len(todo.changes) == 5  # three files; the timer is enabled and started
    assert list(node.root.iterdir()) == [] and node.active == set()


def test_figures_are_set_up_once_and_taken_out_whole(node, here):
    assert f"service:{build.UNIT}.start" in applied(node, here(metrics=True))
    wanted = node.root / "etc/systemd/system/timers.target.wants" / build.UNIT
    assert wanted.is_symlink() and node.active == {build.UNIT}
    config = node.root / build.CONFIG.lstrip("/")
    assert config.stat().st_mode & 0o777 == 0o600
    figures = node.root / FIGURES
    figures.parent.mkdir(parents=True)
    figures.write_text("kvmha_quorate 1\n")

    ours = [f"file:{path}" for path in (build.CONFIG, build.SERVICE, build.TIMER)]
    assert applied(node, here(metrics=True, interval="5min")) == ours
    assert ["systemctl", "try-restart", build.UNIT] in node.ran

    assert f"file:/{FIGURES}" in applied(node, here())
    assert node.active == set() and not wanted.is_symlink()
    assert [path for path in node.root.rglob("*") if path.is_file()] == []


def test_nothing_said_and_nothing_there_starts_no_program(node, here):
    assert applied(node, here()) == [] and node.ran == []
