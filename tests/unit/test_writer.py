"""The writer with checksums: what it acknowledges is what the checker finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.long import writer

PROGRAM = Path(writer.__file__)


def test_all_that_is_acknowledged_is_found(tmp_path):
    file = tmp_path / "records"
    done = subprocess.run(
        [sys.executable, PROGRAM, "write", file, "0.2"], check=True, capture_output=True, text=True
    )
    said = [int(line.split()[0]) for line in done.stdout.splitlines()]
    assert said == list(range(1, len(said) + 1))
    assert len(said) > 3
    found = subprocess.run(
        [sys.executable, PROGRAM, "check", file], check=True, capture_output=True, text=True
    )
    assert found.stdout == f"{file} {said[-1]}\n"


def test_a_torn_end_is_passed_over_and_a_torn_middle_is_not():
    whole = b"".join(writer.record(number, "a") for number in (1, 2, 3))
    assert writer.last(whole) == 3
    assert writer.last(whole[:-1]) == 2
    assert writer.last(whole[: 2 * writer.LENGTH] + bytes(writer.LENGTH)) == 2
    with pytest.raises(ValueError, match="record 2 of 3 is torn"):
        writer.last(whole[: writer.LENGTH] + bytes(writer.LENGTH) + whole[2 * writer.LENGTH :])
    with pytest.raises(ValueError, match="record 1 of 2 is 2"):
        writer.last(whole[writer.LENGTH :])


def test_the_longest_gap_is_that_between_two_acknowledgements():
    assert writer.longest_gap([1.0, 2.0, 9.5, 10.0]) == pytest.approx(7.5)
    assert writer.longest_gap([]) == 0
