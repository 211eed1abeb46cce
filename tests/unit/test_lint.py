"""The linters are tests: what they find fails the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYTHON = [
    *("_utils", "_modules", "_states", "_runners", "_pillar", "lab", "benchmarks", "tests"),
    *("scripts/generate", "scripts/pictures"),  # their names have no ending to find them by
]


@pytest.mark.parametrize(
    "arguments",
    [["ruff", "check", *(name for name in PYTHON if (ROOT / name).exists())], ["mypy"]],
    ids=["ruff", "mypy"],
)
def test_linter_finds_nothing(arguments):
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
