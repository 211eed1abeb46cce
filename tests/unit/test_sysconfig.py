"""KEY=value files: only what is ours changes, and shells read what was meant."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from kvmha.documents import sysconfig

PATH = "/etc/default/sbd"
CASES = sorted((Path(__file__).parents[1] / "cases" / "sysconfig").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    before = (case / "before").read_text() if (case / "before").exists() else None
    wanted = yaml.safe_load((case / "wanted.yaml").read_text())
    current = sysconfig.parse(before) if before is not None else None
    changes = sysconfig.diff(PATH, current, wanted)
    assert [change.text() for change in changes] == yaml.safe_load(
        (case / "changes.yaml").read_text()
    )
    after = sysconfig.changed(current, PATH, changes)
    assert after.render() == (case / "after").read_text()
    assert sysconfig.diff(PATH, sysconfig.parse(after.render()), wanted) == ()


@pytest.mark.parametrize(
    "text",
    [path.read_text() for path in Path(__file__).parents[1].glob("cases/sysconfig/*/before")],
)
def test_rendering_what_was_parsed_changes_nothing(text):
    assert sysconfig.parse(text).render() == text


@pytest.mark.parametrize(
    "value", ["", "plain", "/dev/sda;/dev/sdb", "a b", 'say "hi"', "$HOME `id`", "back\\slash", "'"]
)
def test_a_shell_reads_back_what_was_written(value):
    text = sysconfig.Sysconfig().set("KEY", value).render()
    script = f'{text}printf %s "$KEY"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == value
    assert sysconfig.parse(text).get("KEY") == value


def test_changes_of_another_file_are_not_applied():
    changes = sysconfig.diff("/etc/default/other", None, {"A": "1"})
    assert sysconfig.changed(None, PATH, changes).render() == ""
