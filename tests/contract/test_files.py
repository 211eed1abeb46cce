"""Files survive a power loss: what the kernel was asked, in which order."""

from __future__ import annotations

import re
import subprocess
import sys

WRITE = "import sys; from kvmha.tools import files; files.write(sys.argv[1], 'x')"


def test_written_file_and_its_name_are_on_the_disk_before_write_returns(tmp_path):
    target, trace = tmp_path / "kvmha.conf", tmp_path / "trace"
    calls = ["strace", "-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o", trace]
    subprocess.run(
        [*calls, sys.executable, "-B", "-c", WRITE, target],
        env={"PYTHONPATH": "_utils"},
        check=True,
    )
    said = re.findall(r"(fsync|rename\w*)\((.*)\)\s+= 0", trace.read_text())
    assert [call[:6] for call, _ in said] == ["fsync", "rename", "fsync"]
    assert f"<{tmp_path}/.kvmha.conf." in said[0][1]
    assert f"<{tmp_path}>" in said[2][1], "the folder's entry may be lost"
    assert target.read_text() == "x"
