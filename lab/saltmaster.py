"""The Salt master of a lab: its folders, its configuration, its process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from lab import guest
from lab.model import CHECKOUT, MASTER_ADDRESS, LabSpec

SHARED_FOLDERS = ("_modules", "_states", "_utils", "_grains", "_pillar")


def start(spec: LabSpec) -> subprocess.Popen[bytes]:
    """Start the master in the caller's namespaces; its configuration is there already."""
    with (spec.paths.root / "master.out").open("ab") as out:
        return subprocess.Popen(
            [f"{spec.venv}/bin/salt-master", "-c", str(spec.paths.salt_etc)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment(spec),
        )


def environment(spec: LabSpec) -> dict[str, str]:
    """Return the environment in which ``salt`` and ``salt-run`` find this master."""
    path = os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        "PATH": f"{spec.venv}/bin:{path}",
        "VIRTUAL_ENV": spec.venv,
        "SALT_CONFIG_DIR": str(spec.paths.salt_etc),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def configuration(spec: LabSpec) -> dict[str, Any]:
    """Return the master's configuration."""
    root = spec.paths.salt
    config: dict[str, Any] = {
        "interface": MASTER_ADDRESS,
        "root_dir": str(root),
        "pki_dir": "/pki",
        "cachedir": "/cache",
        "sock_dir": "/run",
        "pidfile": "/master.pid",
        "log_file": "/master.log",
        "key_logfile": "/key.log",
        "token_dir": "/tokens",
        "syndic_dir": "/syndic",
        "sqlite_queue_dir": "/queue",
        "default_include": "master.d/*.conf",
        "user": "root",
        "auto_accept": True,
        "worker_threads": 3,
        "log_level": "warning",
        "log_level_logfile": "warning",
        "timeout": 20,
        "gather_job_timeout": 20,
        "file_roots": {"base": [str(root / "srv/salt")]},
        "fileserver_followsymlinks": True,
        "pillar_roots": {"base": [str(root / "srv/pillar")]},
        "module_dirs": [str(CHECKOUT)],
        "runner_dirs": [str(CHECKOUT / "_runners")],
        # module_dirs finds the folder of examples, which is called pillar, instead of _pillar.
        "pillar_dirs": [str(CHECKOUT / "_pillar")],
    }
    if any((CHECKOUT / "_pillar").glob("*.py")):
        config["ext_pillar"] = [{"kvmha": {}}]
    extra = CHECKOUT / "salt/master.d/kvmha.conf"
    if extra.is_file():
        config["include"] = [str(extra)]
    return config


def write(spec: LabSpec) -> None:
    """Write the master's configuration, states and pillar."""
    paths = spec.paths
    for folder in (paths.salt_etc / "master.d", paths.salt / "run", paths.salt / "cache"):
        folder.mkdir(parents=True)
    # JSON is YAML
    (paths.salt_etc / "master").write_text(json.dumps(configuration(spec), indent=1))
    _write_states(paths.salt / "srv/salt")
    _write_pillar(paths.salt / "srv/pillar", spec.pillar)


def _write_states(folder: Path) -> None:
    folder.mkdir(parents=True)
    links = {name: CHECKOUT / name for name in SHARED_FOLDERS}
    links["kvmha"] = CHECKOUT / "salt/kvmha"
    for name, target in links.items():
        if target.is_dir():
            (folder / name).symlink_to(target)
    (folder / "top.sls").write_text("base:\n  '*':\n    - kvmha\n")
    images = folder / "kvmha-lab"
    images.mkdir()
    (images / "heartbeat.img").write_bytes(guest.boot_sector())


def _write_pillar(folder: Path, pillar: str) -> None:
    folder.mkdir(parents=True)
    (folder / "top.sls").write_text("base:\n  '*':\n    - kvmha\n")
    if pillar:
        shutil.copy(pillar, folder / "kvmha.sls")
    else:
        (folder / "kvmha.sls").write_text("{}\n")
