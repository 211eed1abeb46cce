"""Salt's loader finds everything, whichever way the modules came to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.salt.conftest import ROOT

NAMES = {"kvmha_node": "kvmha"}  # of those that are not called as their file is
KINDS = ("modules", "states", "runners", "pillar", "utils")
ASK = """
import json, sys
import salt.config, salt.loader
more = json.loads(sys.argv[1])
opts = salt.config.minion_config(None)
grains = {"os_family": "Debian", "os": "Debian", "osmajorrelease": 12, "kernel": "Linux"}
opts.update(more, grains=grains, ext_pillar=[], log_level_logfile="quiet")
utils = salt.loader.utils(opts)
functions = salt.loader.minion_mods(opts, utils=utils)
names = lambda loaded: sorted({name.partition(".")[0] for name in loaded})
found = {
    "modules": names(functions),
    "states": names(salt.loader.states(opts, functions, utils, None)),
    "runners": names(salt.loader.runner(opts, utils=utils)),
    "pillar": sorted(salt.loader.pillars(opts, functions)),
    "platform": functions["kvmha.platform"](),
}
print("FOUND" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Return a folder into which the extension was installed by pip."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in ("_utils", *(f"_{kind}" for kind in KINDS if kind != "utils")):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(folder / "site"), str(source)], check=True)
    return folder / "site"


def synced(folder: Path) -> None:
    """Lay the modules out as saltutil.sync_all does."""
    for kind in KINDS:
        shutil.copytree(ROOT / f"_{kind}", folder / kind)


def ask(tmp_path: Path, path: str = "", **opts) -> dict:
    """Return what a fresh process loads."""
    base = {"cachedir": str(tmp_path / "cache"), "extension_modules": str(tmp_path / "ext")}
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    argv = [sys.executable, "-W", "ignore", "-c", ASK, json.dumps(base | opts)]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.partition("FOUND")[2])


OF_THE_MASTER = {
    *("kvmha_drill", "kvmha_master", "kvmha_migration", "kvmha_status", "kvmha_watch"),
}


def names(folder: str) -> set[str]:
    """Return the names of what the files in a folder of the checkout are to Salt."""
    found = {path.stem for path in (ROOT / folder).glob("*.py")}
    return {NAMES.get(name, name) for name in found}


def assert_complete(found: dict) -> None:
    assert names("_modules") - set(found["modules"]) == OF_THE_MASTER
    assert names("_states") <= set(found["states"])
    assert "kvmha" in found["runners"]
    assert "kvmha" in found["pillar"]
    assert found["platform"] == "Debian"


def test_synced_modules_load(tmp_path):
    synced(tmp_path / "ext")
    assert_complete(ask(tmp_path))


def test_modules_of_a_checkout_load(tmp_path):
    found = ask(tmp_path, module_dirs=[str(ROOT)], pillar_dirs=[str(ROOT / "_pillar")])
    assert_complete(found)


@pytest.mark.slow
def test_installed_modules_load(tmp_path, wheel):
    assert_complete(ask(tmp_path, path=str(wheel)))


def test_other_version_of_the_library_is_refused_with_what_to_do(tmp_path):
    synced(tmp_path / "ext")
    library = tmp_path / "ext/utils/kvmha/__init__.py"
    library.write_text(library.read_text().replace("0.1.0", "0.0.9"))
    environment = os.environ | {"PYTHONPATH": ""}
    more = json.dumps({"extension_modules": str(tmp_path / "ext"), "cachedir": str(tmp_path)})
    argv = [sys.executable, "-W", "ignore", "-c", ASK, more]
    done = subprocess.run(
        argv, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode != 0
    assert "kvmha.platform" in done.stderr
