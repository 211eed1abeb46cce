"""corosync.export and what it returns, through Salt's own loader and its command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.salt.conftest import ROOT

CASE = ROOT / "tests" / "cases" / "corosync_export" / "pcs_knet"


def test_salt_call_describes_a_file_without_master_pillar_and_cluster(tmp_path):
    config = tmp_path / "minion"
    config.write_text(f"root_dir: {tmp_path}\nmodule_dirs: [{ROOT}]\nid: anywhere\n")
    salt_call = Path(sys.executable).with_name("salt-call")
    argv = [salt_call, "--local", "-c", tmp_path, "--out=json", "corosync.export"]
    done = subprocess.run(
        [*argv, f"path={CASE / 'corosync.conf'}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["local"]
    assert found["corosync"]["totem"]["cluster_name"] == "web"


def test_an_export_is_a_spec_for_any_minion(modules, tmp_path):
    functions = modules("anywhere", {})
    path = tmp_path / "corosync.conf"
    path.write_text((CASE / "corosync.conf").read_text())
    spec = functions["corosync.export"](path=str(path))
    assert functions["corosync.plan"](spec, path=str(path))["changes"] == []
    anew = tmp_path / "anew.conf"
    functions["corosync.apply"](spec, path=str(anew))
    assert functions["corosync.export"](path=str(anew)) == spec


def test_an_export_can_be_the_pillar(modules, tmp_path):
    path = str(CASE / "corosync.conf")
    spec = modules("anywhere", {})["corosync.export"](path=path)
    assert modules("anywhere", {"kvmha": spec})["corosync.plan"](path=path)["changes"] == []


def test_what_cannot_be_read_is_one_message(modules, tmp_path):
    path = tmp_path / "corosync.conf"
    path.write_text("totem {\n  nonsense\n}\n")
    with pytest.raises(Exception, match=r"corosync.conf:2: 'nonsense' is neither") as caught:
        modules("anywhere", {})["corosync.export"](path=str(path))
    assert type(caught.value).__name__ == "CommandExecutionError"
