"""What this machine must have before a lab can be built: all that is missing, at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lab import recipe
from lab.errors import LabError


def check() -> None:
    """Raise one LabError that names everything that is missing and how to get it."""
    missing = [*_machine(), *_programs()]
    if missing:
        packages = sorted({recipe.NEEDED_PROGRAMS[p] for p in _absent_programs()})
        hint = f"apt-get install --yes {' '.join(packages)}" if packages else ""
        raise LabError("this machine lacks " + "; ".join(missing), hint)


def _machine() -> list[str]:
    found = []
    if sys.version_info < (3, 11):
        found.append("Python 3.11 or later")
    if os.geteuid() != 0:
        return [*found, "root rights (run it as root)"]
    if not Path("/dev/net/tun").exists():
        found.append("/dev/net/tun (modprobe tun)")
    if not shutil.which("unshare") or not shutil.which("ip"):
        return found
    return found + _kernel_features()


def _kernel_features() -> list[str]:
    probes = {
        "namespaces (net, pid, mount, uts, ipc)": "true",
        "network bridges": "ip link add labprobe type bridge",
        "tap devices": "ip tuntap add dev labprobe mode tap",
        "nftables bridge filters": "nft add table bridge labprobe",
    }
    inside = ["unshare", "--net", "--pid", "--mount", "--uts", "--ipc", "--fork", "--mount-proc"]
    return [
        f"kernel support for {feature}"
        for feature, probe in probes.items()
        if not (feature.startswith("nft") and not shutil.which("nft"))
        and subprocess.run(
            [*inside, "sh", "-c", probe], capture_output=True, check=False
        ).returncode
    ]


def _absent_programs() -> list[str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return [p for p in recipe.NEEDED_PROGRAMS if not shutil.which(p, path=path)]


def _programs() -> list[str]:
    return [f"the program {program}" for program in _absent_programs()]
